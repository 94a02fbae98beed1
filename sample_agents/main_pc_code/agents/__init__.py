"""One module for each agent; each runs with `python -m`."""
