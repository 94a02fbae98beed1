"""A tiny voice: characters to a pitch and a timbre each, and these to a wave."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

CHARACTERS = 256
WIDTH = 16
HARMONICS = 8
SECONDS_PER_CHARACTER = 0.06
LOWEST_HERTZ = 90.0
RANGE_HERTZ = 140.0


class TinySynthesiser(nn.Module):
    """Sums harmonics whose pitch and strength follow the text."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate
        self.embed = nn.Embedding(CHARACTERS, WIDTH)
        self.context = nn.Conv1d(WIDTH, WIDTH, kernel_size=3, padding=1)
        self.pitch = nn.Linear(WIDTH, 1)
        self.timbre = nn.Linear(WIDTH, HARMONICS)

    def forward(self, codes: Tensor) -> Tensor:
        """Turn character codes (T) into a wave of T times the samples of a character."""
        states = torch.tanh(self.context(self.embed(codes).T.unsqueeze(0)))
        frames = states.squeeze(0).T
        hertz = self._stretch(LOWEST_HERTZ + RANGE_HERTZ * torch.sigmoid(self.pitch(frames)))
        gains = self._stretch(torch.softmax(self.timbre(frames), dim=-1))
        phase = 2 * math.pi * torch.cumsum(hertz / self.rate, dim=0)
        orders = torch.arange(1, HARMONICS + 1, device=codes.device)
        return (gains * torch.sin(phase * orders)).sum(dim=-1)

    def _stretch(self, frames: Tensor) -> Tensor:
        size = int(len(frames) * self.rate * SECONDS_PER_CHARACTER)
        return functional.interpolate(frames.T.unsqueeze(0), size=size, mode="linear")[0].T


def build_synthesiser(rate: int, seed: int, device: torch.device) -> TinySynthesiser:
    """Return the model with the weights that belong to this seed."""
    torch.manual_seed(seed)
    return TinySynthesiser(rate).eval().to(device)


def encode_text(text: str, device: torch.device) -> Tensor:
    """Return the text as character codes."""
    return torch.tensor(list(text.encode()), dtype=torch.long, device=device)
