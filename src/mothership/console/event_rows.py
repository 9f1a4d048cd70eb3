"""A stored event as the pages show it."""

from typing import Any

import orjson

from mothership.search.query import MESSAGE, SEVERITIES
from mothership.search.results import StoredEvent

MESSAGE_CHARACTERS = 500
DATA_CHARACTERS = 8_000
"""Of one event on the page; its JSON has all."""


def shown(event: StoredEvent) -> dict[str, Any]:
    """What a row tells."""
    data = orjson.loads(event.data)
    message, severity = (data.get(MESSAGE), data.get("severity_num")) if isinstance(data, dict) else (None, None)
    text = message if isinstance(message, str) else event.data
    return {
        "ts": event.ts,
        "id": str(event.id),
        "type": event.type,
        "source": event.source,
        "severity_num": severity if type(severity) is int and severity in range(len(SEVERITIES)) else None,
        "text": text[:MESSAGE_CHARACTERS],
        "data": event.data[:DATA_CHARACTERS],
        "is_cut": event.is_cut or len(event.data) > DATA_CHARACTERS,
    }
