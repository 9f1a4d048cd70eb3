"""GET /, /livez, /readyz, /healthz, /stats, /metrics: what whoever runs the service wants to know."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from mothership import __version__
from mothership.edge.documentation import content_security_policy
from mothership.ports import Health
from mothership.telemetry import exposition

PAGES = {
    "/docs": "the HTTP interface, to read and to try",
    "/healthz": "the state of each part",
    "/stats": "counts and times",
    "/metrics": "the same for Prometheus",
    "/livez": "is the process alive",
    "/readyz": "can it take events",
}


class Status(Protocol):
    """What the pages show, gathered by the application."""

    processors: list[str]

    @property
    def sinks(self) -> Mapping[str, bool]:
        """Every sink by name, and whether it is enabled."""

    async def ready(self) -> Health:
        """Can a batch be made safe now?"""

    async def parts(self) -> dict[str, Health]:
        """The health of every part: `spool`, each enabled sink by its name, `llm` when it is on."""

    async def facts(self) -> dict[str, Any]:
        """What there is to know about the parts besides their health: `sinks.<name>` → details."""

    async def stats(self) -> dict[str, Any]:
        """The body of /stats."""


def router(status: Status) -> APIRouter:
    """The pages. `AccessMiddleware` decides who may see them."""
    pages = APIRouter(tags=["status"])

    @pages.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def index() -> HTMLResponse:
        return HTMLResponse(_INDEX, headers={"Content-Security-Policy": content_security_policy(_INDEX, scripts=False)})

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
        ready, parts, facts = await status.ready(), await status.parts(), await status.facts()
        return _json(_healthz(status, ready, parts, facts), 200 if ready.healthy else 503)

    @pages.get("/stats", summary="Counts and times")
    async def stats() -> Response:
        return _json(await status.stats())

    @pages.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def metrics() -> Response:
        body, content_type = exposition()
        return Response(body, media_type=content_type)

    for path, page in (("/livez", livez), ("/readyz", readyz), ("/healthz", healthz)):
        pages.add_api_route(path, page, methods=["HEAD"], include_in_schema=False)  # as many probes ask
    return pages


def _healthz(status: Status, ready: Health, parts: dict[str, Health], facts: dict[str, Any]) -> dict[str, Any]:
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


def _because(health: Health) -> dict[str, str]:
    return {"reason": health.reason} if health.reason else {}


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, media_type="application/json", headers={"Cache-Control": "no-store"})


def _index() -> bytes:
    links = "".join(f'<li><a href="{path}">{path}</a> {meaning}</li>' for path, meaning in PAGES.items())
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Mothership</title>
<meta name="viewport" content="width=device-width"><style>
body{{font:16px/1.6 system-ui,sans-serif;max-width:38rem;margin:4rem auto;padding:0 1rem;color:#1b2733}}
a{{color:#0b5cad;display:inline-block;min-width:6rem}}li{{list-style:none}}ul{{padding:0}}
code{{background:#eef2f6;padding:.1em .35em;border-radius:4px}}
@media(prefers-color-scheme:dark){{body{{background:#10161d;color:#dbe4ec}}a{{color:#7db8f0}}code{{background:#1d2731}}}}
</style><h1>Mothership</h1><p>Nodes send their events to <code>POST /ingest</code>.</p><ul>{links}</ul></html>"""
    return page.encode()


_INDEX = _index()
