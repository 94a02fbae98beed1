import requests

print(requests.Session().headers["Accept"])
