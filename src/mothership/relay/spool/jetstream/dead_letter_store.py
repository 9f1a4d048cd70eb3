"""The dead letters in their stream, for a person: each call makes a connection of its own, in a thread of its own loop.

What is put in line again is kept there first and then taken out here: killed between, it is in both, and its
fingerprint tells.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from mothership.dead_letters import PIPELINE, Chosen, DeadLetter, DeadLetterGroup, DeadLetterSummary, Moved
from mothership.errors import ConfigurationError, CorruptRecord, NotPersisted, SpoolUnreadable
from mothership.event import Row
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.batch_splitting import replaced_row, sent_again
from mothership.relay.spool.jetstream import dead_letter_messages
from mothership.relay.spool.jetstream.connection import LOST, connect
from mothership.relay.spool.jetstream.dead_letter_messages import LetterHead, head_of
from mothership.relay.spool.jetstream.publisher import Publisher
from mothership.relay.spool.jetstream.sink_queue import waiting_message
from mothership.relay.spool.jetstream.subjects import Subjects
from mothership.relay.spool.record import SpoolRecord, pack, unpack
from mothership.telemetry import log

T = TypeVar("T")
CONNECT_SECONDS = 5.0
PAGE_LETTERS = 500
GROUPS_MAX = 500
PLACE = "jetstream"
"""Stands before the numbers of letters."""


@dataclass(frozen=True, slots=True)
class Head:
    """A letter by its number in the stream, without its record."""

    seq: int
    about: LetterHead

    @property
    def id(self) -> str:
        """As people name it."""
        return f"{PLACE}-{self.seq}"

    def is_meant(self, chosen: Chosen) -> bool:
        """Whether it fits everything that is said."""
        return (
            chosen.sink in (None, self.about.sink)
            and chosen.reason in (None, self.about.reason)
            and (chosen.before is None or self.about.buried <= chosen.before)
        )

    def summary(self) -> DeadLetterSummary:
        """As lists show it: all but the rows."""
        about = self.about
        return DeadLetterSummary(
            self.id, about.sink, about.reason, about.buried, about.request_id, about.events, about.client
        )


class JetStreamDeadLetters:
    """`ports.DeadLetterStore` on the cluster."""

    def __init__(self, settings: RelaySettings) -> None:
        to = settings.spool.jetstream
        self._to = to.model_copy(update={"connect_seconds": min(to.connect_seconds, CONNECT_SECONDS)})
        self._settings = settings

    def views(self, ids: Collection[str] | None = None, sink: str | None = None) -> Iterator[DeadLetterSummary]:
        """All letters, or these, or a sink's."""
        heads = self._run(lambda session: session.heads(sink))
        return iter([head.summary() for head in heads if ids is None or head.id in ids])

    def rows(self, letter_id: str) -> list[Row]:
        """The redacted rows of one letter. Raises `KeyError` or `CorruptRecord`."""
        return unpack(self.letter(letter_id).packed).rows

    def letter(self, letter_id: str) -> DeadLetter:
        """One letter, as it is kept. Raises `KeyError`."""
        return self._run(lambda session: session.letter(_number(letter_id)))

    def groups(self) -> list[DeadLetterGroup]:
        """How many there are of each sink and reason, most events first."""
        found: dict[tuple[str, str], DeadLetterGroup] = {}
        for head in self._run(lambda session: session.heads(None)):
            about = head.about
            key = about.sink, about.reason
            was = found.get(key, DeadLetterGroup(*key, 0, 0, about.buried, about.buried))
            found[key] = DeadLetterGroup(
                *key, was.letters + 1, was.events + about.events,
                min(was.oldest, about.buried), max(was.newest, about.buried),
            )  # fmt: skip
        return sorted(found.values(), key=lambda group: -group.events)[:GROUPS_MAX]

    def page(self, sink: str | None, reason: str | None, after: str, most: int) -> list[DeadLetterSummary]:
        """Letters in the order of their ids, from one on (empty: from the first)."""
        with suppress(KeyError):
            return self._run(
                lambda session: session.page(Chosen(sink, reason), _number(after) + 1 if after else 1, most)
            )
        return []

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them."""
        return self._run(lambda session: session.each(ids, sink, session.retry))

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget a letter for good. Returns its events; 0 where another was quicker."""
        return self._run(lambda session: session.each(ids, sink, session.drop))

    def retry_some(self, chosen: Chosen, most: int) -> Moved:
        """As `retry`, so many letters at most."""
        return self._run(lambda session: session.some(chosen, most, session.retry))

    def drop_some(self, chosen: Chosen, most: int) -> Moved:
        """As `drop`, so many letters at most."""
        return self._run(lambda session: session.some(chosen, most, session.drop))

    def replace_row(self, letter_id: str, position: int, row: Row | None) -> None:
        """Take one row out of a letter; with a new one, put that in line."""
        self._run(lambda session: session.replace_row(_number(letter_id), position, row))

    def _run(self, work: "Callable[[_Session], Coroutine[Any, Any, T]]") -> T:
        async def connected() -> T:
            client = await connect(self._to)
            try:
                return await work(_Session(client, self._settings))
            finally:
                await client.close()

        try:
            return asyncio.run(connected())
        except ConfigurationError as error:
            raise SpoolUnreadable("; ".join(error.faults)) from None
        except (*LOST, NotPersisted) as error:
            raise SpoolUnreadable(f"the JetStream cluster: {type(error).__name__}") from None


class _Session:
    """One connection's work."""

    def __init__(self, client: Client, settings: RelaySettings) -> None:
        self._js: JetStreamContext = client.jetstream()
        self._subjects = Subjects(settings.spool.jetstream.stream)
        self._seconds = settings.spool.jetstream.publish_seconds
        self._publisher = Publisher(client, retry_after_seconds=settings.spool.retry_after_seconds)

    async def heads(self, sink: str | None) -> list[Head]:
        """All of them, or a sink's."""
        return [head async for head in self._scan(sink, 1)]

    async def page(self, chosen: Chosen, first: int, most: int) -> list[DeadLetterSummary]:
        """Some of them."""
        found: list[DeadLetterSummary] = []
        async for head in self._scan(chosen.sink, first):
            if len(found) >= most:
                break
            if head.is_meant(chosen):
                found.append(head.summary())
        return found

    async def _scan(self, sink: str | None, first: int) -> AsyncIterator[Head]:
        config = ConsumerConfig(
            ack_policy=AckPolicy.NONE,
            headers_only=True,
            mem_storage=True,
            num_replicas=1,
            inactive_threshold=30.0,
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=max(1, first),
        )
        stream = self._subjects.letters_stream
        pull = await self._js.pull_subscribe(self._subjects.letters_of(sink), stream=stream, config=config)
        try:
            left = (await pull.consumer_info()).num_pending or 0
            while left > 0:
                for message in await pull.fetch(min(left, PAGE_LETTERS), timeout=5.0):
                    left = message.metadata.num_pending
                    yield Head(message.metadata.sequence.stream, head_of(message.headers or {}))
        finally:
            with suppress(*LOST):
                await self._js.delete_consumer(stream, (await pull.consumer_info()).name)
                await pull.unsubscribe()

    async def letter(self, seq: int) -> DeadLetter:
        """One. Raises `KeyError`."""
        try:
            found = await self._js.get_msg(self._subjects.letters_stream, seq)
        except NotFoundError:
            raise KeyError(seq) from None
        about, packed = head_of(found.headers or {}), found.data or b""
        return DeadLetter(
            seq, about.sink, about.reason, about.buried, about.request_id, bytes.fromhex(about.origin),
            bytes.fromhex(about.fingerprint), about.events, len(packed), packed, about.client,
        )  # fmt: skip

    async def each(
        self, ids: Collection[str] | None, sink: str | None, act: Callable[[Head], Coroutine[Any, Any, int]]
    ) -> int:
        """Do it with all of them, or these, or a sink's."""
        heads = await self.heads(sink)
        return sum([await act(head) for head in heads if ids is None or head.id in ids])

    async def some(self, chosen: Chosen, most: int, act: Callable[[Head], Coroutine[Any, Any, int]]) -> Moved:
        """Do it with so many of those that are chosen."""
        meant = [head for head in await self.heads(chosen.sink) if head.is_meant(chosen)]
        moved = [await act(head) for head in meant[:most]]
        done = sum(1 for events in moved if events)
        return Moved(done, sum(moved), len(meant) - done)

    async def retry(self, head: Head) -> int:
        """Put it back in line."""
        if head.about.sink == PIPELINE:
            return 0
        try:
            letter = await self.letter(head.seq)
            record = unpack(letter.packed)
        except KeyError:
            return 0  # somebody else was quicker
        except CorruptRecord:
            log.error("dead_letter_damaged", letter=head.id)
            return 0
        await self._put_in_line(letter.sink, sent_again(letter.sink, record, _now()), head.seq)
        await self._remove(head.seq)
        return head.about.events

    async def drop(self, head: Head) -> int:
        """Forget it."""
        return head.about.events if await self._remove(head.seq) else 0

    async def replace_row(self, seq: int, position: int, row: Row | None) -> None:
        """Put what is left and what is repaired in its place."""
        letter = await self.letter(seq)
        repaired, rest = replaced_row(letter.sink, unpack(letter.packed), position, row, _now())
        if repaired is not None:
            await self._put_in_line(letter.sink, repaired, seq)
        if rest is not None:
            mark = f"{seq} without {position}"
            kept = dead_letter_messages.message(
                self._subjects, letter.sink, letter.reason, rest, pack(rest), letter.buried, mark=mark
            )
            await self._publisher.publish([kept], self._seconds)
        await self._remove(seq)

    async def _put_in_line(self, sink: str, record: SpoolRecord, seq: int) -> None:
        message = waiting_message(self._subjects, record, pack(record), sink, record.batch(), f".letter{seq}")
        await self._publisher.publish([message], self._seconds)

    async def _remove(self, seq: int) -> bool:
        try:
            return await self._js.delete_msg(self._subjects.letters_stream, seq)
        except NotFoundError:
            return False


def is_letter_id(letter_id: str) -> bool:
    """Whether it is of one of these letters."""
    return letter_id.startswith(f"{PLACE}-")


def _number(letter_id: str) -> int:
    place, _, number = letter_id.partition("-")
    if place != PLACE or not (number.isascii() and number.isdigit()):
        raise KeyError(letter_id)
    return int(number)


def _now() -> int:
    return int(time.time() * 1_000_000)
