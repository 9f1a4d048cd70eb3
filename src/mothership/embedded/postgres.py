"""The database while the service runs: up before it, watched, down after it; and for a command, beside the service."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg

from mothership.data_directory import fault
from mothership.data_directory_lock import LockedDataDir, lock_data_dir
from mothership.embedded.cluster import cluster_path
from mothership.embedded.endpoint import dsn_for
from mothership.embedded.processes import postmaster_lines
from mothership.embedded.server import PROBE_SECONDS, START_SECONDS, PostgresServer
from mothership.errors import ConfigurationError
from mothership.retry import backoff_seconds
from mothership.telemetry import log

RESTART_PAUSE_SECONDS_MAX = 30.0

SOCKET_DIR_LINE = 5
"""Of `postmaster.pid`."""


@contextlib.asynccontextmanager
async def postgres(locked: LockedDataDir) -> AsyncIterator[str]:
    """Run the database while the block runs; yields its DSN. A server that dies meanwhile is started again.

    Enter it on the main thread: the server ends when the thread that started it does.
    """
    server = PostgresServer(locked)
    await asyncio.to_thread(server.prepare)
    try:
        server.launch()
        await _until_ready(server)
        guard = asyncio.create_task(_keep_running(server), name="embedded-postgres")
        try:
            yield server.dsn
        finally:
            guard.cancel()
            await asyncio.wait([guard])
    finally:
        await asyncio.shield(asyncio.to_thread(server.stop))


async def _until_ready(server: PostgresServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.ready(late=time.monotonic() > deadline):  # noqa: ASYNC110 - a file of another process is watched
        await asyncio.sleep(PROBE_SECONDS)


async def _keep_running(server: PostgresServer) -> None:
    """Start the server again whenever it ends by itself."""
    failures = 0
    while True:
        await asyncio.sleep(0.5)
        if server.running():
            continue
        log.error("embedded_postgres_ended", status=server.status())
        try:
            await asyncio.to_thread(server.stop)
            server.launch()
            await _until_ready(server)
        except (ConfigurationError, OSError) as error:
            failures += 1
            pause_seconds = backoff_seconds(failures, first=1.0, longest=RESTART_PAUSE_SECONDS_MAX)
            log.error("embedded_postgres_did_not_return", error=type(error).__name__, pause_seconds=pause_seconds)
            await asyncio.sleep(pause_seconds)
        else:
            failures = 0
            log.warning("embedded_postgres_restarted")


def dsn_of(data_dir: Path) -> str:
    """Where the running server of a data directory listens, for others than the service. Its user or root may ask."""
    lines = postmaster_lines(cluster_path(data_dir.resolve()))
    if len(lines) < SOCKET_DIR_LINE:
        raise ConfigurationError([f"server.data_dir: no embedded PostgreSQL runs in {data_dir}"])
    return dsn_for(Path(lines[SOCKET_DIR_LINE - 1]))


@contextlib.asynccontextmanager
async def embedded_database(data_dir: Path) -> AsyncIterator[str]:
    """The DSN of the embedded database: the one that runs, or started for the moment.

    Raises `ConfigurationError` where there is none.
    """
    if dsn := await running_dsn(data_dir):
        yield dsn
        return
    if not cluster_path(data_dir).exists():
        raise fault(f"{data_dir} holds no embedded database")
    with lock_data_dir(data_dir) as locked:
        async with postgres(locked) as dsn:
            yield dsn


async def running_dsn(data_dir: Path) -> str | None:
    """Where it listens, if it does. The server of a service that was killed has left its address behind."""
    try:
        dsn = dsn_of(data_dir)
        await (await asyncpg.connect(dsn)).close()
    except (ConfigurationError, OSError, asyncpg.PostgresError):
        return None
    return dsn
