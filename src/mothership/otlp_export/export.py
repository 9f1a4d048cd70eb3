"""Opens what is sent by OTLP, and ends it: by threads of the SDK, bounded; what a receiver does not take is dropped."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from mothership import __version__
from mothership.fairness import Holder
from mothership.log_format import ExportHandler
from mothership.log_limiter import LogLimiter
from mothership.otlp_export.settings import OtlpExportSettings
from mothership.otlp_export.tracing import Tracing

SDK_LOGGER = "opentelemetry"
TOLD_SECONDS = 60.0
SEVERITIES = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}


@asynccontextmanager
async def exporting(settings: OtlpExportSettings, *, instance: str, worker: int) -> AsyncIterator[Tracing | None]:
    """Send what is wanted until the block ends; what waits then has one more request's time. None without traces."""
    resource = Resource(
        {
            "service.name": "mothership",
            "service.version": __version__,
            "service.instance.id": f"{instance}/{worker}",
        }
    )
    headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
    quiet = _quiet_sdk()
    tracing, ends = None, []
    if settings.traces:
        spans = OTLPSpanExporter(f"{settings.endpoint}/v1/traces", headers=headers, timeout=settings.timeout_seconds)
        tracers = TracerProvider(sampler=ParentBased(TraceIdRatioBased(settings.sample_ratio)), resource=resource)
        tracers.add_span_processor(BatchSpanProcessor(spans))
        tracing = Tracing(tracers)
        ends.append(tracers.shutdown)
    if settings.logs:
        lines = OTLPLogExporter(f"{settings.endpoint}/v1/logs", headers=headers, timeout=settings.timeout_seconds)
        loggers = LoggerProvider(resource=resource)
        loggers.add_log_record_processor(BatchLogRecordProcessor(lines))
        handler = _OwnLog(loggers)
        logging.getLogger().addHandler(handler)
        ends += [lambda: logging.getLogger().removeHandler(handler), loggers.shutdown]
    try:
        yield tracing
    finally:
        for end in ends:
            await asyncio.to_thread(end)
        logging.getLogger(SDK_LOGGER).removeHandler(quiet)


class _OwnLog(ExportHandler):
    """Sends each line of the log: its event as the body, its fields as attributes."""

    def __init__(self, provider: LoggerProvider) -> None:
        super().__init__()
        self._logger = provider.get_logger("mothership")

    def emit(self, record: logging.LogRecord) -> None:
        """After the same steps as what is printed."""
        fields = dict(record.msg) if isinstance(record.msg, dict) else {"event": record.getMessage()}
        body = str(fields.pop("event", ""))
        attributes = {
            name: value if isinstance(value, str | bool | int | float) else str(value)
            for name, value in fields.items()
            if value is not None and name not in {"level", "timestamp"}
        }
        self._logger.emit(
            LogRecord(
                timestamp=int(record.created * 1e9),
                severity_number=SEVERITIES.get(record.levelno, SeverityNumber.INFO),
                severity_text=record.levelname,
                body=body,
                attributes=attributes,
            )
        )


class _Told(logging.Handler):
    """What the SDK says of a receiver that does not take anything becomes a line a minute, without a foreign text."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._say = LogLimiter("warning", "otlp_export_failed", key_seconds=TOLD_SECONDS)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell where, and how often."""
        self._say(Holder("", ""), record.name, part=record.name.rpartition(".")[2])


def _quiet_sdk() -> logging.Handler:
    logger = logging.getLogger(SDK_LOGGER)
    logger.propagate = False
    handler = _Told()
    logger.addHandler(handler)
    return handler
