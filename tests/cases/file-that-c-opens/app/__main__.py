import os
import ssl
import sysconfig

folder = sysconfig.get_path("purelib")
context = ssl.create_default_context(cafile=os.path.join(folder, "certifi", "cacert.pem"))
print(len(context.get_ca_certs()))
