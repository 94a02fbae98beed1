import asyncio

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine


async def main():
    engine = create_async_engine("sqlite+aiosqlite:///:memory:")
    async with engine.connect() as connection:
        print((await connection.execute(text("select 1"))).scalar())
    await engine.dispose()


asyncio.run(main())
