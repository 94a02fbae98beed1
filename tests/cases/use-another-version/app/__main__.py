import requests

print(requests.__version__, requests.packages)
