"""What a machine counted or measured: a number in such a field passes for a card's once in a while, and is none."""

from typing import Any

import re2

from mothership.pipeline.redaction.credential_names import words

_READING_WORDS = """
byte bytes octet octets packet packets pkt pkts count counts counter counters duration timestamp ts time epoch offset
sequence seq seqno size nanos micros millis ns us ms uptime rx tx total sum min max avg delta ticks id inode lsn xid
sentbyte sentbytes rcvdbyte rcvdbytes rxbytes txbytes
"""
READING_WORDS = frozenset(_READING_WORDS.split())
"""Last words of the names of what a machine counts or numbers: `rx_bytes`, but not `account`."""
VALUE_WORDS = frozenset({"value", "val", "reading", "measurement", "gauge"})
"""Names of what a machine measured, when what says so stands beside it."""
READING_CHARACTERS = 64
WHICH_WAY = frozenset({"in", "out", "sent", "received", "read", "written"})
"""Words behind one of these that say which way it went: `bytes_in`."""
_MAY_READ = re2.compile(rf"(?i)(?:{'|'.join(sorted(READING_WORDS | VALUE_WORDS | WHICH_WAY))})[0-9]*[^0-9A-Za-z]*$")
READING_KEYS = frozenset(
    (
        "oid",
        "metric",
        "measurement",
        "unit",
        "units",
        "sensor",
        "register",
        "counter",
        "gauge",
        "__name__",
        "poll_interval",
    )
)
"""Beside a value, they say that it was measured."""
READING_TYPES = ("Counter", "Gauge", "Integer", "INTEGER", "Unsigned", "TimeTicks", "counter", "gauge")
ALWAYS = "always"
BESIDE = "beside"
"""When what says so stands beside it."""


def reads(key: str) -> str:
    """Tell when a field holds what a machine counted, which passes for a card number once in a while."""
    if not _MAY_READ.search(key):
        return ""
    read = words(key[-READING_CHARACTERS:]) or [""]
    last = read[-2 if read[-1] in WHICH_WAY and len(read) > 1 else -1].rstrip("0123456789")
    if last in READING_WORDS:
        return ALWAYS
    return BESIDE if last in VALUE_WORDS else ""


def is_reading(value: dict[str, Any]) -> bool:
    """Tell whether an object says that a value in it was measured."""
    kind = value.get("type")
    return not value.keys().isdisjoint(READING_KEYS) or (type(kind) is str and kind.startswith(READING_TYPES))


def whole_number(value: Any) -> bool:
    """Tell whether a value is a number, or a text of digits alone."""
    kind = type(value)
    return kind is int or kind is float or (kind is str and value.isascii() and value.isdigit())
