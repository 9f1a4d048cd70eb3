"""What kind of text a file holds, by its first bytes, and its lines as text."""

import re
from typing import NamedTuple

from mothership.shipping import journal

LOOKED_AT_BYTES = 8192
_BOMS = (
    (b"\xef\xbb\xbf", "utf-8", 1),
    (b"\xff\xfe\x00\x00", "utf-32-le", 4),
    (b"\x00\x00\xfe\xff", "utf-32-be", 4),
    (b"\xff\xfe", "utf-16-le", 2),
    (b"\xfe\xff", "utf-16-be", 2),
)
_CONTROLS = bytes(set(range(32)) - {8, 9, 10, 12, 13, 27}) + b"\x7f"
_CONTROL_SHARE_MAX = 0.1
_IS_TAR = re.compile(rb".{257}ustar", re.DOTALL)
_HAS_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")


class Encoding(NamedTuple):
    """How the characters of a file are written."""

    name: str
    unit: int = 1
    """Bytes of a line's end."""
    bom: int = 0
    """Bytes in front that are no text."""

    @property
    def line_end(self) -> bytes:
        """The bytes of a line feed in this encoding."""
        return "\n".encode(self.name)

    def text(self, line: bytes) -> str:
        r"""Decode a line. In UTF-8, one that is none is Latin-1, unless it is UTF-8 in parts: then `\xff` stays."""
        if self.unit > 1:
            return line.decode(self.name, "replace")
        try:
            return line.decode()
        except UnicodeDecodeError:
            return line.decode(errors="backslashreplace") if _HAS_UTF8.search(line) else _western(line)


UTF_8 = Encoding("utf-8")


def encoding_of(head: bytes) -> Encoding | None:
    """Tell by a file's first bytes how it is written; None for what is no text."""
    for bom, name, unit in _BOMS:
        if head.startswith(bom):
            return Encoding(name, unit, len(bom))
    if head.startswith(journal.BEGINS):
        return UTF_8  # with lengths of long fields in between
    if b"\0" in head:
        return _utf_16(head) or (UTF_8 if _is_text_with_holes(head) else None)
    controls = len(head) - len(head.translate(None, _CONTROLS))
    return None if controls > len(head) * _CONTROL_SHARE_MAX else UTF_8


def _is_text_with_holes(head: bytes) -> bool:
    """Zeros where lines were lost with the power, or a file was emptied under its writer; the rest is text."""
    rest = head.replace(b"\0", b"")
    if b"\n" not in rest or rest.translate(None, _CONTROLS) != rest:
        return False
    try:
        rest[: rest.rindex(b"\n")].decode()
    except UnicodeDecodeError:
        return False
    return not _IS_TAR.match(head)


def _utf_16(head: bytes) -> Encoding | None:
    """UTF-16 without a mark in front: every other byte of mostly Latin text is zero."""
    even, odd = head[::2], head[1::2]
    for name, zeros, others in (("utf-16-le", odd, even), ("utf-16-be", even, odd)):
        if zeros.count(0) > len(zeros) * 0.6 and others.count(0) < max(1, len(others) * 0.05):
            return Encoding(name, 2)
    return None


def _western(line: bytes) -> str:
    try:
        return line.decode("cp1252")
    except UnicodeDecodeError:
        return line.decode("latin-1")
