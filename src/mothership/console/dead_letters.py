"""What could not be delivered or taken: by sink and reason; to look at, repair, retry and drop, also all at once."""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import orjson
from cachetools import FIFOCache
from starlette.requests import Request

from mothership.console.page import Change, Fields, Page
from mothership.dead_letters import PIPELINE, Chosen, DeadLetter, DeadLetterGroup, DeadLetterSummary, Moved
from mothership.edge.caller import Caller
from mothership.errors import CorruptRecord, Refusal, SpoolUnreadable
from mothership.event import Row
from mothership.event_correction import Repaired
from mothership.relay.spool.record import unpack

LETTERS_SHOWN = 50
EVENTS_SHOWN = 20
LETTERS_AT_ONCE = 100
"""In one transaction: the service that writes to the same file waits for it."""
SECONDS_AT_ONCE = 1.0
"""Of one request that retries or drops many; the page asks again until none is left, and shows how far it is."""
PAUSE_SECONDS = 0.05
BEGUN_SECONDS = 60.0
"""Who asks again within that time goes on with what they began."""
BEGUN_MAX = 100
"""Retries and drops that were begun and not ended, of which a worker knows."""


class Store(Protocol):
    """The dead letters of all workers. Every method may block, and raise `SpoolUnreadable`."""

    def groups(self) -> list[DeadLetterGroup]:
        """How many there are of each sink and reason."""

    def page(self, sink: str | None, reason: str | None, after: str, most: int) -> list[DeadLetterSummary]:
        """Some of them, from an id on."""

    def letter(self, letter_id: str) -> DeadLetter:
        """One. Raises KeyError."""

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Send these again."""

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget these."""

    def retry_some(self, chosen: Chosen, most: int) -> Moved:
        """Send some of those again."""

    def drop_some(self, chosen: Chosen, most: int) -> Moved:
        """Forget some of those."""


class Repairs(Protocol):
    """Corrects an event."""

    async def repair(self, letter_id: str, position: int, text: str, by: str) -> Repaired:
        """Put this in the place of a letter's event. Raises `Refusal`."""


class DeadLetters:
    """Both pages: the list, and one letter."""

    def __init__(
        self, store: Callable[[], Store], repairs: Repairs, *, seconds_at_once: float = SECONDS_AT_ONCE
    ) -> None:
        """`store` opens what is on disk now: workers come and go."""
        self._store = store
        self._repairs = repairs
        self._seconds_at_once = seconds_at_once
        self._begun: FIFOCache[tuple[str, str, str | None, str | None], tuple[Chosen, float]] = FIFOCache(BEGUN_MAX)
        """What was begun and not ended, and when it was asked for last; by what, who, sink and reason. See `_some`."""

    @property
    def pages(self) -> list[Page]:
        """The list, and the page of one letter."""
        changes = [
            Change("/retry", "dead_letters_retried", self.retry),
            Change("/drop", "dead_letters_dropped", self.drop),
            Change("/repair", "dead_letter_repaired", self.repair),
        ]
        return [
            Page("/dead-letters", "Dead letters", "dead_letters.html", self.list, changes),
            Page("/dead-letters/{letter}", "Dead letter", "dead_letter.html", self.show, in_navigation=False),
        ]

    async def list(self, request: Request) -> Mapping[str, Any]:
        """The groups, and some letters of all or of one group."""
        query = request.query_params
        sink, reason = query.get("sink") or None, query.get("reason") or None
        store = self._store()
        groups = await _in_thread(store.groups)
        letters = await _in_thread(store.page, sink, reason, query.get("after", ""), LETTERS_SHOWN + 1)
        shown = letters[:LETTERS_SHOWN]
        return {
            "sink": sink,
            "reason": reason,
            "groups": [group._asdict() for group in groups],
            "letters": [letter._asdict() for letter in shown],
            "next": shown[-1].id if len(letters) > LETTERS_SHOWN else None,
            "now": time.time(),
            "done": _done(query),
        }

    async def show(self, request: Request) -> Mapping[str, Any]:
        """One letter with its first events."""
        name = request.path_params["letter"]
        try:
            letter = await _in_thread(self._store().letter, name)
            rows = unpack(letter.packed).rows
        except KeyError:
            raise Refusal(404, "there is no such dead letter: it was retried, repaired or dropped") from None
        except CorruptRecord:
            rows = []
        return {
            "id": name,
            "sink": letter.sink,
            "can_retry": letter.sink != PIPELINE,
            "reason": letter.reason,
            "buried": letter.buried,
            "client": letter.client,
            "request_id": letter.request_id,
            "events": letter.events,
            "is_damaged": not rows,
            "rows": [_shown(position, row) for position, row in enumerate(rows[:EVENTS_SHOWN])],
            "left_out": max(0, len(rows) - EVENTS_SHOWN),
        }

    async def retry(self, fields: Fields, caller: Caller) -> Mapping[str, Any]:
        """Send letters again, by their ids or all of a group."""
        store = self._store()
        if ids := fields.get("id"):
            return {"events": await _in_thread(store.retry, set(ids), None)}
        return await self._some("retry", store.retry_some, fields, caller)

    async def drop(self, fields: Fields, caller: Caller) -> Mapping[str, Any]:
        """Forget letters, by their ids or all of a group."""
        store = self._store()
        if ids := fields.get("id"):
            return {"events": await _in_thread(store.drop, set(ids), None)}
        return await self._some("drop", store.drop_some, fields, caller)

    async def _some(
        self, what: str, act: Callable[[Chosen, int], Moved], fields: Fields, caller: Caller
    ) -> Mapping[str, Any]:
        """As many as fit into the time of one request.

        What is refused again is there again at once, so whoever asks until nothing is left means what was there when
        they began: also a program that does not say `before`.
        """
        began, chosen = time.monotonic(), _chosen(fields)
        key = (what, caller.name, chosen.sink, chosen.reason)
        known = None if fields.get("before") else self._begun.get(key)
        if known and began - known[1] < BEGUN_SECONDS:
            chosen = known[0]
        letters = events = left = 0
        while True:
            moved = await _in_thread(act, chosen, LETTERS_AT_ONCE)
            letters, events, left = letters + moved.letters, events + moved.events, moved.left
            if not moved.letters or not left or time.monotonic() - began > self._seconds_at_once:
                break
            await asyncio.sleep(PAUSE_SECONDS)
        # What none could be moved of stays as it is: to ask again would change nothing.
        left = left if moved.letters else 0
        self._remember(key, chosen, is_ended=not left)
        return {"letters": letters, "events": events, "left": left, **chosen._asdict()}

    def _remember(self, key: tuple[str, str, str | None, str | None], chosen: Chosen, *, is_ended: bool) -> None:
        self._begun.pop(key, None)
        if not is_ended:
            self._begun[key] = chosen, time.monotonic()

    async def repair(self, fields: Fields, caller: Caller) -> Mapping[str, Any]:
        """Put a corrected event in the place of one."""
        letter, position, event = (str(next(iter(fields.get(name, [""])))) for name in ("letter", "position", "event"))
        if not (position.isascii() and position.isdigit() and len(position) < 9):  # noqa: PLR2004 - no more digits than an integer has
            raise Refusal(400, "`position` is not a number")
        repaired = await self._repairs.repair(letter, int(position), event, caller.name)
        return {"events": 1, "letter": letter, "sink": repaired.sink}


def _chosen(fields: Fields) -> Chosen:
    """All of one group, and of those what was there when it began."""
    sink, reason, before = (next(iter(fields.get(name, [])), None) or None for name in ("sink", "reason", "before"))
    if sink is None:
        raise Refusal(400, "name dead letters by `id`, or those of a `sink`, of one `reason` or all")
    if before is not None and not (before.isascii() and before.isdigit() and len(before) < 18):  # noqa: PLR2004 - no more digits than an integer has
        raise Refusal(400, "`before` is not a time in microseconds")
    return Chosen(sink, reason, int(before) if before else int(time.time() * 1_000_000))


def _done(query: Mapping[str, str]) -> dict[str, Any] | None:
    """What the change has done that led here. It is out of the address, so only numbers and known words count."""
    what = _WORDS.get(query.get("done", ""))
    if what is None:
        return None
    found: dict[str, Any] = {"what": what[0], "again": what[1]}
    for name in ("events", "left", "before"):
        value = query.get(f"done.{name}", "")
        found[name] = int(value) if value.isascii() and value.isdigit() and len(value) < 18 else 0  # noqa: PLR2004 - no more digits than an integer has
    found["sink"], found["reason"] = query.get("done.sink", ""), query.get("done.reason", "")
    return found


def _shown(position: int, row: Row) -> dict[str, Any]:
    event = orjson.loads(row.data)
    return {
        "position": position,
        "ts": row.ts,
        "type": row.type,
        "source": row.source,
        "event": event,
        "text": orjson.dumps(event, option=orjson.OPT_INDENT_2).decode(),
    }


async def _in_thread(read: Callable[..., Any], *values: Any) -> Any:
    try:
        return await asyncio.to_thread(read, *values)
    except SpoolUnreadable as error:
        raise Refusal(503, f"the dead letters can't be read or written now: {error}") from None


_WORDS: Mapping[str, Sequence[str]] = {
    "dead_letters_retried": ("Sent again", "/console/dead-letters/retry"),
    "dead_letters_dropped": ("Dropped", "/console/dead-letters/drop"),
    "dead_letter_repaired": ("Repaired and sent", ""),
}
