from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tabulate


def table(rows) -> tabulate.Line:
    try:
        import inflection
    except ImportError:
        return rows
    with suppress(ImportError):
        import humanize
    return inflection.humanize(humanize.naturalsize(rows))


print("done")
