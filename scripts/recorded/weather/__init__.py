"""A small service that tells the weather."""
