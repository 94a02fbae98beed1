import sys

import markdown


def late():
    text = markdown.markdown("NOTE: mind the gap", extensions=["callouts"])
    assert "admonition" in text
    return text


print(late() if "late" in sys.argv else "ready")
