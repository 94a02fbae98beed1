import sys

from sqlalchemy import create_engine


def report():
    return create_engine("mysql+pymysql://reader@db/sales").driver


print(report() if "late" in sys.argv else "ready")
