"""What an engine runs beside a container's own command."""

from pathlib import Path

import pytest

from pruner.image.dockerfile import read_dockerfile


@pytest.mark.parametrize(
    ("line", "argv"),
    [
        ("HEALTHCHECK CMD python check.py", ("/bin/sh", "-c", "python check.py")),
        ('HEALTHCHECK CMD ["python", "check.py"]', ("python", "check.py")),
        (
            "HEALTHCHECK --interval=5m --timeout=3s \\\n  CMD curl -f x || exit 1",
            ("/bin/sh", "-c", "curl -f x || exit 1"),
        ),
        ("HEALTHCHECK CMD a\nHEALTHCHECK NONE", ()),
        ("HEALTHCHECK --interval=5m", ()),
        ("CMD x", ()),
    ],
)
def test_the_last_health_check_counts(tmp_path: Path, line: str, argv: tuple[str, ...]) -> None:
    path = tmp_path / "Dockerfile"
    path.write_text(f"FROM python:3.11-slim\n{line}\n", encoding="utf-8")
    assert read_dockerfile(path).healthcheck == argv
