"""Trees that tests of `pruner init` write, and the installed command on them."""

from collections.abc import Mapping
from pathlib import Path

import support
from support import Done

COMMENT = (
    "# What the agent is asked to do. What it loads then is kept, so ask for everything it is for:"
)


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def init(root: Path) -> Done:
    """Run `pruner init` there."""
    return support.run("init", cwd=root)


def drafted(root: Path) -> str:
    """Return what it wrote, without the comments that are the same in every draft."""
    lines = (root / "pruner.toml").read_text(encoding="utf-8").splitlines()
    start = lines.index("[project]")
    kept = [line for line in lines[start:] if line and not line.startswith(("# exercise", COMMENT))]
    return "\n".join(kept) + "\n"
