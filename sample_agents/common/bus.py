"""Events to other agents over NATS."""

import json
from typing import Any, Self

import nats
from nats.aio.client import Client


class EventBus:
    """Publishes JSON objects on NATS subjects."""

    def __init__(self, client: Client) -> None:
        self._client = client

    @classmethod
    async def connect(cls, url: str) -> Self:
        """Connect to the server at this address."""
        return cls(await nats.connect(url, connect_timeout=2))

    @property
    def connected(self) -> bool:
        """Whether the connection stands at this moment."""
        return bool(self._client.is_connected)

    async def publish(self, subject: str, event: dict[str, Any]) -> None:
        """Send one event."""
        await self._client.publish(subject, json.dumps(event).encode())

    async def close(self) -> None:
        """Send what is pending and disconnect."""
        await self._client.drain()
