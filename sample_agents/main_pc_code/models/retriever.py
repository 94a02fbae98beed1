"""Find the passages that are nearest to a question."""

import re
import zlib
from dataclasses import dataclass

import faiss
import torch
from torch import nn
from torch.nn import functional

BUCKETS = 4096
WIDTH = 256

PASSAGES = (
    "A wheel is a built distribution: an archive that is unpacked into site-packages.",
    "RECORD lists every file of an installed distribution with its hash and its size.",
    "An image is made of layers, and a layer that two images share is stored once.",
    "A multi-stage build copies what is needed from a builder into a smaller final image.",
    "CUDA libraries come with the wheels of torch, so that a slim base image is enough.",
    "A virtual environment has its own site-packages and leaves the system's alone.",
    "Redis keeps keys and values in memory, and forgets a key when its time has run out.",
    "NATS passes a message on to everybody who has subscribed to its subject.",
)


@dataclass(frozen=True)
class Passage:
    """One passage and how near it is, from -1 to 1."""

    number: int
    text: str
    likeness: float


def words_of(text: str) -> list[str]:
    """Return the words of a text that say something."""
    return [word for word in re.findall(r"[a-z0-9]+", text.lower()) if len(word) > 3]  # noqa: PLR2004


class Retriever:
    """An index of passages. Words get directions that belong to the seed."""

    def __init__(self, passages: tuple[str, ...], seed: int) -> None:
        torch.manual_seed(seed)
        self.passages = passages
        self._words = nn.EmbeddingBag(BUCKETS, WIDTH, mode="mean")
        self._index = faiss.IndexFlatIP(WIDTH)
        self._index.add(self.embed(list(passages)).numpy())

    @torch.inference_mode()
    def embed(self, texts: list[str]) -> torch.Tensor:
        """Return a vector of length 1 for each text."""
        bags = [[zlib.crc32(word.encode()) % BUCKETS for word in words_of(text)] for text in texts]
        offsets = torch.tensor([0, *map(len, bags[:-1])]).cumsum(0)
        words = torch.tensor([word for bag in bags for word in bag], dtype=torch.long)
        return functional.normalize(self._words(words, offsets))

    def nearest(self, question: str, count: int) -> list[Passage]:
        """Return so many passages, the nearest first."""
        likeness, numbers = self._index.search(self.embed([question]).numpy(), count)
        return [
            Passage(int(number), self.passages[number], round(float(value), 4))
            for number, value in zip(numbers[0], likeness[0], strict=True)
            if number >= 0
        ]
