"""GitLab CI: a file to include, with a job for merge requests and one for schedules."""

from pruner.places.values import File, Setting, filled


def files(setting: Setting) -> tuple[File, ...]:
    """Return the file that .gitlab-ci.yml includes."""
    return (File(".gitlab/pruner-drift.yml", filled("gitlab.yml", setting), shared=True),)
