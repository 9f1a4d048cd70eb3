"""Every seam on one page. Each docstring is a promise, and `tests/contracts/` holds the suite that checks it.

Everything runs in one event loop. A promise says what may be called while another call is under way; where it says
nothing, calls follow one another.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import NamedTuple, Protocol, TypeAlias

from mothership.event import Batch, Receipt, RowBatch
from mothership.search.query import EventQuery, Position
from mothership.search.results import EventContext, EventPage, Facets, Histogram, LastError

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
        Raises `Transient` (nothing, or an unknown part, is stored: write the same again), `Paused` (nothing is
        stored until a person acts), `Permanent` (all is stored but the rows it names), or `Deferred` (all is stored but
        the rows it names, and those can be written later).
        """

    async def health(self) -> Health:
        """Can it take a write now? Answers within a second or two and never raises."""

    async def close(self) -> None:
        """Give back every connection. May be called twice."""


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
