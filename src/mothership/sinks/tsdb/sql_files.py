"""The SQL lives in `sql/`: statements with a name and a purpose, and numbered migrations."""

import re
from importlib.resources import files
from typing import NamedTuple

from mothership.named_sql import statements

SQL_DIRECTORY = files("mothership.sinks") / "sql"
TABLE = re.compile(r"^(?:CREATE TABLE IF NOT EXISTS|ALTER TABLE) (\w+)", re.MULTILINE)


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    name: str
    sql: str

    def tables(self) -> list[str]:
        """The tables it makes or changes."""
        return TABLE.findall(self.sql)


def migrations() -> list[Migration]:
    """Every migration in its order."""
    found = []
    for file in (SQL_DIRECTORY / "migrations").iterdir():
        number, _, rest = file.name.partition("_")
        if number.isdigit() and rest.endswith(".sql"):
            found.append(Migration(int(number), rest.removesuffix(".sql"), file.read_text(encoding="utf-8")))
    return sorted(found)


WRITE = statements("mothership.sinks", "sql/statements.sql")
SCHEMA = statements("mothership.sinks", "sql/schema.sql")
TIMESCALE = statements("mothership.sinks", "sql/timescale.sql")
