"""Answers kept in Redis for a while."""

import hashlib
import json
from typing import Any, Self

from redis import asyncio as aioredis
from redis.exceptions import RedisError


class AnswerCache:
    """Keeps JSON objects under what was asked."""

    def __init__(self, client: "aioredis.Redis[str]", seconds: int) -> None:
        self._client = client
        self._seconds = seconds

    @classmethod
    async def connect(cls, url: str, seconds: int) -> Self:
        """Connect to the server at this address and make sure that it answers."""
        client = aioredis.from_url(url, decode_responses=True, socket_connect_timeout=2)
        await client.ping()
        return cls(client, seconds)

    async def alive(self) -> bool:
        """Whether the server answers at this moment."""
        try:
            return bool(await self._client.ping())
        except RedisError:
            return False

    async def get(self, *asked: object) -> dict[str, Any] | None:
        """Return what was answered before, or nothing where it was not, or too long ago."""
        answer = await self._client.get(self._key(asked))
        found: dict[str, Any] | None = json.loads(answer) if answer else None
        return found

    async def put(self, answer: dict[str, Any], *asked: object) -> None:
        """Keep an answer."""
        await self._client.set(self._key(asked), json.dumps(answer), ex=self._seconds)

    async def close(self) -> None:
        """Disconnect."""
        await self._client.aclose()

    @staticmethod
    def _key(asked: tuple[object, ...]) -> str:
        return "answer:" + hashlib.sha256(json.dumps(asked).encode()).hexdigest()
