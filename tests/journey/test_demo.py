"""What a demo shows while it stays up: an address, and a console whose pages have something on them."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import httpx2
import pytest
from tests.starvation import PATIENCE_SECONDS

from mothership.commands.demo import PORT, _newest

pytest.importorskip("mothership.embedded.postgres")


@contextmanager
def demo(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """One that is ended in any case, after its time at the latest."""
    with subprocess.Popen(
        [sys.executable, "-m", "mothership", "demo", "--events", "200", "--data-dir", str(home / "demo")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        start_new_session=True,
        text=True,
    ) as process:
        guard = threading.Timer(4 * PATIENCE_SECONDS, process.kill)
        guard.start()
        try:
            yield process
        finally:
            guard.cancel()
            process.kill()


def test_a_demo_names_its_console_and_every_page_has_something_to_show(tmp_path: Path) -> None:
    told: list[str] = []
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            told.append(line)
            if "Ctrl-C" in line:
                break
        named = re.search(r"Console: (http://127\.0\.0\.1:\d+)/ in a browser", "".join(told))
        assert named, "".join(told)
        url = named[1]
        with httpx2.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
            look_around(client)
        process.send_signal(signal.SIGINT)
        told += process.stdout.readlines()
        assert process.wait(PATIENCE_SECONDS) == 0, "".join(told)
        assert "Traceback" not in "".join(told)


def look_around(client: httpx2.Client) -> None:
    def until_more_than(events: int) -> int:
        while (now := int(client.get("/console/overview.json").json()["events"]["kept"])) <= events:
            threading.Event().wait(0.3)
        return now

    until_more_than(until_more_than(until_more_than(0)))
    letters = client.get("/console/dead-letters.json").json()
    assert [(group["sink"], group["letters"]) for group in letters["groups"]] == [("pipeline", 1)]
    templates = client.get("/console/templates.json").json()
    assert templates["is_on"]
    assert templates["compares"]
    assert templates["commonest"]
    assert client.get("/console/sources.json").json()["total"]


async def test_a_service_that_is_ready_before_its_database_has_no_events_yet(database_dsn: str) -> None:
    """On a slow machine the demo asked for the table before it was made, and ended with a traceback."""
    connection = await asyncpg.connect(database_dsn)
    try:
        assert await _newest(connection) == 0
    finally:
        await connection.close()


def bound() -> socket.socket:
    """A socket that has the demo's usual port, and lets others have it as long as it doesn't listen."""
    for _ in range(int(PATIENCE_SECONDS)):
        taken = socket.socket()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind(("127.0.0.1", PORT))
        except OSError:  # another test's demo
            taken.close()
            time.sleep(1)
        else:
            return taken
    raise AssertionError(f"port {PORT} is never free")


def test_a_port_that_somebody_takes_before_the_service_does_is_left_to_them(tmp_path: Path) -> None:
    """It was free when the demo looked, and isn't any more when the service is there to have it."""
    with bound() as taken, demo(tmp_path) as process:
        log = tmp_path / "demo" / "service.log"
        while not log.exists():
            assert process.poll() is None
            time.sleep(0.001)
        taken.listen()
        assert process.stdout is not None
        for line in process.stdout:
            if "Started" in line:
                break
        assert f"127.0.0.1:{PORT}" not in line
        assert re.search(r"127\.0\.0\.1:\d+", line), line


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_demo_that_is_ended_leaves_no_service_behind(tmp_path: Path, number: signal.Signals) -> None:
    """Also without Ctrl-C: the service is a process of its own, and holds the data directory."""
    with demo(tmp_path) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "It stays up" in line:
                break
        process.send_signal(number)
        process.stdout.read()
        process.wait(PATIENCE_SECONDS)
    working = [Path(f"/proc/{name}/cmdline") for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    commands = [path.read_bytes() for path in working if path.exists()]
    assert not [command for command in commands if str(tmp_path / "demo").encode() in command]
