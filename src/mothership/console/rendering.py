"""Templates → HTML. Every text in a page is one of a machine that may be hostile, so each is made harmless here.

Jinja2 escapes all markup; and before that, whatever a template prints goes through `harmless`: control and direction
characters become visible, and what is too long is cut.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from mothership.console import assets
from mothership.console.documentation import rendered
from mothership.figures import duration, number, size
from mothership.terminal_escaping import COMMANDS, escaped

TEXT_CHARACTERS_MAX = 20_000
"""Longest text that a page shows at one place."""


def harmless(value: Any) -> Any:
    """What a template prints, as it may be printed. Lines and tabs of a text stay."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    if len(value) > TEXT_CHARACTERS_MAX:
        value = f"{value[:TEXT_CHARACTERS_MAX]}… ({len(value) - TEXT_CHARACTERS_MAX:,} more characters)"
    if value.isascii() and value.isprintable():
        return value
    return "\n".join(escaped(line) for line in value.split("\n"))


@cache
def environment() -> Environment:
    """The templates of the package."""
    made = Environment(
        loader=PackageLoader("mothership.console"),
        autoescape=True,
        finalize=harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.globals["static"] = assets.address
    made.globals["commands"] = COMMANDS
    made.filters |= {
        "number": number,
        "rendered": rendered,
        "size": size,
        "duration": duration,
        "moment": moment,
        "clock": clock,
        "milliseconds": milliseconds,
        "ticked": ticked,
        "whole": whole,
        "json": as_json_text,
    }
    return made


def ticked(text: Any) -> Markup:
    """A sentence in which backticks stand around what is code, as Markdown has it."""
    parts = str(harmless(text)).split("`")
    if len(parts) % 2 == 0:  # they are no pairs
        return escape(harmless(text))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part) for place, part in enumerate(parts)
    )


def whole(text: str) -> Markup:
    """A text of ours to be edited and sent back, as JSON: not cut, and what is not harmless as JSON's own escapes."""
    return escape("\n".join(escaped(line) for line in text.split("\n")))


def as_json_text(value: Any) -> Markup:
    """For an attribute that a script reads: not cut."""
    return escape(orjson.dumps(value).decode())


def moment(micros: int) -> str:
    """Microseconds since the Unix epoch as `2026-03-01 12:00:00Z`."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def milliseconds(micros: int) -> str:
    """The same as `2026-03-01 12:00:00.123`."""
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def clock(micros: int) -> str:
    """The same without its day."""
    return datetime.fromtimestamp(micros / 1_000_000, UTC).strftime("%H:%M:%SZ")
