"""A dead letter as a message: its record, and beside it what there is to know without reading that."""

from hashlib import blake2b
from typing import NamedTuple

import orjson

from mothership.relay.spool.dead_letter_table import REASON_CHARACTERS
from mothership.relay.spool.jetstream.publisher import ID, Message
from mothership.relay.spool.jetstream.subjects import Subjects
from mothership.relay.spool.record import SpoolRecord

HEADER = "Letter"


class LetterHead(NamedTuple):
    """What is beside the record."""

    sink: str
    reason: str
    buried: int
    """Microseconds since the Unix epoch."""
    request_id: str
    origin: str
    """Fingerprint of the batch the rows came with, in hexadecimal digits."""
    fingerprint: str
    """Under which a retry sends them."""
    events: int
    client: str


def message(
    subjects: Subjects, sink: str, reason: str, record: SpoolRecord, packed: bytes, buried: int, *, mark: str
) -> Message:
    """As it is kept. `mark` names the occasion: what is set aside again is another letter."""
    head = LetterHead(
        sink, reason[:REASON_CHARACTERS], buried, record.request_id, (record.parent or record.fingerprint).hex(),
        record.fingerprint.hex(), len(record.rows), record.client,
    )  # fmt: skip
    identity = blake2b(f"{mark} {reason}".encode(), key=record.fingerprint[:64], digest_size=16).hexdigest()
    headers = {ID: identity, HEADER: ascii_head(head)}
    return Message(subjects.letter(sink, record.client, len(record.rows), len(packed)), packed, headers)


def head_of(headers: dict[str, str]) -> LetterHead:
    """Read it back."""
    return LetterHead(*orjson.loads(headers[HEADER]))


def ascii_head(head: LetterHead) -> str:
    """Headers hold one line of letters that every server passes on."""
    text = orjson.dumps(list(head)).decode()
    return "".join(letter if " " <= letter <= "~" else _escaped(letter) for letter in text)


def _escaped(letter: str) -> str:
    units = letter.encode("utf-16-be")
    return "".join(f"\\u{units[at]:02x}{units[at + 1]:02x}" for at in range(0, len(units), 2))
