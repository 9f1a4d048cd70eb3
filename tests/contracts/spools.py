"""Every spool under one roof. To add one: a maker, and its name in `SPOOLS`."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any, Protocol

import pytest
from nats.js.errors import NotFoundError
from tests.relay.nats_cluster import NatsCluster
from tests.relay.support import settings
from tests.starvation import PATIENCE_SECONDS

from mothership.event import Row, RowBatch
from mothership.leases import BatchStatus, Lease, LeaseLimits, SpoolStats, Totals
from mothership.ports import DeadLetterStore, Spool
from mothership.relay.settings import RelaySettings
from mothership.relay.spool.dead_letter_admin import DeadLetterAdmin
from mothership.relay.spool.file_spool import FileSpool
from mothership.relay.spool.jetstream.dead_letter_store import JetStreamDeadLetters
from mothership.relay.spool.jetstream.spool import JetStreamSpool

LIMITS = LeaseLimits(1_000, 1 << 24, 3)


@dataclass(slots=True)
class Time:
    """A clock that a test sets."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        """As `ports.Clock`."""
        return self.now


class SpoolBench(Protocol):
    """One kind of spool, opened, ended and opened again over the same store."""

    clock: Time

    async def open(self, **changes: Any) -> Spool:
        """Open it, with these settings of the relay."""

    async def die(self, spool: Spool) -> None:
        """End it as the death of its process does."""

    def store(self) -> DeadLetterStore:
        """The dead letters, for people. Every method blocks."""

    async def end(self) -> None:
        """Close whatever is open."""


@dataclass(slots=True)
class FileSpools:
    """Files in one data directory."""

    data_dir: Path
    clock: Time = field(default_factory=Time)
    opened: list[FileSpool] = field(default_factory=list)

    async def open(self, **changes: Any) -> Spool:
        """Own the first file that nobody else does."""
        self.opened.append(await FileSpool.open(self.data_dir, settings(**changes), self.clock))
        return self.opened[-1]

    async def die(self, spool: Spool) -> None:
        """The lock goes with the process, and nothing is released: as when a file is closed with leases."""
        await spool.close()

    def store(self) -> DeadLetterStore:
        """As the command line has it."""
        return DeadLetterAdmin(self.data_dir)

    async def end(self) -> None:
        """Close every one."""
        for spool in self.opened:
            await spool.close()


@dataclass(slots=True)
class JetStreamSpools:
    """A stream of its own on a cluster that all tests share."""

    cluster: NatsCluster
    stream: str
    clock: Time = field(default_factory=Time)
    opened: list[JetStreamSpool] = field(default_factory=list)

    async def open(self, **changes: Any) -> Spool:
        """Another instance."""
        self.opened.append(await JetStreamSpool.open(self._settings(changes), self.clock))
        return self.opened[-1]

    def _settings(self, changes: dict[str, Any]) -> RelaySettings:
        to = {"servers": self.cluster.urls, "stream": self.stream, "sync_always": True, "ack_wait_seconds": 2.0}
        spool = {"max_bytes": 1 << 24, **changes.get("spool", {}), "kind": "jetstream", "jetstream": to}
        return settings(**{**changes, "spool": spool})

    async def die(self, spool: Spool) -> None:
        """Nothing is given back: the servers notice by themselves."""
        assert isinstance(spool, JetStreamSpool)
        spool._closed = True
        for queue in spool._queues.values():
            for task in queue._tasks:
                task.cancel()
        await spool._client.close()

    def store(self) -> DeadLetterStore:
        """As the command line has it."""
        return JetStreamDeadLetters(self._settings({}))

    async def end(self) -> None:
        """Close every one."""
        for spool in self.opened:
            await spool.close()
        async with self.cluster.client() as client:
            for name in (self.stream, f"{self.stream}_DEAD_LETTERS"):
                with suppress(NotFoundError):
                    await client.jetstream().delete_stream(name)


def _jetstream(request: pytest.FixtureRequest) -> SpoolBench:
    return JetStreamSpools(request.getfixturevalue("nats_cluster"), f"T{token_hex(6)}")


def _file(request: pytest.FixtureRequest) -> SpoolBench:
    return FileSpools(request.getfixturevalue("tmp_path"))


SPOOLS: dict[str, Callable[[pytest.FixtureRequest], SpoolBench]] = {"file": _file, "jetstream": _jetstream}


async def letters(bench: SpoolBench) -> list[tuple[str, str, list[Row]]]:
    """The dead letters: sink, reason, rows."""

    def read() -> list[tuple[str, str, list[Row]]]:
        store = bench.store()
        return [(view.sink, view.reason, store.rows(view.id)) for view in store.views()]

    return await asyncio.to_thread(read)


async def append(spool: Spool, batch: RowBatch, *sinks: str) -> BatchStatus:
    """Return once it is safe, or raise."""
    safe: asyncio.Future[BatchStatus] = asyncio.get_running_loop().create_future()

    def resolve(status: BatchStatus | None, error: BaseException | None) -> None:
        if status is not None:
            safe.set_result(status)
        else:
            safe.set_exception(error or AssertionError("neither status nor error"))

    spool.append(batch, list(sinks), resolve)
    return await safe


async def leased(spool: Spool, sink: str, limits: LeaseLimits = LIMITS, **which: Any) -> Lease:
    """What there is, once there is something."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (found := await spool.lease(sink, limits, **which)) is None:  # noqa: ASYNC110 - it may be on its way
            await asyncio.sleep(0.01)
    return found


async def all_leased(spool: Spool, sink: str, batches: int, **which: Any) -> list[Lease]:
    """So many batches, in as many leases as it takes."""
    found: list[Lease] = []
    while sum(len(lease.seqs) for lease in found) < batches:
        found.append(await leased(spool, sink, **which))
    return found


async def stats_once(spool: Spool, promise: Callable[[SpoolStats], bool]) -> SpoolStats:
    """What a sweep says once this is true of it."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not promise(stats := await spool.sweep()):  # noqa: ASYNC110 - a sweep is how one learns of it
            await asyncio.sleep(0.01)
    return stats


async def nothing_waits(spool: Spool, *sinks: str) -> None:
    """Wait until the spool says so itself."""
    await stats_once(
        spool, lambda stats: not (stats.stored_bytes or any(stats.totals.get(sink, Totals()).batches for sink in sinks))
    )


def rows_of(leases: Sequence[Lease]) -> list[Row]:
    """All rows, in their order."""
    return [row for lease in leases for batch in lease.batches for row in batch.rows]
