"""GitHub Actions: a check of pull requests, and a night."""

from pruner.places.values import File, Setting, filled


def files(setting: Setting) -> tuple[File, ...]:
    """Return the workflow."""
    return (File(".github/workflows/pruner-drift.yml", filled("github.yml", setting), shared=True),)
