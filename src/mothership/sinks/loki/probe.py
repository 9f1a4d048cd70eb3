"""What Loki tells of itself before the first push: its version, and the streams it has.

All of it may be hidden (a gateway that only passes pushes on, a token that may only write): then nothing is known,
and nothing fails.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

import orjson

from mothership.errors import Paused, Transient
from mothership.sinks.loki.responses import LokiResponse, Unreachable
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.streams import IDLE_SECONDS, ExistingStreams

if TYPE_CHECKING:
    from mothership.sinks.loki.client import LokiClient

SECONDS = 5.0
RECALL_SECONDS = 86_400
SERIES_BYTES_MAX = 16_000_000


class LokiProbe(NamedTuple):
    """What was found out."""

    version: tuple[int, ...] | None
    streams: ExistingStreams


async def probe(client: "LokiClient", settings: LokiSettings, now: float) -> LokiProbe:
    """Ask what the settings let be asked. Raises `Transient` only when there is no connection at all."""
    version, streams = None, ExistingStreams()
    if settings.structured_metadata == "auto":
        version = buildinfo_version(await _get(client, "/loki/api/v1/status/buildinfo"))
    if settings.recall_streams:
        hour_ago = now - IDLE_SECONDS
        streams = ExistingStreams(
            await _series(client, hour_ago, now + IDLE_SECONDS), await _series(client, now - RECALL_SECONDS, hour_ago)
        )
    return LokiProbe(version, streams)


async def _series(client: "LokiClient", start: float, end: float) -> list[dict[str, str]]:
    query = urlencode({"match[]": '{type=~".+"}', "start": int(start) * 10**9, "end": int(end) * 10**9})
    return _streams(await _get(client, f"/loki/api/v1/series?{query}"))


async def _get(client: "LokiClient", path: str) -> LokiResponse | None:
    try:
        response = await client.get(path, seconds=SECONDS, bytes_max=SERIES_BYTES_MAX)
    except Unreachable:
        raise
    except (Transient, Paused):
        return None
    return response if response.status == HTTPStatus.OK and not response.truncated else None


def buildinfo_version(response: LokiResponse | None) -> tuple[int, ...] | None:
    """Read `3.5` from Loki's own account of itself; None where it is hidden or no release."""
    if response is None:
        return None
    try:
        parts = str(orjson.loads(response.text)["version"]).split(".")
        return int(parts[0]), int(parts[1])
    except (ValueError, KeyError, IndexError, TypeError):
        return None


def _streams(response: LokiResponse | None) -> list[dict[str, str]]:
    if response is None:
        return []
    try:
        found = orjson.loads(response.text)["data"]
        return [{str(name): str(value) for name, value in labels.items()} for labels in found]
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
