"""Writes what an earlier commit left behind, for tests/upgrades: `python tools/kept_versions.py COMMIT NAME`.

The service of that commit, run as it was: a batch is stored in its embedded database, which is dumped; then, its
database away, another batch waits in its spool. Both go as SQL text into tests/upgrades/kept/NAME.*.sql. Libraries
that it wanted and that are not locked any more may lie in a directory that KEPT_VERSIONS_LIBRARIES names.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Self

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "tests/upgrades/kept"
START_SECONDS = 60
STORED = [
    {"type": "syslog", "timestamp": "2026-01-01T00:00:00Z", "source": "web01", "message": f"stored {n}"} for n in (1, 2)
]
WAITING = [
    {"type": "log", "timestamp": "2026-01-01T00:00:01Z", "source": "web02", "message": f"waits {n}"} for n in (1, 2, 3)
]


def main(commit: str, name: str) -> None:
    """Write both files."""
    KEPT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir="/var/tmp") as place:
        code, data = Path(place) / "code", Path(place) / "data"
        subprocess.run(["git", "-C", ROOT, "worktree", "add", "-q", "--detach", code, commit], check=True)
        try:
            _store(code, data, KEPT / f"{name}.database.sql")
            _leave(code, data, KEPT / f"{name}.spool.sql")
        finally:
            subprocess.run(["git", "-C", ROOT, "worktree", "remove", "--force", code], check=True)


def _store(code: Path, data: Path, target: Path) -> None:
    """One batch in the database, and the database as SQL."""
    with _Service(code, data) as service:
        print(service.post(STORED))
        service.until_nothing_waits()
        from mothership.embedded.postgres import dsn_of  # noqa: PLC0415 - of this commit, for its programs
        from mothership.embedded.programs import shipped  # noqa: PLC0415 - an extra

        dump: list[str | Path] = [shipped() / "bin/pg_dump", "--no-owner", "--no-privileges", "--inserts", dsn_of(data)]
        text = subprocess.run(dump, check=True, capture_output=True, text=True).stdout
    # \\restrict and comments are for psql; the settings are this session's.
    kept = [line for line in text.splitlines() if not re.match(r"\\|--|SET |SELECT pg_catalog.set_config|$", line)]
    target.write_text("\n".join(kept) + "\n")


def _leave(code: Path, data: Path, target: Path) -> None:
    """One batch in the spool, and the spool's file as SQL."""
    with _Service(code, data, MOTHERSHIP_DB_DSN="postgresql://nobody@127.0.0.1:1/nothing") as service:
        print(service.post(WAITING))
    [file] = (data / "spool").glob("*.sqlite")
    with closing(sqlite3.connect(file)) as link:
        pragmas = [
            f"PRAGMA {each}={link.execute(f'PRAGMA {each}').fetchone()[0]};"
            for each in ("user_version", "application_id")
        ]
        target.write_text("\n".join([*pragmas, *link.iterdump()]) + "\n")


class _Service:
    """The service of a commit."""

    def __init__(self, code: Path, data: Path, **environ: str) -> None:
        environ = {
            **os.environ,
            **environ,
            "PYTHONPATH": f"{code / 'src'}:{os.environ.get('KEPT_VERSIONS_LIBRARIES', '')}",
            "MOTHERSHIP_DATA_DIR": str(data),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "mothership", "serve", "--config", os.devnull],
            env={**environ, "MOTHERSHIP_PORT": "18443"},
            cwd=code,
        )

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                self._get("/livez")
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise SystemExit("it does not start")

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(START_SECONDS)

    def post(self, messages: list[dict[str, str]]) -> bytes:
        """Send a batch that can be known again."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": messages[0]["message"]}
        body = json.dumps({"messages": messages}).encode()
        request = urllib.request.Request("http://127.0.0.1:18443/ingest", body, headers)
        with urllib.request.urlopen(request, timeout=START_SECONDS) as answer:  # noqa: S310 - this one
            return bytes(answer.read())

    def until_nothing_waits(self) -> None:
        """Until what was sent is stored."""
        while json.loads(self._get("/healthz"))["sinks"]["tsdb"].get("queued_events"):
            time.sleep(0.2)

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:18443{path}", timeout=START_SECONDS) as answer:
            return bytes(answer.read())


if __name__ == "__main__":
    main(*sys.argv[1:])
