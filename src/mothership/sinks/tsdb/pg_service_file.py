"""A connection for PostgreSQL's own client, as an entry of libpq's service file: nothing of it is on a command line."""

import os
import tempfile
from collections.abc import Mapping

from mothership.sinks.tsdb.connection_target import ConnectionTarget

NAME = "mothership"
READ_ONLY = "-c default_transaction_read_only=on"


def service_entry(target: ConnectionTarget, *, writes: bool) -> str:
    """The text of the file. Raises ValueError that names what such a file can't hold."""
    options = [f"-c {name}={_option(value)}" for name, value in target.session.items() if name not in _OWN_PARAMETERS]
    told = {name: value for name, value in target.session.items() if name in _OWN_PARAMETERS}
    if own := told.get("options"):
        options.insert(0, own)
    if not writes:
        options.append(READ_ONLY)  # the last one counts
    entry: dict[str, str] = {
        **{name: value for name, value in target.parameters.items() if name not in _ELSEWHERE},
        "application_name": told.get("application_name", "mothership psql"),
        "host": ",".join(target.hosts),
        "port": ",".join(map(str, target.ports)),
        "user": target.user,
        "dbname": target.database,
        **({"password": target.password} if target.password else {}),
        **({"options": " ".join(options)} if options else {}),
    }
    return f"[{NAME}]\n" + "".join(f"{name}={_line(name, value)}\n" for name, value in entry.items() if value)


def variables(text: str) -> tuple[dict[str, str], int]:
    """The variables by which libpq finds an entry, and the descriptor that a program must inherit for it.

    The file has no name that anybody else could open, and is gone with the last process that has it.
    """
    if hasattr(os, "memfd_create"):
        descriptor, place = os.memfd_create(NAME), "/proc/self/fd"
    else:
        with tempfile.TemporaryFile() as file:
            descriptor, place = os.dup(file.fileno()), "/dev/fd"
    os.fchmod(descriptor, 0o600)
    os.write(descriptor, text.encode())
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.set_inheritable(descriptor, True)
    return {"PGSERVICEFILE": f"{place}/{descriptor}", "PGSERVICE": NAME}, descriptor


def without_foreign(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment but for what would lead the client elsewhere, and for our own variables, which hold secrets."""
    return {
        name: value for name, value in environ.items() if name in _KEPT or not name.startswith(("PG", "MOTHERSHIP_"))
    }


_OWN_PARAMETERS = frozenset({"application_name", "options"})
_ELSEWHERE = frozenset({"host", "port", "user", "password", "dbname", "database"})
_KEPT = frozenset({"PGPASSWORD", "PGPASSFILE"})


def _option(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")


def _line(name: str, value: str) -> str:
    if value != value.strip() or "\n" in value or "\r" in value:
        raise ValueError(f"the client can't be told a {name} that begins or ends with a space or has several lines")
    return value
