"""What the subjects of the two streams say: of each message the sink, the caller, the number of its events, its size.

So the servers themselves count what waits, for each sink and caller, exactly and for all instances.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

PLAIN = re.compile(r"[A-Za-z0-9_-]{1,48}")


class Counted(NamedTuple):
    """Messages of one kind."""

    sink: str
    client: str
    """The caller, as `client_token` names it."""
    batches: int
    events: int
    bytes: int
    """As the classes of their sizes tell: to a third."""


class Subjects:
    """The subjects of one spool."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.letters_stream = f"{stream}_DEAD_LETTERS"
        self.all_batches = f"{stream}.batch.>"
        self.all_attempts = f"{stream}.attempt.>"
        self.all_letters = f"{stream}.dead.>"

    def batch(self, sink: str, client: str, events: int, size: int) -> str:
        """Of a batch of so many bytes that waits for a sink."""
        return f"{self.stream}.batch.{sink}.{client_token(client)}.{events}.{size.bit_length()}"

    def batches_of(self, sink: str) -> str:
        """Of all batches that wait for a sink."""
        return f"{self.stream}.batch.{sink}.>"

    def attempts(self, sink: str, seq: int) -> str:
        """Of the number of attempts at a batch."""
        return f"{self.stream}.attempt.{sink}.{seq}"

    def results(self, instance: str) -> str:
        """Where an instance hears what became of its batches. No stream keeps it."""
        return f"{self.stream}.result.{instance}"

    def letter(self, sink: str, client: str, events: int, size: int) -> str:
        """Of a dead letter of so many bytes."""
        return f"{self.stream}.dead.{sink}.{client_token(client)}.{events}.{size.bit_length()}"

    def letters_by(self, token: str) -> str:
        """Of all dead letters of a caller, as `client_token` names it."""
        return f"{self.stream}.dead.*.{token}.>"

    def letters_of(self, sink: str | None) -> str:
        """Of all dead letters, or a sink's."""
        return f"{self.stream}.dead.{sink}.>" if sink else self.all_letters


def events_of(subject: str) -> int:
    """How many events a message holds."""
    return int(subject.split(".")[4])


def counted(subjects: Mapping[str, int]) -> list[Counted]:
    """Messages by subject, as a server counts them."""
    found = []
    for subject, messages in subjects.items():
        _, _, sink, client, events, size_class = subject.split(".")
        # In the middle of its class: every size in it is at most a third away.
        found.append(Counted(sink, client, messages, messages * int(events), messages * (3 << int(size_class)) // 4))
    return found


def client_token(client: str) -> str:
    """A caller's name as one part of a subject."""
    if PLAIN.fullmatch(client):
        return client
    return f"={blake2b(client.encode(), digest_size=12).hexdigest()}"
