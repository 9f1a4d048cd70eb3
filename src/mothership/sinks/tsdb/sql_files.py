"""The SQL lives in `sql/`: statements with a name and a purpose, and numbered migrations."""

import re
from collections.abc import Mapping
from importlib.resources import files
from typing import NamedTuple

SQL_DIRECTORY = files("mothership.sinks") / "sql"
HEADER = re.compile(r"^-- name: (\w+)\n((?:--.*\n)+)", re.MULTILINE)
TABLE = re.compile(r"^(?:CREATE TABLE IF NOT EXISTS|ALTER TABLE) (\w+)", re.MULTILINE)


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    name: str
    sql: str

    def tables(self) -> list[str]:
        """The tables it makes or changes."""
        return TABLE.findall(self.sql)


def statements(file: str) -> Mapping[str, str]:
    """The statements of one file by name."""
    parts = HEADER.split((SQL_DIRECTORY / file).read_text(encoding="utf-8"))
    return {name: sql.strip() for name, sql in zip(parts[1::3], parts[3::3], strict=True)}


def migrations() -> list[Migration]:
    """Every migration in its order."""
    found = []
    for file in (SQL_DIRECTORY / "migrations").iterdir():
        number, _, rest = file.name.partition("_")
        if number.isdigit() and rest.endswith(".sql"):
            found.append(Migration(int(number), rest.removesuffix(".sql"), file.read_text(encoding="utf-8")))
    return sorted(found)


WRITE = statements("statements.sql")
SCHEMA = statements("schema.sql")
TIMESCALE = statements("timescale.sql")
