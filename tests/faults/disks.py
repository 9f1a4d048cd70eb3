"""Disks that can be full and lose power: ext4 in a file, mounted through a loop device. Needs root."""

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

DISK_BYTES = 128 * 1024**2
SHUTDOWN = (2 << 30) | (4 << 16) | (ord("X") << 8) | 125
"""`FS_IOC_SHUTDOWN` of Linux: from here on the file system writes nothing any more."""
NOT_EVEN_THE_LOG = 2
"""Its flag: what is only in memory is lost, the journal's part as well. So xfstests simulates a loss of power."""


OWN_MOUNTS = "MOTHERSHIP_FAULTS_OWN_MOUNTS"


def with_own_mounts() -> None:
    """Begin this program again with mounts that nobody else sees.

    Whoever makes a mount namespace meanwhile would hold a copy of ours, and a disk that has lost its power stayed lost.
    """
    if not os.geteuid() and shutil.which("unshare") and OWN_MOUNTS not in os.environ:
        os.execvpe("unshare", ["unshare", "--mount", sys.executable, *sys.argv], {**os.environ, OWN_MOUNTS: "1"})  # noqa: S606


class Disk:
    """What the file system has written to its device is on the disk; what waits in memory is not."""

    def __init__(self, image: Path, place: Path) -> None:
        self.place = place
        self._image = image
        self._filler = place / "filler"

    def make(self) -> None:
        """Format and mount it."""
        self.place.mkdir(parents=True)
        with self._image.open("wb") as file:
            file.truncate(DISK_BYTES)
        _run("mkfs.ext4", "-q", "-F", str(self._image))
        self._mount()

    def lose_power(self) -> None:
        """At once. Whoever writes there is told of an error from now on: end it, then give the power back."""
        place = os.open(self.place, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(place, SHUTDOWN, struct.pack("I", NOT_EVEN_THE_LOG))
        finally:
            os.close(place)

    def power_on(self) -> None:
        """Mount what is on the disk; ext4 reads its journal."""
        _run("umount", str(self.place))
        self._mount()

    def fill(self) -> None:
        """Leave no room."""
        with self._filler.open("ab") as file:
            size = os.fstat(file.fileno()).st_size
            for step in (1 << 22, 1 << 16, 1 << 10):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(file.fileno(), size, step)
                        size += step

    def make_room(self) -> None:
        """Again, all of it."""
        self._filler.unlink()

    def end(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", self.place], check=False, capture_output=True)
        self._image.unlink(missing_ok=True)

    def _mount(self) -> None:
        _run("mount", "-o", "loop", str(self._image), str(self.place))


@contextlib.contextmanager
def disks(place: Path, count: int) -> Iterator[list[Disk]]:
    """So many for the length of a block."""
    place.mkdir(parents=True, exist_ok=True)
    made = [Disk(place / f"{number}.img", place / f"disk-{number}") for number in range(count)]
    try:
        for disk in made:
            disk.make()
        yield made
    finally:
        for disk in made:
            disk.end()


def can_be_had(place: Path) -> bool:
    """Whether this user may make one here, and whether it can lose its power."""
    if os.geteuid() or not shutil.which("mkfs.ext4"):
        return False
    try:
        with disks(place, 1) as [disk]:
            disk.lose_power()
            return True
    except (subprocess.CalledProcessError, OSError):
        return False


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
