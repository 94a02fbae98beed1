"""pruner: what can go from a Python image, and how do you know."""

__version__ = "0.1.0"
