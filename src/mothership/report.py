"""What the status pages show, gathered from the parts of one worker."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from mothership import __version__, telemetry
from mothership.pipeline.chain import Chain
from mothership.pipeline.llm.enricher import LLMEnricher
from mothership.ports import Health, Sink
from mothership.relay.relay import Relay
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.sink import TsdbSink


class Report:
    """`edge.status.Status` over a worker."""

    def __init__(
        self,
        *,
        chain: Chain,
        redactions: Callable[[], dict[str, int]],
        relay: Relay,
        tsdb: TsdbSink | None,
        loki: LokiSink | None,
        enricher: LLMEnricher | None,
        is_stopping: Callable[[], bool],
    ) -> None:
        self._began = time.monotonic()
        self._chain = chain
        self._redactions = redactions
        self._relay = relay
        self._tsdb = tsdb
        self._loki = loki
        self._enricher = enricher
        self._is_stopping = is_stopping
        self.sinks = {"tsdb": tsdb is not None, "loki": loki is not None}
        self.processors = [*chain.names, *(["LokiSink"] if loki else [])]

    async def ready(self) -> Health:
        """Can a batch be made safe now?"""
        if self._is_stopping():
            return Health(healthy=False, reason="the service is stopping")
        spool = self._relay.status()["spool"]
        return Health(spool["healthy"], spool["reason"])

    async def parts(self) -> dict[str, Health]:
        """The health of the spool, each enabled sink, and the LLM when it is on."""
        relay = self._relay.status()
        sinks: list[Sink] = [sink for sink in (self._tsdb, self._loki) if sink]
        asked = await asyncio.gather(*(sink.health() for sink in sinks))
        parts = {"spool": Health(relay["spool"]["healthy"], relay["spool"]["reason"])}
        for sink, health in zip(sinks, asked, strict=True):
            courier = relay["sinks"][sink.name]
            parts[sink.name] = health if not health.healthy or courier["healthy"] else Health(False, courier["reason"])
        if self._enricher:
            parts["llm"] = self._enricher.health()
        return parts

    async def facts(self) -> dict[str, Any]:
        """What there is to know about the parts besides their health."""
        relay = self._relay.status()
        shown = ("breaker", "queued_events", "queued_bytes", "oldest_seconds", "retries", "drain_rate")
        facts = {name: {key: sink[key] for key in shown} for name, sink in relay["sinks"].items()}
        if self._tsdb:
            facts["tsdb"] |= self._tsdb.facts()
        if self._enricher:
            facts["llm"] = self._enricher.status()
        facts["spool"] = {"bytes": relay["spool"]["bytes"], "dead_letters": relay["dead_letters"]["events"]}
        return facts

    async def stats(self) -> dict[str, Any]:
        """The body of /stats."""
        pipeline = _over_all_workers(self._chain.stats())
        if self._enricher:
            pipeline["processors"][self._enricher.name] |= self._enricher.stats()
        return {
            "service": {"uptime": round(time.monotonic() - self._began, 3), "version": __version__},
            "pipeline": {**pipeline, "redactions": self._redactions()},
            "database": await self._tsdb.stats() if self._tsdb else {},
            "relay": self._relay.status(),
        }


def _over_all_workers(pipeline: dict[str, Any]) -> dict[str, Any]:
    """The pipeline's counts; with several workers those of all, whichever of them answers."""
    if not telemetry.of_several_workers():
        return pipeline
    kept = int(telemetry.total("mothership_pipeline_events_total", result="kept"))
    rejected = int(telemetry.total("mothership_pipeline_events_total", result="rejected"))
    counts = {
        name: {
            "processed": int(telemetry.total("mothership_processor_events_total", processor=name)),
            "errors": int(telemetry.total("mothership_processor_errors_total", processor=name)),
        }
        for name in pipeline["processors"]
    }
    return {**pipeline, "total_events": kept + rejected, "successful_events": kept, "processors": counts}
