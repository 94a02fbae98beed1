import idna

print(idna.encode('x.example'))
