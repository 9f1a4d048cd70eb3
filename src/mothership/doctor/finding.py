"""What an examination found: how bad it is, what it costs and what to do."""

from collections.abc import AsyncIterator, Callable
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from mothership.doctor.patient import Patient


class Severity(IntEnum):
    """From the best to the worst."""

    OK = 0
    NOTE = 1
    """Worth knowing, nothing to do."""
    WARNING = 2
    """The service works, and something is worse than it could be or soon will be."""
    ERROR = 3
    """The service does not start, or events are not where they belong."""

    @property
    def label(self) -> str:
        """In lower case, for people and JSON."""
        return self.name.lower()


EXIT_STATUS = {Severity.OK: 0, Severity.NOTE: 0, Severity.WARNING: 1, Severity.ERROR: 2}
"""As monitoring plugins have it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence, and for what is wrong what it costs and what to do."""

    part: str
    """What was examined: `database`, `loki`, `disk`, …"""
    severity: Severity
    what: str
    cost: str = ""
    remedy: str = ""

    def as_json(self) -> dict[str, Any]:
        """As `--json` prints it."""
        return {**asdict(self), "severity": self.severity.label}


Examination: TypeAlias = Callable[["Patient"], AsyncIterator[Finding]]


def ok(part: str, what: str) -> Finding:
    """All is well there."""
    return Finding(part, Severity.OK, what)


def note(part: str, what: str) -> Finding:
    """Worth knowing."""
    return Finding(part, Severity.NOTE, what)


def warning(part: str, what: str, *, cost: str, remedy: str) -> Finding:
    """Worse than it could be."""
    return Finding(part, Severity.WARNING, what, cost, remedy)


def error(part: str, what: str, *, cost: str, remedy: str) -> Finding:
    """Does not work."""
    return Finding(part, Severity.ERROR, what, cost, remedy)
