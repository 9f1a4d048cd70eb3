"""SQL in files beside the code: statements with a name and a purpose each.

-- name: remove
-- It was retried, or dropped.
DELETE FROM letters WHERE id = ?;
"""

import re
from collections.abc import Mapping
from importlib.resources import files

HEADER = re.compile(r"^-- name: (\w+)\n((?:--.*\n)+)", re.MULTILINE)


def statements(package: str | None, path: str) -> Mapping[str, str]:
    """The statements of one file in a package, by name."""
    parts = HEADER.split((files(package or __package__ or "") / path).read_text(encoding="utf-8"))
    return {name: sql.strip() for name, sql in zip(parts[1::3], parts[3::3], strict=True)}
