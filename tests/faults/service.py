"""`mothership serve` as a process that can be killed, and looked at."""

import asyncio
import os
import signal
import time
from pathlib import Path
from typing import Any

import httpx2
import yaml
from tests import preloaded
from tests.loopback import PLAIN, free_port
from tests.starvation import PATIENCE_SECONDS, starved_seconds

SHUTDOWN_SECONDS = 4.0
QUICK = {
    "server": {"shutdown_seconds": SHUTDOWN_SECONDS},
    "database": {"statement_timeout_seconds": 1.5, "connect_timeout_seconds": 1.0},
    "relay": {
        "retry": {"max_seconds": 1.0, "pause_probe_seconds": 1.0, "write_seconds": 20.0},
        "spool": {"adopt_seconds": 1.0, "retry_after_seconds": 1.0},
    },
}
"""The waits of the defaults, shortened: what is tried is the same."""


def merged(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    """One configuration over another."""
    out = dict(low)
    for name, value in high.items():
        out[name] = merged(out.get(name, {}), value) if isinstance(value, dict) else value
    return out


class Service:
    """One instance, on a port that stays the same over its lives."""

    def __init__(self, home: Path, dsn: str, **changes: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.data_dir = home / "data"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.peak_bytes = 0
        self.config = home / "config.yaml"
        settings = merged(QUICK, {"server": {"port": self.port, "data_dir": str(self.data_dir)},
                                  "database": {"dsn": dsn} })  # fmt: skip
        self.config.write_text(yaml.safe_dump(merged(settings, changes)))
        self._log = home / "service.log"
        self._process: preloaded.Process | None = None

    @property
    def pid(self) -> int:
        """Of the process that serves."""
        assert self._process is not None
        return self._process.pid

    def launch(self) -> None:
        """Start a life, without waiting for it."""
        environ = {name: value for name, value in os.environ.items() if not name.startswith(("MOTHERSHIP_", "LOKI_"))}
        with self._log.open("ab") as out:
            arguments = ["serve", "--config", str(self.config)]
            self._process = preloaded.start(arguments, environ=environ, cwd=Path.cwd(), out=out)

    async def start(self) -> None:
        """Start a life, and wait until it answers."""
        self.launch()
        await self.answers()

    async def answers(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        async with httpx2.AsyncClient(timeout=2.0, verify=PLAIN) as client:
            while time.monotonic() < deadline:
                assert self._process is not None
                assert self._process.poll() is None, f"the service ended: {self.last_words()}"
                try:
                    if (await client.get(f"{self.url}/livez")).is_success:
                        return
                except httpx2.HTTPError:
                    await asyncio.sleep(0.05)
        raise AssertionError(f"the service did not start: {self.last_words()}")

    async def is_not_ready(self) -> None:
        """Wait until it says so, as a load balancer does."""
        async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS, verify=PLAIN) as client:
            while (await client.get(f"{self.url}/readyz")).is_success:  # noqa: ASYNC110 - another process has no event
                await asyncio.sleep(0.05)

    def kill(self) -> None:
        """`kill -9`."""
        self._note_peak()
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    async def terminate(self) -> tuple[int, float]:
        """SIGTERM: how it ended, and after how many seconds, without those in which it waited for the processor."""
        self._note_peak()
        assert self._process is not None
        began = time.monotonic() - starved_seconds(self.pid)
        self._process.terminate()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._process.poll() is None:
                await asyncio.sleep(0.02)
                starved_seconds(self.pid)  # of a thread that ends, what it waited is known from the last look
        seconds = time.monotonic() - starved_seconds(self.pid) - began
        return self._process.wait(), seconds

    def signal(self, number: signal.Signals) -> None:
        """Any other."""
        assert self._process is not None
        self._process.send_signal(number)

    async def status(self) -> dict[str, Any]:
        """/healthz, as far as it answers."""
        self._note_peak()
        async with httpx2.AsyncClient(timeout=PATIENCE_SECONDS, verify=PLAIN) as client:
            answer: dict[str, Any] = (await client.get(f"{self.url}/healthz")).json()
            return answer

    async def drained(self) -> None:
        """Until nothing waits in its spool."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        queued = -1
        while time.monotonic() < deadline:
            try:
                queued = (await self.status())["sinks"]["tsdb"]["queued_events"]
            except (httpx2.HTTPError, KeyError):
                queued = -1
            if queued == 0:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"{queued} events still wait: {self.last_words()}")

    async def command(self, *arguments: str) -> tuple[int, str]:
        """`mothership …` on the same configuration."""
        done = await asyncio.to_thread(preloaded.run, [*arguments, "--config", str(self.config)])
        return done.returncode, done.stdout + done.stderr

    def end(self) -> None:
        """Leave nothing behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def log_lines(self) -> list[str]:
        """What its log says."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def count(self, event: str) -> int:
        """How often its log tells of such an event."""
        return self._log.read_text().count(f'"{event}"')

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return "\n".join([line for line in lines if '"level": "info"' not in line][-15:])

    def _note_peak(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                self.peak_bytes = max(self.peak_bytes, int(line.split()[1]) * 1024)
