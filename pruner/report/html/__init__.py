"""The report as one HTML file that needs nothing else: no network, no other file."""

from pruner.report.html.page import page

__all__ = ["page"]
