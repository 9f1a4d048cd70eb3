"""What the status pages show: of one worker, or of all together, whichever of them is asked."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from mothership import __version__, metric_registry, telemetry
from mothership.pipeline.chain import Chain
from mothership.ports import Health, Sink
from mothership.relay.relay import Relay
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.status import RelayStatus, WorkerStatus, merge
from mothership.status_directory import SILENT_SECONDS, StatusDirectory

if TYPE_CHECKING:
    from mothership.pipeline.llm.enricher import LLMEnricher

PUBLISH_SECONDS = 1.0
LLM_HEALTH = frozenset({"healthy", "reason", "model"})
"""What `/healthz` says of the step, and `/stats` does not repeat."""


class StatusReport:
    """`edge.status.StatusSource` over the service. With several workers each also has to `run`."""

    def __init__(
        self,
        *,
        chain: Chain,
        redactions: Callable[[], dict[str, int]],
        relay: Relay,
        tsdb: TsdbSink | None,
        loki: LokiSink | None,
        enricher: "LLMEnricher | None",
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
        self._status_directory = StatusDirectory.of_this_process()
        self.sinks = {"tsdb": tsdb is not None, "loki": loki is not None}
        self.processors = [*chain.names, *(["LokiSink"] if loki else [])]

    async def run(self) -> None:
        """Tell the other workers how this one stands, for ever."""
        while self._status_directory:
            self._status_directory.publish(self._own_status())
            await asyncio.sleep(PUBLISH_SECONDS)

    def _own_status(self) -> WorkerStatus:
        """How this worker is."""
        llm = self._enricher.status() if self._enricher else None
        return WorkerStatus(workers=1, relay=self._relay.status(), llm=llm)

    def _statuses(self) -> list[WorkerStatus]:
        """How each worker is. One that hangs can take nothing; one that has just started is not counted yet."""
        if self._status_directory is None:
            return [self._own_status()]
        self._status_directory.publish(self._own_status())
        statuses = []
        for age_seconds, status in self._status_directory.read():
            if age_seconds > SILENT_SECONDS:
                silent = WorkerStatus.silent(f"no sign of life from a worker for {age_seconds:.0f} seconds")
                statuses.append(silent.merge(status) if status else silent)
            elif status:
                statuses.append(status)
        return statuses

    def counted(self) -> dict[str, float]:
        """What this worker has counted so far, for the charts: requests that were refused, events stored."""
        requests = metric_registry.own(telemetry.ingestion_requests)
        refused = sum(count for status, count in requests.items() if status not in {"success", "partial"})
        stored = metric_registry.own(telemetry.sink_events)
        return {
            "refused": refused,
            **{f"stored.{name}": stored.get(name, 0.0) for name, on in self.sinks.items() if on},
        }

    def levels(self) -> dict[str, float]:
        """What waits in this worker, for the charts."""
        return {f"queued.{name}": sink.queued_events for name, sink in self._relay.status().sinks.items()}

    async def ready(self) -> Health:
        """Can a batch be made safe now, by any worker?"""
        if self._is_stopping():
            return Health(healthy=False, reason="the service is stopping")
        spools = [status.relay.spool for status in self._statuses()]
        if any(spool.healthy for spool in spools):
            return Health(healthy=True)
        return Health(healthy=False, reason=merge(spools).reason)

    async def parts(self) -> dict[str, Health]:
        """The health of the spool, each enabled sink, and the LLM when it is on."""
        whole = merge(self._statuses())
        sinks: list[Sink] = [sink for sink in (self._tsdb, self._loki) if sink]
        asked = await asyncio.gather(*(sink.health() for sink in sinks))
        parts = {"spool": Health(whole.relay.spool.healthy, whole.relay.spool.reason)}
        for sink, health in zip(sinks, asked, strict=True):
            delivery = whole.relay.sinks[sink.name]
            parts[sink.name] = health if not health.healthy or delivery.healthy else Health(False, delivery.reason)
        if whole.llm:
            parts["llm"] = Health(whole.llm.healthy, whole.llm.reason)
        return parts

    async def facts(self) -> dict[str, Any]:
        """What there is to know about the parts besides their health."""
        whole = merge(self._statuses())
        relay = self._relay_over_all(whole.relay)
        facts: dict[str, Any] = {
            name: {
                "breaker": sink.breaker,
                "queued_events": sink.queued_events,
                "queued_bytes": sink.queued_bytes,
                "oldest_seconds": sink.oldest_seconds,
                "retries": sink.retries,
                "drain_rate": sink.drain_rate,
            }
            for name, sink in relay.sinks.items()
        }
        if self._tsdb:
            facts["tsdb"] |= self._tsdb.describe()
        if whole.llm:
            facts["llm"] = {"circuit_breaker": whole.llm.circuit_breaker, "model": whole.llm.model}
        facts["spool"] = {"bytes": relay.spool.bytes, "dead_letters": relay.dead_letters.events}
        if relay.spool.cluster:
            facts["spool"]["cluster"] = asdict(relay.spool.cluster)
        return facts

    async def stats(self) -> dict[str, Any]:
        """The body of /stats."""
        whole = merge(self._statuses())
        counts = metric_registry.CounterSnapshot() if self._status_directory else None
        pipeline = self._chain.stats()
        if counts:
            pipeline |= _pipeline_over_all(pipeline, counts)
        if self._enricher and whole.llm:
            shown = {name: value for name, value in asdict(whole.llm).items() if name not in LLM_HEALTH}
            pipeline["processors"][self._enricher.name] |= shown
        redactions = counts.by("mothership_redactions_total", "rule") if counts else self._redactions()
        uptime = self._status_directory.uptime_seconds() if self._status_directory else time.monotonic() - self._began
        return {
            "service": {"uptime": round(uptime, 3), "version": __version__, "workers": whole.workers},
            "inputs": _inputs(counts or metric_registry.CounterSnapshot()),
            "pipeline": {**pipeline, "redactions": redactions},
            "database": await self._tsdb.stats() if self._tsdb else {},
            "relay": asdict(self._relay_over_all(whole.relay, counts)),
        }

    def _relay_over_all(self, relay: RelayStatus, counts: metric_registry.CounterSnapshot | None = None) -> RelayStatus:
        """Its counters from the shared files: they outlast a worker that died."""
        if not self._status_directory:
            return relay
        counts = counts or metric_registry.CounterSnapshot()
        return replace(
            relay,
            in_flight=replace(relay.in_flight, refused=counts.total("mothership_in_flight_refused_total")),
            sinks={
                name: replace(sink, retries=counts.total("mothership_sink_retries_total", sink=name))
                for name, sink in relay.sinks.items()
            },
        )


def _inputs(counts: metric_registry.CounterSnapshot) -> dict[str, Any]:
    """What came in by each protocol, over all workers."""
    return {
        name: {
            "requests": counts.by("mothership_input_requests_total", "status", input=name),
            "events": counts.total("mothership_input_events_total", input=name),
            "rejected_events": counts.total("mothership_input_events_rejected_total", input=name),
        }
        for name in counts.by("mothership_input_events_total", "input")
    }


def _pipeline_over_all(pipeline: dict[str, Any], counts: metric_registry.CounterSnapshot) -> dict[str, Any]:
    """The pipeline's counts over all workers, also those that died."""
    kept = counts.total("mothership_pipeline_events_total", result="kept")
    rejected = counts.total("mothership_pipeline_events_total", result="rejected")
    processors = {
        name: {
            "processed": counts.total("mothership_processor_events_total", processor=name),
            "errors": counts.total("mothership_processor_errors_total", processor=name),
        }
        for name in pipeline["processors"]
    }
    return {"total_events": kept + rejected, "successful_events": kept, "processors": processors}
