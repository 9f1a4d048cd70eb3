"""How the parts of a worker are, and how several workers are as one.

Each type says in its `merge` what becomes of each of its fields: a field that is not named there can't be built. The
status pages, the metrics and the console read these types; their fields are the keys of `/stats`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Protocol, Self, TypeVar

BREAKER_STATES = ("closed", "half_open", "open", "paused")
"""From the best to the worst."""


@dataclass(frozen=True, slots=True)
class ClusterStatus:
    """The JetStream cluster that a spool is on, as its leader tells of it."""

    reachable: bool
    """It has a majority, and answers."""
    leader: str
    """The server that leads the stream."""
    replicas: int
    """Servers that keep the stream."""
    out_of_step: int
    """Those of them that are away or behind."""
    ack_pending: Mapping[str, int]
    """For each sink, batches that instances hold and have not delivered."""
    max_ack_pending: int
    """Where deliveries to a sink stall."""
    file_takes_over: bool
    """What comes goes to the local file."""

    def merge(self, other: Self) -> Self:
        """Of both workers together: they look at the same cluster."""
        worse = other if self.reachable and not other.reachable else self
        return type(self)(
            reachable=worse.reachable,
            leader=worse.leader,
            replicas=worse.replicas,
            out_of_step=max(self.out_of_step, other.out_of_step),
            ack_pending={
                sink: max(self.ack_pending.get(sink, 0), other.ack_pending.get(sink, 0))
                for sink in {**self.ack_pending, **other.ack_pending}
            },
            max_ack_pending=worse.max_ack_pending,
            file_takes_over=self.file_takes_over or other.file_takes_over,
        )


@dataclass(frozen=True, slots=True)
class SpoolStatus:
    """The spool files, or the stream that all workers share."""

    healthy: bool
    reason: str
    """For people; empty when all is well."""
    bytes: int
    max_bytes: int
    cluster: ClusterStatus | None
    """None for files on the local disk."""

    def merge(self, other: Self) -> Self:
        """Of both workers together."""
        together = max if self.cluster else add
        return type(self)(
            healthy=self.healthy and other.healthy,
            reason=self.reason or other.reason,
            bytes=together(self.bytes, other.bytes),
            max_bytes=together(self.max_bytes, other.max_bytes),
            cluster=self.cluster.merge(other.cluster) if self.cluster and other.cluster else self.cluster,
        )


@dataclass(frozen=True, slots=True)
class DeadLetterStatus:
    """The events that were set aside."""

    events: int
    bytes: int

    def merge(self, other: Self) -> Self:
        """Of both workers together."""
        return type(self)(events=self.events + other.events, bytes=self.bytes + other.bytes)


@dataclass(frozen=True, slots=True)
class InFlightStatus:
    """The events that wait for an answer."""

    events: int
    bytes: int
    refused: int
    """Batches answered 429 so far."""

    def merge(self, other: Self) -> Self:
        """Of both workers together."""
        return type(self)(
            events=self.events + other.events,
            bytes=self.bytes + other.bytes,
            refused=self.refused + other.refused,
        )


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """The way to one sink."""

    healthy: bool
    breaker: str
    """One of `BREAKER_STATES`."""
    reason: str
    queued_events: int
    queued_bytes: int
    oldest_seconds: float
    """Age of the oldest event that waits; 0 when none does."""
    retries: int
    dead_letters: int
    drain_rate: float
    """Events a second."""

    def merge(self, other: Self) -> Self:
        """Of both workers together: the worse breaker, the older event."""
        return type(self)(
            healthy=self.healthy and other.healthy,
            breaker=_worse(self.breaker, other.breaker),
            reason=self.reason or other.reason,
            queued_events=self.queued_events + other.queued_events,
            queued_bytes=self.queued_bytes + other.queued_bytes,
            oldest_seconds=max(self.oldest_seconds, other.oldest_seconds),
            retries=self.retries + other.retries,
            dead_letters=self.dead_letters + other.dead_letters,
            drain_rate=round(self.drain_rate + other.drain_rate, 6),
        )


@dataclass(frozen=True, slots=True)
class RelayStatus:
    """The relay with its spool, its dead letters and the way to each sink."""

    healthy: bool
    spool: SpoolStatus
    dead_letters: DeadLetterStatus
    in_flight: InFlightStatus
    sinks: Mapping[str, DeliveryStatus]

    def merge(self, other: Self) -> Self:
        """Of both workers together. On a cluster each of them counts what waits for all."""
        if self.spool.cluster:
            other = other.without_counts()
        return type(self)(
            healthy=self.healthy and other.healthy,
            spool=self.spool.merge(other.spool),
            dead_letters=self.dead_letters.merge(other.dead_letters),
            in_flight=self.in_flight.merge(other.in_flight),
            sinks={
                name: merge([each.sinks[name] for each in (self, other) if name in each.sinks])
                for name in {**self.sinks, **other.sinks}
            },
        )

    def without_counts(self) -> Self:
        """The same without what waits: another worker has counted it."""
        return replace(
            self,
            dead_letters=DeadLetterStatus(0, 0),
            sinks={
                name: replace(sink, queued_events=0, queued_bytes=0, dead_letters=0)
                for name, sink in self.sinks.items()
            },
        )


@dataclass(frozen=True, slots=True)
class LLMStatus:
    """The step that asks a language model."""

    healthy: bool
    reason: str
    model: str
    circuit_breaker: str
    """One of `BREAKER_STATES`."""
    processed: int
    """Events that have a template."""
    confidence_threshold: float
    applied: int
    results: Mapping[str, int]
    """Events, by what was done for them."""
    templates: int
    errors: int
    calls: Mapping[str, int]
    """Calls, by what became of them."""
    verdicts_cached: int
    queued: int
    tokens_today: int
    cost_today: float

    def merge(self, other: Self) -> Self:
        """Of both workers together. What was spent today each of them knows in full."""
        return type(self)(
            healthy=self.healthy and other.healthy,
            reason=self.reason or other.reason,
            model=self.model or other.model,
            circuit_breaker=_worse(self.circuit_breaker, other.circuit_breaker),
            processed=self.processed + other.processed,
            confidence_threshold=max(self.confidence_threshold, other.confidence_threshold),
            applied=self.applied + other.applied,
            results=_added(self.results, other.results),
            templates=self.templates + other.templates,
            errors=self.errors + other.errors,
            calls=_added(self.calls, other.calls),
            verdicts_cached=self.verdicts_cached + other.verdicts_cached,
            queued=self.queued + other.queued,
            tokens_today=max(self.tokens_today, other.tokens_today),
            cost_today=max(self.cost_today, other.cost_today),
        )


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker, or several together."""

    workers: int
    """How many of them."""
    relay: RelayStatus
    llm: LLMStatus | None
    """None where the step is off."""

    @classmethod
    def silent(cls, reason: str) -> "WorkerStatus":
        """Of a worker that says nothing: it can take nothing."""
        relay = RelayStatus(
            healthy=False,
            spool=SpoolStatus(healthy=False, reason=reason, bytes=0, max_bytes=0, cluster=None),
            dead_letters=DeadLetterStatus(0, 0),
            in_flight=InFlightStatus(0, 0, 0),
            sinks={},
        )
        return cls(workers=0, relay=relay, llm=None)

    def merge(self, other: Self) -> Self:
        """Both together."""
        return type(self)(
            workers=self.workers + other.workers,
            relay=self.relay.merge(other.relay),
            llm=self.llm.merge(other.llm) if self.llm and other.llm else self.llm or other.llm,
        )


class MergeableStatus(Protocol):
    """One of these types."""

    def merge(self, other: Self) -> Self:
        """Of both workers together."""


S = TypeVar("S", bound=MergeableStatus)


def merge(statuses: Sequence[S]) -> S:
    """Several, at least one, as one."""
    return reduce(lambda one, other: one.merge(other), statuses)


def _worse(one: str, other: str) -> str:
    """The worse state; one that is not known is the worst."""
    known = {state: severity for severity, state in enumerate(BREAKER_STATES)}
    return max(one, other, key=lambda state: known.get(state, len(known)))


def _added(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return {name: one.get(name, 0) + other.get(name, 0) for name in {**one, **other}}
