"""A protobuf message taken apart at one of its fields, so that what it holds is counted before any of it is built.

The library builds a whole message at once, and an empty submessage of two bytes becomes forty. Here a repeated field is
cut out of the message's bytes; the library decodes the pieces one by one, and what is left as the message it is.
"""

from mothership.errors import Refusal

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_VARINT_BYTES = 10


class RepeatedFieldSplitter:
    """Splits the messages of one body at a repeated field. It looks at so many fields in all: more are refused."""

    def __init__(self, fields_max: int) -> None:
        self._fields_max = fields_max
        self._fields_left = fields_max

    def split(self, message: bytes, number: int) -> tuple[bytes, list[bytes]]:
        """Return the message without this field, and each of the submessages that stood there. Raises `Refusal`.

        400 when the bytes are no message, 413 when there are more fields than may be looked at.
        """
        rest: list[bytes] = []
        pieces: list[bytes] = []
        at, end, left = 0, len(message), self._fields_left
        wanted = number << 3 | _LENGTH
        while at < end:
            left -= 1
            if left < 0:
                raise Refusal(413, f"more than {self._fields_max} fields: send fewer at a time (limits.containers)")
            begin = at
            tag, at = (wanted, at + 1) if message[at] == wanted else _varint(message, at)
            if tag == wanted:
                size, at = _varint(message, at)
                pieces.append(message[at : at + size])
                at += size
            else:
                at = _skipped(message, tag, at)
                rest.append(message[begin:at])
            if at > end:
                raise not_protobuf()
        self._fields_left = left
        return b"".join(rest), pieces


def _skipped(message: bytes, tag: int, at: int) -> int:
    """Where the value of a field ends that begins here."""
    kind = tag & 7
    if tag < 8:  # noqa: PLR2004 - the number is 1 or more
        raise not_protobuf()
    if kind == _VARINT:
        return _varint(message, at)[1]
    if kind == _LENGTH:
        size, at = _varint(message, at)
        return at + size
    if kind == _FIXED64:
        return at + 8
    if kind == _FIXED32:
        return at + 4
    raise not_protobuf()


def not_protobuf() -> Refusal:
    """What a body is answered that can't be decoded."""
    return Refusal(400, "the body is not the protobuf message that this path takes")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Value, and where it ends."""
    try:
        value = message[at]
        if value < 0x80:  # noqa: PLR2004 - nearly all are a single byte
            return value, at + 1
        second = message[at + 1]
        if second < 0x80:  # noqa: PLR2004 - nearly all others are of two
            return (value & 0x7F) | second << 7, at + 2
        value &= 0x7F
        for position in range(1, _VARINT_BYTES):
            byte = message[at + position]
            value |= (byte & 0x7F) << 7 * position
            if byte < 0x80:  # noqa: PLR2004 - the last one
                return value, at + position + 1
    except IndexError:
        raise not_protobuf() from None
    raise not_protobuf()
