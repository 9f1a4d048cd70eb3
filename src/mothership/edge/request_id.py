"""The name of a request: in every log line about it, and in its answer."""

import re
from collections.abc import Callable

from mothership.edge.random_bytes import random_bytes

HEADER = b"x-request-id"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,36}")
"""Up to the length of a UUID: a token is longer."""


def request_id(given: str | None, is_secret: Callable[[str], bool] = lambda _text: False) -> str:
    """The caller's own, when it can safely be repeated in logs and answers; otherwise a new one.

    `is_secret` tells whether redaction would take something out of it: a token ends up in a wrong header easily.
    """
    return given if given and _USABLE.fullmatch(given) and not is_secret(given) else random_bytes()[:16].hex()
