"""Translate German into English over HTTP, word by word.

POST /translate answers with JSON lines: the pieces of the translation, then the whole of it.
POST /score compares a translation with a reference, POST /detect names the language of a text;
GET /status, GET /health and GET /metrics are for the machines that look after it.
"""

import asyncio
import json
from collections.abc import AsyncIterator

import torch
from aiohttp import web
from transformers import MarianMTModel, PreTrainedTokenizerBase, TextIteratorStreamer

from common.config import load_config
from common.log import configure_logging
from common_utils.health import health_routes
from common_utils.metrics import measured
from common_utils.payload import text_of
from common_utils.process import exit_on_sigterm, new_event_loop
from main_pc_code.models.translator import LONGEST, build_tokenizer, build_translator

NAME = "fixed_streaming_translation"
PATIENCE_SECONDS = 20.0

log = configure_logging(NAME)


class StreamingTranslationAgent:
    """Holds the model and answers requests with it."""

    def __init__(self) -> None:
        self.config = load_config(NAME)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.tokenizer: PreTrainedTokenizerBase | None = None
        self.model: MarianMTModel | None = None

    def application(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application()
        app.add_routes(health_routes(lambda: self.model is not None))
        app.router.add_post("/translate", self.translate)
        app.router.add_post("/score", self.score)
        app.router.add_post("/detect", self.detect)
        app.router.add_get("/status", self.status)
        app.on_startup.append(self.load)
        return app

    async def load(self, _: web.Application) -> None:
        """Build tokenizer and model."""
        self.tokenizer = await asyncio.to_thread(build_tokenizer)
        model = await asyncio.to_thread(build_translator, self.tokenizer, self.config["seed"])
        self.model = model.to(self.device)
        log.info("ready", device=str(self.device), pieces=len(self.tokenizer))

    async def translate(self, request: web.Request) -> web.StreamResponse:
        """Answer with the translation while it comes into being."""
        text = text_of(await request.read())
        if text is None:
            raise web.HTTPUnprocessableEntity(text='expected {"text": "words"}')
        if self.model is None:
            raise web.HTTPServiceUnavailable(text="the model is loading")
        answer = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await answer.prepare(request)
        pieces = []
        with measured(NAME, "translate"):
            async for piece in self.pieces(text):
                pieces.append(piece)
                await answer.write(json.dumps({"piece": piece}).encode() + b"\n")
        await answer.write(json.dumps({"text": "".join(pieces).strip()}).encode() + b"\n")
        log.info("translated", characters=len(text), pieces=len(pieces))
        return answer

    async def pieces(self, text: str) -> AsyncIterator[str]:
        """Yield the translation in pieces, as soon as each is known."""
        streamer = TextIteratorStreamer(
            self.tokenizer, timeout=PATIENCE_SECONDS, skip_special_tokens=True
        )
        writer = asyncio.create_task(asyncio.to_thread(self.generate, text, streamer))
        while (piece := await asyncio.to_thread(next, streamer, None)) is not None:
            if piece:
                yield piece
        await writer

    def generate(self, text: str, streamer: TextIteratorStreamer) -> None:
        """Translate a text and hand its pieces to the streamer."""
        try:
            batch = self.tokenizer(text.lower(), truncation=True, return_tensors="pt")
            self.model.generate(
                **batch.to(self.device), streamer=streamer, num_beams=1, max_new_tokens=LONGEST
            )
        except Exception:
            streamer.end()
            raise

    async def score(self, request: web.Request) -> web.Response:
        """Answer with chrF, from 0 to 100, of a translation beside its reference."""
        import sacrebleu  # noqa: PLC0415

        try:
            body = await request.json()
            text, reference = str(body["text"]), str(body["reference"])
        except (ValueError, LookupError, TypeError):
            raise web.HTTPUnprocessableEntity(text='expected "text" and "reference"') from None
        result = sacrebleu.sentence_chrf(text, [reference])
        return web.json_response({"chrf": round(result.score, 2)})

    async def detect(self, request: web.Request) -> web.Response:
        """Answer with the language of a text."""
        import py3langid  # noqa: PLC0415

        text = text_of(await request.read())
        if text is None:
            raise web.HTTPUnprocessableEntity(text='expected {"text": "words"}')
        language, _ = await asyncio.to_thread(py3langid.classify, text)
        return web.json_response({"language": language})

    async def status(self, _: web.Request) -> web.Response:
        """Answer with what the process uses."""
        import psutil  # noqa: PLC0415

        process = psutil.Process()
        return web.json_response(
            {"device": str(self.device), "memory_bytes": process.memory_info().rss}
        )


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    agent = StreamingTranslationAgent()
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
