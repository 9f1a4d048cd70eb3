"""The verdicts that are known: in memory, and in the database for other instances and after a restart."""

from typing import NamedTuple

import orjson
from cachetools import LRUCache

from mothership.errors import InvalidVerdict
from mothership.pipeline.llm.best_effort_store import BestEffortStore
from mothership.pipeline.llm.prompt import Question
from mothership.pipeline.llm.verdict import VerdictRecord, parse_verdict
from mothership.ports import Clock
from mothership.telemetry import log


class CachedVerdict(NamedTuple):
    """What is known about a question."""

    record: VerdictRecord | None
    """None: it brought no verdict, and is not asked again for a while."""
    until: float
    outcome: str = ""
    """Why there is none."""


class VerdictCache:
    """Remembers what became of questions. Bounded; the one not used for longest goes first.

    What brought no verdict is remembered apart: a flood of such questions costs nobody a verdict.
    """

    def __init__(self, *, verdicts_max: int, keep_seconds: float, clock: Clock, store: BestEffortStore) -> None:
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._store = store
        self._verdicts: LRUCache[bytes, CachedVerdict] = LRUCache(verdicts_max)
        self._without_verdict: LRUCache[bytes, CachedVerdict] = LRUCache(verdicts_max)
        self.has_verdicts = False
        """Has there ever been a verdict?"""

    @property
    def count(self) -> int:
        """How many verdicts are in memory."""
        return len(self._verdicts)

    def cached(self, key: bytes, now: float) -> CachedVerdict | None:
        """Look into the memory."""
        for memory in (self._verdicts, self._without_verdict):
            cached = memory.get(key)
            if cached is None:
                continue
            if cached.until > now:
                return cached
            del memory[key]
        return None

    def put(self, key: bytes, record: VerdictRecord) -> None:
        """Remember a verdict."""
        self.has_verdicts = True
        self._without_verdict.pop(key, None)
        self._verdicts[key] = CachedVerdict(record, self._clock() + self._keep_seconds)

    def put_failure(self, key: bytes, outcome: str, seconds: float) -> None:
        """Remember for that many seconds that there is none, and why."""
        self._without_verdict[key] = CachedVerdict(None, self._clock() + seconds, outcome)

    async def fetch(self, key: bytes) -> VerdictRecord | None:
        """Look into the database, and remember what is there."""
        body = await self._store.get(key)
        if body is None:
            return None
        try:
            tree = orjson.loads(body)
            record = VerdictRecord(
                parse_verdict(orjson.dumps(tree["verdict"])), str(tree["model"]), str(tree["template_id"])
            )
        except (ValueError, KeyError, TypeError, InvalidVerdict) as error:
            log.warning("llm_verdict_not_read", error=type(error).__name__)
            return None
        self.put(key, record)
        return record

    async def store(self, question: Question, record: VerdictRecord) -> None:
        """Remember a verdict here and in the database."""
        self.put(question.key, record)
        body = {
            "verdict": record.verdict.model_dump(),
            "model": record.model,
            "template_id": record.template_id,
            "question": orjson.loads(question.data),
        }
        await self._store.put(question.key, orjson.dumps(body), expires=self._clock() + self._keep_seconds)
