"""Train adapters one after the other, keep them as checkpoints and announce each on NATS."""

import asyncio
import json
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.bus import EventBus
from common.config import endpoints
from common_utils.reach import first_reachable
from main_pc_code.models.adapter import loss_of, save, train

MOST_STEPS = 50
MOST_TEXTS = 64
SHORTEST = 2


@dataclass(frozen=True)
class Job:
    """What is to be learnt, and for how long."""

    texts: list[str]
    steps: int

    def __post_init__(self) -> None:
        """Raise ValueError where it makes no sense."""
        if not 0 < len(self.texts) <= MOST_TEXTS or any(
            len(text) < SHORTEST for text in self.texts
        ):
            raise ValueError(f"1 to {MOST_TEXTS} texts of {SHORTEST} characters or more")
        if not 0 < self.steps <= MOST_STEPS:
            raise ValueError(f"1 to {MOST_STEPS} steps")


@dataclass(frozen=True)
class Checkpoint:
    """An adapter that was written, and the loss of every step that led to it."""

    name: str
    steps: int
    losses: list[float]


class Trainer:
    """Trains on request. Checkpoints go to CHECKPOINT_DIR, else to a folder of this process."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self.checkpoints: dict[str, Checkpoint] = {}
        self._scratch = tempfile.TemporaryDirectory(prefix="checkpoints-")
        self._folder = Path(os.environ.get("CHECKPOINT_DIR") or self._scratch.name)
        self._one_at_a_time = asyncio.Lock()
        self._bus: EventBus | None = None

    async def connect(self) -> None:
        """Connect to NATS, waiting for it to come up."""
        patience = self.config["connect_timeout"]
        url = await first_reachable(endpoints("NATS_URL", self.config["nats"]), patience)
        self._bus = await EventBus.connect(url)

    @property
    def ready(self) -> bool:
        """Whether NATS answers at this moment."""
        return self._bus is not None and self._bus.connected

    async def run(self, job: Job) -> Checkpoint:
        """Train an adapter, write it and announce it."""
        if self._bus is None:
            raise ConnectionError("not connected yet")
        async with self._one_at_a_time:
            name = f"adapter-{len(self.checkpoints) + 1:04}"
            losses = await asyncio.to_thread(self._train, job, self._folder / name)
            checkpoint = Checkpoint(name, job.steps, losses)
            self.checkpoints[name] = checkpoint
        await self._bus.publish(self.config["subject"], asdict(checkpoint))
        return checkpoint

    async def evaluate(self, name: str, text: str) -> float:
        """Return the loss of a checkpoint on a text. Raises KeyError where there is none."""
        folder = self._folder / self.checkpoints[name].name
        return await asyncio.to_thread(loss_of, folder, text, self.config["seed"])

    async def close(self) -> None:
        """Disconnect from NATS, and remove the folder of this process."""
        if self._bus:
            await self._bus.close()
        self._scratch.cleanup()

    def _train(self, job: Job, folder: Path) -> list[float]:
        model, losses = train(job.texts, job.steps, self.config["seed"])
        save(model, folder)
        record = {"texts": job.texts, "steps": job.steps, "losses": losses}
        (folder / "training.json").write_text(json.dumps(record), encoding="utf-8")
        return losses
