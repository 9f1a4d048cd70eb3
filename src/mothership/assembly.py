"""The parts of a worker, each built as the configuration has it: `app` puts them together."""

import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from mothership import key_files, shared_keys
from mothership.config import Settings
from mothership.edge.credentials import Credentials
from mothership.edge.sessions import Sessions
from mothership.pipeline.cut_oversized import Bounds, CutOversized
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.enrichment.hypertable_chunk_budget import HypertableChunkBudget
from mothership.pipeline.parsing.parsing import ParseLines
from mothership.pipeline.redaction import redaction
from mothership.pipeline.redaction.pseudonyms import KEY_FILE
from mothership.pipeline.redaction.redaction import Redaction
from mothership.pipeline.templates.templates import Templates
from mothership.ports import Processor, StoredWatcher
from mothership.relay.sink_route import SinkRoute
from mothership.shared_keys import FINGERPRINTS
from mothership.sinks.loki.sink import LokiSink
from mothership.sinks.tsdb.sink import TsdbSink
from mothership.sinks.tsdb.verdict_store import TsdbVerdictStore

if TYPE_CHECKING:
    from mothership.otlp_export.tracing import Tracing
    from mothership.pipeline.llm.enricher import LLMEnricher


class CurrentRedaction:
    """The rules of now, for what is made once and outlasts a reload."""

    def __init__(self, current: Redaction) -> None:
        self.current = current

    def text(self, text: str) -> str:
        """As `Redaction.text`."""
        return self.current.text(text)

    def counts(self) -> dict[str, int]:
        """As `Redaction.counts`."""
        return self.current.counts()


async def pseudonym_key(settings: Settings, data_dir: Path, tsdb: TsdbSink | None) -> tuple[bytes, bool]:
    """The key of the pseudonyms, and whether it is settled. An embedded database has no other instance on it."""
    rules = settings.pipeline.processors.redaction
    is_first = not (data_dir / KEY_FILE).exists()
    own = redaction.key_for(rules, data_dir)
    if rules.own_salt is not None or tsdb is None or not settings.database.is_external:
        return own, True
    return await shared_keys.pseudonym_key(tsdb, data_dir, own, is_first=is_first)


def chunk_budget(settings: Settings) -> HypertableChunkBudget | None:
    """The bound on new chunks. The embedded database has none."""
    if not (settings.sinks.timescaledb.enabled and settings.database.is_external):
        return None
    chunk_micros = settings.database.chunk_interval // timedelta(microseconds=1)
    return HypertableChunkBudget(chunk_micros, settings.pipeline.processors.enrichment.timestamps.new_chunks_per_hour)


def processors(
    settings: Settings,
    redactor: Redaction,
    templates: Templates | None,
    budget: HypertableChunkBudget | None,
    *,
    counts: bool = True,
) -> list[Processor]:
    """Redaction first, then what lines say themselves, then enrichment, then templates when something needs them."""
    enrichers = enrichment.build(settings.pipeline.processors.enrichment, budget)
    phases = settings.pipeline.processors
    times, char = phases.enrichment.timestamps.fields, phases.redaction.mask_char
    # A letter that masks stands in names, too: only a whole mask of them is one.
    mask = char * (phases.redaction.mask_length or 3) if char.isalnum() else char
    # Before anything is cut, so that a line's end is what it was.
    lines = ParseLines(phases.parse, redactor.field, times, mask)
    processors = [*redactor.processors, lines, CutOversized(bounds(settings), counts=counts), *enrichers]
    return processors if templates is None else [*processors, templates]


def templates(settings: Settings, data_dir: Path) -> Templates | None:
    """The templates of messages, where something needs them; what was learnt is kept in the data directory."""
    if not (settings.pipeline.templates.enabled or settings.llm.enabled):
        return None
    return Templates(settings.pipeline.templates, state=data_dir / "templates.json")


def enricher(
    settings: Settings, redactor: CurrentRedaction, templates: Templates | None, tsdb: TsdbSink | None
) -> "LLMEnricher | None":
    """The step that asks a language model, where it is on."""
    if not settings.llm.enabled or templates is None:
        return None
    # The client library takes as long to import as all the rest of the service together.
    from mothership.pipeline.llm.enricher import LLMEnricher  # noqa: PLC0415 - its library takes long to import

    store = TsdbVerdictStore(tsdb.session) if tsdb else None
    enricher = LLMEnricher(settings.llm, templates, redactor.text, store=store)
    templates.suspend_unless(enricher.wants_templates)
    return enricher


def bounds(settings: Settings) -> Bounds:
    """What an event is cut to."""
    limits = settings.limits
    return Bounds(limits.event_bytes, limits.string_characters, limits.keys, limits.depth)


def fingerprint_key(settings: Settings, data_dir: Path) -> bytes:
    """The key by which a batch that comes again is known, of this instance alone or of all with the same salt."""
    salt = settings.pipeline.processors.redaction.own_salt
    if salt is not None:
        return key_files.derive(salt, FINGERPRINTS)
    return key_files.load_or_make(data_dir / f"{FINGERPRINTS}.key")


def sessions(settings: Settings, data_dir: Path, credentials: Credentials) -> Sessions:
    """Signed with a key that all workers share, and all instances with the same configured salt."""
    salt = settings.pipeline.processors.redaction.own_salt
    key = key_files.load_or_make(data_dir / "sessions.key") if salt is None else key_files.derive(salt, "sessions")
    return Sessions(
        credentials,
        key,
        seconds=settings.auth.session_seconds,
        clock=time.time,
        ended_dir=data_dir / "sessions-ended",
    )


def routes(settings: Settings, tsdb: TsdbSink | None, loki: LokiSink | None, watcher: StoredWatcher) -> list[SinkRoute]:
    """The sinks that are on, each with how it likes to be written to. The first has the watcher."""
    routes: list[SinkRoute] = []
    if tsdb:
        to = settings.sinks.timescaledb
        routes.append(
            SinkRoute(
                tsdb,
                batch_size=to.batch_size,
                linger_seconds=to.batch_timeout_seconds,
                writers=to.writers,
                watcher=watcher,
            )
        )
    if loki:
        to_loki = settings.sinks.loki
        of_loki = None if routes else watcher
        routes.append(
            SinkRoute(
                loki,
                batch_size=to_loki.write_rows,
                linger_seconds=to_loki.linger_seconds,
                gather_seconds=to_loki.gather_seconds,
                full_rows=to_loki.batch_size,
                in_order=True,
                watcher=of_loki,
            )
        )
    return routes


@asynccontextmanager
async def tracing(settings: Settings, worker: int) -> "AsyncIterator[Tracing | None]":
    """What the service tells of itself by OTLP. While it is off nothing of it is loaded."""
    if not settings.otlp_export.enabled:
        yield None
        return
    from mothership.otlp_export.export import exporting  # noqa: PLC0415 - it wants the extra `otel`

    async with exporting(settings.otlp_export, instance=socket.gethostname(), worker=worker) as opened:
        yield opened
