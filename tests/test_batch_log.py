"""What the log says of batches."""

import asyncio
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from mothership.batch_log import BatchLog
from mothership.event import Batch, Receipt, Rejection, Tally
from mothership.pipeline.chain import Chain


@pytest.fixture(autouse=True)
def level() -> Iterator[logging.Logger]:
    """At INFO, whatever another test has set."""
    root = logging.getLogger()
    before = root.level
    root.setLevel("INFO")
    yield root
    root.setLevel(before)


def a_batch(**changes: Any) -> Batch:
    return Batch([], [0, 1, 2], b"f" * 32, "r", 0, redactions=Counter({"email": 2}), **changes)


def a_receipt(queued: int = 0, errors: int = 0, *, duplicate: bool = False) -> Receipt:
    return Receipt({"tsdb": Tally(3, 0, 0), "loki": Tally(3 - queued - errors, queued, errors)}, duplicate)


def told(log: BatchLog, batch: Batch, receipt: Receipt, seconds: float = 0.1) -> list[Any]:
    with structlog.testing.capture_logs() as lines:
        log.add(batch, receipt, seconds)
    return list(lines)


ORDINARY = (a_batch(), a_receipt(), 0.1)
NOTABLE = {
    "rejected": (a_batch(rejected=[Rejection(3, "why")]), a_receipt(), 0.1),
    "queued": (a_batch(), a_receipt(queued=3), 0.1),
    "dead letters": (a_batch(), a_receipt(errors=1), 0.1),
    "duplicate": (a_batch(), a_receipt(duplicate=True), 0.1),
    "slow": (a_batch(), a_receipt(), 2.1),
}


@pytest.mark.parametrize("case", NOTABLE.values(), ids=NOTABLE.keys())
def test_what_is_notable_has_a_line_of_its_own(case: tuple[Batch, Receipt, float]) -> None:
    """One, and without the steps; nothing of it when no line is wanted."""
    (line,) = told(BatchLog("notable"), *case)
    assert (line["event"], line["log_level"], line["events"]) == ("batch_taken", "info", 3)
    assert "steps" not in line
    assert told(BatchLog("none"), *case) == []


def test_a_flood_of_notable_batches_is_no_flood_of_lines() -> None:
    """Who sends one bad event a batch, as fast as it can, leaves lines to the others."""
    log = BatchLog("notable")
    flood = a_batch(rejected=[Rejection(3, "why")], client="greedy")
    lines = [line for _ in range(1000) for line in told(log, flood, a_receipt())]
    assert 1 < len(lines) < 60
    (line,) = told(log, a_batch(rejected=[Rejection(3, "why")], client="quiet"), a_receipt())
    assert (line["event"], line["rejected"]) == ("batch_taken", 1)


def test_ordinary_batches_are_summed_up_every_minute() -> None:
    """Nothing for a minute without any; nothing but the counts of rules of what was redacted."""
    log = BatchLog("notable", "hash")
    assert told(log, *ORDINARY) == []
    for case in NOTABLE.values():
        told(log, *case)
    with structlog.testing.capture_logs() as lines:
        log.summarise()
        log.summarise()
    assert lines == [
        {
            "event": "batches_taken",
            "log_level": "info",
            "batches": 6,
            "events": 18,
            "rejected": 1,
            "queued": 3,
            "set_aside": 1,
            "duplicates": 1,
            "slowest_seconds": 2.1,
            "redactions": {"email": 12},
            "rules_hash": "hash",
        }
    ]


@pytest.mark.parametrize("batches", ["each", "none"])
def test_there_is_no_summary_where_it_is_not_wanted(batches: Any) -> None:
    """Every batch has its line, or none is to have one."""
    log = BatchLog(batches)
    told(log, *ORDINARY)
    with structlog.testing.capture_logs() as lines:
        log.summarise()
    assert lines == []


class Step:
    """A processor that does nothing."""

    name = "Step"

    def __call__(self, batch: Batch) -> None:
        """Nothing."""


@pytest.mark.parametrize(("batches", "level_name"), [("each", "INFO"), ("notable", "DEBUG"), ("none", "DEBUG")])
def test_each_has_every_step_with_its_count_and_time(level: logging.Logger, batches: Any, level_name: str) -> None:
    """As the tracing of a request; at DEBUG whatever is set. A batch in slices is one."""
    level.setLevel(level_name)
    batch = Batch([{"type": "log"} for _ in range(600)], list(range(600)), b"f" * 32, "r", 0)
    asyncio.run(Chain([Step()]).run(batch))
    (line,) = told(BatchLog(batches), batch, a_receipt())
    assert line["log_level"] == ("info" if batches == "each" else "debug")
    assert line["steps"]["Step"]["events"] == 600
    assert line["steps"]["Step"]["seconds"] >= 0
