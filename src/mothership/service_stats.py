"""What `/stats` and `/healthz` say beside the health of each part. The fields are the keys of `/stats`."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from mothership.status import LLMStatus, RelayStatus

LLM_HEALTH = frozenset({"healthy", "reason", "model"})
"""What `/healthz` says of the step, and `/stats` does not repeat."""


@dataclass(frozen=True, slots=True)
class ServiceStats:
    """The service as a whole."""

    uptime: float
    """Seconds."""
    version: str
    workers: int


@dataclass(frozen=True, slots=True)
class InputStats:
    """What came in by one protocol, over all workers."""

    requests: Mapping[str, int]
    """By what became of them."""
    events: int
    rejected_events: int


@dataclass(frozen=True, slots=True)
class ProcessorCounts:
    """What one step has done, in events."""

    processed: int
    errors: int


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """The chain of steps, in events."""

    total_events: int
    successful_events: int
    processors: Mapping[str, ProcessorCounts]
    redactions: Mapping[str, int]
    """Places that were redacted, by rule."""


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What the database turned out to be."""

    server_version: str
    timescaledb_version: str | None
    is_hypertable: bool
    gin: str
    """The operators of the index on `data`; `none` where there is none."""
    retention_by: str | None
    """Who drops old events: `policy` of the server, or `service`."""
    unsupported: Sequence[str]
    """What it does not do as configured, each with what to do."""


@dataclass(frozen=True, slots=True)
class DatabaseStats:
    """What was stored, and where."""

    total_inserts: int | None
    """None where the database did not answer soon."""
    events_last_hour: int | None
    facts: DatabaseFacts | None
    """None before the first connection."""

    def as_json(self) -> dict[str, Any]:
        """The facts stand beside the counts."""
        counts = {"total_inserts": self.total_inserts, "events_last_hour": self.events_last_hour}
        return counts | (asdict(self.facts) if self.facts else {})


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What there is to know about the parts besides their health, without asking any of them."""

    relay: RelayStatus
    llm: LLMStatus | None
    database: DatabaseFacts | None


@dataclass(frozen=True, slots=True)
class Stats:
    """The body of `/stats`."""

    service: ServiceStats
    inputs: Mapping[str, InputStats]
    pipeline: PipelineStats
    database: DatabaseStats | None
    """None where that sink is off."""
    relay: RelayStatus
    llm: LLMStatus | None
    llm_step: str = ""
    """The name of the step that asks it, among the processors."""

    def as_json(self) -> dict[str, Any]:
        """The body. What the language model's step tells of itself stands with the step."""
        pipeline = asdict(self.pipeline)
        if self.llm:
            shown = {name: value for name, value in asdict(self.llm).items() if name not in LLM_HEALTH}
            pipeline["processors"][self.llm_step] |= shown
        return {
            "service": asdict(self.service),
            "inputs": {name: asdict(each) for name, each in self.inputs.items()},
            "pipeline": pipeline,
            "database": self.database.as_json() if self.database else {},
            "relay": asdict(self.relay),
        }
