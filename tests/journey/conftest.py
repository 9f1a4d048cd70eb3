"""The real service as its own process, started as an operator would start it."""

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
import yaml
from tests import preloaded
from tests.conftest import Databases
from tests.loopback import PLAIN, free_port
from tests.starvation import PATIENCE_SECONDS

ANSWER_SECONDS = 30.0
"""How long a request waits here for the sinks, so that what is stored is told as such on a busy machine, too."""


@dataclass
class Service:
    """A `mothership serve` and how to talk to it."""

    data_dir: Path
    log: Path
    url: str
    process: preloaded.Process
    environ: dict[str, str] = field(default_factory=dict)
    dsn: str = ""

    def post(self, body: Any = None, **request: Any) -> httpx.Response:
        """POST /ingest."""
        if body is not None:
            request["json"] = body
        return httpx.post(f"{self.url}/ingest", timeout=PATIENCE_SECONDS, verify=PLAIN, **request)

    def get(self, path: str, **request: Any) -> httpx.Response:
        """GET any page."""
        return httpx.get(f"{self.url}{path}", **{"timeout": PATIENCE_SECONDS, "verify": PLAIN, **request})

    def until(self, seen: Callable[[], object], what: str) -> None:
        """Wait for it, as long as the service lives; or fail with the log."""
        began = time.monotonic()
        while True:
            with contextlib.suppress(httpx.HTTPError):
                if seen():
                    return
            if self.process.poll() is not None:
                pytest.fail(f"the service ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            waited = time.monotonic() - began
            if waited > PATIENCE_SECONDS:
                pytest.fail(f"{what} did not come:\n{self.log.read_text()[-4000:]}")
            time.sleep(min(0.25, 0.02 + waited / 20))

    def wait_ready(self) -> None:
        """Until /readyz says yes."""
        self.until(self.listens, "its port")  # asked by a request it would cost a hundred times as much
        self.until(lambda: self.get("/readyz").status_code == 200, "readiness")

    def listens(self) -> bool:
        """Whether its port is open."""
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", int(self.url.rpartition(":")[2]))) == 0

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)


Start = Callable[..., Service]


@contextlib.contextmanager
def starting(home: Path, program: Sequence[str] = ()) -> Iterator[Start]:
    """Start services with `start(dsn=…, config={…}, data_dir=…)`. All are gone after the block.

    They are forked of a process that has imported everything, but for those of a program of the test's own, and where
    the test is about the process itself: `anew=True`.
    """
    running: list[Service] = []

    def run(
        *,
        dsn: str | None = None,
        config: dict[str, Any] | None = None,
        data_dir: Path | None = None,
        wait: bool = True,
        anew: bool = False,
        **environ: str,
    ) -> Service:
        number = len(running)
        data_dir = data_dir or home / f"data{number}"
        port = free_port()
        log = home / f"log{number}"
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "MOTHERSHIP_PORT": str(port),
            "MOTHERSHIP_DATA_DIR": str(data_dir),
            **({"MOTHERSHIP_DB_DSN": dsn} if dsn else {}),
            **environ,
        }
        settings = config or {}
        relay = {"answer_seconds": ANSWER_SECONDS, **settings.get("relay", {})}
        relay = {"room_seconds": relay["answer_seconds"], **relay}
        path = home / f"config{number}.yaml"
        path.write_text(yaml.safe_dump({**settings, "relay": relay}))
        with log.open("wb") as out:
            arguments = ["serve", "--config", str(path)]
            process: preloaded.Process
            if program or anew:
                process = preloaded.start_anew(arguments, program, environ=variables, cwd=home, out=out)
            else:
                process = preloaded.start(arguments, environ=variables, cwd=home, out=out)
        service = Service(data_dir, log, f"http://127.0.0.1:{port}", process, variables, dsn or "")
        running.append(service)
        if wait:
            service.wait_ready()
        return service

    try:
        yield run
    finally:
        for service in running:
            if service.process.poll() is None:
                service.process.send_signal(signal.SIGTERM)
        for service in running:
            try:
                service.process.wait(20)
            except subprocess.TimeoutExpired:
                service.process.kill()
                service.process.wait()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start services of the test's own."""
    with starting(tmp_path) as run:
        yield run


@pytest.fixture(scope="session")
def everyday(new_database: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service on the defaults for all tests that leave it as it is: a start costs as much as thousand requests."""
    with new_database() as dsn, starting(tmp_path_factory.mktemp("everyday")) as start:
        yield start(dsn=dsn)


@pytest.fixture
def service(everyday: Service) -> Service:
    """The same, with no event in its database."""
    asyncio.run(_empty(everyday.dsn))
    return everyday


async def _empty(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("TRUNCATE events")
    finally:
        await connection.close()
