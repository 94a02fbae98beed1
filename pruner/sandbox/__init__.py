"""Where an agent runs: one protocol, two sandboxes (docker and local), one place that chooses."""
