"""Speak text over HTTP.

POST /speak turns text into a WAV file, POST /transcribe turns audio into text, GET /status says
how the process is doing; GET /health and GET /metrics are for the machines that look after it.
"""

import asyncio

import numpy as np
import torch
from aiohttp import web
from numpy.typing import NDArray
from soundfile import LibsndfileError
from torch import nn
from torchaudio import functional

from common.config import load_config
from common.log import configure_logging
from common_utils.audio import decode_audio, encode_wav
from common_utils.health import health_routes
from common_utils.metrics import measured
from common_utils.payload import text_of
from common_utils.process import exit_on_sigterm, new_event_loop
from main_pc_code.models.synthesiser import TinySynthesiser, build_synthesiser, encode_text

NAME = "streaming_tts_agent"
LOWPASS_HERTZ = 6000.0
MOST_BYTES = 32 * 1024**2
# Mels, audio context, width, heads and layers; vocabulary, text context, width, heads and layers.
RECOGNISER_SIZE = (80, 1500, 32, 2, 1, 51865, 448, 32, 2, 1)
LONGEST_ANSWER = 16

log = configure_logging(NAME)


class StreamingTtsAgent:
    """Holds the model and answers requests with it."""

    def __init__(self) -> None:
        self.config = load_config(NAME)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.model: TinySynthesiser | None = None

    def application(self) -> web.Application:
        """Return the application with its routes."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.add_routes(health_routes(lambda: self.model is not None))
        app.router.add_post("/speak", self.speak)
        app.router.add_post("/transcribe", self.transcribe)
        app.router.add_get("/status", self.status)
        app.on_startup.append(self.load)
        return app

    async def load(self, _: web.Application) -> None:
        """Build the model and speak once, so that no request pays for the first time."""
        rate, seed = self.config["model_rate"], self.config["seed"]
        self.model = await asyncio.to_thread(build_synthesiser, rate, seed, self.device)
        await asyncio.to_thread(self.synthesise, self.model, "ready")
        log.info("ready", device=str(self.device))

    async def speak(self, request: web.Request) -> web.Response:
        """Answer with the text as a WAV file."""
        text = text_of(await request.read())
        if text is None:
            raise web.HTTPUnprocessableEntity(text='expected {"text": "words"}')
        if self.model is None:
            raise web.HTTPServiceUnavailable(text="the model is loading")
        with measured(NAME, "speak"):
            text = text[: self.config["max_characters"]]
            data = await asyncio.to_thread(self.synthesise, self.model, text)
        log.info("spoke", characters=len(text), bytes=len(data))
        return web.Response(body=data, content_type="audio/wav")

    async def transcribe(self, request: web.Request) -> web.Response:
        """Answer with the words in an audio file."""
        data = await request.read()
        with measured(NAME, "transcribe"):
            try:
                samples, rate = decode_audio(data)
            except LibsndfileError as error:
                raise web.HTTPUnprocessableEntity(text=error.error_string) from None
            answer = await asyncio.to_thread(self.recognise, samples, rate)
        return web.json_response(answer)

    async def status(self, _: web.Request) -> web.Response:
        """Answer with what the process uses."""
        import psutil  # noqa: PLC0415

        process = psutil.Process()
        return web.json_response(
            {
                "device": str(self.device),
                "memory_bytes": process.memory_info().rss,
                "threads": process.num_threads(),
            }
        )

    @torch.inference_mode()
    def synthesise(self, model: TinySynthesiser, text: str) -> bytes:
        """Return the text as a WAV file."""
        wave = model(encode_text(text, self.device)).cpu()
        rate = self.config["output_rate"]
        wave = functional.resample(wave, model.rate, rate)
        wave = functional.lowpass_biquad(wave, rate, LOWPASS_HERTZ)
        return encode_wav(wave.numpy(), rate)

    @torch.inference_mode()
    def recognise(self, samples: NDArray[np.float32], rate: int) -> dict[str, str | float]:
        """Return what an untrained Whisper of the smallest size hears."""
        import whisper  # noqa: PLC0415

        wave = functional.resample(torch.from_numpy(samples), rate, whisper.audio.SAMPLE_RATE)
        mel = whisper.log_mel_spectrogram(whisper.pad_or_trim(wave))
        model = whisper.Whisper(whisper.ModelDimensions(*RECOGNISER_SIZE)).eval()
        torch.manual_seed(self.config["seed"])
        for weights in model.parameters():
            nn.init.normal_(weights, std=0.1)
        options = whisper.DecodingOptions(
            language="en", fp16=False, without_timestamps=True, sample_len=LONGEST_ANSWER
        )
        result = whisper.decode(model, mel, options)
        return {"text": result.text, "language": result.language, "seconds": len(samples) / rate}


def main() -> None:
    """Serve until SIGTERM."""
    exit_on_sigterm()
    agent = StreamingTtsAgent()
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
