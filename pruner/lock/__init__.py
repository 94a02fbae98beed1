"""The lock: traced pins with hashes, as requirements.txt and as pylock.toml."""
