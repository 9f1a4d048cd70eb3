"""Where the embedded PostgreSQL is and listens."""

import hashlib
import os
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from mothership.data_directory import fault

if TYPE_CHECKING:
    from mothership.embedded.account import Account

ROLE = "mothership"
"""The service's role: it owns its database, and may do nothing else."""
SUPERUSER = "postgres"
"""The role that owns the cluster. Nobody can log in as it."""
DATABASE = "mothership"
SOCKET_PATH_LIMIT_BYTES = 100
"""Shorter than every system's `sun_path`."""


def socket_dir_for(home: Path, account: "Account") -> Path:
    """A directory for the socket: in the data directory, or a short and open one when its path is neither."""
    for directory in _socket_dirs(home):
        if len(os.fsencode(directory)) > SOCKET_PATH_LIMIT_BYTES - len("/.s.PGSQL.5432.lock"):
            continue
        if '"' in str(directory) or "," in str(directory) or not account.can_traverse(directory.parent):
            continue
        if _takes_sockets(directory.parent) and _is_made(directory, account):
            return directory
    raise fault(f"no place for a Unix socket: {home} is too long a path or takes none")


def _socket_dirs(home: Path) -> Iterator[Path]:
    yield home / "postgres-socket"
    identity = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    for parent in dict.fromkeys((Path(tempfile.gettempdir()), Path("/tmp"))):  # noqa: S108 - the name is checked, or chance
        yield parent / f"mothership-{os.geteuid()}-{identity}"
        yield parent / f"mothership-{os.geteuid()}-{os.urandom(6).hex()}"  # when somebody took the other one


def _is_made(directory: Path, account: "Account") -> bool:
    """Make it, for the account alone; False when the name is somebody else's."""
    directory.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        if os.fstat(descriptor).st_uid not in {account.user_id, os.geteuid()} and not _is_ours(directory.parent):
            return False
        os.fchmod(descriptor, 0o700)
        if account.uid >= 0:
            os.fchown(descriptor, *account)
    finally:
        os.close(descriptor)
    return True


def _is_ours(directory: Path) -> bool:
    """Whether nobody else can have made what is in it."""
    status = directory.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _takes_sockets(directory: Path) -> bool:
    path = directory / f".s.probe.{os.getpid()}"
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
        path.unlink(missing_ok=True)
    return True


def environment() -> dict[str, str]:
    """No PG* variable and no locale of the caller's."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def dsn_for(socket_dir: Path) -> str:
    """Where a server with its socket there listens. All is said, so that no PG* variable has a say."""
    host = quote(str(socket_dir), safe="/")
    return (
        f"postgresql://{ROLE}@/{DATABASE}?host={host}&port=5432"
        "&sslmode=disable&sslnegotiation=postgres&target_session_attrs=any&passfile=/nonexistent"
    )
