"""The nine ways in which things go wrong. Each runs for about `seconds` under load, and is then judged."""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.faults.database import ROLE, Database
from tests.faults.nodes import Fleet, Ledger, Node
from tests.faults.proxy import Proxy
from tests.faults.reconciliation import Reconciliation, reconcile
from tests.faults.service import SHUTDOWN_SECONDS, Service
from tests.starvation import PATIENCE_SECONDS, Stalls

Scenario = Callable[[Database, Path, float], Awaitable[Reconciliation]]


@asynccontextmanager
async def service_on(home: Path, dsn: str, **changes: Any) -> AsyncIterator[Service]:
    """A service that is up when the block begins, and gone when it ends."""
    service = Service(home, dsn, **changes)
    try:
        await service.start()
        yield service
    finally:
        service.end()


async def killed(database: Database, home: Path, seconds: float) -> Reconciliation:
    """1: `kill -9` at random moments under load."""
    ledger, chance, kills = Ledger(), random.Random(1), 0
    until = time.monotonic() + seconds
    async with service_on(home, database.dsn) as service:
        async with Fleet([service.url], ledger):
            while time.monotonic() < until or kills < 2:
                await asyncio.sleep(chance.uniform(0.05, 1.5))
                service.kill()
                kills += 1
                if chance.random() < 0.5:
                    await service.start()  # else the next kill may hit it while it starts
                else:
                    service.launch()
            await service.answers()
        return await reconcile("1 kill -9", database, ledger, service, note=f"{kills} kills")


async def down(database: Database, home: Path, seconds: float) -> Reconciliation:
    """2: the database stopped fast, stopped at once, and hanging, each longer than every time-out; one restart."""
    ledger = Ledger()
    step = max(2.5, seconds / 4)
    async with service_on(home, database.dsn) as service:
        async with Fleet([service.url], ledger, nodes=4, pause_seconds=0.05):
            await asyncio.sleep(1.0)
            await database.stop(signal.SIGINT)
            await asyncio.sleep(step / 2)
            service.kill()
            await service.start()
            await asyncio.sleep(step / 2)
            await database.start()
            await asyncio.sleep(1.0)
            await database.stop(signal.SIGQUIT)
            await asyncio.sleep(step)
            await database.start()
            await asyncio.sleep(1.0)
            database.hang()
            await asyncio.sleep(max(step, 5.0))  # longer than all the database's time-outs together
            database.go_on()
            await asyncio.sleep(1.0)
        return await reconcile("2 database down", database, ledger, service, note="fast, immediate, SIGSTOP; a restart")


async def cut(database: Database, home: Path, seconds: float) -> Reconciliation:
    """3: connections cut in the middle of a COPY, and answers to commits lost."""
    ledger = Ledger()
    async with Proxy(database.socket) as proxy:
        proxy.toxins.cut_copy, proxy.toxins.swallow_commit = 0.2, 0.2
        async with service_on(home, database.over(proxy.port)) as service:
            async with Fleet([service.url], ledger):
                await asyncio.sleep(seconds)
                await _until(lambda: len(proxy.toxins.done) == 2)
            proxy.toxins.cut_copy = proxy.toxins.swallow_commit = 0.0
            note = ", ".join(f"{count} {what}" for what, count in proxy.toxins.done.items())
            return await reconcile("3 connections cut", database, ledger, service, note=note)


async def refusing(database: Database, home: Path, seconds: float) -> Reconciliation:
    """4: the database refuses: read-only, no connection left, no right to insert, its disk full."""
    ledger, done = Ledger(), []
    step = max(1.2, seconds / 5)
    async with service_on(home, database.dsn) as service:
        async with Fleet([service.url], ledger, nodes=4, pause_seconds=0.02):
            await asyncio.sleep(0.5)
            name = database.name
            for what, begin, end in (
                ("read-only", f"ALTER DATABASE {name} SET default_transaction_read_only = on",
                 f"ALTER DATABASE {name} RESET default_transaction_read_only"),
                ("no connections", f"ALTER ROLE {ROLE} CONNECTION LIMIT 0", f"ALTER ROLE {ROLE} CONNECTION LIMIT -1"),
                ("no right", f"REVOKE INSERT ON events FROM {ROLE}", f"GRANT INSERT ON events TO {ROLE}"),
            ):  # fmt: skip
                await database.execute(begin, database=name if what == "no right" else "postgres")
                await database.cut_everyone()
                await asyncio.sleep(step)
                await database.execute(end, database=name if what == "no right" else "postgres")
                await database.cut_everyone()
                done.append(what)
                await asyncio.sleep(1.2)
            if await _fill_the_databases_disk(database, step):
                done.append("disk full")
        return await reconcile("4 database refuses", database, ledger, service, note=", ".join(done))


async def _fill_the_databases_disk(database: Database, seconds: float) -> bool:
    """Move the table to a disk that soon has no room; later there is some again. False where mounting isn't allowed."""
    space = f"small_{database.name}"
    async with small_disk(512) as disk:
        if disk is None:
            return False
        shutil.chown(disk, *_owner(database))
        await database.execute(f"CREATE TABLESPACE {space} LOCATION '{disk}'", database="postgres")
        try:
            await database.execute(f"ALTER TABLE events SET TABLESPACE {space}")
            _resize(disk, shutil.disk_usage(disk).used + 2**20)
            await _until(lambda: shutil.disk_usage(disk).free < 2**17)
            await asyncio.sleep(seconds)
            _resize(disk, 2**29)
            await asyncio.sleep(2.0)
        finally:
            _resize(disk, 2**29)
            await database.execute("ALTER TABLE events SET TABLESPACE pg_default")
            await database.execute(f"DROP TABLESPACE {space}", database="postgres")
    return True


def _resize(disk: Path, size: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={size}", str(disk)], check=True)


async def spool_full(database: Database, home: Path, seconds: float) -> Reconciliation:
    """5: the spool at its bound, its disk full, and its file damaged while the service is down."""
    ledger, done = Ledger(), []
    async with small_disk(64) as disk:
        bounds = {"max_bytes": 300_000, "reserve_bytes": 2_000_000}
        place = {"server": {"data_dir": str(disk / "data")}} if disk else {}
        async with service_on(home, database.dsn, relay={"spool": bounds}, **place) as service:
            data_dir = disk / "data" if disk else service.data_dir
            async with Fleet([service.url], ledger, nodes=4, pause_seconds=0.02):
                await asyncio.sleep(0.5)
                await database.stop(signal.SIGINT)
                await _until(lambda: ledger.answers["503"] > 3)
                done.append("spool full")
                await database.start()
                if disk:
                    await service.drained()
                    ledger.answers["503"] = 0
                    _fill(disk)
                    await _until(lambda: ledger.answers["503"] > 3)
                    (disk / "filler").unlink()
                    done.append("disk full")
                await asyncio.sleep(seconds / 3)
            await service.drained()
            lost = await _damage(database, service, ledger, data_dir, rounds=min(10, max(3, int(seconds / 2))))
            done.append(f"damaged; {lost} events in broken records, counted")
            return await reconcile(
                "5 spool full, damaged", database, ledger, service, forgiven=lost, note=", ".join(done)
            )


async def _damage(database: Database, service: Service, ledger: Ledger, data_dir: Path, *, rounds: int) -> int:
    """Fill the spool, kill the service, harm a file, start again; how many events the damage itself took."""
    async with Node("damaged", [service.url], ledger, batch=20) as node:
        return await _damage_again_and_again(database, service, node, data_dir, rounds)


async def _damage_again_and_again(database: Database, service: Service, node: Node, data_dir: Path, rounds: int) -> int:
    chance, lost = random.Random(5), 0
    for number in range(rounds):
        await database.stop(signal.SIGINT)
        for _ in range(8):
            await node.send_next()
        service.kill()
        files = [data_dir / "spool" / name for name in ("spool-0.sqlite", "spool-0.sqlite-wal")]
        target = max(files, key=lambda path: path.stat().st_size) if number % 2 else files[1]
        raw = bytearray(target.read_bytes())
        if number % 3 == 2:  # the log, cut off inside its last record: only the last batch may go
            del raw[-chance.randrange(1, 3000) :]
        else:
            raw[chance.randrange(len(raw))] ^= 0xFF
        target.write_bytes(raw)
        await service.start()
        await database.start()
        await service.drained()
        async with database.session() as link:
            there = await link.fetchval("SELECT count(*) FROM events WHERE source = 'damaged'")
        missing = node.next - there - lost
        assert missing <= 20, f"one byte took {missing} events"
        lost += missing
    return lost


async def poison(database: Database, home: Path, seconds: float) -> Reconciliation:
    """6: one event among 10,000 that the database will not take; then it is put right and tried again."""
    del seconds
    ledger = Ledger()
    async with service_on(home, database.dsn) as service:
        async with Node("first", [service.url], ledger, batch=3) as first:
            await first.send_next()
        await database.execute("ALTER TABLE events ADD CONSTRAINT no_4321 CHECK (data->>'seq' <> '4321') NOT VALID")
        async with Node("node", [service.url], ledger, batch=1000) as node:
            for _ in range(10):
                await node.send_next()
        await service.drained()
        status, listed = await service.command("dead-letters", "list")
        assert status == 0, listed
        assert "1 dead letter with 1 event" in listed, listed
        async with database.session() as link:
            assert await link.fetchval("SELECT count(*) FROM events WHERE source = 'node'") == 9999
        await database.execute("ALTER TABLE events DROP CONSTRAINT no_4321")
        status, said = await service.command("dead-letters", "retry", "--all")
        assert status == 0, said
        async with asyncio.timeout(PATIENCE_SECONDS), database.session() as link:  # the live service notices
            while await link.fetchval("SELECT count(*) FROM events WHERE source = 'node'") < 10_000:  # noqa: ASYNC110 - a table has no event
                await asyncio.sleep(0.05)
        return await reconcile("6 poison event", database, ledger, service, note="set aside, retried, stored")


async def twice(database: Database, home: Path, seconds: float) -> Reconciliation:
    """7: two services, one database: answers are lost, services killed, and retries go to the other one."""
    ledger, chance, kills = Ledger(), random.Random(7), 0
    until = time.monotonic() + seconds
    async with service_on(home / "a", database.dsn) as one, service_on(home / "b", database.dsn) as two:
        async with Fleet([one.url, two.url], ledger, nodes=4, lost_answers=0.3):
            while time.monotonic() < until or kills < 2:
                await asyncio.sleep(chance.uniform(0.2, 1.0))
                service = (one, two)[kills % 2]
                service.kill()
                kills += 1
                await service.start()
        return await reconcile("7 two services", database, ledger, one, two, note=f"{kills} kills")


async def terminated(database: Database, home: Path, seconds: float) -> Reconciliation:
    """8: SIGTERM under load, with the database up, down and hanging; and a second signal."""
    ledger, done = Ledger(), []
    async with service_on(home, database.dsn) as service:
        async with Fleet([service.url], ledger, nodes=4, pause_seconds=0.02):
            for what in ("up", "down", "hanging", "twice"):
                await asyncio.sleep(max(0.7, seconds / 8))
                if what == "down":
                    await database.stop(signal.SIGINT)
                elif what in ("hanging", "twice"):
                    database.hang()
                await asyncio.sleep(0.3)
                if what == "twice":
                    requests = service.count("stop_requested")
                    service.signal(signal.SIGTERM)

                    def is_told_again(before: int = requests) -> bool:
                        return service.count("stop_requested") > before

                    await _until(is_told_again)
                status, took = await service.terminate()
                assert (status == 0) == (what != "twice"), service.last_words()
                assert took < (3.0 if what == "twice" else SHUTDOWN_SECONDS + 2.5), f"{what}: {took:.1f} s"
                done.append(f"{what} {took:.1f} s")
                if what == "down":
                    await database.start()
                elif what in ("hanging", "twice"):
                    database.go_on()
                await service.start()
        return await reconcile("8 SIGTERM", database, ledger, service, note=", ".join(done))


async def overload(database: Database, home: Path, seconds: float) -> Reconciliation:
    """9: twice the load that the database sustains: memory flat, answers in time, 429 and 503 and no loss."""
    ledger = Ledger()
    bounds = {"in_flight": {"max_events": 2000}, "spool": {"max_bytes": 2_000_000}}
    async with Proxy(database.socket) as proxy, service_on(home, database.over(proxy.port), relay=bounds) as service:
        proxy.toxins.bytes_per_second = 200_000.0
        peaks: list[int] = []
        async with Stalls(home) as stalls, Fleet([service.url], ledger, nodes=40, batch=100, patient_with=service.pid):
            until = time.monotonic() + seconds
            while time.monotonic() < until or not ledger.answers["429"] + ledger.answers["503"]:
                await asyncio.sleep(seconds / 8)
                await service.status()
                peaks.append(service.peak_bytes)
            proxy.toxins.bytes_per_second = 0.0
        growth = (peaks[-1] - peaks[len(peaks) // 2]) / 2**20
        slowest = (
            f"an answer took {ledger.slowest_seconds:.1f} s, and the machine stood still for {stalls.seconds:.1f} s"
        )
        assert ledger.slowest_seconds < 5.0 + stalls.seconds, slowest
        return await reconcile("9 overload", database, ledger, service, note=f"peak grew {growth:.1f} MiB in 2nd half")


SCENARIOS: list[Scenario] = [killed, down, cut, refusing, spool_full, poison, twice, terminated, overload]


async def _until(promise: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not promise():  # noqa: ASYNC110 - a promise has no event
            await asyncio.sleep(0.05)


@asynccontextmanager
async def small_disk(mebibytes: int) -> AsyncIterator[Path | None]:
    """A disk of its own that is soon full; None where mounting is not allowed."""
    disk = Path(tempfile.mkdtemp(prefix="mothership-disk-"))
    mounted = _succeeds("mount", "-t", "tmpfs", "-o", f"size={mebibytes}m", "tmpfs", str(disk))
    try:
        if mounted:
            _open_to_all(disk)
        yield disk if mounted else None
    finally:
        if mounted:
            _succeeds("umount", "-l", str(disk))
        with contextlib.suppress(OSError):
            _remove(disk)


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def _open_to_all(directory: Path) -> None:
    directory.chmod(0o755)


def _remove(directory: Path) -> None:
    directory.rmdir()


def _fill(disk: Path) -> None:
    """Leave nothing free."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb") as out:  # even the file's name may find no room
        while True:
            out.write(os.urandom(65536))
            out.flush()


def _owner(database: Database) -> tuple[int, int]:
    stat = Path(database.socket).stat()
    return stat.st_uid, stat.st_gid
