"""Where `pruner drift` runs by itself: pure texts of workflows, timers and the like.

A module for each place; the long texts are files in templates/.
"""

from pruner.places import cron, github, gitlab, kubernetes, systemd
from pruner.places.values import File, Setting

PLACES = {
    "github": github.files,
    "gitlab": gitlab.files,
    "systemd": systemd.files,
    "cron": cron.files,
    "kubernetes": kubernetes.files,
}
"""What each place gets; every function takes a Setting and returns its files."""

KINDS = tuple(PLACES)

__all__ = ["KINDS", "PLACES", "File", "Setting"]
