import os
import sys

from kombu import Connection


def late():
    return Connection(os.environ["BROKER_URL"]).transport.driver_version()


print(late() if "late" in sys.argv else "ready")
