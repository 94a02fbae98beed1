"""Microphones and loudspeakers of a workstation."""

import sounddevice


def input_devices() -> list[str]:
    """Return the names of the devices that record."""
    return [
        device["name"] for device in sounddevice.query_devices() if device["max_input_channels"] > 0
    ]
