import sys


def late():
    import asyncio

    import httpx

    async def fetch():
        async with httpx.AsyncClient() as client:
            try:
                await client.get("http://127.0.0.1:9/")
            except httpx.ConnectError:
                return "asked"

    return asyncio.run(fetch())


print(late() if "late" in sys.argv else "ready")
