import coloredlogs
import requests

print(coloredlogs.__version__, requests.__version__)
