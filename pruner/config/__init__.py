"""The configuration: pruner.toml, or [tool.pruner] in pyproject.toml, as typed values."""

from pruner.config.reading import load, parse
from pruner.config.values import (
    DEFAULT_POLICY,
    Agent,
    Config,
    Exercise,
    ExitReady,
    HttpReady,
    Image,
    LogReady,
    Ready,
    Rules,
    Service,
    TcpReady,
)

__all__ = [
    "DEFAULT_POLICY",
    "Agent",
    "Config",
    "Exercise",
    "ExitReady",
    "HttpReady",
    "Image",
    "LogReady",
    "Ready",
    "Rules",
    "Service",
    "TcpReady",
    "load",
    "parse",
]
