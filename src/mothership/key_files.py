"""The secrets that Mothership makes for itself, in the data directory, mode 0600."""

import fcntl
import hashlib
import os
import secrets
import stat
from pathlib import Path

from mothership.data_directory import write_atomically
from mothership.errors import ConfigurationError

KEY_BYTES = 32


def load_or_make(path: Path) -> bytes:
    """Return the key in this file; make it when it isn't there, also when several processes start at once."""
    try:
        if not path.exists():
            _publish(path, secrets.token_bytes(KEY_BYTES), replace=False)
    except OSError as error:
        raise ConfigurationError([f"server.data_dir: {path} can't be used: {error.strerror}"]) from None
    return load(path, "server.data_dir")


def load(path: Path, setting: str) -> bytes:
    """Return the key in this file, of which a setting tells.

    Raises ConfigurationError when it can't be read, is damaged, or is open to others than its owner.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            key = file.read(KEY_BYTES + 1)
    except OSError as error:
        raise ConfigurationError([f"{setting}: {path} can't be used: {error.strerror}"]) from None
    # As SSH does for its keys; one that belongs to somebody else may be shared with this process's group.
    if status.st_mode & (0o077 if status.st_uid == os.geteuid() else 0o007):
        mode = f"mode {stat.S_IMODE(status.st_mode):04o}"
        raise ConfigurationError(
            [f"{setting}: {path} is open to other users ({mode}), who could undo pseudonyms: run `chmod 600 {path}`"]
        )
    if len(key) != KEY_BYTES:
        size = f"{status.st_size} bytes, not {KEY_BYTES}"
        remedy = "restore it from a backup, or set pipeline.processors.redaction.salt"
        raise ConfigurationError([f"{setting}: {path} is damaged ({size}): {remedy}"])
    return key


def replace(path: Path, key: bytes) -> None:
    """Keep this key from now on."""
    _publish(path, key, replace=True)


def derive(secret: str, purpose: str) -> bytes:
    """A key for one purpose out of a configured secret."""
    return hashlib.blake2b(purpose.encode(), key=hashlib.sha256(secret.encode()).digest(), digest_size=32).digest()


def _publish(path: Path, key: bytes, *, replace: bool) -> None:
    """One process at a time: a crash leaves the old key, the new key or none, never half."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(directory, fcntl.LOCK_EX)
        # Another process may have been first: then its key is the key.
        if replace or not path.exists():
            write_atomically(path, key)
        os.fsync(directory)
    finally:
        os.close(directory)
