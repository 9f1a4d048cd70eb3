"""Dead letters: rows that a sink refused for good, or that were rejected before, each with its reason, for a person."""

from typing import NamedTuple

PIPELINE = "pipeline"
"""Stands for a sink on the letters of events that were rejected before any sink had them."""


class DeadLetter(NamedTuple):
    """Rows of one batch that a sink refused for one reason. Fields as the spool file's statement `all` selects them."""

    id: int
    sink: str
    reason: str
    buried: int
    """Microseconds since the Unix epoch."""
    request_id: str
    origin: bytes
    """Fingerprint of the batch the rows came with."""
    fingerprint: bytes
    """Under which a retry sends them."""
    events: int
    size: int
    packed: bytes
    client: str
    """Name of the caller that brought them."""


class DeadLetterSummary(NamedTuple):
    """A dead letter as it is shown."""

    id: str
    """Where it is and its number there: of a spool file `0-17`, of a stream `jetstream-17`."""
    sink: str
    reason: str
    buried: int
    request_id: str
    events: int
    client: str = ""


class DeadLetterGroup(NamedTuple):
    """All dead letters of one sink that have one reason."""

    sink: str
    reason: str
    letters: int
    events: int
    oldest: int
    newest: int


class Chosen(NamedTuple):
    """Which dead letters are meant: all that fit everything that is said."""

    sink: str | None = None
    reason: str | None = None
    before: int | None = None
    """Those set aside later are not meant: a retry that is refused again is not tried for ever."""


class Moved(NamedTuple):
    """What was retried or dropped."""

    letters: int
    events: int
    left: int
    """Letters that were meant and are still there."""
