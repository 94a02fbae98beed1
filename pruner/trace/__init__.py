"""Start an agent in a sandbox, wait until it is ready, exercise it, stop it, read its events."""
