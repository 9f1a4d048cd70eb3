"""What the database turned out to be, and what of the configuration it does not do."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

UNITS_SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60, "second": 1}


@dataclass(slots=True)
class Facts:
    """What the database turned out to be at the last look."""

    server_version: str = ""
    timescaledb_version: str | None = None
    extension_schema: str = ""
    """Where TimescaleDB's functions are, quoted."""
    is_hypertable: bool = False
    gin: str = "none"
    retention_by: Literal["policy", "service"] | None = None
    """Who drops old events."""
    is_unfilled: bool = False
    """`events_per_minute` still has to be filled with what a big table holds."""
    is_unsettled: bool = False
    """Something failed that will pass, such as a lock: look again soon."""
    lacking: list[str] = field(default_factory=list)
    """What is not as configured, and what could be done about it."""

    def lack(self, what: str) -> None:
        """Note it, for `/healthz` and the log."""
        self.lacking.append(what)


def span_text(span: timedelta) -> str:
    """Write it in the largest unit that is whole, as the configuration has it: `90 days`."""
    seconds = int(span.total_seconds())
    unit, size = next((unit, size) for unit, size in UNITS_SECONDS.items() if seconds % size == 0)
    number = seconds // size
    return f"{number} {unit}{'' if number == 1 else 's'}"


def interval(span: timedelta) -> str:
    """Write it as SQL, for statements that a person is to run: `INTERVAL '90 days'`."""
    return f"INTERVAL '{span_text(span)}'"
