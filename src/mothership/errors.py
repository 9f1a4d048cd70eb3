"""Every error that Mothership raises on purpose. Foreign errors are translated where they enter.

    MothershipError
    ├── ConfigurationError      the operator's: exit status 1, one line a fault
    │   └── ClusterUnavailable  a cluster that does not answer yet: a local file may take over
    ├── Refusal                 the caller's: an HTTP status, a reason, maybe a Retry-After
    ├── NotPersisted            the batch can't be kept now: 503, the node keeps its copy
    │   └── SpoolFull           for lack of room, which passes
    ├── ReadError               stored events can't be read now: try again, or ask for less
    └── SinkError
        ├── Transient           try the same write again later
        ├── Paused              a person must act; nothing is dropped meanwhile
        ├── Permanent           these rows will never be taken; the others of the write are stored
        └── Deferred            these rows can't be taken yet; the others of the write are stored

No message quotes an event: it names the field and the rule.
"""

from collections.abc import Sequence
from typing import NamedTuple


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


class NotPersisted(MothershipError):
    """The spool could not write the batch (full, disk full, read-only): nothing was acknowledged."""

    def __init__(self, reason: str, *, retry_after_seconds: float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_seconds = retry_after_seconds


class SpoolFull(NotPersisted):
    """No room in the spool: it passes when something is delivered."""


class ReadError(MothershipError):
    """A question about stored events has no answer now. The reason says what to do."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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
