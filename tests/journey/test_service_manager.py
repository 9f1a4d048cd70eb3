"""What systemd hears of the service, over the socket that systemd itself would give it."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.journey.conftest import Start
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS

from mothership.systemd_notify import ServiceManager


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[socket.socket]:
    """The service manager's end."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.bind(str(tmp_path / "notify"))
        end.settimeout(PATIENCE_SECONDS)
        yield end


def until(heard: socket.socket, words: bytes) -> list[bytes]:
    """All that was said before these words."""
    before = []
    while (said := heard.recv(4096)) != words:
        before.append(said)
    return before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_it_says_that_it_is_ready_that_it_lives_and_that_it_stops(
    start: Start, database_dsn: str, heard: socket.socket, workers: str
) -> None:
    """Ready means that the port takes connections, of every worker. No process that it starts can speak for it."""
    service = start(
        dsn=database_dsn,
        wait=False,
        NOTIFY_SOCKET=str(heard.getsockname()),
        WATCHDOG_USEC="300000",
        MOTHERSHIP_WORKERS=workers,
    )
    assert until(heard, b"READY=1") == []
    assert httpx.get(f"{service.url}/livez", timeout=PATIENCE_SECONDS, verify=PLAIN).status_code == 200
    for _ in range(3):
        assert heard.recv(4096) == b"WATCHDOG=1"
    pid = service.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    assert len(children) >= (2 if workers == "2" else 0)
    assert not [child for child in children if b"NOTIFY_SOCKET" in Path(f"/proc/{child}/environ").read_bytes()]
    assert service.stop() == 0
    assert set(until(heard, b"STOPPING=1")) <= {b"WATCHDOG=1"}


def test_one_that_hangs_is_not_called_alive(start: Start, database_dsn: str, heard: socket.socket) -> None:
    """What says that it lives is the loop that serves: the watchdog of a stopped one runs out."""
    told = {"NOTIFY_SOCKET": str(heard.getsockname()), "WATCHDOG_USEC": "300000"}
    service = start(dsn=database_dsn, wait=False, anew=True, **told)
    until(heard, b"READY=1")
    service.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, service.process.pid, os.WSTOPPED)
    heard.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while heard.recv(4096):
            pass
    heard.settimeout(0.6)
    with pytest.raises(TimeoutError):
        heard.recv(4096)
    service.process.send_signal(signal.SIGCONT)
    heard.settimeout(PATIENCE_SECONDS)
    assert heard.recv(4096) == b"WATCHDOG=1"


@pytest.mark.parametrize(
    ("environ", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_that_of_this_process(environ: dict[str, str], seconds: float | None) -> None:
    """And what was read is taken out of the environment."""
    kept = {**environ, "NOTIFY_SOCKET": "@name", "HOME": "/"}
    assert ServiceManager.taken_from(kept) == ServiceManager("@name", seconds)
    assert kept == {"HOME": "/"}


def test_nobody_listening_any_more_is_no_fault(tmp_path: Path) -> None:
    """Nor that nobody ever did."""
    ServiceManager(str(tmp_path / "gone")).tell("READY=1")
    ServiceManager().tell("READY=1")
