"""Several workers answer as one."""

import time
from dataclasses import fields, replace
from pathlib import Path

import orjson
import pytest

from mothership.status import (
    BREAKER_STATES,
    ClusterStatus,
    DeadLetterStatus,
    DeliveryStatus,
    InFlightStatus,
    LLMStatus,
    RelayStatus,
    SpoolStatus,
    WorkerStatus,
    merge,
)
from mothership.status_directory import StatusDirectory

SINK = DeliveryStatus(
    healthy=True,
    breaker="closed",
    reason="",
    queued_events=3,
    queued_bytes=300,
    oldest_seconds=1.5,
    retries=1,
    dead_letters=0,
    drain_rate=10.5,
)
LLM = LLMStatus(
    healthy=True,
    reason="",
    model="small",
    circuit_breaker="closed",
    processed=10,
    confidence_threshold=0.7,
    applied=4,
    results={"cached": 4},
    templates=3,
    errors=1,
    calls={"ok": 2},
    verdicts_cached=2,
    queued=1,
    tokens_today=100,
    cost_today=0.5,
)
WORKER = WorkerStatus(
    workers=1,
    relay=RelayStatus(
        healthy=True,
        spool=SpoolStatus(healthy=True, reason="", bytes=5, max_bytes=100, cluster=None),
        dead_letters=DeadLetterStatus(events=1, bytes=10),
        in_flight=InFlightStatus(events=2, bytes=20, refused=1),
        sinks={"tsdb": SINK},
    ),
    llm=LLM,
)


def test_deliveries_become_one() -> None:
    """Numbers are added, the oldest counts, all must be well, and the worst word is said."""
    other = replace(SINK, healthy=False, breaker="paused", reason="no right", queued_events=4, oldest_seconds=0.5)
    merged = DeliveryStatus(
        healthy=False,
        breaker="paused",
        reason="no right",
        queued_events=7,
        queued_bytes=600,
        oldest_seconds=1.5,
        retries=2,
        dead_letters=0,
        drain_rate=21.0,
    )
    assert merge([SINK, other]) == merge([other, SINK]) == merged


def test_what_was_asked_of_a_language_model_becomes_one() -> None:
    """What was spent today every worker knows in full; counts by name are added by name."""
    merged = merge([LLM, replace(LLM, calls={"ok": 1, "timeout": 5}, tokens_today=120, circuit_breaker="open")])
    assert (merged.calls, merged.tokens_today, merged.cost_today) == ({"ok": 3, "timeout": 5}, 120, 0.5)
    assert (merged.circuit_breaker, merged.confidence_threshold, merged.processed) == ("open", 0.7, 20)


def test_a_sink_or_a_step_that_one_worker_lacks_is_the_others() -> None:
    """A worker that hangs says nothing of either."""
    merged = merge([WorkerStatus.silent("not heard of"), WORKER])
    assert (merged.workers, merged.llm, merged.relay.sinks) == (1, LLM, {"tsdb": SINK})
    assert (merged.relay.healthy, merged.relay.spool.reason) == (False, "not heard of")
    assert merged.relay.spool.bytes == 5


@pytest.mark.parametrize(
    "kind", [ClusterStatus, SpoolStatus, DeadLetterStatus, InFlightStatus, DeliveryStatus, RelayStatus, LLMStatus]
)
def test_no_field_has_a_default(kind: type) -> None:
    """A `merge` that forgets a field would take it in silence."""
    bare = [field.name for field in fields(kind) if field.default is field.default_factory]  # any
    assert bare == [field.name for field in fields(kind)]  # as above


@pytest.mark.parametrize("state", BREAKER_STATES)
def test_the_worse_breaker_is_said(state: str) -> None:
    """One that is not known is the worst: nobody should overlook it."""
    one = replace(SINK, breaker=state)
    assert merge([one, replace(SINK, breaker="closed")]).breaker == state
    assert merge([replace(SINK, breaker="melted"), one]).breaker == "melted"


def test_a_status_is_replaced_and_a_dead_workers_removed(tmp_path: Path) -> None:
    """Nobody counts it twice, or for ever."""
    directory = StatusDirectory.create(tmp_path / "shared")
    for number in range(3):
        directory.publish(replace(WORKER, workers=number))
    [(age_seconds, status)] = directory.read()
    assert status == replace(WORKER, workers=2)
    assert 0 <= age_seconds < 5
    other = orjson.dumps({"posted": time.monotonic(), "status": WORKER})
    (tmp_path / "shared" / "status-1.json").write_bytes(other)
    directory.publish(None, 2)  # it starts
    statuses = [status for _, status in directory.read()]
    assert statuses.count(None) == 1
    assert merge([status for status in statuses if status]).workers == 3
    directory.remove(1)
    assert len(directory.read()) == 2
    assert 0 <= directory.uptime_seconds() < 5


def test_workers_on_one_cluster_count_the_same_events_once() -> None:
    """Each tells of the whole stream; the worse view of the cluster is told."""
    cluster = ClusterStatus(
        reachable=True, leader="a", replicas=3, out_of_step=0, ack_pending={"tsdb": 5}, max_ack_pending=50,
        file_takes_over=False,
    )  # fmt: skip
    blind = replace(cluster, reachable=False, out_of_step=1, ack_pending={"tsdb": 7}, file_takes_over=True)
    sink = DeliveryStatus(
        healthy=True, breaker="closed", reason="", queued_events=30, queued_bytes=300, oldest_seconds=2.0, retries=1,
        dead_letters=4, drain_rate=10.0,
    )  # fmt: skip
    one, other = (
        RelayStatus(
            healthy=True,
            spool=SpoolStatus(healthy=True, reason="", bytes=900, max_bytes=1000, cluster=seen),
            dead_letters=DeadLetterStatus(events=4, bytes=40),
            in_flight=InFlightStatus(events=1, bytes=10, refused=0),
            sinks={"tsdb": sink},
        )
        for seen in (cluster, blind)
    )
    both = one.merge(other)
    assert (both.spool.bytes, both.spool.max_bytes, both.dead_letters.events) == (900, 1000, 4)
    assert both.in_flight.events == 2
    assert (both.sinks["tsdb"].queued_events, both.sinks["tsdb"].dead_letters, both.sinks["tsdb"].retries) == (30, 4, 2)
    assert both.spool.cluster == replace(blind, out_of_step=1)
