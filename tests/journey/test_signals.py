"""What ends the service, and what doesn't: Ctrl-C at any moment of a start, hang-ups, terminals that close."""

import contextlib
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from tests.journey.conftest import Service, Start
from tests.loopback import free_port
from tests.preloaded import Process
from tests.starvation import PATIENCE_SECONDS


def until(seen: Callable[[], bool], process: Process) -> None:
    """Wait for it, as long as the process lives."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not seen():
        assert process.poll() is None, "it ended before"
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.005)


def maps(process: subprocess.Popen[bytes], library: str) -> bool:
    """Has it loaded this library? Then it is importing what the command needs."""
    with contextlib.suppress(OSError):
        return library in Path(f"/proc/{process.pid}/maps").read_text()
    return False


def ended(service: Service, number: signal.Signals) -> tuple[int, str]:
    """Exit status and log after this signal."""
    return service.stop(number), service.log.read_text()


@pytest.mark.parametrize(("number", "workers"), [(signal.SIGINT, "2"), (signal.SIGTERM, "1")])
def test_a_signal_while_starting_ends_it_in_good_order(start: Start, number: signal.Signals, workers: str) -> None:
    """While the embedded database is made: no traceback, the shell's status, and the next start is a good one."""
    service = start(wait=False, anew=True, MOTHERSHIP_WORKERS=workers)
    until((service.data_dir / "postgres").exists, service.process)
    status, log = ended(service, number)
    assert (status, "Traceback" in log) == (128 + number, False), log
    assert "stopped_while_starting" in log
    again = start(data_dir=service.data_dir)
    assert again.stop() == 0


def test_ctrl_c_while_workers_start_is_never_lost(start: Start) -> None:
    """Whether they listen for it already or not: it ends, and says nothing strange."""
    service = start(wait=False, anew=True, MOTHERSHIP_WORKERS="2")
    until(lambda: "embedded_database_started" in service.log.read_text(), service.process)
    status, log = ended(service, signal.SIGINT)
    assert status in {0, 128 + signal.SIGINT}, log
    assert "Traceback" not in log


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize("command", ["serve", "demo", "send"])
def test_ctrl_c_while_importing_ends_with_the_shells_status(tmp_path: Path, command: str) -> None:
    """Python would print where it was."""
    arguments = {"serve": [], "demo": ["--data-dir", str(tmp_path / "demo")], "send": ["-"]}[command]
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MOTHERSHIP_PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-m", "mothership", command, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environ | {"MOTHERSHIP_DATA_DIR": str(tmp_path / "data")},
        start_new_session=True,
    ) as process:
        # A library that each of them loads early.
        until(lambda: maps(process, "orjson"), process)
        process.send_signal(signal.SIGINT)
        told = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    assert (process.returncode, "Traceback" in told) == (128 + signal.SIGINT, False), told


def test_ctrl_c_ends_a_demo_that_starts_and_its_service(tmp_path: Path) -> None:
    """The service is a process of its own. A link that was planted where its log goes is not written through."""
    data_dir, canary = tmp_path / "demo", tmp_path / "canary"
    canary.write_text("not to be written")
    data_dir.mkdir(mode=0o711)
    (data_dir / "service.log").hardlink_to(canary)
    process = subprocess.Popen(
        [sys.executable, "-m", "mothership", "demo", "--data-dir", str(data_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
        start_new_session=True,
    )
    until((data_dir / "data" / "postgres").exists, process)
    process.send_signal(signal.SIGINT)
    told = process.communicate(timeout=PATIENCE_SECONDS)[0].decode()
    assert (process.returncode, "Traceback" in told) == (128 + signal.SIGINT, False), told
    assert "stopped_while_starting" in (data_dir / "service.log").read_text()
    assert canary.read_text() == "not to be written"


def test_a_hangup_reloads_and_ends_nothing(start: Start) -> None:
    """A terminal that closes must not be a stop."""
    service = start(MOTHERSHIP_WORKERS="2")
    service.process.send_signal(signal.SIGHUP)
    until(lambda: "configuration_reloaded" in service.log.read_text(), service.process)
    assert service.post({"messages": [{"type": "log", "message": "still here"}]}).status_code == 200
    assert service.stop() == 0


@pytest.fixture
def at_a_terminal(tmp_path: Path) -> Iterator[tuple[int, int, str]]:
    """A service in the foreground of a terminal: the terminal's other end, its process, its URL."""
    port = free_port()
    pid, terminal = pty.fork()
    if pid == 0:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "MOTHERSHIP_PORT": str(port),
            "MOTHERSHIP_DATA_DIR": str(tmp_path / "data"),
        }
        os.execve(  # noqa: S606 - ourselves
            sys.executable, [sys.executable, "-m", "mothership", "serve", "--config", os.devnull], environ
        )
    yield terminal, pid, f"http://127.0.0.1:{port}"
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_a_terminal_that_closes_leaves_the_service_running(at_a_terminal: tuple[int, int, str]) -> None:
    """The kernel sends SIGHUP, and whatever is written from then on fails."""
    terminal, pid, url = at_a_terminal
    told = b""
    while b"service_started" not in told:
        told += os.read(terminal, 4096)
    os.close(terminal)
    batch = {"messages": [{"type": "log", "message": "still here"}, {"type": 7}]}
    for _ in range(3):
        answer = httpx.HTTPTransport(retries=5).handle_request(httpx.Request("POST", f"{url}/ingest", json=batch))
        assert answer.status_code == 200
        answer.close()
    os.kill(pid, signal.SIGTERM)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
