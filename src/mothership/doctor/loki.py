"""Loki: the way there, ready, and does it take pushes with these credentials. What is pushed has no stream in it."""

import time
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mothership.doctor import network
from mothership.doctor.finding import Finding, Severity, error, note, ok, warning
from mothership.doctor.patient import Patient
from mothership.errors import SinkError
from mothership.sinks.loki.probe import SECONDS, buildinfo_version
from mothership.sinks.loki.push_encoding import json_body, protobuf_body
from mothership.sinks.loki.responses import PushOutcome, classify
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.sink import METADATA_VERSION_MIN, READY_HIDDEN_STATUSES

if TYPE_CHECKING:
    from mothership.sinks.loki.client import LokiClient

PART = "loki"
WAITS = "what is for Loki waits in the spool until it is too old; the database is as fast as before"


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    settings = patient.settings.sinks.loki
    if not settings.enabled:
        yield note(PART, "sinks.loki.enabled is false: nothing is pushed to Loki")
        return
    url = urlsplit(settings.url)
    if settings.proxy_url is None:
        port = url.port or (443 if url.scheme == "https" else 80)
        reached = True
        async for finding in network.reach(PART, url.hostname or "", port, key="sinks.loki.url", cost=WAITS):
            reached = finding.severity < Severity.ERROR
            yield finding
        if not reached:
            return
    from mothership.sinks.loki.client import LokiClient  # noqa: PLC0415 - most have no Loki, and it is large

    client = LokiClient(settings, time.time)
    try:
        yield await _ready(client)
        if found := await _version(client, settings):
            yield found
        yield await _writable(client, settings)
    except SinkError as failure:
        yield error(PART, failure.reason, cost=WAITS, remedy="correct what it names, then run this again")
    finally:
        await client.close()


async def _ready(client: "LokiClient") -> Finding:
    answer = await client.get("/ready", seconds=SECONDS)
    if answer.status == HTTPStatus.OK:
        return ok(PART, "it says that it is ready")
    if answer.status in READY_HIDDEN_STATUSES:
        return note(PART, f"/ready answers {answer.status}: a gateway hides it")
    return warning(
        PART,
        f"/ready answers {answer.status}",
        cost=WAITS,
        remedy="a Loki that has just started needs some seconds; else look at its log",
    )


async def _version(client: "LokiClient", settings: LokiSettings) -> Finding | None:
    version = buildinfo_version(await client.get("/loki/api/v1/status/buildinfo", seconds=SECONDS))
    if version is None:
        return None
    shown = ".".join(map(str, version))
    if version < METADATA_VERSION_MIN and settings.structured_metadata != "off":
        return note(PART, f"version {shown} has no structured metadata: those fields stay in the line")
    return ok(PART, f"version {shown}")


async def _writable(client: "LokiClient", settings: LokiSettings) -> Finding:
    """Loki looks at credentials and tenant before it looks for streams, and says 422 when there are none."""
    encode = json_body if settings.encoding == "json" else protobuf_body
    body = encode([], metadata=False)
    outcome = classify(await client.push(body))
    if isinstance(outcome, PushOutcome):
        return ok(PART, "it takes pushes with these credentials")
    return error(PART, outcome.reason, cost=WAITS, remedy="correct what it names: the service goes on by itself")
