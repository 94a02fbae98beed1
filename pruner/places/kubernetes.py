"""Kubernetes: a CronJob with what it needs."""

from pruner.places.values import File, Setting, filled


def files(setting: Setting) -> tuple[File, ...]:
    """Return the manifest."""
    return (File("deploy/kubernetes/pruner-drift.yaml", filled("kubernetes.yaml", setting)),)
