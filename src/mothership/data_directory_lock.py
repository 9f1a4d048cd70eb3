"""One Mothership at a time works in a data directory."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mothership.data_directory import check_entries, check_private, fault, resolved
from mothership.file_lock import holder, is_held, try_lock

LOCK_FILE = "lock"


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
        lock = try_lock(data_dir / LOCK_FILE)
    except OSError as error:
        raise fault(f"{data_dir} can't be used: {error.strerror}") from error
    if lock is None:
        raise fault(
            f"{data_dir} is in use by another Mothership (process {holder(data_dir / LOCK_FILE)}); "
            "stop it, or give this one a data directory of its own"
        )
    try:
        lock.sign()
        yield LockedDataDir(data_dir)
    finally:
        lock.release()


def is_in_use(data_dir: Path) -> bool:
    """Whether a Mothership works in the data directory now."""
    return is_held(data_dir / LOCK_FILE)
