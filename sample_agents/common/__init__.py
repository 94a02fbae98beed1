"""What every agent shares: configuration, logging, storage and messages."""
