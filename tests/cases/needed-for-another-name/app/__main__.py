import attr
import attrs


@attrs.define
class Point:
    x: int = 0


print(Point(), attr.__name__)
