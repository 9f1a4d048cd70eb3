"""One hostile client with a valid `ingest` token, as hard as it can, and an ordinary node beside it.

The attacks are in `attacks.py`, each tried on a real service in a process of its own.

    .venv/bin/python -m tests.faults.neighbour [--seconds 20] [--only NAME]      prints the table
    NEIGHBOUR_SRC=/another/checkout/src …                                        the same, of another version
"""

import argparse
import asyncio
import gzip
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.attacks import (
    ATTACKS,
    HOSTILE_TOKEN,
    NODE_ADDRESS,
    NODE_TOKEN,
    SHARED_TOKEN,
    Row,
    Target,
    answer,
    connected,
    head,
)
from tests.faults.database import Database, database
from tests.faults.nodes import event
from tests.faults.service import Service
from tests.starvation import PATIENCE_SECONDS, starved_seconds

from mothership.edge.auth_settings import hashed
from mothership.event import Row as EventRow
from mothership.relay.spool.record import unpack
from mothership.relay.spool.schema import connect

TIMEOUT_SECONDS = 5.0
"""As a real node has it: what is answered later is lost. Time that the machine gave to others doesn't count."""
TOKENS = {"node": NODE_TOKEN, "hostile": HOSTILE_TOKEN, "shared": SHARED_TOKEN}
SETTINGS: dict[str, Any] = {
    "auth": {
        "tokens": [
            {"name": name, "hash": hashed(token), **({"requests_per_second": 20} if name == "shared" else {})}
            for name, token in TOKENS.items()
        ],
        "open_endpoints": ["/healthz"],
        "failure_pause_seconds": 30,
    },
    "limits": {"connections": 400, "connections_per_client": 120},
    "relay": {
        "dead_letters": {"max_bytes": 20_000},
        "spool": {"max_bytes": 3_000_000},
        "in_flight": {"max_events": 40_000},
    },
}
"""Some bounds are lower than by default, so that they are reached in seconds."""


# --- the node beside it --------------------------------------------------------------------------------------------


@dataclass
class Outcome:
    """What the node met with."""

    sent: int = 0
    lost: int = 0
    stored: int = 0
    slowest_seconds: float = 0.0
    answers: dict[str, int] = field(default_factory=dict)
    log_lines: int = 0
    letters_kept: bool = True
    refusals_told: int = 0
    """How many of the node's own requests that were refused, or in part, have a line in the log: of two."""


class Neighbourhood:
    """A service on which each attack is tried in turn."""

    def __init__(self, server: Database, service: Service) -> None:
        self._server = server
        self._service = service
        self._numbers = itertools.count()

    async def suffer(self, row: Row, seconds: float) -> Outcome:
        """Run the attack beside an ordinary node."""
        name = f"{row.name}-{next(self._numbers)}"
        outcome = Outcome()
        lines = len(self._service.log_lines())
        await self._set_one_aside(name)
        if row.database_hangs:
            self._server.hang()
        try:
            async with _attacked(row, self._service.port):
                await self._node(name, row.node_token, seconds, outcome)
                await self._be_refused(name)
        finally:
            self._server.go_on()
        written = self._service.log_lines()[lines:]
        outcome.log_lines = len(written)
        outcome.refusals_told = _refusals_told(written)
        await self._count(name, outcome)
        return outcome

    async def _set_one_aside(self, name: str) -> None:
        """An event of the node's that the database refuses: acknowledged, and to be found among the dead letters."""
        status = await self.post(NODE_TOKEN, [{"type": "poison", "source": name, "request": name}])
        assert status == "200", status

    async def _node(self, name: str, token: str, seconds: float, outcome: Outcome) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            messages = [event(name, outcome.sent + number) for number in range(20)]
            outcome.sent += len(messages)
            began = time.monotonic() - starved_seconds(self._service.pid)
            status = await self.post(token, messages)
            took = time.monotonic() - starved_seconds(self._service.pid) - began
            outcome.slowest_seconds = max(outcome.slowest_seconds, took)
            outcome.answers[status] = outcome.answers.get(status, 0) + 1
            if status != "200":
                outcome.lost += len(messages)
            await asyncio.sleep(0.2)

    async def _be_refused(self, name: str) -> None:
        """Two requests of the node's that an operator must learn of, each new: whole, and in part."""
        assert await self._exchange(NODE_TOKEN, b"{" + b" " * (20_000 + next(self._numbers)) + b"x") == "400"
        assert await self.post(NODE_TOKEN, [{"no": "type"}, {"type": "log", "source": f"{name}-in-part"}]) == "200"

    async def post(self, token: str, messages: list[dict[str, Any]]) -> str:
        """Once, as a node does it: its status, or why there was no answer."""
        envelope = {"messages": messages, "batch_size": len(messages), "source": "edgebot", "is_retry": False}
        return await self._exchange(token, json.dumps(envelope).encode())

    async def _exchange(self, token: str, content: bytes) -> str:
        body = gzip.compress(content, 1)
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                reader, writer = await connected(Target(self._service.port), NODE_ADDRESS)
                try:
                    writer.write(head(len(body), token=token, encoding="gzip") + body)
                    return str(await answer(reader))
                finally:
                    writer.close()
        except TimeoutError:
            return "time-out"
        except (OSError, EOFError):
            return "closed"

    async def _count(self, name: str, outcome: Outcome) -> None:
        """Wait until all that was acknowledged is where it belongs."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            async with self._server.session() as link:
                outcome.stored = await link.fetchval("SELECT count(*) FROM events WHERE source = $1", name)
            if outcome.stored >= outcome.sent - outcome.lost:
                break
            await asyncio.sleep(0.1)
        outcome.letters_kept = any(row.source == name for row in self._set_aside())

    def _set_aside(self) -> Iterator[EventRow]:
        """The rows of all dead letters."""
        for path in (self._service.data_dir / "spool").glob("spool-*.sqlite"):
            with closing(connect(path, read_only=True)) as link:
                for (record,) in link.execute("SELECT record FROM letters"):
                    yield from unpack(record).rows


def _refusals_told(lines: list[str]) -> int:
    told = [json.loads(line) for line in lines if line.startswith("{")]
    of_node = [line for line in told if line.get("client") == "node"]
    whole: int = sum(line["event"] == "ingest_refused" for line in of_node)
    in_part: int = sum(line["event"] == "batch_taken" and line["rejected"] == 1 for line in of_node)
    return min(whole, 1) + min(in_part, 1)


@asynccontextmanager
async def _attacked(row: Row, port: int) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.faults.attacks", row.name, str(port),
        stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout
        await process.stdout.readline()  # it has begun
        await asyncio.sleep(0.5)
        yield
    finally:
        process.kill()
        await process.wait()


@asynccontextmanager
async def neighbourhood(server: Database, home: Path) -> AsyncIterator[Neighbourhood]:
    """A service that is up, with a table that refuses events of the type `poison`."""
    await server.renew()
    async with AsyncExitStack() as stack:
        service = Service(home, server.dsn, **SETTINGS)
        stack.callback(service.end)
        await service.start()
        await server.execute("ALTER TABLE events ADD CONSTRAINT no_poison CHECK (type <> 'poison')")
        place = Neighbourhood(server, service)
        for token in TOKENS.values():  # beside wrong logins, a token that is new to an address is held back as they are
            assert await place.post(token, []) == "200"
        yield place


def main() -> None:
    """Print the table, or be the attacker."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    if source := os.environ.get("NEIGHBOUR_SRC"):
        os.environ["PYTHONPATH"] = source
    print("| attack | the node's batches | lost | slowest answer | dead letter kept | log lines | its refusals told |")  # noqa: T201
    print("| --- | --- | --- | --- | --- | --- | --- |")  # noqa: T201
    with database() as server:
        for row in ATTACKS:
            if options.only in row.name:
                with tempfile.TemporaryDirectory() as home:
                    print(asyncio.run(_line(server, Path(home), row, options.seconds)), flush=True)  # noqa: T201


async def _line(server: Database, home: Path, row: Row, seconds: float) -> str:
    async with neighbourhood(server, home) as place:
        found = await place.suffer(row, seconds)
    answers = ", ".join(f"{count} x {status}" for status, count in sorted(found.answers.items()))
    lost = f"{found.lost / found.sent:.0%}" if found.lost else "0"
    missing = found.sent - found.lost - found.stored
    kept = "yes" if found.letters_kept else "no"
    return (
        f"| {row.what} | {answers} | {lost}{f', and {missing} acknowledged ones' if missing > 0 else ''} "
        f"| {found.slowest_seconds:.1f} s | {kept} | {found.log_lines} | {found.refusals_told} of 2 |"
    )


if __name__ == "__main__":
    main()
