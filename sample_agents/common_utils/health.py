"""The /health and /metrics routes of an agent that serves through aiohttp."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest


def health_routes(ready: Callable[[], bool]) -> list[web.RouteDef]:
    """Return routes that answer 200 once the agent is ready, 503 before, and its metrics."""

    async def health(_: web.Request) -> web.Response:
        up = ready()
        return web.json_response({"status": "ok" if up else "starting"}, status=200 if up else 503)

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/health", health), web.get("/metrics", metrics)]
