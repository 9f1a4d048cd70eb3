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
        at, end = 0, len(message)
        wanted = number << 3 | _LENGTH
        while at < end:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise Refusal(413, f"more than {self._fields_max} fields: send fewer at a time (limits.containers)")
            start = at
            tag, at = _varint(message, at)
            kind = tag & 7
            size = 0
            if kind == _LENGTH:
                size, at = _varint(message, at)
                at += size
            elif kind == _VARINT:
                _, at = _varint(message, at)
            elif kind == _FIXED64:
                at += 8
            elif kind == _FIXED32:
                at += 4
            else:
                raise not_protobuf()
            if at > end or tag < 8:  # noqa: PLR2004 - the number is 1 or more
                raise not_protobuf()
            if tag == wanted:
                pieces.append(message[at - size : at])
            else:
                rest.append(message[start:at])
        return b"".join(rest), pieces


def not_protobuf() -> Refusal:
    """What a body is answered that can't be decoded."""
    return Refusal(400, "the body is not the protobuf message that this path takes")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Value, and where it ends."""
    try:
        value = message[at]
        if value < 0x80:  # noqa: PLR2004 - nearly all are a single byte
            return value, at + 1
        value &= 0x7F
        for position in range(1, _VARINT_BYTES):
            byte = message[at + position]
            value |= (byte & 0x7F) << 7 * position
            if byte < 0x80:  # noqa: PLR2004 - the last one
                return value, at + position + 1
    except IndexError:
        raise not_protobuf() from None
    raise not_protobuf()
