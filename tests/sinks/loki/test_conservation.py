"""Whatever Loki refuses and however the wire behaves: every row is at rest or named, and none is both."""

import random
import time

import pytest
from tests.sinks.loki.loki_ingester import Limits
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki

from mothership.errors import Permanent, Transient
from mothership.event import Row

DAY = 86_400
AGES = (0, 1, 60, 1700, 1900, 3500, 3700, 7200, DAY, 6.9 * DAY, 7.1 * DAY, 30 * DAY, -60, -500, -700, -DAY)


def _rows(chance: random.Random, row: RowOf, now: float, count: int) -> list[Row]:
    return [
        row(
            chance.choice(["short", "x" * 900, "poison" if chance.random() < 0.1 else "y" * 50]) + f" {n}",
            hostname=f"h{chance.randrange(4)}",
            at=now - chance.choice(AGES) - chance.random(),
            user_id="u" * chance.choice([1, 1, 1, 200]),
            n=n,
        )
        for n in range(count)
    ]


def _limits(chance: random.Random) -> Limits:
    return Limits(
        max_line_bytes=chance.choice([800, 262_144]),
        metadata_bytes=chance.choice([100, 65_536]),
        body_bytes=chance.choice([2000, 4_000_000]),
        burst_bytes=chance.choice([15_000, 6_000_000]),
        rate_bytes=50_000,
        listed_errors=chance.choice([1, 10]),
    )


@pytest.mark.parametrize("seed", range(24))
async def test_every_row_is_stored_or_named(sink_of: SinkOf, row: RowOf, batch: BatchOf, seed: int) -> None:
    """Three writes of rows of every age, under random bounds, over a wire that fails now and then."""
    chance = random.Random(seed)
    clock = [time.time()]
    async with StrictLoki(_limits(chance), clock=lambda: clock[0]) as loki:
        if chance.random() < 0.5:
            loki.poison = lambda entry: "poison" in entry.line
        sink = sink_of(loki, encoding=chance.choice(["protobuf", "json"]), max_retries=0)
        for write in range(3):
            rows = _rows(chance, row, clock[0], 120)
            batches = [batch(*rows[at : at + 40], fingerprint=bytes([write, at] * 16)) for at in (0, 40, 80)]
            refused: set[int] = set()
            for _ in range(60):
                if chance.random() < 0.3:
                    loki.next.append(
                        chance.choice(
                            [Disturbance(cut=True), Disturbance(cut=True, stored=True), Disturbance(status=503)]
                        )
                    )
                try:
                    await sink.write(batches)
                except Transient:
                    clock[0] += 1
                    continue
                except Permanent as error:
                    refused = {one.batch * 40 + one.row for one in error.failed}
                break
            else:
                pytest.fail("the write never ended")
            stored = {(entry.ns, entry.line) for entry in loki.entries}
            for number, one in enumerate(rows):
                at_rest = (one.ts * 1000, one.data.decode()) in stored
                assert at_rest != (number in refused), f"row {number} of write {write}"
