"""What a configuration makes impossible, told before anything is opened."""

from collections.abc import Callable, Iterator

from mothership.config import Settings
from mothership.edge.file_checks import check_files
from mothership.errors import ConfigurationError
from mothership.extras import EMBEDDED, JETSTREAM, LLM, OTEL
from mothership.pipeline.enrichment import enrichment
from mothership.pipeline.redaction import redaction
from mothership.sinks.loki.sink import LokiSink


def faults(settings: Settings) -> list[str]:
    """What the files that the configuration names make impossible, one line each. Opens nothing that stays open."""
    phases = settings.pipeline.processors
    looks: list[Callable[[], object]] = [
        lambda: redaction.read_rule_files(phases.redaction.rule_files),
        lambda: redaction.former_keys(phases.redaction),
        lambda: enrichment.build(phases.enrichment),
        lambda: LokiSink(settings.sinks.loki) if settings.sinks.loki.enabled else None,
        lambda: _database_files(settings),
    ]
    found = [*_missing_extras(settings), *check_files(settings.auth, settings.server.tls)]
    for look in looks:
        try:
            look()
        except ConfigurationError as error:
            found += error.faults
    return found


def _missing_extras(settings: Settings) -> Iterator[str]:
    if settings.sinks.timescaledb.enabled and not settings.database.is_external and not EMBEDDED.is_installed:
        yield f"database.dsn: is not set, and for the embedded PostgreSQL {EMBEDDED.missing}"
    if settings.relay.spool.kind == "jetstream" and not JETSTREAM.is_installed:
        yield f"relay.spool.kind: {JETSTREAM.missing}, or set it to file"
    if settings.llm.enabled and not LLM.is_installed:
        yield f"llm.enabled: {LLM.missing}, or set it to false"
    if settings.otlp_export.enabled and not OTEL.is_installed:
        yield f"otlp_export.enabled: {OTEL.missing}, or set it to false"


def _database_files(settings: Settings) -> None:
    """Read the files that a DSN names."""
    if settings.sinks.timescaledb.enabled and settings.database.is_external:
        settings.database.target().check_files()
