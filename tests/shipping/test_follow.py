"""Files are followed through rotation and restarts: every line once, however equal they are."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mothership.errors import StateError
from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.file_reader import ReadOptions
from mothership.shipping.follow import ROTATED_SECONDS, FileFollower
from mothership.shipping.read_once import InputReport, file_id
from mothership.shipping.state import State, opened


@dataclass
class Service:
    """Takes batches as the real one does: the same key is the same batch."""

    taken: dict[str, list[str]] = field(default_factory=dict)

    def take(self, batch: OutgoingBatch) -> None:
        """A batch arrives."""
        messages = [json.loads(event)["message"] for event in batch.events]
        assert self.taken.setdefault(batch.key, messages) == messages

    @property
    def messages(self) -> list[str]:
        """All that is stored."""
        return [message for batch in self.taken.values() for message in batch]


class Shipper:
    """A follower whose steps the test takes: its clock stands still until it is told."""

    def __init__(self, patterns: list[str], state: State, service: Service, **options: Any) -> None:
        self.said: list[str] = []
        self.report = InputReport(self.said.append)
        self.now = 0.0
        self.stop = threading.Event()
        self.state, self.service = state, service
        self.follower = FileFollower(
            patterns, state, ReadOptions(**options), self.report, stop=self.stop, clock=lambda: self.now
        )
        self._take(self.follower.resume(), acknowledge=True)

    def step(self, *, acknowledge: bool = True) -> None:
        """Take what there is, and then what has waited."""
        for _ in range(3):
            self._take(self.follower.turn(), acknowledge=acknowledge)
            self.now += 1.5

    def _take(self, batches: Iterator[OutgoingBatch], *, acknowledge: bool) -> None:
        for batch in batches:
            self.service.take(batch)
            if acknowledge:
                self.state.done(batch)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs" / "app.log"


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def follow(tmp_path: Path, log: Path) -> Iterator[Callable[..., Shipper]]:
    """Start a shipper on the state file; one that was there before has been killed."""
    open_states: list[contextlib.AbstractContextManager[State]] = []
    service = Service()

    def start(*patterns: str, **options: int) -> Shipper:
        for each in open_states:
            each.__exit__(None, None, None)
        open_states[:] = [opened(tmp_path / "state.json")]
        return Shipper(list(patterns) or [str(log)], open_states[0].__enter__(), service, **options)

    yield start
    for each in open_states:
        each.__exit__(None, None, None)


def test_lines_are_shipped_as_they_come_and_half_a_line_when_it_is_whole(
    follow: Callable[..., Shipper], log: Path
) -> None:
    """What waits is given after a second."""
    shipper = follow()
    shipper.step()
    assert shipper.said == [f"waiting for {log} to appear"]
    append(log, "one\ntwo\nthr")
    shipper.step()
    assert shipper.service.messages == ["one", "two"]
    append(log, "ee\n")
    shipper.step()
    assert shipper.service.messages == ["one", "two", "three"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_file_that_is_renamed_is_read_to_its_end(follow: Callable[..., Shipper], log: Path, restart: bool) -> None:
    """Its writer goes on in the old one for a while; equal lines are all kept."""
    shipper = follow()
    append(log, "same\n" * 3)
    shipper.step()
    log.rename(log.with_suffix(".log.1"))
    append(log.with_suffix(".log.1"), "same\nlast of the old\n")
    append(log, "same\n" * 2)
    if restart:
        shipper = follow()
    shipper.step()
    assert sorted(shipper.service.messages) == ["last of the old", *["same"] * 6]
    shipper.now += ROTATED_SECONDS
    shipper.step()
    shipper.step()
    assert [record.path for record in shipper.state.records] == [str(log)]


@pytest.mark.parametrize("restart", [False, True])
def test_a_file_that_is_emptied_begins_anew(follow: Callable[..., Shipper], log: Path, restart: bool) -> None:
    """`copytruncate`: also when it has grown beyond where it was by the next look."""
    shipper = follow()
    for lines in (["first", "a", "b"], ["second", "a", "b", "c"], ["second", "a"], ["second", "a", "b"]):
        log.write_text("".join(f"{line}\n" for line in lines))
        if restart:
            shipper = follow()
        shipper.step()
        shipper.step()
    assert sorted(shipper.service.messages) == sorted(["first", "a", "b", "second", "a", "b", "c", "second", "a", "b"])


def test_what_was_in_flight_at_a_kill_is_sent_again_as_the_same_batch(
    follow: Callable[..., Shipper], log: Path
) -> None:
    """Whether the service had it or not."""
    shipper = follow(batch=2)
    append(log, "a\na\na\na\na\nTypeError: x\n    at f (g.js:1:1)\n")
    shipper.step(acknowledge=False)
    had = dict(shipper.service.taken)
    append(log, "b\n")
    again = follow(batch=100)
    again.step()
    assert shipper.service.messages == [*["a"] * 4, "a\nTypeError: x\n    at f (g.js:1:1)", "b"]
    assert had.items() <= again.service.taken.items()
    assert all(not record.pending for record in again.state.records)


def test_an_orderly_end_ships_whole_lines_and_a_restart_the_rest(follow: Callable[..., Shipper], log: Path) -> None:
    """Nothing is torn."""
    shipper = follow()
    append(log, "one\ntw")
    shipper.stop.set()
    for batch in shipper.follower.batches():
        shipper.service.take(batch)
        shipper.state.done(batch)
    append(log, "o\n")
    again = follow()
    again.step()
    assert again.service.messages == ["one", "two"]


def test_patterns_find_new_files_and_leave_out_what_is_no_log(follow: Callable[..., Shipper], log: Path) -> None:
    """Packed rotations were followed when they were not packed yet."""
    append(log, "one\n")
    log.with_name("old.log").write_bytes(b"\x1f\x8b\x08\0\0\0\0\0\0\0\0")
    log.with_name("db.log").write_bytes(b"\0\1\2\3" * 100)
    shipper = follow(str(log.parent / "*.log"))
    shipper.step()
    append(log.with_name("new.log"), "two\n")
    shipper.step()
    assert sorted(shipper.service.messages) == ["one", "two"]
    assert sorted(shipper.said) == [
        f"{log.with_name('db.log')} is binary and was left out",
        f"{log.with_name('old.log')} is packed (gzip) and is not followed",
    ]


def test_a_file_whose_inode_is_given_again_is_another_file(follow: Callable[..., Shipper], log: Path) -> None:
    """Deleted and made anew while nobody looked."""
    shipper = follow()
    append(log, "first\n" * 3)
    shipper.step()
    size = log.stat().st_size
    log.unlink()
    log.write_text("other\n" * 4)
    assert log.stat().st_size >= size
    again = follow()
    again.step()
    assert sorted(again.service.messages) == [*["first"] * 3, *["other"] * 4]


def test_what_is_gone_before_it_was_safe_is_said(follow: Callable[..., Shipper], log: Path) -> None:
    """Loss must not be silent."""
    shipper = follow()
    append(log, "first\n")
    shipper.step(acknowledge=False)
    log.unlink()
    again = follow()
    again.step()
    assert f"{log} is gone before all of it was shipped" in again.said
    assert again.report.unreadable == 1


def test_two_shippers_do_not_share_a_state(tmp_path: Path) -> None:
    """They would overwrite each other's."""
    with opened(tmp_path / "state.json"), pytest.raises(StateError, match="another `mothership send` uses"):
        opened(tmp_path / "state.json").__enter__()


@pytest.mark.parametrize(
    "content", ["", "[]", '{"version":1}', '{"version":1,"files":[{"id":7}]}', '{"version":9,"files":[]}']
)
def test_a_state_file_that_is_none_is_refused_in_words(tmp_path: Path, content: str) -> None:
    """To begin anew without a word would double everything."""
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(StateError, match=r"is damaged: move it away|is of another version"):
        opened(path).__enter__()


def test_the_state_file_is_its_owners_alone(follow: Callable[..., Shipper], log: Path, tmp_path: Path) -> None:
    """It names files."""
    shipper = follow()
    append(log, "x\n")
    shipper.step()
    assert oct((tmp_path / "state.json").stat().st_mode & 0o777) == "0o600"


def test_machines_of_one_image_are_told_apart(log: Path) -> None:
    """Equal inodes, equal lines, one token: both are kept."""
    ids = {file_id(log, 7, "head", host=host) for host in ("web01 1", "web02 1", "web01 2")}
    ids.add(file_id(log.parent / "other" / log.name, 7, "head", host="web01 1"))
    assert len(ids) == 4
    assert file_id(log, 7, "head", host="web01 1") == file_id(log.with_suffix(".1"), 7, "head", host="web01 1")


def test_a_file_emptied_while_nobody_looked_is_not_taken_for_what_it_was(
    follow: Callable[..., Shipper], log: Path
) -> None:
    """The same lines at the same places of the same inode are new ones."""
    shipper = follow(batch=2)
    append(log, "tick\n" * 6)
    shipper.step()
    log.write_text("tick\n" * 4)
    again = follow(batch=2)
    again.step()
    assert again.service.messages == ["tick"] * 10


def test_a_number_that_a_binary_file_had_may_be_a_logs(follow: Callable[..., Shipper], log: Path) -> None:
    """What was left out is not left out for ever."""
    log.write_bytes(b"\0\1\2\3" * 100)
    shipper = follow()
    shipper.step()
    log.unlink()
    shipper.step()
    append(log, "text\n")
    shipper.step()
    assert shipper.service.messages == ["text"]
