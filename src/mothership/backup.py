"""One file with everything that a service on the embedded database keeps: its database, its spool, its keys.

The spool is copied before the database is dumped: a batch that is delivered meanwhile is in both, and known by its
fingerprint when the restored service delivers it again. The other way round it would be in neither.
"""

# ruff: noqa: ASYNC240 - nothing else runs in these loops
import asyncio
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import asyncpg

from mothership import __version__
from mothership.data_directory import reason_not_to_write
from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.cluster import error_line
from mothership.embedded.endpoint import environment
from mothership.embedded.postgres import embedded_database, postgres
from mothership.embedded.programs import shipped
from mothership.errors import BackupFailed
from mothership.relay.spool.check import check_spool
from mothership.relay.spool.copy import copy_spool
from mothership.relay.spool.directory import spool_directory
from mothership.sinks.tsdb.sql_files import migrations

FORMAT = 1
MANIFEST, DUMP, SPOOL = "manifest.json", "database.dump", "spool"
KEPT_FILES = ("*.key", "templates.json")
TABLES = ("events", "ingested_batches", "event_counts", "mothership_keys")
"""Those that are counted before and after."""


async def back_up(data_dir: Path, target: Path) -> dict[str, Any]:
    """Write the file, of a service that runs or rests; returns what is in it."""
    if reason := reason_not_to_write(target.absolute().parent, sticky_is_enough=True):
        raise BackupFailed(f"{target} can't be written safely: {reason}: name a file in a directory of your own")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".mothership-backup-") as draft_dir:
        draft = Path(draft_dir)
        (draft / SPOOL).mkdir(mode=0o700)
        await asyncio.to_thread(copy_spool, data_dir, draft / SPOOL)
        async with embedded_database(data_dir) as dsn:
            counts = await _dump(dsn, draft / DUMP)
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "schema": max(migration.number for migration in migrations()),
            "made": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": counts,
            "spooled_events": _spooled(draft),
        }
        (draft / MANIFEST).write_text(json.dumps(manifest))
        archive = draft / "archive"
        with os.fdopen(os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            with tarfile.open(fileobj=out, mode="w") as tar:
                for path in (draft / MANIFEST, draft / DUMP, *sorted((draft / SPOOL).iterdir())):
                    tar.add(path, str(path.relative_to(draft)))
                for path in [each for pattern in KEPT_FILES for each in sorted(data_dir.glob(pattern))]:
                    tar.add(path, path.name)
            out.flush()
            os.fsync(out.fileno())
        archive.replace(target)
    return manifest


async def restore(archive: Path, data_dir: Path) -> dict[str, Any]:
    """Make a data directory of the file; returns what is in it. Raises `BackupFailed` when it is not what was saved."""
    if data_dir.exists() and any(path.name != "lock" for path in data_dir.iterdir()):
        raise BackupFailed(f"{data_dir} is not empty: move it away, or name another one in server.data_dir")
    with lock_data_dir(data_dir) as locked, tarfile.open(archive) as tar:
        manifest = _manifest(tar)
        _unpack(tar, locked.data_dir)
        async with postgres(locked) as dsn:
            options = ["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]
            await _run("pg_restore", *options, "--dbname", dsn, str(locked.data_dir / DUMP))
            counts = await _counts(dsn)
        (locked.data_dir / DUMP).unlink()
        (locked.data_dir / MANIFEST).unlink()
    restored = {"rows": counts, "spooled_events": _spooled(data_dir)}
    saved = {name: manifest[name] for name in restored}
    if restored != saved:
        raise BackupFailed(f"what was restored is not what was saved: {restored}, and not {saved}")
    return manifest


def _unpack(tar: tarfile.TarFile, directory: Path) -> None:
    """Write the files of an archive, if these are files and directories below it and nothing else.

    `extractall` has no filter before Python 3.11.4, and Debian 12 has 3.11.2.
    """
    members = tar.getmembers()
    for member in members:
        place = PurePosixPath(member.name)
        if place.is_absolute() or ".." in place.parts or not (member.isreg() or member.isdir()):
            raise BackupFailed("this is no backup of Mothership's: it has more in it than files")
    (directory / SPOOL).mkdir(mode=0o700)
    for member in members:
        path = directory / member.name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if (content := tar.extractfile(member)) is None:
            path.mkdir(mode=0o700, exist_ok=True)
            continue
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            shutil.copyfileobj(content, file)


def _manifest(tar: tarfile.TarFile) -> dict[str, Any]:
    """What the file says of itself. Refused when a newer Mothership wrote it: nothing is taken back."""
    try:
        file = tar.extractfile(MANIFEST)
        manifest: dict[str, Any] = json.loads(file.read()) if file else {}
        kind, schema = manifest["format"], manifest["schema"]
    except (KeyError, ValueError):
        raise BackupFailed("this is no backup of Mothership's: it has no manifest") from None
    newest = max(migration.number for migration in migrations())
    if kind > FORMAT or schema > newest:
        raise BackupFailed(
            f"Mothership {manifest.get('version')} made this backup (schema {schema}), and this one knows {newest}: "
            "restore it with that version or a newer one"
        )
    return manifest


async def _dump(dsn: str, target: Path) -> dict[str, int]:
    """Dump, and count what the dump sees."""
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            snapshot = await connection.fetchval("SELECT pg_export_snapshot()")
            counts = await _rows(connection)
            options = ["--format=custom", f"--snapshot={snapshot}", f"--file={target}"]
            await _run("pg_dump", *options, "--dbname", dsn)
    finally:
        await connection.close()
    return counts


async def _counts(dsn: str) -> dict[str, int]:
    connection = await asyncpg.connect(dsn)
    try:
        return await _rows(connection)
    finally:
        await connection.close()


async def _rows(connection: Any) -> dict[str, int]:
    there = [table for table in TABLES if await connection.fetchval("SELECT to_regclass($1)", table)]
    return {table: await connection.fetchval(f"SELECT count(*) FROM {table}") for table in there}  # noqa: S608 - ours


async def _run(program: str, *arguments: str) -> None:
    """One of PostgreSQL's programs. What it says when it fails names tables and rows' places, and no row."""
    command: Sequence[str] = [str(shipped() / "bin" / program), *arguments]
    result = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, check=False, env=environment()
    )
    if result.returncode:
        raise BackupFailed(f"{program} failed: {error_line(result.stderr)}")


def _spooled(data_dir: Path) -> int:
    if not spool_directory(data_dir).is_dir():
        return 0
    return sum(report.events for report in check_spool(data_dir))
