"""Read an agent's section of the YAML configuration."""

import os
from pathlib import Path
from typing import Any

import yaml

DEFAULT_FILE = Path(__file__).with_name("agents.yaml")


def load_config(agent: str) -> dict[str, Any]:
    """Return the settings of one agent, from AGENT_CONFIG or the file shipped here."""
    path = Path(os.environ.get("AGENT_CONFIG", DEFAULT_FILE))
    sections = yaml.safe_load(path.read_text(encoding="utf-8"))
    if agent not in sections:
        raise KeyError(f"{path.name} has no section {agent!r}")
    return dict(sections[agent])


def endpoints(variable: str, default: list[str]) -> list[str]:
    """Return the addresses in an environment variable (separated by commas), or the default."""
    given = [url.strip() for url in os.environ.get(variable, "").split(",")]
    return [url for url in given if url] or default
