import time

import tabulate

print("starting")
print("worker 7 is up", flush=True)
time.sleep(600)
