"""What this is a build of: a version, its commit where that is known, and the Python that runs it."""

import platform
import subprocess
from pathlib import Path

PACKAGE = Path(__file__).parent
COMMIT_FILE = "COMMIT"
"""Written into the package by hatch_build.py."""


def description(version: str) -> str:
    """One line, such as `mothership 1.5.0 (commit 0123456789ab, Python 3.11.2)`."""
    known = commit()
    return f"mothership {version} ({f'commit {known}, ' if known else ''}Python {platform.python_version()})"


def commit() -> str | None:
    """The commit of an installed package or of the clone that this runs from; None when it is not known."""
    try:
        return (PACKAGE / COMMIT_FILE).read_text(encoding="ascii").strip() or None
    except OSError:
        return _of_clone(PACKAGE.parents[1])


def _of_clone(root: Path) -> str | None:
    """Git refuses where the clone is another user's, and then it is not known."""
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - nothing from outside
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip() or None
