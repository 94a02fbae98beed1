"""Answer questions over HTTP from a few passages.

POST /ask finds the nearest passages and continues them; GET /path/{first}/{last} leads from one
passage to another; POST /roots solves an equation exactly; GET /stats is for people.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from common.config import load_config
from common.log import configure_logging
from common_utils.metrics import measured
from common_utils.process import exit_on_sigterm
from main_pc_code.reasoner import Reasoner

NAME = "retrieval_reasoning_agent"

log = configure_logging(NAME)
reasoner = Reasoner(load_config(NAME))


class Question(BaseModel):
    """A question, and how many passages are to be looked at."""

    question: str = Field(min_length=3, max_length=500)
    passages: int = Field(default=2, ge=1, le=5)


class Equation(BaseModel):
    """A polynomial that is zero: its coefficients, the highest power first."""

    coefficients: Annotated[list[int], Field(min_length=2, max_length=5)]


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Be connected as long as HTTP is served."""
    await reasoner.connect()
    log.info("ready")
    yield
    await reasoner.close()
    log.info("stopped")


app = FastAPI(title=NAME, lifespan=lifespan)


@app.exception_handler(ConnectionError)
async def unavailable(_: Request, error: ConnectionError) -> JSONResponse:
    """Answer 503 as long as a server is missing."""
    return JSONResponse({"detail": str(error)}, status_code=503)


@app.get("/health")
async def health(response: Response) -> dict[str, str]:
    """Answer 200 once Redis is connected, 503 else."""
    up = await reasoner.healthy()
    response.status_code = 200 if up else 503
    return {"status": "ok" if up else "starting"}


@app.post("/ask")
async def ask(question: Question) -> dict[str, Any]:
    """Answer a question."""
    with measured(NAME, "ask"):
        return await reasoner.ask(question.question, question.passages)


@app.get("/path/{first}/{last}")
async def path(first: int, last: int) -> list[str]:
    """Lead from one passage to another."""
    try:
        return reasoner.path(first, last)
    except LookupError as error:
        raise HTTPException(status_code=404, detail=str(error)) from None


@app.post("/roots")
async def roots(equation: Equation) -> dict[str, int]:
    """Solve an equation exactly, and say how often each root occurs."""
    import sympy  # noqa: PLC0415

    polynomial = sympy.Poly(equation.coefficients, sympy.Symbol("x"))
    found = await asyncio.to_thread(sympy.roots, polynomial)
    return {str(root): int(times) for root, times in found.items()}


@app.get("/stats")
async def stats() -> dict[str, float]:
    """Say what the process uses."""
    import psutil  # noqa: PLC0415

    process = psutil.Process()
    return {"memory_bytes": process.memory_info().rss, "threads": process.num_threads()}


@app.get("/metrics")
async def metrics() -> Response:
    """Answer with the metrics for Prometheus."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    config = reasoner.config
    log.info("starting", port=config["port"])
    server = uvicorn.Server(
        uvicorn.Config(app, host=config["host"], port=config["port"], log_level="warning")
    )
    server.run()
    sys.exit(0 if server.started else 1)


if __name__ == "__main__":
    main()
