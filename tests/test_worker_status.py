"""Several workers answer as one."""

import time
from pathlib import Path

from mothership.worker_status import StatusDirectory, merge


def test_notes_become_one() -> None:
    """Numbers are added, the oldest counts, all must be well, and the worst word is said."""
    one = {"healthy": True, "breaker": "closed", "reason": "", "queued": 3, "oldest_seconds": 1.5, "only": {"here": 1}}
    two = {"healthy": False, "breaker": "paused", "reason": "no right", "queued": 4, "oldest_seconds": 0.5}
    assert (
        merge([one, two])
        == merge([two, one]) | {"only": {"here": 1}}
        == {
            "healthy": False,
            "breaker": "paused",
            "reason": "no right",
            "queued": 7,
            "oldest_seconds": 1.5,
            "only": {"here": 1},
        }
    )


def test_a_status_is_replaced_and_a_dead_workers_removed(tmp_path: Path) -> None:
    """Nobody counts it twice, or for ever."""
    directory = StatusDirectory.create(tmp_path / "shared")
    for number in range(3):
        directory.publish({"queued": number})
    [(age_seconds, status)] = directory.read()
    assert status == {"queued": 2}
    assert 0 <= age_seconds < 5
    (tmp_path / "shared" / "status-1.json").write_bytes(b'{"posted":%f,"status":{"queued":5}}' % time.monotonic())
    assert merge([status for _, status in directory.read()]) == {"queued": 7}
    directory.remove(1)
    assert len(directory.read()) == 1
    assert 0 <= directory.uptime_seconds() < 5
