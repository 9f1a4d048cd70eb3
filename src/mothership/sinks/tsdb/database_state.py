"""What the database turned out to be, and what of the configuration it does not do."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from mothership.durations import format_duration


@dataclass(slots=True)
class DatabaseState:
    """What the database turned out to be at the last look."""

    server_version: str = ""
    timescaledb_version: str | None = None
    extension_schema: str = ""
    """Where TimescaleDB's functions are, quoted."""
    is_hypertable: bool = False
    gin: str = "none"
    retention_by: Literal["policy", "service"] | None = None
    """Who drops old events."""
    needs_backfill: bool = False
    """`events_per_minute` still has to be filled with what a big table holds."""
    needs_recheck: bool = False
    """Something failed that will pass, such as a lock: look again soon."""
    failing_jobs: int = 0
    """Jobs of the server on the table that fail, are late or are paused."""
    unsupported: list[str] = field(default_factory=list)
    """What is not as configured, and what could be done about it."""

    def note_unsupported(self, what: str) -> None:
        """Note it, for `/healthz` and the log."""
        self.unsupported.append(what)


def interval(span: timedelta) -> str:
    """Write it as SQL, for statements that a person is to run: `INTERVAL '90 days'`."""
    return f"INTERVAL '{format_duration(span)}'"
