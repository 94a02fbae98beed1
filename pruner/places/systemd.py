"""systemd: a service that is locked down, and its timer."""

from pruner.places.values import File, Setting, filled

UNITS = ("pruner-drift.service", "pruner-drift.timer")


def files(setting: Setting) -> tuple[File, ...]:
    """Return the two units."""
    return tuple(File(f"deploy/systemd/{name}", filled(name, setting)) for name in UNITS)
