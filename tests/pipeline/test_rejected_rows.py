"""What is left of rejected events: only what redaction has passed."""

from typing import Any

import orjson
import pytest

from mothership.event import Batch
from mothership.pipeline.rejected_rows import EVENTS_MAX, rejected_rows

SECRET = "canary-7d1f"


class Step:
    """A processor that takes the secret out, fails, or rejects."""

    name = "step"

    def __init__(self, does: str) -> None:
        self.does = does

    def __call__(self, batch: Batch) -> None:
        """Do it."""
        if self.does == "raises":
            raise KeyError(SECRET)
        for event in batch.events:
            event.pop("secret", None)
        if self.does == "rejects":
            batch.reject({0: "still unsafe"})


def rejected(events: list[dict[str, Any]], *, by_edge: bool = True) -> Batch:
    batch = Batch([], [], b"f" * 32, "r", 7, source="edge", client="ship")
    for index, event in enumerate(events):
        one = Batch([event], [index], b"f" * 32, "r", 7)
        one.reject({0: "not wanted"})
        batch.rejected += one.rejected
        if by_edge:
            batch.remains[index] = event
    return batch


async def test_what_the_edge_refused_is_redacted_and_says_why() -> None:
    """As a row, with the time of receipt; `type` may be missing."""
    rows, reasons = await rejected_rows(rejected([{"secret": SECRET, "message": "m"}]), [Step("redacts")])
    assert reasons == ["not wanted"]
    (row,) = rows.rows
    assert (row.ts, row.type, row.source, rows.client) == (7, "unknown", "edge", "ship")
    assert orjson.loads(row.data) == {"message": "m", "_rejected": {"index": 0, "reason": "not wanted"}}


@pytest.mark.parametrize("does", ["raises", "rejects"])
async def test_what_redaction_refuses_leaves_only_its_reason(does: str) -> None:
    """However it refuses."""
    rows, _ = await rejected_rows(rejected([{"secret": SECRET, "message": SECRET}]), [Step(does)])
    assert orjson.loads(rows.rows[0].data) == {"value": "…", "_rejected": {"index": 0, "reason": "not wanted"}}


async def test_what_a_processor_rejected_leaves_only_its_reason() -> None:
    """It may be redacted by half."""
    rows, _ = await rejected_rows(rejected([{"message": SECRET}], by_edge=False), [Step("redacts")])
    assert orjson.loads(rows.rows[0].data) == {"_rejected": {"index": 0, "reason": "not wanted"}}


async def test_of_a_great_many_the_first_are_kept() -> None:
    """The answer lists as many."""
    rows, reasons = await rejected_rows(rejected([{"n": n} for n in range(EVENTS_MAX + 50)]), [])
    assert len(rows.rows) == len(reasons) == EVENTS_MAX
    assert orjson.loads(rows.rows[-1].data)["n"] == EVENTS_MAX - 1
