import os
import sys

ARCHIVE = "ARCHIVE_URL"


def report(url):
    from sqlalchemy import create_engine

    return create_engine(url).driver


if "late" in sys.argv:
    print(report(os.environ["SALES_URL"]), report(os.environ[ARCHIVE]))
