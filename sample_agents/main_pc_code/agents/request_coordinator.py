"""Take requests in over HTTP and ZeroMQ, order them and pass them on.

POST /requests accepts one, GET /requests/{id} shows it, GET /requests lists what waits, most
urgent first; GET /stats and GET /board are for people. The ZeroMQ socket takes the same JSON.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import uvicorn
from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from common.config import load_config
from common.log import configure_logging
from common_utils.metrics import measured
from common_utils.process import exit_on_sigterm
from main_pc_code.coordinator import RequestCoordinator, serve_zmq
from main_pc_code.schemas import AcceptedRequest, WorkRequest

NAME = "request_coordinator"
BOARD = "<ol>{% for r in queue %}<li>{{ r.score }} {{ r.kind }}: {{ r.text }}</li>{% endfor %}</ol>"

log = configure_logging(NAME)
coordinator = RequestCoordinator(load_config(NAME))


async def work() -> None:
    """Connect, then serve ZeroMQ."""
    await coordinator.connect()
    log.info("ready")
    await serve_zmq(coordinator, NAME)


def report_end(task: asyncio.Task[None]) -> None:
    """End the agent where the background work ended without being told to."""
    if not task.cancelled() and (error := task.exception()):
        log.error("failed", error=str(error))
        app.state.failed = True
        app.state.server.should_exit = True


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Work in the background as long as HTTP is served."""
    task = asyncio.create_task(work())
    task.add_done_callback(report_end)
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await coordinator.close()
    log.info("stopped")


app = FastAPI(title=NAME, lifespan=lifespan)
app.state.failed = False


@app.exception_handler(ConnectionError)
async def unavailable(_: Request, error: ConnectionError) -> JSONResponse:
    """Answer 503 as long as a server is missing."""
    return JSONResponse({"detail": str(error)}, status_code=503)


@app.get("/health")
async def health(response: Response) -> dict[str, str]:
    """Answer 200 once Redis and NATS are connected, 503 else."""
    up = await coordinator.healthy()
    response.status_code = 200 if up else 503
    return {"status": "ok" if up else "starting"}


@app.post("/requests", status_code=201)
async def accept(request: WorkRequest) -> AcceptedRequest:
    """Accept a request."""
    with measured(NAME, "http"):
        return await coordinator.accept(request)


@app.get("/requests")
async def waiting(limit: Annotated[int, Query(ge=1, le=100)] = 10) -> list[AcceptedRequest]:
    """List the requests that wait."""
    return await coordinator.queue(limit)


@app.get("/requests/{key}")
async def show(key: str) -> AcceptedRequest:
    """Show a request."""
    found = await coordinator.find(key)
    if found is None:
        raise HTTPException(status_code=404, detail=f"no request {key}")
    return found


@app.get("/stats")
async def stats() -> dict[str, float]:
    """Say what the process uses."""
    import psutil  # noqa: PLC0415

    process = psutil.Process()
    return {"memory_bytes": process.memory_info().rss, "threads": process.num_threads()}


@app.get("/board", response_class=HTMLResponse)
async def board() -> str:
    """Show the queue as a page."""
    import jinja2  # noqa: PLC0415

    template = jinja2.Environment(autoescape=True).from_string(BOARD)
    return template.render(queue=await coordinator.queue(100))


@app.get("/metrics")
async def metrics() -> Response:
    """Answer with the metrics for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    log.info("starting", port=coordinator.config["http_port"])
    app.state.server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=coordinator.config["host"],
            port=coordinator.config["http_port"],
            log_level="warning",
        )
    )
    app.state.server.run()
    sys.exit(1 if app.state.failed else 0)


if __name__ == "__main__":
    main()
