"""GET /, /livez, /readyz, /healthz, /stats, /metrics: what whoever runs the service wants to know."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mothership import __version__
from mothership.edge import browser
from mothership.metric_registry import exposition
from mothership.ports import Health
from mothership.service_stats import PartFacts, Stats

PAGES = {
    browser.CONSOLE: "the console, for a browser",
    "/docs": "the HTTP interface, to read and to try",
    "/healthz": "the state of each part",
    "/stats": "counts and times",
    "/metrics": "the same for Prometheus",
    "/livez": "is the process alive",
    "/readyz": "can it take events",
}


class StatusSource(Protocol):
    """What the pages show, gathered by the application."""

    processors: list[str]

    @property
    def sinks(self) -> Mapping[str, bool]:
        """Every sink by name, and whether it is enabled."""

    async def ready(self) -> Health:
        """Can a batch be made safe now?"""

    async def parts(self) -> dict[str, Health]:
        """The health of every part: `spool`, each enabled sink by its name, `llm` when it is on."""

    def facts(self) -> PartFacts:
        """What there is to know about the parts besides their health."""

    async def stats(self) -> Stats:
        """What is counted and timed."""


def router(status: StatusSource) -> APIRouter:
    """The pages. `AccessMiddleware` decides who may see them."""
    pages = APIRouter(tags=["status"])

    @pages.get("/", include_in_schema=False)
    async def index(request: Request) -> Response:
        if browser.wants_page(dict(request.headers.raw)):
            return RedirectResponse(browser.CONSOLE, 303, {"Vary": "Accept"})
        return _json({"service": "Mothership", "version": __version__, "pages": PAGES})

    @pages.get("/livez", summary="Is the process alive?")
    async def livez() -> Response:
        return _json({"status": "alive"})

    @pages.get(
        "/readyz", summary="Can it take events?", responses={503: {"description": "Not now; `/healthz` says why."}}
    )
    async def readyz() -> Response:
        health = await status.ready()
        if health.healthy:
            return _json({"status": "ready"})
        return _json({"status": "not ready"}, 503)  # why is for those who may read /healthz: this page is open to all

    @pages.get(
        "/healthz",
        summary="How is each part doing?",
        responses={503: {"description": "Events can't be taken; the body says why."}},
    )
    async def healthz() -> Response:
        """`healthy`, `degraded` (events are safe, but a part is not well) or `unhealthy` (503: none can be taken)."""
        ready, parts = await status.ready(), await status.parts()
        return _json(_healthz(status, ready, parts, status.facts()), 200 if ready.healthy else 503)

    @pages.get("/stats", summary="Counts and times")
    async def stats() -> Response:
        return _json((await status.stats()).as_json())

    @pages.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        body, content_type = exposition()
        return Response(body, media_type=content_type)

    for path, page in (("/livez", livez), ("/readyz", readyz), ("/healthz", healthz)):
        pages.add_api_route(path, page, methods=["HEAD"], include_in_schema=False)  # as many probes ask
    return pages


def _healthz(status: StatusSource, ready: Health, parts: dict[str, Health], known: PartFacts) -> dict[str, Any]:
    facts = _facts(known)
    enabled = [name for name, on in status.sinks.items() if on]
    well = all(health.healthy for health in parts.values())
    sinks = {
        name: {"healthy": parts[name].healthy, "enabled": True, **_because(parts[name]), **facts.get(name, {})}
        if on
        else {"healthy": False, "enabled": False}
        for name, on in status.sinks.items()
    }
    others = {
        name: {"healthy": health.healthy, **_because(health), **facts.get(name, {})}
        for name, health in parts.items()
        if name not in status.sinks
    }
    return {
        "status": "unhealthy" if not ready.healthy else "healthy" if well else "degraded",
        **_because(ready),
        "timestamp": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        "version": __version__,
        "database": "tsdb" in enabled and parts["tsdb"].healthy,
        "sinks": sinks,
        "enabled_sinks": enabled,
        "pipeline_processors": status.processors,
        **others,
    }


def _facts(known: PartFacts) -> dict[str, dict[str, Any]]:
    """By part, as they stand beside its health."""
    relay = known.relay
    shown = ("breaker", "queued_events", "queued_bytes", "oldest_seconds", "retries", "drain_rate")
    facts = {name: {each: getattr(sink, each) for each in shown} for name, sink in relay.sinks.items()}
    if known.database:
        facts["tsdb"] |= asdict(known.database)
    if known.llm:
        facts["llm"] = {"circuit_breaker": known.llm.circuit_breaker, "model": known.llm.model}
    facts["spool"] = {"bytes": relay.spool.bytes, "dead_letters": relay.dead_letters.events}
    if relay.spool.cluster:
        facts["spool"]["cluster"] = asdict(relay.spool.cluster)
    return facts


def _because(health: Health) -> dict[str, str]:
    return {"reason": health.reason} if health.reason else {}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json", headers={"Cache-Control": "no-store"})
