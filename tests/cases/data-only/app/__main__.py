from zoneinfo import ZoneInfo

print(ZoneInfo("Europe/Paris"))
