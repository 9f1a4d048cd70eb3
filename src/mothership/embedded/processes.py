"""The server's processes, found by where they work: a number in a file may belong to a stranger by now."""

import contextlib
import os
from pathlib import Path

from mothership.embedded.cluster import read_in


def server_processes(cluster: Path) -> list[int]:
    """Every PostgreSQL process that works in this directory: they all have it as their current one."""
    if not Path("/proc/self/cwd").exists():
        pid = postmaster_pid(cluster)
        return [pid] if pid is not None and send(pid, 0) else []
    found = []
    for entry in os.listdir("/proc"):  # noqa: PTH208 - thousands of names, and only digits matter
        if not entry.isdigit():
            continue
        with contextlib.suppress(OSError):
            if os.readlink(f"/proc/{entry}/cwd") == str(cluster) and (  # noqa: PTH115 - as above
                Path(f"/proc/{entry}/comm").read_text().startswith("postgres")
                and not Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].startswith(" Z")
            ):
                found.append(int(entry))
    return found


def postmaster_lines(cluster: Path) -> list[str]:
    """What the running server wrote down about itself."""
    return [line.strip() for line in read_in(cluster, "postmaster.pid").splitlines()]


def postmaster_pid(cluster: Path) -> int | None:
    """The head's number, as written down."""
    lines = postmaster_lines(cluster)
    return int(lines[0]) if lines and lines[0].isdigit() else None


def send(pid: int, number: int) -> bool:
    """Send a signal; whether the process was there."""
    try:
        os.kill(pid, number)
    except OSError:
        return False
    return True
