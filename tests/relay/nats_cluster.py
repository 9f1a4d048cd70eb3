"""Three NATS servers on loopback: a JetStream cluster, as an operator would run it, to be killed and started again."""

import asyncio
import contextlib
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import nats
from nats.aio.client import Client
from tests.starvation import PATIENCE_SECONDS

SERVER = Path(sys.executable).with_name("nats-server")
STARTS_MAX = 5
"""A port that was free when it was looked at may be taken a moment later."""


class Machine(NamedTuple):
    """Where a server runs."""

    address: str = "127.0.0.1"
    within: tuple[str, ...] = ()
    """The command that runs another one there."""
    disk: Path | None = None
    """Where its directory is; by itself, under the cluster's place."""


class NatsCluster:
    """Its servers have a directory each."""

    def __init__(
        self,
        place: Path,
        *,
        servers: int = 3,
        machines: Sequence[Machine] = (),
        extra: str = "",
        jetstream: str = "sync_interval: always",
        max_payload: str = "8MB",
    ) -> None:
        self.place, self._extra, self._jetstream, self._max_payload = place, extra, jetstream, max_payload
        self._machines = list(machines) or [Machine()] * servers
        self.processes: list[subprocess.Popen[bytes] | None] = [None] * len(self._machines)
        self.ports: list[int] = []
        self._routes: list[int] = []
        self.monitors: list[int] = []

    @property
    def urls(self) -> list[str]:
        """Where clients connect."""
        return [f"nats://{machine.address}:{port}" for machine, port in zip(self._machines, self.ports, strict=True)]

    def store(self, number: int) -> Path:
        """The directory of a server."""
        return (self._machines[number].disk or self.place) / str(number)

    def start(self) -> None:
        """Start all of them."""
        for _ in range(STARTS_MAX):
            ports = _free_ports(3 * len(self.processes))
            self.ports, self._routes, self.monitors = ports[0::3], ports[1::3], ports[2::3]
            for number in range(len(self.processes)):
                self.start_one(number)
            if all(self._listens(number) for number in range(len(self.processes))):
                return
            self.stop()
            shutil.rmtree(self.place, ignore_errors=True)
        raise AssertionError("no free ports")

    def start_one(self, number: int) -> None:
        """Start one, over what it had on disk."""
        self.place.mkdir(exist_ok=True, parents=True)
        routes = ", ".join(
            f'"nats://{machine.address}:{port}"' for machine, port in zip(self._machines, self._routes, strict=True)
        )
        address, within = self._machines[number].address, self._machines[number].within
        cluster = f"cluster {{ name: test, listen: {address}:{self._routes[number]}, routes: [{routes}] }}"
        file = self.place / f"{number}.conf"
        file.write_text(
            f"server_name: server-{number}\nlisten: {address}:{self.ports[number]}\n"
            f"http: {address}:{self.monitors[number]}\nmax_payload: {self._max_payload}\n"
            f'jetstream {{ store_dir: "{self.store(number)}", {self._jetstream} }}\n'
            f"{cluster if len(self.processes) > 1 else ''}\n{self._extra}\n"
        )
        with (self.place / f"{number}.log").open("ab") as out:
            self.processes[number] = subprocess.Popen([*within, SERVER, "-c", file], stdout=out, stderr=out)

    def _listens(self, number: int) -> bool:
        process, address = self.processes[number], self._machines[number].address
        while process and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((address, self.ports[number]), 5.0):
                return True
        return False

    def kill(self, number: int, how: signal.Signals = signal.SIGKILL) -> None:
        """As a machine ends, or another way."""
        process = self.processes[number]
        if process is not None:
            process.send_signal(how)
            if how in {signal.SIGKILL, signal.SIGTERM}:
                process.wait()
                self.processes[number] = None

    def stop(self) -> None:
        """Kill all of them."""
        for number in range(len(self.processes)):
            self.kill(number)

    async def ready(self) -> None:
        """Until a leader is elected and all servers follow it."""
        async with self.client() as client, asyncio.timeout(PATIENCE_SECONDS):
            while True:
                with contextlib.suppress(nats.errors.Error):
                    await client.jetstream(timeout=1.0).account_info()
                    return
                await asyncio.sleep(0.05)

    @asynccontextmanager
    async def client(self, **options: Any) -> AsyncIterator[Client]:
        """A connection of a test's own."""
        made = await nats.connect(self.urls, error_cb=_ignore, max_reconnect_attempts=-1, **options)
        try:
            yield made
        finally:
            await made.close()


@contextmanager
def cluster(place: Path, **options: Any) -> Iterator[NatsCluster]:
    """A cluster for the length of a block. It may still be electing its leader."""
    made = NatsCluster(place, **options)
    try:
        made.start()
        yield made
    finally:
        made.stop()


async def _ignore(_error: Exception) -> None:
    """The client would print it."""


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
