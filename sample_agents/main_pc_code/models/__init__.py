"""Small models, built from a seed when an agent starts."""
