"""Every metric and the shape of every log line, declared once.

A log line speaks in past facts with fields and never quotes an event: exceptions are logged as their type and
the places they passed, without their message, because a foreign message may hold a value (`KeyError: 'a@b.c'`).
"""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.multiprocess import MultiProcessCollector
from pydantic import BaseModel, Field

log: structlog.stdlib.BoundLogger = structlog.get_logger()

# --- the specification's metrics ---------------------------------------------------------------------------------

ingestion_requests = Counter("mothership_ingestion_requests_total", "Requests to /ingest.", ["status"])
ingestion_events = Counter("mothership_ingestion_events_total", "Events taken: accepted by /ingest and made safe.")
pipeline_duration = Histogram(
    "mothership_pipeline_duration_seconds",
    "Time one batch spent in the pipeline.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5),
)
database_writes = Counter("mothership_database_writes_total", "Writes to the database.", ["status"])
active_connections = Gauge(
    "mothership_active_connections", "Connections to the database in use.", multiprocess_mode="livesum"
)

# --- edge --------------------------------------------------------------------------------------------------------

events_rejected = Counter("mothership_events_rejected_total", "Events refused, by where.", ["stage"])

# --- pipeline ----------------------------------------------------------------------------------------------------

processor_events = Counter("mothership_processor_events_total", "Events a processor saw.", ["processor"])
processor_errors = Counter("mothership_processor_errors_total", "Events a processor failed on.", ["processor"])
processor_seconds = Counter("mothership_processor_seconds_total", "Time spent in a processor.", ["processor"])


def registry() -> CollectorRegistry:
    """Where to read the metrics: this process's, or those of all workers when there are several."""
    if values.ValueClass.__name__ == "MutexValue":
        return REGISTRY
    shared = CollectorRegistry()
    MultiProcessCollector(shared)  # type: ignore[no-untyped-call]  # the library says nothing of types here
    return shared


def exposition() -> tuple[bytes, str]:
    """Every metric in the format of Prometheus, and its content type."""
    return generate_latest(registry()), CONTENT_TYPE_LATEST


class LogSettings(BaseModel, frozen=True, extra="forbid"):
    """How the service speaks about itself."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        description="Least severe level that is written.",
        json_schema_extra={"env": "MOTHERSHIP_LOG_LEVEL"},
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`json` lines, a readable `console` form, or `auto`: console on a terminal."
    )


def configure_logging(settings: LogSettings) -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_without_message,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    last: structlog.types.Processor = (
        structlog.dev.ConsoleRenderer() if console else structlog.processors.JSONRenderer(sort_keys=True)
    )
    out = logging.StreamHandler(sys.stderr)
    out.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [out]
    root.setLevel(settings.level)
    # Foreign loggers may quote what they handle below WARNING (URLs with queries, SQL, prompts, headers).
    for name in ("asyncio", "uvicorn", "httpx", "httpx2", "httpcore", "httpcore2", "openai", "asyncpg", "drain3"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _exception_without_message(
    _logger: object, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the exception's type and the places it passed."""
    info = fields.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        fields["exception"] = type(error).__qualname__
        fields["places"] = [
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(error.__traceback__)
        ]
    return fields
