"""Requests kept in Redis: a hash each, a sorted set for their order, a stream for their history."""

from collections.abc import Mapping
from typing import Self

from redis import asyncio as aioredis
from redis.exceptions import RedisError

PENDING = "requests:pending"
HISTORY = "requests:history"


class RequestStore:
    """Stores flat records under their id, ordered by score."""

    def __init__(self, client: "aioredis.Redis[str]") -> None:
        self._client = client

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect to the server at this address and make sure that it answers."""
        client = aioredis.from_url(url, decode_responses=True, socket_connect_timeout=2)
        await client.ping()
        return cls(client)

    async def alive(self) -> bool:
        """Whether the server answers at this moment."""
        try:
            return bool(await self._client.ping())
        except RedisError:
            return False

    async def put(self, key: str, record: Mapping[str, str], score: float) -> None:
        """Store a record, give it its place and note it in the history."""
        async with self._client.pipeline(transaction=True) as pipe:
            pipe.hset(f"request:{key}", mapping=dict(record))
            pipe.zadd(PENDING, {key: score})
            pipe.xadd(HISTORY, {"id": key, "event": "accepted"}, maxlen=1000)
            await pipe.execute()

    async def get(self, key: str) -> dict[str, str] | None:
        """Return a record, or nothing where there is none."""
        return await self._client.hgetall(f"request:{key}") or None

    async def pending(self, limit: int) -> list[str]:
        """Return the ids with the highest scores, highest first."""
        return list(await self._client.zrevrange(PENDING, 0, limit - 1))

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()
