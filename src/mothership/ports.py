"""Every seam on one page. Each docstring is a promise, and `tests/contracts/` holds the suite that checks it.

Everything runs in one event loop. A promise says what may be called while another call is under way; where it says
nothing, calls follow one another.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from typing import NamedTuple, Protocol, TypeAlias

from mothership.dead_letters import Chosen, DeadLetter, DeadLetterGroup, DeadLetterSummary, Moved
from mothership.errors import FailedRow
from mothership.event import Batch, Receipt, Row, RowBatch
from mothership.leases import SEQ_MAX, BatchStatus, DeliveryResult, Lease, LeaseLimits, SpoolStats, Totals
from mothership.search.query import EventQuery, Position
from mothership.search.results import EventContext, EventPage, Facets, Histogram, LastError, TemplateCounts
from mothership.status import ClusterStatus

Clock: TypeAlias = Callable[[], float]
"""Seconds since the Unix epoch. Time is an argument, so no test sleeps or patches.

It never raises, waits for nothing, and may be asked from any thread. It may go backwards: wall clocks are set.
"""


class Health(NamedTuple):
    """How a part is. `reason` is for people and empty when all is well."""

    healthy: bool
    reason: str = ""


class Processor(Protocol):
    """One step of the pipeline, compiled from its settings at start-up."""

    name: str
    """The specification's name: `DropFields`, `MaskPatterns`, …"""

    def __call__(self, batch: Batch) -> None:
        """Change the batch's events in place.

        An event it can't handle is taken out with `batch.reject` and a reason that quotes nothing of it.
        Whatever it raises costs no other event: the chain finds the failing event and rejects that one.
        It awaits nothing, so it works on one batch at a time; it may see an event twice.
        """


class Enricher(Protocol):
    """The one step that may wait: the LLM."""

    name: str

    async def __call__(self, batch: Batch) -> None:
        """Add to the batch's events what is known within the configured wait. Never raises, never rejects.

        Called for many batches at a time.
        """


class VerdictStore(Protocol):
    """Where the LLM's verdicts and spending are shared between instances and outlast a restart.

    It is asked off the way of events, and may raise whatever it likes: then each process knows only its own. Every
    method may be called any number of times at once, by several processes.
    """

    async def get(self, key: bytes) -> bytes | None:
        """Fetch the record kept under a key, if it has not expired."""

    async def put(self, key: bytes, record: bytes, *, expires: float) -> None:
        """Keep a record (a JSON object) until that time, in seconds since the Unix epoch."""

    async def spend(self, day: date, tokens: int, micros: int) -> tuple[int, int]:
        """Add to a day's tokens and millionths of money (less, when negative) and tell the sums."""


class Sink(Protocol):
    """A place where rows rest.

    A courier awaits `open` alone, and then has as many writes under way as the sink's route says (one for Loki);
    `health` is asked beside them at any time, and `close` when no write is under way.
    """

    name: str
    """`tsdb`, `loki`: as in the answer's `sink_results`."""

    async def open(self) -> None:
        """Make ready to write: connect, create what is missing. Raises `Transient` or `Paused`; may be called again."""

    async def write(self, batches: Sequence[RowBatch]) -> frozenset[int]:
        """Store every row durably, or raise. Writing a batch twice stores it once.

        Returns the positions of the batches that had been stored before (where a sink can know).
        Raises `Transient` (nothing, or an unknown part, is stored: write the same again; `TimedOut`: or less at once),
        `Paused` (nothing is stored until a person acts), `Permanent` (all is stored but the rows it names), or
        `Deferred` (all is stored but the rows it names, and those can be written later).
        """

    async def health(self) -> Health:
        """Can it take a write now? Answers within a second or two and never raises."""

    async def close(self) -> None:
        """Give back every connection. May be called twice."""


class StoredWatcher(Protocol):
    """Sees events as they are stored: the live tail."""

    is_watched: bool
    """Whether there is anybody to see them. While it is False nothing is told, and nothing costs anything."""

    def stored(self, rows: Sequence[Row]) -> None:
        """These were just committed, and were not there before. Waits for nothing, keeps little, never raises."""


class EventReader(Protocol):
    """Answers questions about stored events, for people. It changes nothing, and takes nothing that ingestion needs.

    Every method may be called any number of times at once, and answers within a few seconds, or raises `ReadError`.
    """

    async def search(self, query: EventQuery, *, limit: int, before: Position | None = None) -> EventPage:
        """Fetch the newest events that are meant, no more than `limit`, from a place in their order on.

        Pages that follow each other by `next` hold every event that is meant, and was there when the first was asked
        for, once. A page may be shorter than `limit`, or empty, and still have a `next`.
        """

    async def facets(self, query: EventQuery) -> Facets:
        """Count the values of each field, over the newest events that are meant."""

    async def histogram(self, query: EventQuery, *, since: int, until: int, buckets: int) -> Histogram:
        """Count events by time, in at most so many buckets that cover the time from `since` to before `until`."""

    async def context(self, source: str, ts: int, identity: int | None = None, *, each: int) -> EventContext:
        """Fetch what is at a source around a time, `each` events before and after; of one time, around an event."""

    async def last_error(self, source: str) -> LastError:
        """Find a source's newest event of severity `error` or worse."""

    async def template_counts(self, query: EventQuery, *, most: int) -> TemplateCounts:
        """Count the events of each template, over the newest events that are meant: so many of them at most."""

    def sql(self, query: EventQuery, *, limit: int) -> str:
        """The question as a statement that a person can paste into `psql`."""

    async def close(self) -> None:
        """Give back every connection. May be called twice."""


class Relay(Protocol):
    """Keeps what the pipeline made until every sink has it.

    `keep` is called by every request at a time. One that is cancelled while it waits takes nothing back.
    """

    async def keep(self, batch: RowBatch, *, waited_seconds: float = 0.0) -> Receipt:
        """Return once every row is committed, on disk, or in the dead letters, for every enabled sink.

        Waits up to `relay.answer_seconds` for the sinks. Where there is no room it waits up to `relay.room_seconds` for
        that before, less what its request has waited already. Raises `NotPersisted` when nothing was kept, and
        `Refusal` (429, with a Retry-After) when too much is in flight.
        """


class Spool(Protocol):
    """What was acknowledged and is not yet at every sink, kept where no death of this process reaches it.

    Every batch has a number, and later ones have higher numbers; each sink has its own place in them. The relay appends
    while couriers lease, any number of both at once. A batch that is leased is nobody else's until its courier commits,
    releases, dead-letters, splits or defers it. Those five are remembered in the order in which they were called.

    What the store can't do now raises `NotPersisted`, and nothing has changed. Whatever is done twice because a process
    died between two steps is known to sinks by its fingerprint.
    """

    on_arrival: Callable[[], None]
    """Called in the event loop when something that was not appended here can be leased. Set by whoever leases."""

    on_result: Callable[[DeliveryResult], None]
    """Called in the event loop with what another process has announced of a batch that was appended here."""

    @property
    def first_live_seq(self) -> int:
        """Batches from here on were appended since this spool was opened."""

    @property
    def last_seq(self) -> int:
        """The highest number known to be given."""

    @property
    def failed(self) -> "asyncio.Future[None]":
        """Done, with the error, when the spool has died of one."""

    @property
    def unwritable_reason(self) -> str:
        """Why nothing can be kept now, for people; empty when all is well."""

    def totals(self, sink: str) -> Totals:
        """What waits for a sink, as far as is known without asking. Never less than what is leased here."""

    def waiting(self) -> dict[str, int]:
        """For each sink that anything waits for, how many events: those of sinks that are switched off, too."""

    def append(
        self,
        batch: RowBatch,
        sinks: list[str],
        resolve: Callable[[BatchStatus | None, BaseException | None], None],
    ) -> None:
        """Keep a batch for these sinks. `resolve` is called once, in the event loop, when it is safe.

        Safe: it outlasts the death of this process and a loss of power. Told an error instead, `NotPersisted`, or
        `SpoolFull` where room is all that is lacking, the sender has to keep it. Told `MayBeKept`, the spool may have
        it all the same: a store that is elsewhere may do what was asked and be cut off before it says so. A fingerprint
        that is known is not kept again, and the status tells what became of it (`new` is false); how long it is known
        is the spool's business, since the database knows it too.
        """

    async def lease(
        self,
        sink: str,
        limits: LeaseLimits,
        *,
        ranges: Sequence[tuple[int, int]] = ((0, SEQ_MAX),),
        exclude: Collection[int] = (),
    ) -> Lease | None:
        """The oldest batches that wait for this sink and fit one write, attempt counted; None if there are none.

        They come from the first of the ranges (of batch numbers, the end not included) that has any. A batch larger
        than the limits goes alone, and so does one that the process has died of `poison_attempts` times. Never raises
        `NotPersisted`.
        """

    def commit(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has these batches. Need not be awaited, and never fails: at worst they are delivered again."""

    def release(self, lease: Lease) -> "asyncio.Future[None]":
        """The sink has not got these batches, or may not: they wait again. Need not be awaited either."""

    def announce(self, result: DeliveryResult) -> None:
        """Tell whoever appended this batch what became of it, where that is another process. It may not hear of it."""

    async def dead_letter(self, lease: Lease, failed: Sequence[FailedRow], *, known_to_sink: bool) -> None:
        """Set the named rows aside, each with its reason, and commit all others of the lease.

        `known_to_sink`: it has taken note of the batch, so a retry of the rows needs an identity of its own. Never
        raises `NotPersisted`: where the store refuses, it is done later.
        """

    async def keep_rejected(self, batch: RowBatch, reasons: Sequence[str]) -> None:
        """Set rows aside that were rejected before any sink had them, each with its reason, if there is room."""

    async def split(self, lease: Lease) -> list[int]:
        """Put two halves in the place of the lease's only batch, for this sink. Returns their numbers.

        Each half has an identity of its own, that is the same whenever the batch is halved. Empty when the batch is no
        longer there.
        """

    async def defer(self, lease: Lease, deferred: Sequence[FailedRow], refused: Sequence[FailedRow]) -> list[int]:
        """Keep the deferred rows waiting, set the refused ones aside, and commit all others of the lease.

        Returns the numbers of the batches that wait: those of which no other row was written stay as they are.
        """

    async def sweep(self) -> SpoolStats:
        """Do what is due and say how all stands. Called every second or so.

        What has waited longer than `relay.spool.max_age_seconds` becomes a dead letter; dead letters beyond their own
        bounds go, loudly.
        """

    def cluster(self) -> ClusterStatus | None:
        """How the cluster was at the last sweep; None for a spool on the local disk."""

    async def take_over_orphans(self) -> int:
        """Keep what others left behind that nobody will deliver now. Returns how many events it was."""

    async def close(self) -> None:
        """Let what was called come to its end, and give up every lease. May be called twice."""


class DeadLetterStore(Protocol):
    """Every dead letter of a spool, for people: beside a live service, which notices what is retried within seconds.

    Every method may block, and raises `SpoolUnreadable` where the spool can't be used. A letter that is retried or
    dropped twice at a time is so once.
    """

    def views(self, ids: Collection[str] | None = None, sink: str | None = None) -> Iterator[DeadLetterSummary]:
        """All letters, or these, or a sink's, in the order of their ids."""

    def rows(self, letter_id: str) -> list[Row]:
        """The redacted rows of one letter. Raises `KeyError` (no such letter) or `CorruptRecord`."""

    def letter(self, letter_id: str) -> DeadLetter:
        """One letter, as it is kept. Raises `KeyError`."""

    def groups(self) -> list[DeadLetterGroup]:
        """How many there are of each sink and reason, most events first; of very many the largest."""

    def page(self, sink: str | None, reason: str | None, after: str, most: int) -> list[DeadLetterSummary]:
        """Letters in the order of their ids, from one on (empty: from the first)."""

    def retry(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Put letters back in line for the sink that refused them. Returns their events; rejected ones have no sink."""

    def drop(self, ids: Collection[str] | None, sink: str | None) -> int:
        """Forget letters for good. Returns their events."""

    def retry_some(self, chosen: Chosen, most: int) -> Moved:
        """As `retry`, so many letters at most, of those that are chosen."""

    def drop_some(self, chosen: Chosen, most: int) -> Moved:
        """As `drop`, so many letters at most, of those that are chosen."""

    def replace_row(self, letter_id: str, position: int, row: Row | None) -> None:
        """Take one row out of a letter; with a new one, put that in line for the sink that refused the old one.

        Raises `KeyError` when the letter or the row is not there, or `CorruptRecord`.
        """
