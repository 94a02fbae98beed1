"""What of the pass over Python files decides whether what was kept of one still holds."""

import sys

VERSION = 10
"""Raised whenever the pass over a file changes, or what is kept of it."""
PYTHON = "{}.{}".format(*sys.version_info)
"""Whose grammar files are read with: what one version cannot read, another may."""
