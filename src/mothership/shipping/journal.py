"""Entries of `journalctl -o export`: a field a line, and a field of any bytes as its length and them."""

from mothership.event import Event

BEGINS = b"__CURSOR="
_LENGTH_BYTES = 8


def entry_of(block: bytes) -> Event | None:
    """Read an entry, without the empty line behind it. None when it goes on behind that: inside a long field."""
    fields: Event = {}
    at = 0
    while at < len(block):
        end = block.find(b"\n", at)
        line = block[at : end if end >= 0 else len(block)]
        name, equals, value = line.partition(b"=")
        if equals:
            at += len(line) + 1
        else:
            begins = at + len(line) + 1 + _LENGTH_BYTES
            size = int.from_bytes(block[begins - _LENGTH_BYTES : begins], "little")
            if begins + size > len(block):
                return None
            value = block[begins : begins + size]
            at = begins + size + 1
        fields[name.decode(errors="backslashreplace")] = value.decode(errors="backslashreplace")
    return fields
