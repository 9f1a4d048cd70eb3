"""Whoever may write where the service works must not be able to make it, and least of all root, touch another file.

A canary stands for `/etc/shadow`. Links to it are planted at every name that the service makes or follows; whatever
the service does then, the canary keeps its content, owner and mode.
"""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.starvation import PATIENCE_SECONDS

from mothership import key_files, status_directory
from mothership.data_directory import become_owner
from mothership.data_directory_lock import lock_data_dir
from mothership.embedded import drop_privileges
from mothership.embedded.cluster import remove_in
from mothership.embedded.processes import postmaster_lines
from mothership.embedded.server import PostgresServer
from mothership.errors import ConfigurationError
from mothership.pipeline.redaction.pseudonyms import load_or_make_key
from mothership.pipeline.templates.templates import Templates, TemplateSettings
from mothership.relay.spool import schema, spool_file_lock
from mothership.relay.spool.directory import spool_directory

STRANGER = 54321
"""A user who has nothing to do with the service."""
FILES = (
    *("lock", "fingerprint.key", "pseudonym.key", "templates.json", "postgres.log"),
    *("spool/spool-0.sqlite", "spool/spool-0.sqlite-wal", "spool/spool-0.sqlite-shm", "spool/spool-0.sqlite.lock"),
    *("spool/spool-0.sqlite.damaged", "metrics/began", "sessions.key", "activity/activity-1.json"),
)
DIRECTORIES = ("spool", "metrics", "postgres", "postgres.new", "postgres-socket")
OPEN_PYTHON = shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin") or ""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be made to touch files of others")


@pytest.fixture
def home() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="mothership-test-"))
    path.chmod(0o711)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def canary(tmp_path: Path) -> Iterator[Path]:
    """A file, and a directory beside it, that nobody may touch."""
    file = tmp_path / "canary"
    file.write_text("root:secret\n")
    file.chmod(0o600)
    (tmp_path / "rooms").mkdir(mode=0o750)
    before = _state(tmp_path)
    yield file
    assert _state(tmp_path) == before


def _state(place: Path) -> list[object]:
    found: list[object] = []
    for path in (place / "canary", place / "rooms"):
        status = path.stat()
        content = path.read_text() if path.is_file() else sorted(entry.name for entry in path.iterdir())
        found.append((content, status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)))
    return found


def _work(home: Path) -> None:
    """All that a worker makes and reads in its data directory, the database aside."""
    with lock_data_dir(home):
        key_files.load_or_make(home / "fingerprint.key")
        load_or_make_key(home)
        templates = Templates(TemplateSettings(), state=home / "templates.json")
        templates.save()
        lock = spool_file_lock.lock_own_file(spool_directory(home))
        schema.connect(lock.path).close()
        lock.release()
        status_directory.StatusDirectory.create(home / "metrics")


def _plant(home: Path, name: str, target: Path, *, hard: bool) -> None:
    path = home / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    if hard:
        path.hardlink_to(target)
    else:
        path.symlink_to(target)
        if os.geteuid() == 0:
            os.lchown(path, STRANGER, STRANGER)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
def test_a_planted_link_is_refused_with_its_name(home: Path, canary: Path, name: str, hard: bool) -> None:
    """Whoever planted it: a file of the service's own is never a link."""
    _plant(home, name, canary, hard=hard)
    with pytest.raises(ConfigurationError, match=rf"{name.rpartition('/')[2]} (is a|belongs to)"):
        _work(home)


@as_root
@pytest.mark.parametrize("name", ["spool", "metrics"])
def test_a_planted_directory_is_refused_with_its_name(home: Path, canary: Path, name: str) -> None:
    """What is in it would be made in a place of the stranger's choice."""
    _plant(home, name, canary.parent / "rooms", hard=False)
    with pytest.raises(ConfigurationError, match=f"{name} belongs to"):
        _work(home)


def test_the_operators_own_link_to_another_disk_is_followed(home: Path, tmp_path: Path) -> None:
    """The spool may be on a faster disk; one that others can change is refused there, too."""
    (tmp_path / "fast").mkdir(mode=0o700)
    (home / "spool").symlink_to(tmp_path / "fast")
    _work(home)
    assert (tmp_path / "fast" / "spool-0.sqlite").exists()
    (tmp_path / "fast").chmod(0o777)
    with pytest.raises(ConfigurationError, match="other users may write to"):
        _work(home)


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o757])
def test_a_data_directory_that_others_may_write_to_is_refused(home: Path, mode: int) -> None:
    """They could plant links at leisure. The way out is in the message."""
    home.chmod(mode)
    with pytest.raises(ConfigurationError, match=f"run `chmod go-w {home}`"):
        _work(home)
    home.chmod(mode & ~0o022)
    _work(home)


@as_root
def test_a_data_directory_of_a_group_is_refused_unless_nobody_else_is_in_it(home: Path) -> None:
    """Volumes of containers have a group of their own; `daemon` has a member."""
    home.chmod(0o770)
    os.chown(home, 0, 61234)
    _work(home)
    os.chown(home, 0, 1)
    with pytest.raises(ConfigurationError, match="other users may write to"):
        _work(home)


@as_root
def test_root_does_not_work_in_a_directory_of_somebody_else(home: Path) -> None:
    """Nor below one: its owner can put another one in its place."""
    (home / "below").mkdir(mode=0o700)
    os.chown(home, STRANGER, STRANGER)
    for path in (home, home / "below"):
        with pytest.raises(ConfigurationError, match=f"{home} belongs to user {STRANGER}, who could make root write"):
            _work(path)


@as_root
@pytest.mark.parametrize("way", ["link", "link/deeper", "own", "own/deeper", "rooms/../link"])
def test_a_link_of_a_stranger_does_not_choose_the_data_directory(home: Path, tmp_path: Path, way: str) -> None:
    """On the way to it, or behind a link of one's own: nothing is made where it leads."""
    (tmp_path / "rooms").mkdir()
    (tmp_path / "link").symlink_to(home)
    os.lchown(tmp_path / "link", STRANGER, STRANGER)
    (tmp_path / "own").symlink_to("rooms/../link")
    told = f"link is a link of user {STRANGER}'s"
    with pytest.raises(ConfigurationError, match=told):
        _work(tmp_path / way)
    assert list(home.iterdir()) == []
    if (tmp_path / way).exists():
        with pytest.raises(ConfigurationError, match=told):
            become_owner(tmp_path / way)


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    """In words."""
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ConfigurationError, match="can't be used"):
        _work(tmp_path / "a")


@as_root
def test_links_in_the_database_directory_are_replaced_and_not_followed(home: Path, canary: Path) -> None:
    """Its user may change it; root writes and reads there all the same, and touches nothing else."""
    with lock_data_dir(home) as locked:
        server = PostgresServer(locked)
        server.start()
        server.stop()
        for place, names in {
            "postgres": ("pg_hba.conf", "pg_ident.conf", "postmaster.pid"),
            "postgres-socket": (".s.PGSQL.5432", ".s.PGSQL.5432.lock", ".s.probe.5432"),
        }.items():
            for number, name in enumerate(names):
                path = home / place / name
                path.unlink(missing_ok=True)
                if number % 2:
                    path.hardlink_to(canary)
                else:
                    path.symlink_to(canary)
        server.start()
        server.stop()
        for name in ("pg_hba.conf", "pg_ident.conf"):
            status = (home / "postgres" / name).lstat()
            assert stat.S_ISREG(status.st_mode), name
            assert status.st_nlink == 1, name


@as_root
@pytest.mark.parametrize("name", ["postgres", "postgres.new", "postgres-socket"])
def test_a_planted_database_directory_is_not_entered(home: Path, canary: Path, name: str) -> None:
    """A stranger put it there while the data directory was open to all."""
    _plant(home, name, canary.parent / "rooms", hard=False)
    try:
        with lock_data_dir(home) as locked:
            server = PostgresServer(locked)
            try:
                server.start()
            finally:
                server.stop()
    except ConfigurationError as error:
        assert name in str(error.faults)  # noqa: PT017 - a start is as good


ATTACK = """
import os, random, sys
os.setgroups([]); os.setresgid(*[int(sys.argv[2])] * 3); os.setresuid(*[int(sys.argv[1])] * 3)
target, places = sys.argv[3], sys.argv[4:]
print("at it", flush=True)
while os.getppid() != 1:
    for place in places:
        for name in {"pg_hba.conf", "pg_ident.conf", "postmaster.pid", "PG_VERSION", *os.listdir(place)}:
            if not name.startswith(("pg_hba", "pg_ident", "postmaster", "PG_VERSION", ".s.")): continue
            path = os.path.join(place, name)
            try:
                if not os.path.islink(path) and not os.path.exists(path + ".kept"):
                    os.rename(path, path + ".kept")
                os.symlink(target, path)
            except OSError: pass
            try:
                os.rename(path + ".kept", path)
            except OSError: pass
"""


@as_root
def test_a_race_for_the_database_directory_is_lost_by_whoever_races(home: Path, canary: Path) -> None:
    """Its user swaps files for links as fast as it can, while root writes, reads and removes there."""
    with lock_data_dir(home) as locked:
        server = PostgresServer(locked)
        server.start()
        server.stop()
        owner = (home / "postgres").stat()
        arguments = [str(owner.st_uid), str(owner.st_gid), str(canary), str(home / "postgres")]
        attacker = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", ATTACK, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert attacker.stdout
        assert attacker.stdout.readline() == "at it\n"
        cluster = server._cluster
        assert cluster
        swapped = 0
        try:
            began = time.monotonic()
            while not swapped or (swapped < 200 and time.monotonic() < began + 30):
                assert time.monotonic() < began + PATIENCE_SECONDS, "the attacker never got a turn"
                for name in ("pg_hba.conf", "pg_ident.conf"):
                    try:
                        cluster.write(name, "local all all reject\n")
                    except FileNotFoundError:
                        swapped += 1  # the draft was taken away in between
                    swapped += (home / "postgres" / name).is_symlink()
                    read = cluster.read(name)
                    swapped += not read  # a link was met, and not followed
                    assert "secret" not in read
                assert "root:secret" not in postmaster_lines(home / "postgres")
                remove_in(home / "postgres", "postmaster.pid")
        finally:
            attacker.kill()
            attacker.communicate()


@as_root
def test_a_command_of_roots_becomes_the_owner_of_the_directory(home: Path, canary: Path) -> None:
    """Root looks at the dead letters of a service that runs as somebody else: it follows no link of theirs."""
    data = home / "data"
    (data / "spool").mkdir(parents=True)
    held = schema.connect(data / "spool" / "spool-0.sqlite")
    held.close()
    (data / "spool" / "spool-1.sqlite").symlink_to(canary)
    for path in (data, *data.rglob("*")):
        os.lchown(path, STRANGER, STRANGER)
    config = home / "config.yaml"
    config.write_text(f"server: {{data_dir: {data}}}\n")
    told = subprocess.run(
        [sys.executable, "-m", "mothership", "dead-letters", "list", "--config", str(config)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "secret" not in told.stdout + told.stderr
    assert {path.lstat().st_uid for path in (data / "spool").iterdir()} == {STRANGER}


@as_root
@pytest.mark.skipif(not (shutil.which("setpriv") and OPEN_PYTHON), reason="needs setpriv, and a Python for all users")
def test_the_database_gets_no_right_that_the_service_was_lent() -> None:
    """A unit may give an ordinary user the right to a low port: it ends where PostgreSQL begins."""
    rights = ["--reuid", str(STRANGER), "--regid", str(STRANGER), "--clear-groups"]
    rights += ["--inh-caps", "+net_bind_service", "--ambient-caps", "+net_bind_service"]
    look = ["/bin/cat", "/proc/self/status"]

    def capabilities(*command: str) -> int:
        done = subprocess.run(["setpriv", *rights, *command], capture_output=True, text=True, check=True)
        return int(done.stdout.split("CapAmb:")[1].split()[0], 16)

    assert capabilities(*look)
    given = f"['', '-1', '-1', '15', str(os.getppid()), str(os.open('/', 0)), *{look}]"
    launch = f"import os, sys; sys.argv = {given}\n{Path(drop_privileges.__file__).read_text()}"
    assert capabilities(OPEN_PYTHON, "-I", "-S", "-c", launch) == 0
