"""Answer questions from passages, and keep the answers in Redis."""

import asyncio
from dataclasses import asdict
from typing import Any

from common.cache import AnswerCache
from common.config import endpoints
from common_utils.reach import first_reachable
from main_pc_code.models.generator import Generator
from main_pc_code.models.retriever import PASSAGES, Retriever, words_of


class Reasoner:
    """The index, the model and the cache."""

    def __init__(self, config: dict[str, Any]) -> None:
        self.config = config
        self._retriever = Retriever(PASSAGES, config["seed"])
        self._generator = Generator(PASSAGES, config["seed"])
        self._cache: AnswerCache | None = None

    async def connect(self) -> None:
        """Connect to Redis, waiting for it to come up."""
        patience = self.config["connect_timeout"]
        url = await first_reachable(endpoints("REDIS_URL", self.config["redis"]), patience)
        self._cache = await AnswerCache.connect(url, self.config["keep_seconds"])

    async def healthy(self) -> bool:
        """Whether Redis answers at this moment."""
        return self._cache is not None and await self._cache.alive()

    async def ask(self, question: str, count: int) -> dict[str, Any]:
        """Return an answer with the passages that it comes from."""
        if self._cache is None:
            raise ConnectionError("not connected yet")
        known = await self._cache.get(question, count)
        if known is not None:
            return known | {"cached": True}
        answer = await asyncio.to_thread(self._answer, question, count)
        await self._cache.put(answer, question, count)
        return answer | {"cached": False}

    def path(self, first: int, last: int) -> list[str]:
        """Return the passages that lead from one to another, each sharing a word with the next.

        Raises LookupError where there is no such passage, or no way.
        """
        import networkx as nx  # noqa: PLC0415

        graph = nx.Graph()
        for number, text in enumerate(PASSAGES):
            graph.add_edges_from((number, word) for word in words_of(text))
        try:
            steps = nx.shortest_path(graph, first, last)
        except nx.NetworkXException as error:
            raise LookupError(str(error)) from None
        return [PASSAGES[step] for step in steps if isinstance(step, int)]

    async def close(self) -> None:
        """Disconnect from Redis."""
        if self._cache:
            await self._cache.close()

    def _answer(self, question: str, count: int) -> dict[str, Any]:
        passages = self._retriever.nearest(question, count)
        prompt = "\n".join([*(passage.text for passage in passages), question])
        return {
            "answer": self._generator.answer(prompt),
            "passages": [asdict(passage) for passage in passages],
        }
