"""Rows of a query as a person or a program reads them. Nothing in them commands a terminal."""

import csv
import io
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TextIO

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mothership.plurals import counted
from mothership.sinks.tsdb.ad_hoc_query import SqlColumn
from mothership.spreadsheet_escaping import defused
from mothership.terminal_escaping import escaped

FORMATS = ("table", "csv", "ndjson", "json")
CELL_CHARACTERS = 300
"""Longest value in a table."""
PIPE_COLUMNS = 10_000
"""Width of a table that goes to no terminal: nothing is folded."""
Rows = Sequence[tuple[Any, ...]]


class RowOutput(Protocol):
    """Prints rows."""

    rows: int
    """How many came."""
    is_cut: bool
    """Whether a value was shown in part."""

    def add(self, columns: Sequence[SqlColumn], rows: Rows) -> None:
        """Some more."""

    def end(self, columns: Sequence[SqlColumn]) -> None:
        """There are no more."""


def output(form: str, out: TextIO) -> RowOutput:
    """One for this format."""
    if form == "table":
        return _Table(out)
    kinds: dict[str, Callable[[TextIO], RowOutput]] = {"csv": _Csv, "ndjson": _Ndjson, "json": _Json}
    return kinds[form](out)


class _Table:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._kept: list[tuple[Any, ...]] = []
        self.rows = 0
        self.is_cut = False

    def add(self, columns: Sequence[SqlColumn], rows: Rows) -> None:
        del columns
        self._kept += rows
        self.rows += len(rows)

    def end(self, columns: Sequence[SqlColumn]) -> None:
        console = Console(file=self._out, highlight=False, markup=False, emoji=False)
        if not console.is_terminal:
            console = Console(file=self._out, width=PIPE_COLUMNS, no_color=True, highlight=False, markup=False)
        table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for column in columns:
            table.add_column(
                Text(escaped(column.name)), overflow="fold", justify="right" if column.is_number else "left"
            )
        for row in self._kept:
            table.add_row(*map(self._cell, row))
        console.print(table)
        console.print(Text(f"({counted(self.rows, 'row')})"))

    def _cell(self, value: Any) -> Text:
        if value is None:
            return Text("NULL", style="dim")
        text = as_text(value)
        if len(text) > CELL_CHARACTERS:
            self.is_cut = True
            text = f"{text[: CELL_CHARACTERS - 1]}…"
        return Text(escaped(text))


class _Csv:
    """RFC 4180; to a terminal harmless, else exact but for what a spreadsheet would run."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.rows = 0
        self.is_cut = False

    def add(self, columns: Sequence[SqlColumn], rows: Rows) -> None:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if not self.rows:
            writer.writerow([defused(column.name) for column in columns])
        for row in rows:
            writer.writerow([_csv_cell(value, column) for value, column in zip(row, columns, strict=True)])
        self.rows += len(rows)
        _write(self._out, text.getvalue())

    def end(self, columns: Sequence[SqlColumn]) -> None:
        if not self.rows:
            self.add(columns, ())


class _Ndjson:
    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.rows = 0
        self.is_cut = False

    def add(self, columns: Sequence[SqlColumn], rows: Rows) -> None:
        self.rows += len(rows)
        self._out.write("".join(f"{_json_row(columns, row)}\n" for row in rows))

    def end(self, columns: Sequence[SqlColumn]) -> None:
        del columns


class _Json:
    """One array; of a query that fails in the middle no end, so that nobody takes a part for the whole."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.rows = 0
        self.is_cut = False

    def add(self, columns: Sequence[SqlColumn], rows: Rows) -> None:
        for row in rows:
            self._out.write(",\n" if self.rows else "[\n")
            self._out.write(_json_row(columns, row))
            self.rows += 1

    def end(self, columns: Sequence[SqlColumn]) -> None:
        del columns
        self._out.write("\n]\n" if self.rows else "[]\n")


def _write(out: TextIO, text: str) -> None:
    out.write("\n".join(map(escaped, text.split("\n"))) if out.isatty() else text)


def as_text(value: Any) -> str:
    """A value in a cell, as PostgreSQL writes it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, int | float):
        return str(value)
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS).decode()


def _csv_cell(value: Any, column: SqlColumn) -> Any:
    if value is None:
        return ""
    text = as_text(value)
    return text if column.is_number else defused(text)


def _json_row(columns: Sequence[SqlColumn], row: tuple[Any, ...]) -> str:
    """Columns of one name get a number each: no value is lost."""
    content: dict[str, Any] = {}
    for column, value in zip(columns, row, strict=True):
        name, number = column.name, 1
        while name in content:
            number += 1
            name = f"{column.name}_{number}"
        content[name] = _json_value(column, value)
    return escaped(orjson.dumps(content, default=_other).decode())


def _json_value(column: SqlColumn, value: Any) -> Any:
    if isinstance(value, str) and (column.is_json or (column.is_number and _is_finite(value))):
        return orjson.Fragment(value.replace("\n", " ").replace("\r", " "))  # a `json` keeps the lines it came in
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _is_finite(number: str) -> bool:
    return number.lower() not in {"nan", "infinity", "-infinity"}


def _other(value: Any) -> Any:
    """A row within a row, and what there is besides."""
    return list(value) if hasattr(value, "keys") else str(value)
