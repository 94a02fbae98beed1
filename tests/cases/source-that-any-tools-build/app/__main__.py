import docopt

print(docopt.docopt("Usage: app", argv=[]))
