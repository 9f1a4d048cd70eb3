"""What the status pages show: of one worker, or of all together, whichever of them is asked."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from mothership import __version__, metric_registry, telemetry
from mothership.pipeline.chain import Chain
from mothership.ports import Health, Sink
from mothership.relay.relay import Relay
from mothership.service_stats import InputStats, PartFacts, PipelineStats, ProcessorCounts, ServiceStats, Stats
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.status import RelayStatus, WorkerStatus, merge
from mothership.status_directory import SILENT_SECONDS, StatusDirectory

if TYPE_CHECKING:
    from mothership.pipeline.llm.enricher import LLMEnricher

PUBLISH_SECONDS = 1.0


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

    def facts(self) -> PartFacts:
        """What there is to know about the parts besides their health."""
        whole = merge(self._statuses())
        database = self._tsdb.facts() if self._tsdb else None
        return PartFacts(relay=self._relay_over_all(whole.relay), llm=whole.llm, database=database)

    async def stats(self) -> Stats:
        """What is counted and timed, over all workers."""
        whole = merge(self._statuses())
        counts = metric_registry.CounterSnapshot()
        uptime = self._status_directory.uptime_seconds() if self._status_directory else time.monotonic() - self._began
        return Stats(
            service=ServiceStats(round(uptime, 3), __version__, whole.workers),
            inputs=_inputs(counts),
            pipeline=self._pipeline_over_all(counts) if self._status_directory else self._own_pipeline(),
            database=await self._tsdb.stats() if self._tsdb else None,
            relay=self._relay_over_all(whole.relay, counts),
            llm=whole.llm,
            llm_step=self._enricher.name if self._enricher else "",
        )

    def _own_pipeline(self) -> PipelineStats:
        return PipelineStats(
            total_events=self._chain.total_events,
            successful_events=self._chain.successful_events,
            processors=self._chain.counts(),
            redactions=self._redactions(),
        )

    def _pipeline_over_all(self, counts: metric_registry.CounterSnapshot) -> PipelineStats:
        """From the shared files: also what was counted by workers that died."""
        kept = counts.total("mothership_pipeline_events_total", result="kept")
        return PipelineStats(
            total_events=kept + counts.total("mothership_pipeline_events_total", result="rejected"),
            successful_events=kept,
            processors={
                name: ProcessorCounts(
                    processed=counts.total("mothership_processor_events_total", processor=name),
                    errors=counts.total("mothership_processor_errors_total", processor=name),
                )
                for name in self._chain.counts()
            },
            redactions=counts.by("mothership_redactions_total", "rule"),
        )

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


def _inputs(counts: metric_registry.CounterSnapshot) -> dict[str, InputStats]:
    return {
        name: InputStats(
            requests=counts.by("mothership_input_requests_total", "status", input=name),
            events=counts.total("mothership_input_events_total", input=name),
            rejected_events=counts.total("mothership_input_events_rejected_total", input=name),
        )
        for name in counts.by("mothership_input_events_total", "input")
    }
