"""Every hostile input of `hostile_inputs.py` against a server of its own, with an ordinary node beside it."""

from collections.abc import Iterator

import pytest
from tests.edge.hostile import attack, server
from tests.edge.hostile_inputs import CASES, MEGABYTE, Hostile

PEAK_BYTES_MAX = 300 * MEGABYTE
SECONDS_MAX = 8.0
"""Generous: the machine that runs this may be busy. docs/performance.md has what a quiet one shows."""


@pytest.fixture(scope="module")
def victim() -> Iterator[tuple[int, int]]:
    """Port and process id of a server with short times."""
    with server() as started:
        yield started


def test_there_are_enough_inputs() -> None:
    """The table is a promise of at least forty."""
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_hostile_input_costs_nobody_else_anything(victim: tuple[int, int], case: Hostile) -> None:
    """It gets a considered answer in time, within memory; good events beside it and in it are taken."""
    outcome = attack(case, *victim)
    assert outcome.status in case.expected
    if case.accepted is not None:
        assert outcome.accepted == case.accepted
    assert outcome.peak_bytes < PEAK_BYTES_MAX
    assert outcome.seconds < SECONDS_MAX
    assert outcome.good_requests > outcome.good_failed == 0
    assert outcome.good_slowest_seconds < SECONDS_MAX
    assert b"Traceback" not in outcome.body
    assert b"/src/" not in outcome.body
