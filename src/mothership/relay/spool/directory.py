"""Where the spool files are."""

import os
from contextlib import suppress
from pathlib import Path

SUFFIX = ".sqlite"


def spool_directory(data_dir: Path) -> Path:
    """Where the spool files of a data directory are."""
    return data_dir / "spool"


def create(directory: Path) -> None:
    """Make the directory, for its owner alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(PermissionError):
        directory.chmod(0o700)
    # A directory that was just made is not on the disk before its parent is.
    parent = os.open(directory.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(parent)
    finally:
        os.close(parent)


def spool_file(directory: Path, number: int) -> Path:
    """The one of this number."""
    return directory / f"spool-{number}{SUFFIX}"


def spool_files(directory: Path) -> list[Path]:
    """Every spool file, in a fixed order."""
    return sorted(directory.glob(f"spool-*{SUFFIX}"), key=lambda path: (len(path.name), path.name))
