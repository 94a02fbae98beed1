"""What every table of the file has in common."""

import msgspec


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every table: nothing in it that we do not know."""
