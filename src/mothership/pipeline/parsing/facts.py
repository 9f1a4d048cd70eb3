"""What a line says about itself, and the words that it says it in."""

import re
from typing import Any, NamedTuple

HEAD_CHARACTERS = 1024
"""How much of a line is looked at: what it says about itself stands in front."""
NAME_CHARACTERS = 255
"""Longest name of a host or program that is taken."""


class Facts(NamedTuple):
    """Read off one line. What it does not say is None."""

    format: str
    micros: int | None = None
    """Its time: microseconds since the Unix epoch, UTC."""
    hostname: str | None = None
    program: str | None = None
    pid: int | None = None
    severity: str | None = None
    """One of the eight words of RFC 5424."""


SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "info", "debug")
"""By their numbers."""
WORDS = {
    **{word: word for word in SEVERITIES},
    "emerg": "emergency", "panic": "emergency", "crit": "critical", "fatal": "critical", "critic": "critical",
    "f": "critical", "err": "error", "severe": "error", "failure": "error", "e": "error", "warn": "warning",
    "w": "warning", "note": "notice", "system": "notice", "information": "info", "informational": "info", "log": "info",
    "i": "info", "config": "info", "fine": "debug", "finer": "debug", "finest": "debug", "trace": "debug",
    "verbose": "debug", "d": "debug", "v": "debug", "debug1": "debug", "debug2": "debug", "debug3": "debug",
    "debug4": "debug", "debug5": "debug", "dpanic": "critical", "audit success": "info", "audit failure": "warning",
}  # fmt: skip
"""What programs write for them, in small letters."""
LEVEL = (
    r"TRACE|DEBUG|VERBOSE|INFO|INFORMATION|NOTICE|NOTE|WARN|WARNING|ERR|ERROR|SEVERE|FATAL|CRIT|CRITICAL|ALERT|EMERG"
    r"|EMERGENCY|PANIC|FINE|FINER|FINEST|CONFIG"
)
"""The words that stand for a severity in capitals at the head of a line."""
_DIGITS = re.compile(r"\d{1,10}", re.ASCII)


def severity_of(value: Any) -> str | None:
    """Read a word; None for one that is none. Numbers mean other things in other formats."""
    return WORDS.get(value.strip().lower()) if value.__class__ is str and len(value) <= 32 else None  # noqa: PLR2004 - longer than any


def pid_of(value: Any) -> int | None:
    """Read a process id, as number or text."""
    if value.__class__ is int:
        return int(value) if 0 < value < 2**32 else None
    if value.__class__ is str and _DIGITS.fullmatch(value):
        return int(value) if 0 < int(value) < 2**32 else None
    return None


def name_of(value: Any) -> str | None:
    """Take the name of a host or program; a dash or nothing stands for none."""
    if value.__class__ is not str or not value or value == "-" or len(value) > NAME_CHARACTERS:
        return None
    return str(value)
