"""What each of several workers says about itself, where the others can read it: whoever is asked answers for all.

Any worker can answer a status request. Their counters are in shared files already (`telemetry`); the rest of its status
each worker writes to a file of its own every second, and again whenever it is asked.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import msgspec
import orjson

from mothership.data_directory import write_atomically
from mothership.status import WorkerStatus

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Names the directory of the shared files; set for the workers by their supervisor."""
BEGAN = "began"
PATH_BYTES_MAX = 100
"""Longest path of a Unix socket, less some."""
SocketTopic: TypeAlias = Literal["tail", "trace"]
SOCKET_TOPICS: tuple[SocketTopic, ...] = ("tail", "trace")
SILENT_SECONDS = 10.0
"""A worker whose status is older than this hangs."""


@dataclass(frozen=True, slots=True)
class _StatusFile:
    posted: float
    status: WorkerStatus | None


_decode = msgspec.json.Decoder(_StatusFile).decode


@contextmanager
def socket_address(path: Path) -> Iterator[str]:
    """A Unix socket's path, or one that is short enough for the kernel."""
    if len(os.fsencode(path)) <= PATH_BYTES_MAX:
        yield str(path)
        return
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{directory}/{path.name}"
    finally:
        os.close(directory)


class StatusDirectory:
    """The status files of the workers that live. Times are of a clock that all processes of a machine share."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def of_this_process(cls) -> "StatusDirectory | None":
        """The directory that the supervisor made; None for a worker that is alone."""
        directory = Path(os.environ.get(VARIABLE, os.devnull))
        return cls(directory) if (directory / BEGAN).exists() else None

    @classmethod
    def create(cls, directory: Path) -> "StatusDirectory":
        """By the supervisor: an empty directory, and the time from which the service counts."""
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        (directory / BEGAN).write_text(f"{time.monotonic()}")
        return cls(directory)

    def uptime_seconds(self) -> float:
        """Since the supervisor began, whenever the workers did."""
        return time.monotonic() - float((self._directory / BEGAN).read_text())

    def publish(self, status: WorkerStatus | None, pid: int | None = None) -> None:
        """Replace this process's status. The supervisor begins with None for each, which starts."""
        told = orjson.dumps(_StatusFile(time.monotonic(), status))
        write_atomically(self._path(pid or os.getpid()), told, durable=False)

    def read(self) -> list[tuple[float, WorkerStatus | None]]:
        """The status of each worker that lives, and how many seconds old it is."""
        found = []
        for path in sorted(self._directory.glob("status-*.json")):
            with suppress(FileNotFoundError):  # its worker has just died
                read = _decode(path.read_bytes())
                found.append((time.monotonic() - read.posted, read.status))
        return found

    def has_status(self, pid: int) -> bool:
        """Whether this process has published one: then it works."""
        try:
            return _decode(self._path(pid).read_bytes()).status is not None
        except FileNotFoundError:
            return False

    def remove(self, pid: int) -> None:
        """By the supervisor: this worker is dead."""
        self._path(pid).unlink(missing_ok=True)
        for topic in SOCKET_TOPICS:
            self.socket(topic, pid).unlink(missing_ok=True)

    def socket(self, topic: SocketTopic, pid: int | None = None) -> Path:
        """Where a worker, this one by default, listens to the others for what they ask of this kind."""
        return self._directory / f"{topic}-{pid or os.getpid()}.sock"

    def other_sockets(self, topic: SocketTopic) -> list[Path]:
        """Where the other workers listen."""
        return sorted(path for path in self._directory.glob(f"{topic}-*.sock") if path != self.socket(topic))

    def _path(self, pid: int) -> Path:
        return self._directory / f"status-{pid}.json"
