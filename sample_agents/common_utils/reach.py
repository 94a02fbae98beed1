"""Find the server among several addresses, patiently."""

import asyncio
from urllib.parse import urlsplit

ATTEMPT_SECONDS = 1.0
PAUSE_SECONDS = 0.25


async def accepts(url: str) -> bool:
    """Whether something listens at this address."""
    parts = urlsplit(url)
    try:
        async with asyncio.timeout(ATTEMPT_SECONDS):
            _, writer = await asyncio.open_connection(parts.hostname, parts.port)
    except OSError:
        return False
    writer.close()
    return True


async def first_reachable(urls: list[str], timeout: float) -> str:  # noqa: ASYNC109
    """Return the first address that accepts a connection, trying for so many seconds."""
    try:
        async with asyncio.timeout(timeout):
            while True:
                for url in urls:
                    if await accepts(url):
                        return url
                await asyncio.sleep(PAUSE_SECONDS)
    except TimeoutError:
        raise ConnectionError(f"none of {', '.join(urls)} answers") from None
