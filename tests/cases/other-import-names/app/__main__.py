import attr
import yaml
from PIL import Image


def when(text):
    from dateutil import parser

    return parser.parse(text)


print(yaml.safe_load("a: 1"), Image.new("RGB", (1, 1)).size, attr.__name__)
