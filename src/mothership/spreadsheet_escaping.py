"""Text for a spreadsheet, which must not run it: the text of an event is the text of whoever wrote the log line."""

from typing import Any

FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
"""With these a spreadsheet takes a text for a formula, and runs it (OWASP: CSV injection)."""


def defused(value: Any) -> Any:
    """The text behind an apostrophe where it would be a formula; a number stays one."""
    return f"'{value}" if isinstance(value, str) and value.lstrip(" \n\0").startswith(FORMULA_BEGINS) else value
