"""Requirement files as pip reads them: what an image asks for, line by line."""

from pruner.requirements.reading import of_image, read_leniently, read_requirements
from pruner.requirements.values import Direct, Indexes, Misplaced, Requirement, Requirements

__all__ = [
    "Direct",
    "Indexes",
    "Misplaced",
    "Requirement",
    "Requirements",
    "of_image",
    "read_leniently",
    "read_requirements",
]
