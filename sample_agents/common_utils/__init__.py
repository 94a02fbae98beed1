"""Helpers that some agents use: health, metrics, audio, start and stop."""
