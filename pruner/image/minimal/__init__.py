"""Writing the Dockerfile of a lock: pure functions from values to text."""
