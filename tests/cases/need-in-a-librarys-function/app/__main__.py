import asyncio
import sys

import serial_asyncio


async def late():
    _, protocol = await serial_asyncio.create_serial_connection(
        asyncio.get_running_loop(), asyncio.Protocol, "loop://"
    )
    return protocol


print(asyncio.run(late()) if "late" in sys.argv else "ready")
