"""What the first-party source tree could load."""
