"""What makes a data directory safe to work in: nobody else can change it, and nothing in it was planted by others.

Root is the reason: a link that another user leaves where root writes turns any file of the machine into theirs.
"""

import contextlib
import errno
import grp
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

from mothership.errors import ConfigurationError

DATABASE_ENTRIES = frozenset({"postgres", "postgres.new", "postgres-socket"})
"""What belongs to the user of the embedded database when root runs the service. Root follows no name inside."""
HELD_ENTRIES = ("spool", "metrics", "activity")
"""Directories of the service's own whose entries are looked at as well."""
LINKS_MAX = 40
"""As the kernel."""
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def fault(reason: str) -> ConfigurationError:
    """What is wrong, under the key that the operator can change."""
    return ConfigurationError([f"server.data_dir: {reason}"])


def resolved(data_dir: Path) -> Path:
    """Where it is in truth. Raises `ConfigurationError` when a link of another user's chooses that."""
    if link := _link_of_another(data_dir):
        raise fault(
            f"{link} is a link of {user_name(link.lstat().st_uid)}'s, who chooses where it leads: "
            "name the directory itself, or choose another one in server.data_dir"
        )
    return Path(os.path.realpath(data_dir))  # `resolve` raises for links in a circle


def check_private(data_dir: Path) -> None:
    """Raise `ConfigurationError` unless only this user and root can change what is in the directory.

    For root that holds for each directory on the way, too: whoever can put another one in its place can change it.
    """
    for directory in (data_dir, *(data_dir.parents if os.geteuid() == 0 else ())):
        status = directory.stat()
        if status.st_uid not in {0, os.geteuid()} and not (directory != data_dir and _is_unmapped(status.st_uid)):
            raise _foreign(directory, status.st_uid)
        sticky = bool(status.st_mode & stat.S_ISVTX) and directory != data_dir
        if status.st_mode & _OTHERS_WRITE and not sticky and _others_may_write(status):
            raise fault(
                f"other users may write to {directory} (mode {stat.S_IMODE(status.st_mode):o}): "
                f"run `chmod go-w {directory}`, or choose a directory of your own in server.data_dir"
            )


def check_entries(data_dir: Path) -> None:
    """Raise `ConfigurationError` when an entry belongs to somebody else, or is a second name of a file elsewhere."""
    for path, status in _entries(data_dir):
        of_database = path.parent == data_dir and path.name in DATABASE_ENTRIES
        if of_database and os.geteuid() == 0 and not stat.S_ISLNK(status.st_mode):
            continue
        if status.st_uid != os.geteuid() and (status.st_uid or os.geteuid() == 0):
            raise _foreign(path, status.st_uid)
        if stat.S_ISLNK(status.st_mode):
            if not path.is_dir():
                raise ConfigurationError(
                    [f"server.data_dir: {path} is a symbolic link and no directory: put the file itself there"]
                )
            if not of_database:
                check_private(resolved(path))
        elif stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
            raise fault(
                f"{path} is a hard link, so a write to it would change a file elsewhere: "
                f"find the other one with `find / -samefile {path}`, or put a copy in its place"
            )


def become_owner(data_dir: Path) -> None:
    """As root, go on as the user whose directory it is, for good; as anybody else, or when it is root's, do nothing.

    For commands that read or change what a service left there: root would follow that user's links, and leave files
    behind that the service can't open.
    """
    if os.geteuid() != 0 or not data_dir.exists():
        return
    status = data_dir.stat()
    if status.st_uid == 0:
        check_private(resolved(data_dir))
        return
    os.setgroups([])
    os.setresgid(status.st_gid, status.st_gid, status.st_gid)
    os.setresuid(status.st_uid, status.st_uid, status.st_uid)


def reason_not_to_write(directory: Path, *, sticky_is_enough: bool) -> str | None:
    """Why a file that a command writes there could be led astray or changed by another user, or None.

    As for a data directory, root looks at every directory on the way. A sticky one, like /tmp, is enough where nothing
    is read that was there before. A link of another user's on the way is none of ours.
    """
    if link := _link_of_another(directory):
        return f"{link} is a link of {user_name(link.lstat().st_uid)}'s"
    real = directory.resolve()
    for place in (real, *(real.parents if os.geteuid() == 0 else ())):
        status = place.stat()
        if status.st_uid not in {0, os.geteuid()} and not (place != real and _is_unmapped(status.st_uid)):
            return f"{place} belongs to {user_name(status.st_uid)}"
        is_sticky = bool(status.st_mode & stat.S_ISVTX) and (sticky_is_enough or place != real)
        if status.st_mode & _OTHERS_WRITE and not is_sticky and _others_may_write(status):
            return f"other users may write to {place}"
    return None


def open_own(path: Path, flags: int) -> int:
    """Open a file of one's own. Raises OSError when it is a link, no file, or belongs to somebody else."""
    descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
    status = os.fstat(descriptor)
    if status.st_uid != os.geteuid():
        reason = f"it belongs to {user_name(status.st_uid)}"
    elif not stat.S_ISREG(status.st_mode):
        reason = "it is no file"
    elif status.st_nlink > 1:
        reason = "it is a hard link"
    else:
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EPERM, reason)


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600, durable: bool = True) -> None:
    """Write beside, then move into place: nobody reads half a file, and no link that was planted is followed.

    Unless `durable`, a machine that loses its power may forget it. One at a time writes to a path.
    """
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        draft.replace(path)
    except OSError:  # a full disk: half a draft would take what room there is
        draft.unlink(missing_ok=True)
        raise


def user_name(uid: int) -> str:
    """The user's name, or the number of one that has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


def _link_of_another(path: Path) -> Path | None:
    """The first link on the way that neither we nor root made, also behind links of ours."""
    ahead = list(reversed(path.absolute().parts))
    place = Path(ahead.pop())
    followed = 0
    while ahead:
        name = ahead.pop()
        place = place.parent if name == ".." else place / name
        if not place.is_symlink():
            continue
        owner = place.lstat().st_uid
        if owner not in {0, os.geteuid()} and not _is_unmapped(owner):
            return place
        followed += 1
        if followed > LINKS_MAX:
            return None  # in a circle: opening it fails
        target = place.readlink()
        ahead += reversed(target.parts)
        place = Path(ahead.pop()) if target.is_absolute() else place.parent
    return None


def _entries(data_dir: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for directory in (data_dir, *(data_dir / name for name in HELD_ENTRIES)):
        if directory.is_dir():
            for path in sorted(directory.iterdir()):
                yield path, path.lstat()


def _foreign(path: Path, uid: int) -> ConfigurationError:
    name, me = user_name(uid), user_name(os.geteuid())
    return fault(
        f"{path} belongs to {name}, who could make {me} write to any file: run the service as "
        f"{name}, or give it to {me} (`chown -R {me} {path}`), or choose another directory in server.data_dir"
    )


def _others_may_write(status: os.stat_result) -> bool:
    """Whether anybody but us may. A group that holds nobody else is no other: user private groups, volumes."""
    if status.st_mode & stat.S_IWOTH:
        return True
    members = {entry.pw_name for entry in pwd.getpwall() if entry.pw_gid == status.st_gid}
    with contextlib.suppress(KeyError):
        members |= set(grp.getgrgid(status.st_gid).gr_mem)
    return bool(members - {"root", user_name(os.geteuid())})


def _is_unmapped(uid: int) -> bool:
    """Whether this is how a user namespace shows an owner from outside of it, as in containers without root."""
    try:
        overflow = int(Path("/proc/sys/kernel/overflowuid").read_text())
        whole = Path("/proc/self/uid_map").read_text().split() == ["0", "0", "4294967295"]
    except (OSError, ValueError):
        return False
    return uid == overflow and not whole
