import idna

print(idna.__version__)
