import sys

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", "NAME": "shop"}}
)


def late():
    from django.db import connection

    return connection.vendor


print(late() if "late" in sys.argv else django.__version__)
