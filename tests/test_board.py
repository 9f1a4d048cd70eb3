"""Several workers answer as one."""

import time
from pathlib import Path

from mothership.board import Board, together


def test_notes_become_one() -> None:
    """Numbers are added, the oldest counts, all must be well, and the worst word is said."""
    one = {"healthy": True, "breaker": "closed", "reason": "", "queued": 3, "oldest_seconds": 1.5, "only": {"here": 1}}
    two = {"healthy": False, "breaker": "paused", "reason": "no right", "queued": 4, "oldest_seconds": 0.5}
    assert (
        together([one, two])
        == together([two, one]) | {"only": {"here": 1}}
        == {
            "healthy": False,
            "breaker": "paused",
            "reason": "no right",
            "queued": 7,
            "oldest_seconds": 1.5,
            "only": {"here": 1},
        }
    )


def test_a_note_is_replaced_and_a_dead_workers_taken_down(tmp_path: Path) -> None:
    """Nobody counts it twice, or for ever."""
    board = Board.set_up(tmp_path / "shared")
    for number in range(3):
        board.post({"queued": number})
    [(age_seconds, note)] = board.notes()
    assert note == {"queued": 2}
    assert 0 <= age_seconds < 5
    (tmp_path / "shared" / "note-1.json").write_bytes(b'{"posted":%f,"note":{"queued":5}}' % time.monotonic())
    assert together([note for _, note in board.notes()]) == {"queued": 7}
    board.take_down(1)
    assert len(board.notes()) == 1
    assert 0 <= board.uptime_seconds() < 5
