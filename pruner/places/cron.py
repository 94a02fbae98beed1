"""cron: a file for /etc/cron.d."""

from pruner.places.values import File, Setting, filled


def files(setting: Setting) -> tuple[File, ...]:
    """Return the crontab."""
    return (File("deploy/cron/pruner-drift", filled("crontab", setting)),)
