"""The real service as its own process, started as an operator would start it."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml


@dataclass
class Service:
    """A `mothership serve` and how to talk to it."""

    data_dir: Path
    log: Path
    url: str
    process: subprocess.Popen[bytes]
    environ: dict[str, str] = field(default_factory=dict)

    def post(self, body: Any = None, **request: Any) -> httpx.Response:
        """POST /ingest."""
        if body is not None:
            request["json"] = body
        return httpx.post(f"{self.url}/ingest", timeout=20, **request)

    def get(self, path: str, **request: Any) -> httpx.Response:
        """GET any page."""
        return httpx.get(f"{self.url}{path}", **{"timeout": 20, **request})

    def wait_ready(self, seconds: float = 60.0) -> None:
        """Until /readyz says yes, or fail with the log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                pytest.fail(f"the service ended with {self.process.returncode}:\n{self.log.read_text()[-4000:]}")
            with contextlib.suppress(httpx.HTTPError):
                if self.get("/readyz").status_code == 200:
                    return
            time.sleep(0.05)
        pytest.fail(f"the service was not ready after {seconds} s:\n{self.log.read_text()[-4000:]}")

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30.0) -> int:
        """Send the signal and wait; the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)


Start = Callable[..., Service]


def free_port() -> int:
    """A TCP port nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start services; `start(dsn=…, config={…}, data_dir=…)`. All are gone after the test."""
    running: list[Service] = []

    def run(
        *,
        dsn: str | None = None,
        config: dict[str, Any] | None = None,
        data_dir: Path | None = None,
        wait: bool = True,
        **environ: str,
    ) -> Service:
        number = len(running)
        data_dir = data_dir or tmp_path / f"data{number}"
        port = free_port()
        log = tmp_path / f"log{number}"
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "MOTHERSHIP_PORT": str(port),
            "MOTHERSHIP_DATA_DIR": str(data_dir),
            **({"MOTHERSHIP_DB_DSN": dsn} if dsn else {}),
            **environ,
        }
        arguments = []
        if config is not None:
            path = tmp_path / f"config{number}.yaml"
            path.write_text(yaml.safe_dump(config))
            arguments = ["--config", str(path)]
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "mothership", "serve", *arguments],
                stdout=out,
                stderr=out,
                env=variables,
                cwd=tmp_path,
                start_new_session=True,
            )
        service = Service(data_dir, log, f"http://127.0.0.1:{port}", process, variables)
        running.append(service)
        if wait:
            service.wait_ready()
        return service

    yield run
    for service in running:
        if service.process.poll() is None:
            service.process.send_signal(signal.SIGTERM)
    for service in running:
        try:
            service.process.wait(20)
        except subprocess.TimeoutExpired:
            service.process.kill()
            service.process.wait()
