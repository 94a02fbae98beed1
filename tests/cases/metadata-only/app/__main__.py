from importlib.metadata import version

print(version("tab" + "ulate"))
