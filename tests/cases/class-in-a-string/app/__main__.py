import sys

import jinja2

NAMES = ["tabulate.txt"]


def late():
    extensions = ["jinja2_humanize_extension.HumanizeExtension"]
    template = jinja2.Environment(extensions=extensions).from_string("{{ 1e6|humanize_intword }}")
    return template.render()


print(late() if "late" in sys.argv else "ready")
