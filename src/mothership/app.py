"""One worker: opens all of it and holds the whole way of a batch in one short function, `Mothership.accept`."""

import asyncio
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi_offline import FastAPIOffline

from mothership import __version__, assembly, key_files, shared_keys
from mothership.activity.activity import Activity
from mothership.batch_log import BatchLog
from mothership.config import Settings
from mothership.config.reloading import Reload, plan
from mothership.console import configuration, event_context, events, sources, template_counts
from mothership.console import documentation as documentation_page
from mothership.console.application import Console
from mothership.console.dead_letters import DeadLetters
from mothership.console.event_traces import Traces
from mothership.console.overview import Overview
from mothership.console.redaction import RedactionTrials
from mothership.console.worker_traces import JoinedTraces
from mothership.edge import documentation, server, status
from mothership.edge.access_middleware import AccessMiddleware
from mothership.edge.application import EdgeApplication
from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.credentials import Credentials
from mothership.edge.ingest import Ingest
from mothership.edge.inputs import protocols
from mothership.edge.sessions import Sessions
from mothership.errors import SinkError
from mothership.event import UNKNOWN_ARRIVAL, Batch, Receipt
from mothership.event_correction import Repairs
from mothership.gauges import Gauges
from mothership.live_tail.live_tail import LiveTail
from mothership.live_tail.workers import JoinedWorkers
from mothership.pipeline.chain import Chain
from mothership.pipeline.cut_oversized import CutOversized
from mothership.pipeline.enrichment.hypertable_chunk_budget import HypertableChunkBudget
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.rejected_rows import rejected_rows
from mothership.pipeline.templates.templates import Templates
from mothership.ports import Processor
from mothership.relay.relay import Relay
from mothership.relay.spool.kinds import dead_letter_store
from mothership.shared_keys import FINGERPRINTS
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.database_clock import DatabaseClock
from mothership.sinks.tsdb.event_reader import TsdbEventReader
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.status_directory import StatusDirectory
from mothership.status_report import StatusReport

if TYPE_CHECKING:
    from mothership.otlp_export.tracing import Tracing
    from mothership.pipeline.llm.enricher import LLMEnricher

SOURCES_KNOWN = 1024
"""Envelope sources whose redacted form is remembered."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What a worker is made of, as `opened` builds it."""

    chain: Chain
    templates: Templates | None
    enricher: "LLMEnricher | None"
    credentials: Credentials
    sessions: Sessions
    redaction: assembly.CurrentRedaction
    pseudonym_key: bytes
    pseudonym_key_is_agreed: bool
    """With the other instances on the same database."""
    chunk_budget: HypertableChunkBudget | None
    relay: Relay
    batch_builder: BatchBuilder
    tsdb: TsdbSink | None
    loki: LokiSink | None
    activity: Activity
    live_tail: LiveTail
    tracing: "Tracing | None"


class Mothership:
    """One worker: everything from the edge to the sinks. Made by `opened`, works while `run` runs."""

    def __init__(self, settings: Settings, data_dir: Path, parts: Parts) -> None:
        self.settings = settings
        self.data_dir = data_dir
        self.chain, self.relay, self.enricher = parts.chain, parts.relay, parts.enricher
        self.tsdb, self.loki = parts.tsdb, parts.loki
        self.stopping = False
        self._parts = parts
        self._run = parts.tracing.pipeline(parts.chain.run) if parts.tracing else parts.chain.run
        self._keep = parts.tracing.spool(parts.relay.keep) if parts.tracing else parts.relay.keep
        self._reader = TsdbEventReader(parts.tsdb.connect, settings.database.search) if parts.tsdb else None
        self._batch_log = BatchLog(settings.log.batches, self.redactor.counters.rules_hash)
        self._use_redactor(self.redactor)
        self._traces = Traces(parts.chain, lambda: self.redactor, self._private_processors)
        self._server: server.Server | None = None
        self._ingest: Ingest | None = None
        self._edge: EdgeApplication | None = None
        self._application: Any = None
        budget_used = parts.enricher.budget_used if parts.enricher else None
        self._gauges = Gauges(settings, data_dir, parts.credentials, budget_used)
        self._status_report = StatusReport(
            chain=parts.chain,
            redactions=parts.redaction.counts,
            relay=parts.relay,
            tsdb=parts.tsdb,
            loki=parts.loki,
            enricher=parts.enricher,
            is_stopping=lambda: self.stopping,
        )

    @property
    def redactor(self) -> Redaction:
        """The rules of now."""
        return self._parts.redaction.current

    def _use_redactor(self, redactor: Redaction) -> None:
        self._parts.redaction.current = redactor
        self._remains_processors = [*redactor.processors, CutOversized(assembly.bounds(self.settings))]
        self._redacted_agent = lru_cache(maxsize=SOURCES_KNOWN)(redactor.text)
        self._redacted_source = lru_cache(maxsize=SOURCES_KNOWN)(redactor.source)

    async def reload(self, new: Settings) -> Reload:
        """Use what can be used of a configuration from the next request on; returns what that was.

        Nothing is used of one that can't be: it raises `ConfigurationError`. Requests at work end as they began.
        """
        planned = plan(self.settings, new)
        settings = planned.settings
        rules = settings.pipeline.processors.redaction

        def built() -> tuple[Redaction, list[Processor]]:
            former = redaction.former_keys(rules, self.data_dir)
            redactor = redaction.build(
                rules, key=self._parts.pseudonym_key, previous_keys=former, is_token=self._parts.credentials.is_token
            )
            return redactor, assembly.processors(settings, redactor, self._parts.templates, self._parts.chunk_budget)

        redactor, processors = await asyncio.to_thread(built)
        self._parts.credentials.use(settings.auth)
        redactor.counters.continue_from(self.redactor.counters)
        self.settings = settings
        self._use_redactor(redactor)
        timestamps = settings.pipeline.processors.enrichment.timestamps
        self.chain.use(processors, timestamps=timestamps, budget=self._parts.chunk_budget)
        self._batch_log.use(settings.log.batches, redactor.counters.rules_hash)
        self._parts.batch_builder.use_limits(settings.limits)
        if self._ingest and self._edge and self._application:
            self._ingest.use(protocols(self._parts.batch_builder, settings.limits, settings.inputs), settings.limits)
            self._application.current = self._with_access_control(self._edge)
        self._parts.live_tail.end_all("the configuration was reloaded: connect again")
        return planned

    def _with_access_control(self, edge: EdgeApplication) -> AccessMiddleware:
        """By the settings and the rules of now."""
        settings = self.settings
        return server.with_access_control(
            edge,
            settings.auth.for_one_of(settings.server.workers),
            settings.server.tls,
            host=settings.server.host,
            wait_seconds_max=settings.relay.room_seconds,
            credentials=self._parts.credentials,
            sessions=self._parts.sessions,
            is_secret=self.redactor.unsafe,
        )

    async def accept(self, batch: Batch) -> tuple[Batch, Receipt]:
        """The whole way of a batch."""
        batch.source = self._redacted_source(batch.source)
        if self.tsdb and batch.arrival == UNKNOWN_ARRIVAL and not batch.arrived_at:  # else it stands for a refused one
            self._note_arrival(batch, self.tsdb.clock)
        rows = await self._run(batch)
        receipt = await self._keep(rows, waited_seconds=batch.waited_seconds)
        if not receipt.duplicate:
            self._parts.activity.took(batch.client, self._redacted_agent(batch.agent), rows.rows)
        return batch, receipt

    @staticmethod
    def _note_arrival(batch: Batch, clock: DatabaseClock) -> None:
        # Its sender may not have waited as long, and have gone to another instance with it. In the kernel a large body
        # waits while its caller does, too: that is not counted twice.
        seconds = max(batch.waited_seconds, batch.unread_seconds)
        batch.arrival = clock.now().before(seconds)
        if batch.arrival == UNKNOWN_ARRIVAL and (now := clock.machine_time()):
            batch.arrived_at = now.before(seconds)

    async def set_aside(self, batch: Batch) -> None:
        """What is left of rejected events goes to the dead letters: no node reads answers."""
        if not batch.rejected:
            return
        self._parts.activity.rejected(batch.client, len(batch.rejected))
        batch.source = self._redacted_source(batch.source)
        await self.relay.keep_rejected(*await rejected_rows(batch, self._remains_processors))

    def http(self) -> EdgeApplication:
        """The HTTP interface over this worker."""
        sinks = [sink.name for sink in (self.tsdb, self.loki) if sink]
        self._ingest = ingest = Ingest(
            self._parts.tracing.batch(self.accept) if self._parts.tracing else self.accept,
            protocols(self._parts.batch_builder, self.settings.limits, self.settings.inputs),
            limits=self.settings.limits,
            batch_log=self._batch_log,
            sinks=sinks,
            set_aside=self.set_aside,
            wait_seconds_max=self.settings.relay.room_seconds,
            answered=self._parts.activity.answered,
        )
        pages = FastAPIOffline(
            title="Mothership",
            version=__version__,
            summary="Where a fleet of EdgeBot nodes reports to.",
            docs_url=None,
            redoc_url=None,
            static_url=documentation.ASSETS,
        )
        pages.include_router(status.router(self._status_report))
        pages.include_router(documentation.router(pages.title, pages.openapi_url or ""))
        return EdgeApplication(ingest, pages, self.console().application)

    def console(self) -> Console:
        """The pages for people, in the order of the navigation."""
        box = partial(dead_letter_store, self.data_dir, self.settings.relay)
        repairs = Repairs(box, self.chain.run, self.relay.keep, clock=time.time)
        pages = [
            Overview(self._status_report, self._parts.activity).page,
            events.page(self._reader, self._parts.live_tail),
            *([event_context.page(self._reader)] if self._reader else []),
            sources.page(self._parts.activity),
            template_counts.page(self._reader, self._parts.templates.text if self._parts.templates else None),
            *DeadLetters(box, repairs).pages,
            RedactionTrials(lambda: self.settings.pipeline.processors.redaction).page,
            self._traces.page,
            configuration.page(lambda: self.settings),
            documentation_page.page(),
        ]
        return Console(pages, self._parts.sessions)

    def _private_processors(self) -> tuple[Redaction, list[Processor]]:
        """The steps of now for what is no event that came: with a random key, and nothing that learns or counts."""
        settings = self.settings
        rules = settings.pipeline.processors.redaction
        redactor = redaction.build(rules, key=secrets.token_bytes(key_files.KEY_BYTES), previous_keys=())
        processors = assembly.processors(settings, redactor, None, None, counts=False)
        return redactor, processors[len(redactor.processors) :]

    async def run(self, listening: socket.socket) -> None:
        """Serve and deliver until `stop`. Server and couriers share one TaskGroup: one that dies ends the process."""
        settings = self.settings
        self._edge = self.http()
        configuration = server.uvicorn_config(
            self._with_access_control(self._edge),
            settings.auth,
            settings.server.tls,
            settings.limits,
            host=settings.server.host,
            port=0,
        )
        self._application = configuration.app
        configuration.timeout_graceful_shutdown = max(1, int(settings.server.shutdown_seconds / 2))
        self._server = _Server(configuration, settings.limits)
        async with asyncio.TaskGroup() as group:
            work = [
                group.create_task(self.relay.run(), name="relay"),
                group.create_task(self._status_report.run(), name="status_report"),
                group.create_task(self._batch_log.run(), name="batch-log"),
                group.create_task(self._gauges.run(), name="gauges"),
                group.create_task(
                    self._parts.activity.run(self._status_report.counted, self._status_report.levels), name="activity"
                ),
                group.create_task(self._parts.live_tail.run(), name="live-tail"),
                group.create_task(self.redactor.compile_at_leisure(), name="redaction-finders"),
            ]
            if statuses := StatusDirectory.of_this_process():
                joined = JoinedWorkers(self._parts.live_tail, statuses)
                work.append(group.create_task(joined.run(), name="live-tail-workers"))
                samples = JoinedTraces(self._traces, statuses)
                work.append(group.create_task(samples.run(), name="trace-workers"))
            if self.tsdb:
                work.append(group.create_task(self.tsdb.run_maintenance(), name="maintenance"))
                if not self._parts.pseudonym_key_is_agreed:
                    settling = shared_keys.settle_pseudonym_key(self.tsdb, self.data_dir)
                    work.append(group.create_task(settling, name="pseudonym-key"))
                agreement = group.create_task(self._use_fingerprint_key(self.tsdb), name="fingerprint-key")
                work.append(agreement)
                await asyncio.wait([agreement], timeout=shared_keys.PATIENCE_SECONDS)
            if self._parts.templates is not None:
                work.append(group.create_task(self._parts.templates.run(), name="templates"))
            if self.enricher:
                work.append(group.create_task(self.enricher.run(), name="llm"))
            try:
                await self._server.serve([listening])
            finally:
                deadline = settings.server.shutdown_seconds / 2
                await self.relay.close(deadline)
                if self._reader:
                    await self._reader.close()
            for task in work:
                task.cancel()

    def stop(self) -> None:
        """Accept no more after a while, answer what is in flight, deliver what can be delivered, end."""
        self.stopping = True
        self._parts.live_tail.close()
        if self._server:
            self._server.drain(self.settings.server.drain_seconds)

    async def _use_fingerprint_key(self, tsdb: TsdbSink) -> None:
        """Know the batches of the other instances on this database, as soon as it answers."""
        if self.settings.pipeline.processors.redaction.own_salt is None:
            path = self.data_dir / f"{FINGERPRINTS}.key"
            self._parts.batch_builder.use_key(await shared_keys.fingerprint_key(tsdb, path))
        else:  # its clock is known before the first batch comes, all the same
            with suppress(SinkError):
                async with tsdb.session():
                    pass


class _Server(server.Server):
    """Leaves the signals to `commands/serve.py`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def opened(
    settings: Settings, data_dir: Path, *, embedded_dsn: str | None = None, worker: int = 0
) -> AsyncIterator[Mothership]:
    """Build one worker, by its number, and open its spool; on leaving, close what is open."""
    tsdb = None
    if settings.sinks.timescaledb.enabled:
        clock_path = data_dir / f"database-clock-{worker}.json"
        tsdb = TsdbSink(settings.database, settings.sinks.timescaledb, embedded_dsn=embedded_dsn, clock_path=clock_path)
    loki = LokiSink(settings.sinks.loki) if settings.sinks.loki.enabled else None
    key, key_is_agreed = await assembly.pseudonym_key(settings, data_dir, tsdb)
    rules = settings.pipeline.processors.redaction
    credentials = Credentials(settings.auth, clock=time.time)
    redactor = redaction.build(
        rules, key=key, previous_keys=redaction.former_keys(rules, data_dir), is_token=credentials.is_token
    )
    budget = assembly.chunk_budget(settings)
    templates = assembly.templates(settings, data_dir)
    current = assembly.CurrentRedaction(redactor)
    enricher = assembly.enricher(settings, current, templates, tsdb)
    timestamps = settings.pipeline.processors.enrichment.timestamps
    wait_seconds = settings.relay.room_seconds
    processors = assembly.processors(settings, redactor, templates, budget)
    chain = Chain(processors, enricher, timestamps=timestamps, budget=budget, wait_seconds=wait_seconds)
    batch_builder = BatchBuilder(settings.limits, key=assembly.fingerprint_key(settings, data_dir))
    activity = Activity(data_dir / "activity", worker)
    live_tail = LiveTail(settings.live_tail)
    ending = AsyncExitStack()
    tracing = await ending.enter_async_context(assembly.tracing(settings, worker))
    routes = assembly.routes(settings, tsdb, loki, live_tail)
    if tracing:
        routes = [replace(route, sink=tracing.sink(route.sink)) for route in routes]
    relay = await Relay.open(data_dir, settings.relay, routes, counts_stream=worker == 0)
    try:
        yield Mothership(
            settings,
            data_dir,
            Parts(
                chain=chain,
                templates=templates,
                enricher=enricher,
                credentials=credentials,
                sessions=assembly.sessions(settings, data_dir, credentials),
                redaction=current,
                pseudonym_key=key,
                pseudonym_key_is_agreed=key_is_agreed,
                chunk_budget=budget,
                relay=relay,
                batch_builder=batch_builder,
                tsdb=tsdb,
                loki=loki,
                activity=activity,
                live_tail=live_tail,
                tracing=tracing,
            ),
        )
    finally:
        await relay.close(0.0)
        for sink in (tsdb, loki):
            if sink:
                await sink.close()
        await asyncio.to_thread(activity.save)
        if templates is not None:
            await asyncio.to_thread(templates.save)
        await ending.aclose()
