import requests
import yarl

print(requests.__version__, requests.packages, yarl.URL("http://localhost"))
