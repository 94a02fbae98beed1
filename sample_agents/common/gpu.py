"""How much memory each GPU has left."""

import pynvml


def free_memory() -> list[int]:
    """Return the free bytes of each GPU, in the driver's order."""
    pynvml.nvmlInit()
    try:
        handles = [
            pynvml.nvmlDeviceGetHandleByIndex(index) for index in range(pynvml.nvmlDeviceGetCount())
        ]
        return [pynvml.nvmlDeviceGetMemoryInfo(handle).free for handle in handles]
    finally:
        pynvml.nvmlShutdown()
