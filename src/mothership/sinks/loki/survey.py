"""What Loki tells of itself before the first push: its version, and the streams it has.

All of it may be hidden (a gateway that only passes pushes on, a token that may only write): then nothing is known,
and nothing fails.
"""

from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

import orjson

from mothership.errors import Paused, Transient
from mothership.sinks.loki.answers import Answer
from mothership.sinks.loki.client import LokiClient, Unreachable
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.streams import IDLE_SECONDS, Recalled

SECONDS = 5.0
RECALL_SECONDS = 86_400
SERIES_BYTES_MAX = 16_000_000


class Survey(NamedTuple):
    """What was found out."""

    version: tuple[int, ...] | None
    streams: Recalled


async def survey(client: LokiClient, settings: LokiSettings, now: float) -> Survey:
    """Ask what the settings let be asked. Raises `Transient` only when there is no connection at all."""
    version, streams = None, Recalled()
    if settings.structured_metadata == "auto":
        version = _version(await _get(client, "/loki/api/v1/status/buildinfo"))
    if settings.recall_streams:
        hour_ago = now - IDLE_SECONDS
        streams = Recalled(
            await _series(client, hour_ago, now + IDLE_SECONDS), await _series(client, now - RECALL_SECONDS, hour_ago)
        )
    return Survey(version, streams)


async def _series(client: LokiClient, start: float, end: float) -> list[dict[str, str]]:
    query = urlencode({"match[]": '{type=~".+"}', "start": int(start) * 10**9, "end": int(end) * 10**9})
    return _streams(await _get(client, f"/loki/api/v1/series?{query}"))


async def _get(client: LokiClient, path: str) -> Answer | None:
    try:
        answer = await client.get(path, seconds=SECONDS, bytes_max=SERIES_BYTES_MAX)
    except Unreachable:
        raise
    except (Transient, Paused):
        return None
    return answer if answer.status == HTTPStatus.OK and not answer.truncated else None


def _version(answer: Answer | None) -> tuple[int, ...] | None:
    """Read `3.5` from Loki's own account of itself; None where it is hidden or no release."""
    if answer is None:
        return None
    try:
        parts = str(orjson.loads(answer.text)["version"]).split(".")
        return int(parts[0]), int(parts[1])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _streams(answer: Answer | None) -> list[dict[str, str]]:
    if answer is None:
        return []
    try:
        found = orjson.loads(answer.text)["data"]
        return [{str(name): str(value) for name, value in labels.items()} for labels in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
