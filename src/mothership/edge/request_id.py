"""The name of a request: in every log line about it, and in its answer."""

import re
import uuid

HEADER = b"x-request-id"
_USABLE = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id(given: str | None) -> str:
    """The caller's own, when it can safely be repeated in logs and answers; otherwise a new one."""
    return given if given and _USABLE.fullmatch(given) else uuid.uuid4().hex
