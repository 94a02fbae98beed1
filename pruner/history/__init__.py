"""What became of every run, in an embedded database: `.pruner/history.db`."""

from pruner.history.database import History
from pruner.history.values import Run

__all__ = ["History", "Run"]
