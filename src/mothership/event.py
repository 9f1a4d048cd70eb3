"""What travels: an `Event` inside a `Batch` through the pipeline, a `Row` inside a `RowBatch` from there on.

bytes ──▶ Batch of Event (plain dicts, changed in place) ──▶ RowBatch of Row (frozen, redacted) ──▶ sinks
"""

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeAlias

Event: TypeAlias = dict[str, Any]

NIL = frozenset({"", "-", "n/a", "none", "nil", "null", "unknown"})
"""What senders write where they have nothing to say, in small letters."""
NIL_BEGINS = frozenset(string.whitespace) | {begin for word in NIL for begin in (word[:1], word[:1].upper()) if begin}
"""A text that begins otherwise says something: to ask this first is quick."""


def is_nil(text: str) -> bool:
    """Whether a text says nothing: empty, or a word for that in any case."""
    return text.strip().lower() in NIL


class Arrival(NamedTuple):
    """When a batch arrived, by the clock that all instances share: between these, in microseconds."""

    earliest: int
    latest: int

    def before(self, seconds: float) -> "Arrival":
        """So long before this one; unknown where this one is."""
        if self == UNKNOWN_ARRIVAL:
            return self
        micros = int(seconds * 1_000_000)
        return Arrival(self.earliest - micros, self.latest - micros)


UNKNOWN_ARRIVAL = Arrival(0, 0)


class MachineTime(NamedTuple):
    """A moment by the ticks of one machine. Once that has seen the clock that all share, it can be told by it."""

    ticks_of: str
    """Machine, boot and time namespace."""
    micros: int

    def before(self, seconds: float) -> "MachineTime":
        """So long before this one."""
        return MachineTime(self.ticks_of, self.micros - int(seconds * 1_000_000))


@dataclass(frozen=True, slots=True)
class Rejection:
    """An event that was not taken. The reason names field and rule, never a value."""

    index: int
    """Where it stood in the request's `messages`."""
    reason: str


class Row(NamedTuple):
    """One redacted, enriched event at rest."""

    ts: int
    """The event's own time: microseconds since the Unix epoch, UTC."""
    type: str
    source: str
    data: bytes
    """The event as compact JSON with sorted keys. These very bytes go to every sink."""


def _no_counts() -> Counter[str]:
    """An empty one, without what it does to be filled: that takes two calls of Python and a look at what it gets."""
    return Counter.__new__(Counter)


@dataclass(slots=True)
class Batch:
    """The events of one request on their way through the pipeline.

    `events`, `indices` and `times` run in parallel. The chain owns the batch while it runs:
    processors change the dicts in place, and no one else holds them. Once encoded, the events
    are rows: `events` and `times` are empty then, and `indices` says which became rows.
    """

    events: list[Event]
    indices: list[int]
    """For each event, where it stood in the request's `messages`."""
    fingerprint: bytes
    """Identity of this transmission: 32 bytes that no other has, unless its sender says that it is a repeat."""
    request_id: str
    received: int
    """Time of receipt: microseconds since the Unix epoch, UTC."""
    content: bytes = b""
    """Identity of the messages and their caller, by which a retry is known: 32 bytes; empty under an Idempotency-Key.

    A retry has no other identity: its `fingerprint` is its `content`.
    """
    arrival: Arrival = UNKNOWN_ARRIVAL
    """Before or after others? `received` is by this instance's own clock, and can't tell."""
    arrived_at: MachineTime | None = None
    """The same where the shared clock has not been seen yet."""
    source: str = "unknown"
    """What names an event that does not name its source: the envelope's, or the caller's name or address."""
    input: str = "ingest"
    """By which input it came: `ingest`, `otlp`, `loki`."""
    parse: bool | None = None
    """Whether lines are to be read for what they say about themselves; None: as configured for the input."""
    client: str = "anonymous"
    """Name of the authenticated caller."""
    agent: str = ""
    """What its sender calls itself (`User-Agent`), as it came."""
    address: str = ""
    """Where it was sent from: an address, or the network that is counted as one."""
    waited_seconds: float = 0.0
    """How long its request has waited for room already."""
    unread_seconds: float = 0.0
    """How long its request was in the machine's kernel before anybody read it."""
    body_bytes: int = 0
    """Size of the request's body, decompressed; 0 where there was none."""
    rejected: list[Rejection] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    """For each event, `Row.ts`; empty until TimestampNormalizer has run."""
    oversized: dict[int, frozenset[str]] = field(default_factory=dict)
    """Where in `messages` events beyond a bound stood, and the bounds for which parts of them were left out already."""
    redactions: Counter[str] = field(default_factory=_no_counts)
    """Places redacted, by rule."""
    steps: dict[str, list[float]] = field(default_factory=dict)
    """Events and seconds of each processor so far."""
    remains: dict[int, Event] = field(default_factory=dict)
    """What the edge refused, by its place in `messages`, as events: not redacted yet."""
    unsafe: set[int] = field(default_factory=set)
    """`id()` of events that the checker let pass flagged: they never reach the LLM."""
    scanned: object = None
    """What the first step of redaction found in these very events: a matter of its steps, and None behind them."""

    @property
    def is_retry(self) -> bool:
        """Whether the sender says that it sent these messages before."""
        return self.fingerprint == self.content

    def reject(self, faults: dict[int, str]) -> None:
        """Take the events at these positions out, each with its reason."""
        if not faults:
            return
        self.rejected += [Rejection(self.indices[position], reason) for position, reason in sorted(faults.items())]
        keep = [position for position in range(len(self.events)) if position not in faults]
        if self.times:
            self.times = [self.times[position] for position in keep]
        self.indices = [self.indices[position] for position in keep]
        self.events = [self.events[position] for position in keep]


@dataclass(frozen=True, slots=True)
class RowBatch:
    """What left the pipeline and has to be kept: the rows of one request."""

    fingerprint: bytes
    request_id: str
    received: int
    """Microseconds since the Unix epoch, UTC."""
    rows: Sequence[Row]
    client: str = "anonymous"
    """Name of the authenticated caller: the relay shares its room fairly between clients."""
    content: bytes = b""
    """As `Batch.content`."""
    address: str = ""
    """As `Batch.address`: within a client the room is shared between addresses. Not kept on disk."""
    arrival: Arrival = UNKNOWN_ARRIVAL
    """As `Batch.arrival`."""
    arrived_at: MachineTime | None = None
    """As `Batch.arrived_at`."""
    half_of: tuple[bytes, ...] = ()
    """Fingerprints of the batches that this is a half of, the whole first. Where one is noted, the half is there."""

    @property
    def is_retry(self) -> bool:
        """As `Batch.is_retry`."""
        return self.fingerprint == self.content

    @property
    def is_first_transmission(self) -> bool:
        """Whether no other has its fingerprint: its sender named no key, and does not say that it is a repeat."""
        return bool(self.content) and self.fingerprint != self.content


class Tally(NamedTuple):
    """What became of a request's rows at one sink. The three add up to the rows accepted."""

    written: int
    queued: int
    errors: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the caller is told: it may delete its copy."""

    sinks: dict[str, Tally]
    duplicate: bool
    """The same batch had been taken before; nothing was added."""
