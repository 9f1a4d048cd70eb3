"""The data directory: whose it is, how much room there is, what kind of disk, how fast it syncs, what lies in it."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from mothership.data_directory import check_entries, check_private
from mothership.doctor.finding import Finding, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.errors import ConfigurationError
from mothership.plurals import counted
from mothership.relay.spool.check import SpoolFileReport, check_spool
from mothership.relay.spool.directory import spool_directory

PART = "disk"
SYNCS = 20
SYNC_BYTES = 8192
SYNC_SECONDS_SLOW = 0.05
"""Every answer waits for one."""
SYNC_SECONDS_MAX = 10.0
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "glusterfs", "ceph"})
PASSING_FILE_SYSTEMS = frozenset({"tmpfs", "ramfs"})
LOST = "what waits in the spool, the keys of the pseudonyms and the embedded database are lost"


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    data_dir = patient.data_dir
    exists = data_dir.is_dir()
    place = _nearest(data_dir)
    if exists:
        try:
            check_private(data_dir.resolve())
            check_entries(data_dir.resolve())
        except ConfigurationError as fault:
            yield error(PART, fault.faults[0], cost="the service does not start", remedy="as it says there")
        except OSError as failure:
            yield _closed(data_dir, failure)
            return
    else:
        yield note(PART, f"{data_dir} is not there yet: the first start makes it")
    if not os.access(place, os.W_OK | os.X_OK):
        yield error(
            PART,
            f"{place} can't be written by this user",
            cost="the service does not start",
            remedy=f"give it to the service's user (`chown USER {place}`), or choose another server.data_dir",
        )
        return
    async for finding in _room(patient, place):
        yield finding
    yield _kind(place)
    yield await asyncio.to_thread(_sync, place)
    if patient.settings.relay.spool.kind == "jetstream":
        yield note(
            PART, "what waits is on the JetStream cluster: the part jetstream examines it, and this one the files"
        )
    if exists:
        async for finding in _spool(data_dir):
            yield finding


def _closed(data_dir: Path, failure: OSError) -> Finding:
    return error(
        PART,
        f"{data_dir} can't be read: {failure.strerror}",
        cost="the service does not start",
        remedy=f"run this as the service's user, or give {data_dir} to this one",
    )


def _nearest(path: Path) -> Path:
    """The directory, or the nearest one above it that is there."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.is_dir())


async def _room(patient: Patient, place: Path) -> AsyncIterator[Finding]:
    room = os.statvfs(place)
    free = room.f_bavail * room.f_frsize
    spool, workers = patient.settings.relay.spool, patient.settings.server.workers
    if free < 2 * spool.reserve_bytes:
        yield error(
            PART,
            f"{_size(free)} are free on the disk of {place}",
            cost="batches are refused (503), and nodes keep them",
            remedy="make room, or put server.data_dir on a larger disk",
        )
    elif free < spool.max_bytes * workers and (spool.kind == "file" or spool.jetstream.fallback):
        yield warning(
            PART,
            f"{_size(free)} are free, and relay.spool.max_bytes lets {counted(workers, 'worker')} take "
            f"{_size(spool.max_bytes * workers)}",
            cost="in a long outage of a sink the disk is full before the spool is",
            remedy="make room, or lower relay.spool.max_bytes",
        )
    else:
        yield ok(PART, f"{_size(free)} are free on the disk of {place}")
    if room.f_files and room.f_favail * 50 < room.f_files:
        yield warning(
            PART,
            f"{room.f_favail} of {room.f_files} inodes are free on the disk of {place}",
            cost="no new file can be made, whatever room there is",
            remedy="remove small files there",
        )


def _kind(place: Path) -> Finding:
    kind = _file_system(place)
    if kind in NETWORK_FILE_SYSTEMS:
        return warning(
            PART,
            f"{place} is on a network file system ({kind})",
            cost="locks and fsync may not hold what they promise: after a crash acknowledged events may be gone",
            remedy="put server.data_dir on a local disk",
        )
    if kind in PASSING_FILE_SYSTEMS:
        return warning(
            PART,
            f"{place} is in memory ({kind})",
            cost=f"with the machine or the container {LOST}",
            remedy="put server.data_dir on a disk",
        )
    if kind == "overlay":
        return warning(
            PART,
            f"{place} is in the container's own layer (overlay)",
            cost=f"with the container {LOST}",
            remedy="mount a volume on server.data_dir",
        )
    return ok(PART, f"{place} is on a local file system ({kind or 'unknown'})")


def _file_system(place: Path) -> str:
    """The type of the file system that a directory is on; empty where nobody says."""
    device = place.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    kinds = [line.partition(" - ")[2].split()[0] for line in lines if line.split()[2] == wanted and " - " in line]
    return kinds[-1] if kinds else ""


def _sync(place: Path) -> Finding:
    """How long a commit of the spool will take there."""
    took: list[float] = []
    began = time.perf_counter()
    try:
        with tempfile.TemporaryFile(dir=place, buffering=0) as file:
            while len(took) < SYNCS and time.perf_counter() - began < SYNC_SECONDS_MAX:
                started = time.perf_counter()
                file.write(bytes(SYNC_BYTES))
                os.fdatasync(file.fileno())
                took.append(time.perf_counter() - started)
    except OSError as failure:
        return error(
            PART,
            f"{place} takes no file that is synced: {failure.strerror}",
            cost="no batch can be kept: all are answered 503",
            remedy="make room, or choose another server.data_dir",
        )
    median, longest = statistics.median(took), max(took)
    figures = f"an fsync takes {median * 1000:.2f} ms in the median, {longest * 1000:.1f} ms at most of {len(took)}"
    if median > SYNC_SECONDS_SLOW:
        return warning(
            PART,
            figures,
            cost="every answer waits for one fsync at least",
            remedy="put server.data_dir on a faster disk (an SSD, or a controller with a protected cache)",
        )
    return ok(PART, figures)


async def _spool(data_dir: Path) -> AsyncIterator[Finding]:
    if not spool_directory(data_dir).is_dir():
        return
    reports = await asyncio.to_thread(check_spool, data_dir)
    for report in reports:
        if report.fault or report.damaged:
            yield _damaged(report)
    waiting = sum(report.events for report in reports)
    letters = sum(report.dead_letters for report in reports)
    if letters:
        yield warning(
            PART,
            f"{counted(letters, 'dead letter')} in the spool",
            cost="these events are in no sink",
            remedy="`mothership dead-letters list` says why; then retry or drop them",
        )
    yield ok(PART, f"{counted(len(reports), 'spool file')} with {counted(waiting, 'event')}")


def _damaged(report: SpoolFileReport) -> Finding:
    return error(
        PART,
        f"{report.file}: {report.fault or counted(report.damaged, 'damaged record')}",
        cost="the events in what is damaged are lost; the next start sets it aside and goes on",
        remedy="look at the disk (`dmesg`, SMART); `mothership spool check` shows what is damaged",
    )


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:  # noqa: PLR2004 - of the unit
            return f"{count:.3g} {unit}"
        count /= 1024
    return f"{count:.3g} TiB"
