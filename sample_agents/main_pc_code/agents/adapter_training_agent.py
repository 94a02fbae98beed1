"""Train small adapters of a language model over HTTP.

POST /train learns a few texts and writes a checkpoint, GET /checkpoints lists what was written,
POST /checkpoints/{name}/loss loads one again and tries it on a text, GET /losses.parquet is for
people who compare; GET /status, GET /health and GET /metrics are for the machines around it.
"""

import asyncio
import json
from dataclasses import asdict

from aiohttp import web

from common.config import load_config
from common.log import configure_logging
from common_utils.health import health_routes
from common_utils.metrics import measured
from common_utils.payload import text_of
from common_utils.process import exit_on_sigterm, new_event_loop
from main_pc_code.training import Job, Trainer

NAME = "adapter_training_agent"

log = configure_logging(NAME)


def job_of(body: bytes) -> Job:
    """Return what a request asks to be learnt. Raises ValueError where it cannot be."""
    try:
        fields = json.loads(body)
        return Job([str(text) for text in fields["texts"]], int(fields.get("steps", 4)))
    except (LookupError, TypeError, AttributeError):
        raise ValueError('expected {"texts": ["words"], "steps": 4}') from None


class AdapterTrainingAgent:
    """Answers requests with the trainer."""

    def __init__(self) -> None:
        self.config = load_config(NAME)
        self.trainer = Trainer(self.config)

    def application(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application()
        app.add_routes(health_routes(lambda: self.trainer.ready))
        app.router.add_post("/train", self.train)
        app.router.add_get("/checkpoints", self.checkpoints)
        app.router.add_post("/checkpoints/{name}/loss", self.loss)
        app.router.add_get("/losses.parquet", self.losses)
        app.router.add_get("/status", self.status)
        app.on_startup.append(self.start)
        app.on_cleanup.append(self.stop)
        return app

    async def start(self, _: web.Application) -> None:
        """Connect to NATS."""
        await self.trainer.connect()
        log.info("ready")

    async def stop(self, _: web.Application) -> None:
        """Disconnect from NATS."""
        await self.trainer.close()

    async def train(self, request: web.Request) -> web.Response:
        """Learn texts and answer with the checkpoint."""
        try:
            job = job_of(await request.read())
        except ValueError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        with measured(NAME, "train"):
            checkpoint = await self.trainer.run(job)
        log.info("trained", checkpoint=checkpoint.name, loss=checkpoint.losses[-1])
        return web.json_response(asdict(checkpoint), status=201)

    async def checkpoints(self, _: web.Request) -> web.Response:
        """Answer with all checkpoints, the oldest first."""
        return web.json_response([asdict(item) for item in self.trainer.checkpoints.values()])

    async def loss(self, request: web.Request) -> web.Response:
        """Answer with the loss of a checkpoint on a text."""
        name, text = request.match_info["name"], text_of(await request.read())
        if name not in self.trainer.checkpoints:
            raise web.HTTPNotFound(text=f"no checkpoint {name}")
        if text is None:
            raise web.HTTPUnprocessableEntity(text='expected {"text": "words"}')
        with measured(NAME, "loss"):
            return web.json_response({"loss": await self.trainer.evaluate(name, text)})

    async def losses(self, _: web.Request) -> web.Response:
        """Answer with the loss of every step of every checkpoint, as a Parquet file."""
        import pyarrow as pa  # noqa: PLC0415
        from pyarrow import parquet  # noqa: PLC0415

        rows = [
            {"checkpoint": item.name, "step": step, "loss": loss}
            for item in self.trainer.checkpoints.values()
            for step, loss in enumerate(item.losses, 1)
        ]
        out = pa.BufferOutputStream()
        await asyncio.to_thread(parquet.write_table, pa.Table.from_pylist(rows), out)
        return web.Response(body=out.getvalue().to_pybytes())

    async def status(self, _: web.Request) -> web.Response:
        """Answer with what the process uses."""
        import psutil  # noqa: PLC0415

        process = psutil.Process()
        return web.json_response(
            {"memory_bytes": process.memory_info().rss, "threads": process.num_threads()}
        )


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    agent = AdapterTrainingAgent()
    log.info("starting", port=agent.config["port"])
    web.run_app(
        agent.application(),
        host=agent.config["host"],
        port=agent.config["port"],
        loop=new_event_loop(),
        access_log=None,
        print=None,
    )
    log.info("stopped")


if __name__ == "__main__":
    main()
