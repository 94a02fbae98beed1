"""Accept requests: score them, keep them in Redis and announce them on NATS."""

import asyncio
import json
from typing import Any

import zmq
from pydantic import ValidationError
from zmq.asyncio import Context

from common.bus import EventBus
from common.config import endpoints
from common.store import RequestStore
from common_utils.metrics import measured
from common_utils.reach import first_reachable
from main_pc_code.models.priority import build_scorer, score
from main_pc_code.schemas import AcceptedRequest, WorkRequest


class RequestCoordinator:
    """What both doors, HTTP and ZeroMQ, lead to."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self._scorer = build_scorer(config["seed"])
        self._store: RequestStore | None = None
        self._bus: EventBus | None = None

    async def connect(self) -> None:
        """Connect to Redis and NATS, waiting for both to come up."""
        patience = self.config["connect_timeout"]
        redis_url, nats_url = await asyncio.gather(
            first_reachable(endpoints("REDIS_URL", self.config["redis"]), patience),
            first_reachable(endpoints("NATS_URL", self.config["nats"]), patience),
        )
        self._store = await RequestStore.connect(redis_url)
        self._bus = await EventBus.connect(nats_url)

    async def healthy(self) -> bool:
        """Whether both servers answer at this moment."""
        if self._store is None or self._bus is None:
            return False
        return self._bus.connected and await self._store.alive()

    async def accept(self, request: WorkRequest) -> AcceptedRequest:
        """Score, keep and announce a request."""
        store, bus = self._connections()
        value = await asyncio.to_thread(
            score, self._scorer, request.kind, request.text, request.priority
        )
        accepted = AcceptedRequest(**request.model_dump(), score=round(value, 6))
        record = {key: str(part) for key, part in accepted.model_dump(mode="json").items()}
        await store.put(accepted.id, record, accepted.score)
        await bus.publish(self.config["subject"], accepted.model_dump(mode="json"))
        return accepted

    async def accept_json(self, data: bytes) -> bytes:
        """Accept a request that came as JSON; the answer, also to a wrong one, is JSON."""
        try:
            request = WorkRequest.model_validate_json(data)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_input=False, include_context=False)
            return json.dumps({"errors": problems}).encode()
        return (await self.accept(request)).model_dump_json().encode()

    async def find(self, key: str) -> AcceptedRequest | None:
        """Return a kept request, or nothing where there is none."""
        store, _ = self._connections()
        record = await store.get(key)
        return AcceptedRequest.model_validate(record) if record else None

    async def queue(self, limit: int) -> list[AcceptedRequest]:
        """Return the requests that wait, the most urgent first."""
        store, _ = self._connections()
        found = [await self.find(key) for key in await store.pending(limit)]
        return [request for request in found if request]

    async def close(self) -> None:
        """Disconnect from both servers."""
        if self._bus:
            await self._bus.close()
        if self._store:
            await self._store.close()

    def _connections(self) -> tuple[RequestStore, EventBus]:
        if self._store is None or self._bus is None:
            raise ConnectionError("not connected yet")
        return self._store, self._bus


async def serve_zmq(coordinator: RequestCoordinator, agent: str) -> None:
    """Answer JSON with JSON, one request after the other, until cancelled."""
    with Context() as context, context.socket(zmq.REP) as socket:
        socket.linger = 0
        socket.bind(coordinator.config["zmq_endpoint"])
        while True:
            data = await socket.recv()
            with measured(agent, "zmq"):
                await socket.send(await coordinator.accept_json(data))
