"""The verdicts that are known: in memory, and in the database for other instances and after a restart."""

from collections import OrderedDict
from typing import NamedTuple

import orjson

from mothership.pipeline.llm.prompt import Question
from mothership.pipeline.llm.store import PatientStore
from mothership.pipeline.llm.verdict import Discarded, Record, parse
from mothership.ports import Clock
from mothership.telemetry import log


class Known(NamedTuple):
    """What is known about a question."""

    record: Record | None
    """None: it brought no verdict, and is not asked again for a while."""
    until: float
    outcome: str = ""
    """Why there is none."""


class Verdicts:
    """Remembers what became of questions. Bounded; the one not used for longest goes first.

    What brought no verdict is remembered apart: a flood of such questions costs nobody a verdict.
    """

    def __init__(self, *, verdicts_max: int, keep_seconds: float, clock: Clock, store: PatientStore) -> None:
        self._verdicts_max = verdicts_max
        self._keep_seconds = keep_seconds
        self._clock = clock
        self._store = store
        self._known: OrderedDict[bytes, Known] = OrderedDict()
        self._given_up: OrderedDict[bytes, Known] = OrderedDict()
        self.any = False
        """Has there ever been a verdict?"""

    def __len__(self) -> int:
        return len(self._known)

    def recall(self, key: bytes, now: float) -> Known | None:
        """Look into the memory."""
        for memory in (self._known, self._given_up):
            known = memory.get(key)
            if known is None:
                continue
            if known.until > now:
                memory.move_to_end(key)
                return known
            del memory[key]
        return None

    def keep(self, key: bytes, record: Record) -> None:
        """Remember a verdict."""
        self.any = True
        self._given_up.pop(key, None)
        self._remember(self._known, key, Known(record, self._clock() + self._keep_seconds))

    def give_up(self, key: bytes, outcome: str, seconds: float) -> None:
        """Remember for that many seconds that there is none, and why."""
        self._remember(self._given_up, key, Known(None, self._clock() + seconds, outcome))

    def _remember(self, memory: OrderedDict[bytes, Known], key: bytes, known: Known) -> None:
        memory[key] = known
        memory.move_to_end(key)
        if len(memory) > self._verdicts_max:
            memory.popitem(last=False)

    async def fetch(self, key: bytes) -> Record | None:
        """Look into the database, and remember what is there."""
        body = await self._store.get(key)
        if body is None:
            return None
        try:
            tree = orjson.loads(body)
            record = Record(parse(orjson.dumps(tree["verdict"])), str(tree["model"]), str(tree["template_id"]))
        except (ValueError, KeyError, TypeError, Discarded) as error:
            log.warning("llm_verdict_not_read", error=type(error).__name__)
            return None
        self.keep(key, record)
        return record

    async def store(self, question: Question, record: Record) -> None:
        """Remember a verdict here and in the database."""
        self.keep(question.key, record)
        body = {
            "verdict": record.verdict.model_dump(),
            "model": record.model,
            "template_id": record.template_id,
            "question": orjson.loads(question.data),
        }
        await self._store.put(question.key, orjson.dumps(body), expires=self._clock() + self._keep_seconds)
