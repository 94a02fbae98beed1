"""Find and follow faces in frames that come over HTTP.

POST /frames takes image files (base64, in JSON) and answers with the faces in each; GET /replay
shows the last frames as an animation; GET /status, GET /health and GET /metrics are for the
machines that look after it.
"""

import asyncio
import base64
import io
import json

from aiohttp import web

from common.config import load_config
from common.log import configure_logging
from common_utils.health import health_routes
from common_utils.metrics import measured
from common_utils.process import exit_on_sigterm, new_event_loop
from main_pc_code.recogniser import FaceRecogniser, Frame, decode_frame

NAME = "face_recognition_agent"
MOST_BYTES = 16 * 1024**2

log = configure_logging(NAME)


def frames_of(body: bytes) -> list[Frame]:
    """Return the frames in a request. Raises ValueError where something is wrong with them."""
    try:
        files = [base64.b64decode(text, validate=True) for text in json.loads(body)["frames"]]
    except (LookupError, TypeError):
        raise ValueError('expected {"frames": ["base64", …]}') from None
    return [decode_frame(data) for data in files]


class FaceRecognitionAgent:
    """Holds the recogniser and answers requests with it."""

    def __init__(self) -> None:
        self.config = load_config(NAME)
        self.recogniser: FaceRecogniser | None = None
        self._one_at_a_time = asyncio.Lock()

    def application(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes(health_routes(lambda: self.recogniser is not None))
        app.router.add_post("/frames", self.frames)
        app.router.add_get("/replay", self.replay)
        app.router.add_get("/status", self.status)
        app.on_startup.append(self.load)
        return app

    async def load(self, _: web.Application) -> None:
        """Build the networks."""
        seed, alike = self.config["seed"], self.config["alike"]
        self.recogniser = await asyncio.to_thread(FaceRecogniser, seed, alike)
        log.info("ready", device=str(self.recogniser.device), providers=self.recogniser.providers)

    async def frames(self, request: web.Request) -> web.Response:
        """Answer with the faces in each frame."""
        try:
            frames = frames_of(await request.read())
        except ValueError as error:
            raise web.HTTPUnprocessableEntity(text=str(error)) from None
        recogniser = self.ready()
        async with self._one_at_a_time:
            with measured(NAME, "frames"):
                found = [await asyncio.to_thread(recogniser.look, frame) for frame in frames]
        log.info("looked", frames=len(frames), faces=sum(map(len, found)))
        return web.json_response({"frames": found})

    async def replay(self, _: web.Request) -> web.Response:
        """Answer with the last frames as an animated GIF."""
        import imageio.v3  # noqa: PLC0415

        frames = [frame[:, :, ::-1] for frame in self.ready().frames]
        if not frames:
            raise web.HTTPNotFound(text="no frame yet")
        out = io.BytesIO()
        await asyncio.to_thread(imageio.v3.imwrite, out, frames, extension=".gif", duration=100)
        return web.Response(body=out.getvalue(), content_type="image/gif")

    async def status(self, _: web.Request) -> web.Response:
        """Answer with what the process uses."""
        import psutil  # noqa: PLC0415

        recogniser, process = self.ready(), psutil.Process()
        return web.json_response(
            {
                "device": str(recogniser.device),
                "providers": recogniser.providers,
                "memory_bytes": process.memory_info().rss,
            }
        )

    def ready(self) -> FaceRecogniser:
        """Return the recogniser, or answer that it is not there yet."""
        if self.recogniser is None:
            raise web.HTTPServiceUnavailable(text="the networks are loading")
        return self.recogniser


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    agent = FaceRecognitionAgent()
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
