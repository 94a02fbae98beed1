import demjson

print(demjson.decode("{a: 1}"))
