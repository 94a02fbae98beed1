"""Bytes as people read them."""


def size(count: int) -> str:
    """Return bytes in units of 1000: "85 MB"."""
    value = float(count)
    for unit in ("B", "kB", "MB"):
        if value < 1000:  # noqa: PLR2004
            return f"{value:.0f} {unit}"
        value /= 1000
    return f"{value:.2f} GB"
