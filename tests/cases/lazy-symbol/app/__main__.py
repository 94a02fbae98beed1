import sys

from pydantic import BaseModel


def late():
    from pydantic import EmailStr

    class Reader(BaseModel):
        address: EmailStr

    return Reader(address="reader@python.org")


print(late() if "late" in sys.argv else "ready")
