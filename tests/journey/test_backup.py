"""What is backed up while the service runs is what is restored, and nothing that was acknowledged is missing."""

import json
import os
import stat
import subprocess
import tarfile
from io import BytesIO
from pathlib import Path

import pytest
from tests import preloaded
from tests.journey.conftest import Start


def run(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(data_dir.parent), "MOTHERSHIP_DATA_DIR": str(data_dir)}
    return preloaded.run(arguments, environ=environ, cwd=data_dir.parent)


def test_a_backup_of_a_running_service_is_restored_with_its_counts(
    start: Start, tmp_path: Path, database_dsn: str
) -> None:
    """Database, spool, keys: the restored service knows a repeat and delivers; a server gets the same rows."""
    loki = {"sinks": {"loki": {"enabled": True, "url": "http://127.0.0.1:9"}}, "relay": {"answer_seconds": 0.1}}
    service = start(config=loki)
    batch = {"messages": [{"type": "log", "username": "ann", "message": f"number {n}"} for n in range(7)]}
    known = {"Idempotency-Key": "the-first"}
    assert service.post(batch, headers=known).status_code == 200
    service.until(lambda: service.get("/stats").json()["database"]["total_inserts"] == 7, "seven events")
    file, canary = tmp_path / "saved.tar", tmp_path / "canary"
    canary.write_text("not to be written")
    file.symlink_to(canary)
    saved = run(service.data_dir, "backup", str(file))
    assert saved.returncode == 0, saved.stderr
    assert "7 events stored and 7 events waiting in the spool" in saved.stdout
    assert stat.S_IMODE(file.lstat().st_mode) == 0o600  # in the place of the link
    assert canary.read_text() == "not to be written"
    key = (service.data_dir / "pseudonym.key").read_bytes()
    service.stop()
    moved = run(service.data_dir, "migrate", "--to", database_dsn)
    assert moved.returncode == 0, moved.stderr
    assert "events: 7 rows" in moved.stdout
    assert "is not empty" in run(service.data_dir, "migrate", "--to", database_dsn).stderr
    third = start(dsn=database_dsn, data_dir=service.data_dir)
    assert third.post(batch, headers={"Idempotency-Key": "the-second"}).json()["sink_results"]["tsdb"]["written"] == 7
    assert third.get("/stats").json()["database"]["total_inserts"] == 14
    third.stop()
    again = run(service.data_dir, "restore", str(file))
    assert again.returncode == 1
    assert "is not empty" in again.stderr
    elsewhere = tmp_path / "elsewhere"
    restored = run(elsewhere, "restore", str(file))
    assert restored.returncode == 0, restored.stderr
    assert "7 events stored and 7 events waiting in the spool: as they were saved" in restored.stdout
    assert (elsewhere / "pseudonym.key").read_bytes() == key
    second = start(config=loki, data_dir=elsewhere)
    answer = second.post(batch, headers=known).json()
    assert answer["duplicate"] is True
    assert second.get("/stats").json()["database"]["total_inserts"] == 7


def test_a_backup_of_a_newer_mothership_and_no_backup_are_refused_with_words(tmp_path: Path) -> None:
    """Before anything is made."""
    newer, other = tmp_path / "newer.tar", tmp_path / "other.tar"
    other.write_bytes(b"no archive")
    manifest = json.dumps({"format": 1, "version": "9.0", "schema": 9999}).encode()
    with tarfile.open(newer, "w") as tar:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        tar.addfile(entry, BytesIO(manifest))
    result = run(tmp_path / "data", "restore", str(newer))
    assert result.returncode == 1
    assert "Mothership 9.0 made this backup (schema 9999)" in result.stderr
    assert "is no backup of Mothership's" in run(tmp_path / "data2", "restore", str(other)).stderr
    assert not (tmp_path / "data" / "postgres").exists()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE),
        ("spool/../../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("outside", tarfile.SYMTYPE),
        ("outside", tarfile.LNKTYPE),
        ("outside", tarfile.FIFOTYPE),
    ],
)
def test_an_archive_that_would_write_elsewhere_is_refused(tmp_path: Path, name: str, kind: bytes) -> None:
    """Nothing of it is written, in whatever order it has its files."""
    manifest = json.dumps({"format": 1, "version": "1.0", "schema": 1}).encode()
    with tarfile.open(tmp_path / "made.tar", "w") as tar:
        for entry, content in ((tarfile.TarInfo("manifest.json"), manifest), (tarfile.TarInfo(name), b"")):
            entry.size = len(content)
            entry.type = kind if entry.name == name else tarfile.REGTYPE
            entry.linkname = "/etc/passwd"
            tar.addfile(entry, BytesIO(content))
    result = run(tmp_path / "data", "restore", str(tmp_path / "made.tar"))
    assert result.returncode == 1
    assert "this is no backup of Mothership's: it has more in it than files" in result.stderr
    assert {path.name for path in (tmp_path / "data").iterdir()} == {"lock"}
    assert not (tmp_path / "outside").exists()


def test_a_server_is_not_backed_up_and_that_is_said(tmp_path: Path) -> None:
    """What an embedded database held before would be taken for what the service stores now."""
    (tmp_path / "config.yaml").write_text("database: {dsn: 'postgresql://mothership@db.example/mothership'}\n")
    result = run(tmp_path / "data", "backup", "saved.tar")
    assert result.returncode == 1
    assert "the database is a server (database.dsn or database.host): back that up with its own tools" in result.stderr
    assert not (tmp_path / "saved.tar").exists()
