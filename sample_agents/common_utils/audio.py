"""Samples to WAV files and back."""

import io

import numpy as np
import soundfile
from numpy.typing import NDArray
from pydub import AudioSegment
from pydub.effects import normalize

FADE_MS = 10


def encode_wav(samples: NDArray[np.float32], rate: int) -> bytes:
    """Return a 16-bit WAV file, normalised and with soft ends."""
    raw = io.BytesIO()
    soundfile.write(raw, samples, rate, format="WAV", subtype="PCM_16")
    raw.seek(0)
    segment = normalize(AudioSegment.from_file(raw, format="wav"))
    out = io.BytesIO()
    segment.fade_in(FADE_MS).fade_out(FADE_MS).export(out, format="wav")
    return out.getvalue()


def decode_audio(data: bytes) -> tuple[NDArray[np.float32], int]:
    """Return the samples of an audio file, mixed down to one channel, and their rate."""
    samples, rate = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    return samples.mean(axis=1), rate
