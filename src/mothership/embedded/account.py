"""As whom the embedded PostgreSQL runs: it refuses root, and root must not lend it any right."""

import contextlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from mothership.data_directory import fault
from mothership.telemetry import log

OWN_NAME = "mothership"
"""The user that is looked for first, and made when there is none to run as."""
OTHERS = ("postgres",)
"""Users that exist for a PostgreSQL. Never `nobody`: whatever else runs as it could change the database."""
NOBODY = "nobody"


class Account(NamedTuple):
    """Who the server runs as. `uid` is -1 when that is who we are."""

    uid: int
    gid: int

    @property
    def user_id(self) -> int:
        """The number that its files show."""
        return self.uid if self.uid >= 0 else os.geteuid()

    def can_traverse(self, path: Path) -> bool:
        """Whether this user may walk down into the directory."""
        return all(self._has(directory, stat.S_IXOTH) for directory in (path, *path.parents))

    def can_read(self, path: Path) -> bool:
        """Whether this user may read what is there, and, of a directory or a program, use it."""
        needed = stat.S_IROTH | (path.stat().st_mode & stat.S_IXUSR and stat.S_IXOTH)
        return self._has(path, needed)

    def _has(self, path: Path, needed: int) -> bool:
        status = path.stat()
        if self.user_id == 0:
            return True
        shift = 6 if status.st_uid == self.user_id else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & needed == needed


def account_for(cluster: Path) -> Account:
    """Who to run as: ourselves, or, when we are root, who owns the cluster already, else a user for it."""
    if os.geteuid() != 0:
        if not _exists(os.geteuid()):
            raise fault(
                f"the embedded PostgreSQL needs its user (id {os.geteuid()}) to have a name in "
                "/etc/passwd; run as a named user, or set database.dsn"
            )
        return Account(-1, -1)
    if sys.platform != "linux":
        raise fault("the embedded PostgreSQL can't be run by root here: run as an ordinary user, or set database.dsn")
    if cluster.is_dir():
        owner = cluster.stat()
        if owner.st_uid and _exists(owner.st_uid) and pwd.getpwuid(owner.st_uid).pw_name != NOBODY:
            return Account(owner.st_uid, owner.st_gid)
    for name in (OWN_NAME, *OTHERS):
        with contextlib.suppress(KeyError):
            return _named(name)
    return _made()


def chown_tree(directory: Path, account: Account) -> None:
    """Give all that the directory's owner has in it to the account. Follows no link, and gives nothing of others."""
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        before = os.fstat(top).st_uid
        for _, directories, files, place in os.fwalk(".", dir_fd=top, follow_symlinks=False):
            for name in (*directories, *files):
                _chown(name, place, before, account)
        os.fchown(top, *account)
    finally:
        os.close(top)


def _chown(name: str, place: int, before: int, account: Account) -> None:
    descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=place)
    try:
        found = os.fstat(descriptor)
        # By the descriptor: the name may mean another file by now.
        if found.st_uid == before and not stat.S_ISLNK(found.st_mode):
            os.chown(f"/proc/self/fd/{descriptor}", *account)
    finally:
        os.close(descriptor)


def _made() -> Account:
    """Make a user that can't log in, as a package's installation would, and say so."""
    for command in (
        ["useradd", "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin"],
        ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", "/sbin/nologin"],  # BusyBox
    ):
        program = shutil.which(command[0])
        if program is None:
            continue
        subprocess.run([program, *command[1:], OWN_NAME], capture_output=True, check=False)  # noqa: S603 - the program is the caller's own
        with contextlib.suppress(KeyError):  # also when another process was first
            account = _named(OWN_NAME)
            log.warning("user_made_for_embedded_postgres", user=OWN_NAME, uid=account.uid)
            return account
    raise fault(
        "PostgreSQL refuses to run as root, and there is no user to run it as: "
        f"run `useradd --system {OWN_NAME}`, or run the service as an ordinary user, or set database.dsn"
    )


def _named(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_uid, entry.pw_gid)


def _exists(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
