"""Every error that Mothership raises on purpose. Foreign errors are translated where they enter.

    MothershipError
    ├── ConfigurationError      the operator's: exit status 1, one line a fault
    │   └── ClusterUnavailable  a cluster that does not answer yet: a local file may take over
    ├── Refusal                 the caller's: an HTTP status, a reason, maybe a Retry-After
    │   └── HeadRefused         of a request's head: the connection ends
    ├── TooManyFailures         no answer about this login now: 429
    ├── NoRoom                  a bound was reached, and nothing became free in time: 429 or 503
    │
    ├── CorruptRecord           a record of the spool that can't be read: it is set aside
    ├── SpoolUnreadable         the dead letters can't be reached now: try again
    ├── NotPersisted            the batch can't be kept now: 503, the node keeps its copy
    │   ├── SpoolFull           for lack of room, which passes
    │   └── MayBeKept           or may be kept all the same: its store was cut off before it said so
    │
    ├── SinkError
    │   ├── Transient           try the same write again later
    │   │   └── TimedOut        and less at once: it was not through in time
    │   ├── Paused              a person must act; nothing is dropped meanwhile
    │   ├── Permanent           these rows will never be taken; the others of the write are stored
    │   └── Deferred            these rows can't be taken yet; the others of the write are stored
    ├── Unencodable             rows with no binary form: the one to blame is looked for
    │
    ├── BadQuery                a question about events that can't be understood: ask otherwise
    ├── ReadError               stored events can't be read now: try again, or ask for less
    ├── WalkTooSlow             the time of a search is up: the answer is what was found until then
    │
    ├── TextTooComplex          the text is redacted as a whole
    ├── CallFailed              the language model gave no answer: the event goes on without
    ├── InvalidVerdict          nor can this be used as one
    │
    ├── BackupFailed            of `mothership backup`, `restore` and `migrate`: exit status 1
    ├── TailError               of `mothership tail`
    ├── OverviewError           of `mothership top`
    ├── StatementFailed         of `mothership query`: in the server's words
    └── ShippingError           of `mothership send`: nothing is taken for sent
        ├── StateError          of its state file
        ├── InputError          of a file that it reads
        └── DamagedError        of a packed file, behind what could be read of it

An exception that never leaves its module stands there, with a name that begins with `_`. No message quotes an event: it
names the field and the rule.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple


class MothershipError(Exception):
    """The root: `except MothershipError` catches all of them and nothing else."""


class ConfigurationError(MothershipError):
    """The configuration can't be used. `faults` holds one line for each reason, dotted key first."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


class ClusterUnavailable(ConfigurationError):
    """The configured cluster can't be reached, or doesn't do what is asked of it at a start."""


class Refusal(MothershipError):
    """A request that is not taken. The text is shown to the caller."""

    def __init__(self, status: int, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class HeadRefused(Refusal):
    """No request that the application sees. The parser is left with it, and the connection ends."""

    def __init__(self, status: int, reason: str, cause: str = "head") -> None:
        super().__init__(status, reason)
        self.cause = cause
        """How it is counted."""


class TooManyFailures(MothershipError):
    """No answer about this login now: `retry_after_seconds` says when."""

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__()
        self.retry_after_seconds = retry_after_seconds


class NoRoom(MothershipError):
    """There was no room in time. `bound` says of what: `count`, `size`, or `waiting` when too many wait already."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


class CorruptRecord(MothershipError):
    """A record that can't be read. The text names the step, never the content."""


class SpoolUnreadable(MothershipError):
    """A spool can't be read or written now. The text says which, and why."""


class NotPersisted(MothershipError):
    """The spool could not write the batch (full, disk full, read-only): nothing was acknowledged."""

    def __init__(self, reason: str, *, retry_after_seconds: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class SpoolFull(NotPersisted):
    """No room in the spool: it passes when something is delivered."""


class MayBeKept(NotPersisted):
    """What keeps the batch did not say whether it does: the node keeps its copy, and its retry is a repeat."""


class SinkError(MothershipError):
    """A write to a sink failed."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Transient(SinkError):
    """Try again: connection, time-out, 429, 5xx, deadlock, disk full. Nothing, or an unknown part, is stored."""

    def __init__(self, reason: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds


class TimedOut(Transient):
    """The sink answers, but was not through with the write in time: less at once may be."""


class Paused(SinkError):
    """A person must act: wrong credentials, missing table, 401, 403, 404. The sink rests, loudly, and drops nothing."""


class FailedRow(NamedTuple):
    """A row that a sink refuses for good."""

    batch: int
    """Position of its batch in the write."""
    row: int
    """Position of the row in that batch."""
    reason: str


class Permanent(SinkError):
    """The named rows are refused for good. Every other row of the same write has been stored."""

    def __init__(self, reason: str, failed: Sequence[FailedRow], *, duplicates: frozenset[int] = frozenset()) -> None:
        super().__init__(reason)
        self.failed = tuple(failed)
        self.duplicates = duplicates
        """As `ports.Sink.write` returns them."""


class Deferred(SinkError):
    """The named rows can't be taken yet. Every other row of the same write has been stored, or is refused for good."""

    def __init__(self, reason: str, deferred: Sequence[FailedRow], *, refused: Sequence[FailedRow] = ()) -> None:
        super().__init__(reason)
        self.deferred = tuple(deferred)
        self.refused = tuple(refused)


class Unencodable(MothershipError):
    """A row holds what has no binary form: a time beyond 64 bits."""


class BadQuery(MothershipError):
    """The question can't be understood. The text names parameter and rule, and quotes nothing."""


class ReadError(MothershipError):
    """A question about stored events has no answer now. The reason says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class WalkTooSlow(MothershipError):
    """Time is up in the middle of a part."""


class TextTooComplex(MothershipError):
    """A text holds more matches, candidates or spellings than are worth telling apart."""


class CallFailed(MothershipError):
    """A call that brought no answer. `outcome` says why, for metrics and the audit."""

    def __init__(self, outcome: str, *, retry_after_seconds: float | None = None) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        self.retry_after_seconds = retry_after_seconds


class InvalidVerdict(MothershipError):
    """An answer that is no verdict."""

    def __init__(
        self, reason: Literal["empty", "refusal", "truncated", "not_json", "wrong_shape", "redaction_failed"]
    ) -> None:
        super().__init__(reason)
        self.reason = reason


class BackupFailed(MothershipError):
    """A backup was not made, or not restored; or data not copied. The text says why and what to do."""


class TailError(MothershipError):
    """There is nothing to follow. The text says why and what to do."""


class OverviewError(MothershipError):
    """There is no overview. The text says why; `is_final` that trying again can't help."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


class StatementFailed(MothershipError):
    """The server did not do it. The text is the server's."""

    def __init__(self, reason: str, *, hints: Sequence[str] = (), position: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hints = tuple(hints)
        self.position = position
        """Of the character in the statement that is to blame, from 0."""


class ShippingError(MothershipError):
    """A batch was refused, or could not be delivered in time. The text says why and what to do."""


class StateError(ShippingError):
    """The state file can't be used. The text says why and what to do."""


class InputError(ShippingError):
    """A file that can't be read."""


class DamagedError(ShippingError):
    """A packed file that can't be read to its end. All that could be read was given before."""
