"""Commands write where their caller says, which may be a directory where others write, too, like /tmp.

Whatever another user planted there, root touches no other file, and trusts none that it did not write itself.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.test_planted_links import STRANGER, as_root

from mothership.__main__ import cli
from mothership.backup import back_up
from mothership.data_directory import reason_not_to_write
from mothership.errors import BackupFailed, StateError
from mothership.shipping.batches import OutgoingBatch
from mothership.shipping.state import FileRecord, opened

SECRET = "root:secret\n"


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file of root's and a directory beside it, which must stay as they are."""
    file, room = tmp_path / "canary", tmp_path / "room"
    file.write_text(SECRET)
    file.chmod(0o640)
    room.mkdir(mode=0o755)
    yield file
    status = file.stat()
    assert file.read_text() == SECRET
    assert (status.st_uid, stat.S_IMODE(status.st_mode)) == (os.geteuid(), 0o640)
    assert list(room.iterdir()) == []


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A directory like /tmp."""
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(0o1777)
    return place


def _symbolic(path: Path, canary: Path) -> None:
    path.symlink_to(canary)
    os.lchown(path, STRANGER, STRANGER)


def _hard(path: Path, canary: Path) -> None:
    path.hardlink_to(canary)


def _foreign(path: Path, canary: Path) -> None:
    path.write_bytes(canary.read_bytes())
    os.chown(path, STRANGER, STRANGER)


def _fifo(path: Path, _canary: Path) -> None:
    os.mkfifo(path)


Plant = Callable[[Path, Path], None]
every_way = pytest.mark.parametrize("plant", [_symbolic, _hard, _foreign, _fifo])


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def _ship(path: Path) -> None:
    """All that `send --state` does with its files."""
    with opened(path) as state:
        record = FileRecord("1", "/var/log/syslog", 7, "", 0)
        state.add(record)
        state.plan(record, OutgoingBatch(b"1", 0, 10, []))


@as_root
@every_way
@pytest.mark.parametrize("name", ["state", "state.lock"])
def test_a_planted_state_is_refused(shared: Path, canary: Path, plant: Plant, name: str) -> None:
    """Whoever planted it could say what is shipped already, or have root write elsewhere."""
    plant(shared / name, canary)
    with pytest.raises(
        StateError,
        # The kernel may be first: fs.protected_regular, fs.protected_fifos.
        match=r"symbolic links|it is a hard link|it belongs to user|it is no file|Permission denied",
    ):
        _ship(shared / "state")


@as_root
@every_way
def test_a_planted_draft_of_a_state_is_replaced_and_not_followed(shared: Path, canary: Path, plant: Plant) -> None:
    """Its name is known beforehand. What rests is root's own and nobody else's."""
    plant(shared / "state.new", canary)
    _ship(shared / "state")
    status = (shared / "state").lstat()
    assert stat.S_ISREG(status.st_mode)
    assert (status.st_uid, stat.S_IMODE(status.st_mode), status.st_nlink) == (0, 0o600, 1)
    _ship(shared / "state")


@as_root
def test_a_state_in_a_place_of_somebody_else_is_refused(shared: Path, canary: Path) -> None:
    """Behind a link, in a directory of a stranger's, or in one that all may write to."""
    _symbolic(shared / "link", canary.parent / "room")
    (shared / "theirs").mkdir()
    os.chown(shared / "theirs", STRANGER, STRANGER)
    (shared / "open").mkdir()
    (shared / "open").chmod(0o777)
    for name, reason in {
        "link": f"link is a link of user {STRANGER}'s",
        "theirs": f"theirs belongs to user {STRANGER}",
        "theirs/below": f"theirs belongs to user {STRANGER}",
        "open": "other users may write to",
    }.items():
        with pytest.raises(StateError, match=f"{reason}.*: choose another place with --state"):
            _ship(shared / name / "state")


@as_root
@every_way
@pytest.mark.parametrize("name", ["ca.pem.new", "ca.key.new", "server.pem.new", "server.key.new", "server.key"])
def test_a_link_where_a_certificate_goes_is_replaced_and_not_followed(
    shared: Path, canary: Path, plant: Plant, name: str
) -> None:
    """Planted while the directory was open to all."""
    (shared / "tls").mkdir(mode=0o700)
    plant(shared / "tls" / name, canary)
    assert _run("tls", "dev", "--out", str(shared / "tls")).exit_code == 0
    for path in (shared / "tls").iterdir():
        status = path.lstat()
        assert stat.S_ISREG(status.st_mode)
        assert (status.st_uid, status.st_nlink) == (0, 1)
        assert stat.S_IMODE(status.st_mode) == (0o600 if path.suffix == ".key" else 0o644)


@as_root
@every_way
@pytest.mark.parametrize("name", ["ca.pem", "ca.key"])
def test_an_authority_that_was_planted_is_not_trusted(shared: Path, canary: Path, plant: Plant, name: str) -> None:
    """Whoever holds its key could sign any node."""
    tls = shared / "tls"
    assert _run("tls", "dev", "--out", str(tls)).exit_code == 0
    (tls / name).rename(shared / "kept")
    plant(tls / name, shared / "kept" if plant is _foreign else canary)
    told = _run("tls", "dev", "--out", str(tls), "--client", "ship-7")
    assert told.exit_code == 1
    assert f"{name} can't be used: " in told.output
    assert not (tls / "ship-7.key").exists()


@as_root
def test_certificates_in_a_place_of_somebody_else_are_refused(shared: Path, canary: Path) -> None:
    """Not even a sticky directory will do: an authority that lies there may be anybody's."""
    _symbolic(shared / "link", canary.parent / "room")
    (shared / "theirs").mkdir()
    os.chown(shared / "theirs", STRANGER, STRANGER)
    for name, reason in {
        "link": f"link is a link of user {STRANGER}'s",
        "theirs": f"theirs belongs to user {STRANGER}",
        ".": "other users may write to",
    }.items():
        told = _run("tls", "dev", "--out", str(shared / name))
        assert told.exit_code == 1
        assert reason in told.output
        assert "choose another directory with --out" in told.output
    assert {path.name for path in shared.rglob("*")} == {"link", "theirs"}


@as_root
async def test_a_backup_into_a_place_of_somebody_else_is_refused(shared: Path, canary: Path) -> None:
    """Its owner could put another directory in the place of the one where root writes."""
    _symbolic(shared / "link", canary.parent / "room")
    (shared / "theirs").mkdir()
    os.chown(shared / "theirs", STRANGER, STRANGER)
    for name in ("link", "theirs"):
        with pytest.raises(BackupFailed, match=f"{name} (is a link of|belongs to) user {STRANGER}.*: name a file in a"):
            await back_up(shared / "data", shared / name / "backup")
    await asyncio.sleep(0)


@as_root
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_configuration_in_a_place_of_somebody_else_is_refused(shared: Path, canary: Path, force: list[str]) -> None:
    """Its owner could change it before the first start. In a sticky one a link is replaced, and only with --force."""
    _symbolic(shared / "link", canary.parent / "room")
    (shared / "theirs").mkdir()
    os.chown(shared / "theirs", STRANGER, STRANGER)
    for name in ("link", "theirs"):
        told = _run("init", "--defaults", *force, "-o", str(shared / name / "config.yaml"))
        assert told.exit_code == 1
        assert "name a file in a directory of your own" in told.output
    _symbolic(shared / "config.yaml", canary)
    assert _run("init", "--defaults", *force, "-o", str(shared / "config.yaml")).exit_code == (0 if force else 1)
    assert (shared / "config.yaml").is_symlink() is not bool(force)


@as_root
def test_a_demo_in_a_place_of_somebody_else_is_refused(shared: Path, canary: Path) -> None:
    """Root goes to a directory of its own; anybody else is told."""
    _symbolic(shared / "link", canary.parent / "room")
    told = _run("demo", "--once", "--data-dir", str(shared / "link"))
    assert told.exit_code == 1
    assert f"link is a link of user {STRANGER}'s: choose another directory with --data-dir" in told.output


def test_a_place_of_ones_own_will_do(tmp_path: Path, shared: Path) -> None:
    """And a link of one's own to another disk."""
    (tmp_path / "disk").mkdir(mode=0o700)
    (tmp_path / "own").symlink_to(tmp_path / "disk")
    assert reason_not_to_write(tmp_path / "own", sticky_is_enough=False) is None
    assert reason_not_to_write(shared, sticky_is_enough=True) is None
    _ship(tmp_path / "own" / "state")
    assert (tmp_path / "disk" / "state").exists()
