"""One Mothership at a time works in a data directory."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mothership.data_directory import check_entries, check_private, fault, resolved


@dataclass(frozen=True, slots=True)
class LockedDataDir:
    """Proof that this process alone works in `data_dir`. Only `lock_data_dir` makes one."""

    data_dir: Path


@contextlib.contextmanager
def lock_data_dir(data_dir: Path) -> Iterator[LockedDataDir]:
    """Take the data directory for this process, made if need be, until the block ends or the process dies.

    Raises `ConfigurationError` when another service has it, it can't be written, or others can change what is in it.
    """
    try:
        data_dir = resolved(data_dir)  # as the kernel names the place where a process works
        # Root's database runs as another user, who must be able to pass, though not to look around.
        data_dir.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        check_private(data_dir)
        check_entries(data_dir)
        descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise fault(f"{data_dir} can't be used: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        holder = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
        os.close(descriptor)
        raise fault(
            f"{data_dir} is in use by another Mothership (process {holder}); "
            "stop it, or give this one a data directory of its own"
        ) from error
    try:
        with contextlib.suppress(OSError):  # the number is for people; a full disk has no room for it
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield LockedDataDir(data_dir)
    finally:
        os.close(descriptor)
