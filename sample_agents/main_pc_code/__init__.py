"""Agents of the main computer, their models and their smoke tests."""
