"""The short form of `python -m tests.faults.rotation`."""

import asyncio
from pathlib import Path

import pytest
from tests.faults.database import database
from tests.faults.rotation import run


@pytest.mark.timeout(300)  # several processes start, one after the other
def test_every_line_of_a_rotated_log_is_stored_once_though_both_sides_are_killed(tmp_path: Path) -> None:
    """A rotation, `kill -9` of the sender and of the service in turns, equal lines among the others."""

    async def once() -> None:
        await server.renew()
        outcome = await run(server, tmp_path, lines=6_000, rotations=1)
        assert outcome.holds, outcome

    with database() as server:
        asyncio.run(once())
