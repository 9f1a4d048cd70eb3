"""A real PostgreSQL of the suite's own, which can be stopped, hung, cut off and made to refuse."""

import asyncio
import contextlib
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from mothership.data_directory_lock import LockedDataDir, lock_data_dir
from mothership.embedded.endpoint import ROLE as SUPERUSER
from mothership.embedded.processes import postmaster_pid, server_processes
from mothership.embedded.server import PostgresServer

ROLE = "ship"
_numbers = itertools.count(1)


class Database:
    """The server. Each scenario gets a fresh database on it, owned by a role without special rights."""

    def __init__(self, locked: LockedDataDir) -> None:
        self._server = PostgresServer(locked, superuser=True)
        self._home = locked.data_dir
        self.name = "postgres"
        self._server.start()

    @property
    def socket(self) -> str:
        """Path of its Unix socket."""
        return f"{parse_qs(urlsplit(self._server.dsn).query)['host'][0]}/.s.PGSQL.5432"

    @property
    def dsn(self) -> str:
        """For a service: the fresh database, as the role without rights."""
        return f"postgresql://{ROLE}@/{self.name}?host={Path(self.socket).parent}"

    def over(self, port: int) -> str:
        """The same over TCP, through a proxy on this port."""
        return f"postgresql://{ROLE}@127.0.0.1:{port}/{self.name}?sslmode=disable"

    async def renew(self) -> None:
        """A fresh database for the next scenario, whatever the last one left."""
        self.go_on()
        if not self._server.running():
            await self.start()
        self.name = f"faults_{next(_numbers)}"
        async with self.session("postgres") as link:
            await link.execute(f"DO $$ BEGIN CREATE ROLE {ROLE} LOGIN; EXCEPTION WHEN duplicate_object THEN END $$")
            await link.execute(f"ALTER ROLE {ROLE} CONNECTION LIMIT -1")
            await link.execute(f"CREATE DATABASE {self.name} OWNER {ROLE}")

    @contextlib.asynccontextmanager
    async def session(self, database: str | None = None) -> Any:
        """A superuser's connection."""
        link = await asyncpg.connect(
            host=str(Path(self.socket).parent),
            user=SUPERUSER,
            database=database or self.name,
            timeout=30,
        )
        try:
            yield link
        finally:
            await link.close()

    async def execute(self, *statements: str, database: str | None = None) -> None:
        """As superuser."""
        async with self.session(database) as link:
            for statement in statements:
                await link.execute(statement)

    async def cut_everyone(self) -> None:
        """End every other connection to the scenario's database."""
        await self.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async def stop(self, how: signal.Signals) -> None:
        """SIGINT: fast; SIGQUIT: immediate, as after a crash."""
        head = postmaster_pid(self._home / "postgres")
        assert head is not None
        os.kill(head, how)
        process = self._server._process
        assert process is not None
        await asyncio.to_thread(process.wait, 30)

    async def start(self) -> None:
        """Again. On this thread: the server ends with the one that started it."""
        await asyncio.to_thread(self._server.prepare)
        self._server.launch()
        while not self._server.ready():  # noqa: ASYNC110 - a process has no event
            await asyncio.sleep(0.02)

    def hang(self) -> None:
        """SIGSTOP to all its processes: connections stand, nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def go_on(self) -> None:
        """After `hang`."""
        self._signal_all(signal.SIGCONT)

    def end(self) -> None:
        """For good."""
        self.go_on()
        self._server.stop()

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in server_processes(self._home / "postgres"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)


@contextlib.contextmanager
def database() -> Iterator[Database]:
    """A server while the block runs."""
    home = Path(tempfile.mkdtemp(prefix="mothership-faults-"))
    home.chmod(0o711)
    try:
        with lock_data_dir(home) as locked:
            server = Database(locked)
            try:
                yield server
            finally:
                server.end()
    finally:
        shutil.rmtree(home, ignore_errors=True)
