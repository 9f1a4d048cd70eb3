"""The shape of every log line of the service.

A log line speaks in past facts with fields and never quotes an event; nor does what it says of an exception.
"""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from contextvars import ContextVar
from typing import Any, Literal, TypeAlias

import structlog
from pydantic import BaseModel, Field, field_validator

from mothership.logged_exceptions import exception_without_message

LogBatches: TypeAlias = Literal["notable", "each", "none"]


class LogSettings(BaseModel, frozen=True, extra="forbid"):
    """The service's own log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO",
        description="Lowest level that is logged.",
        json_schema_extra={"env": "MOTHERSHIP_LOG_LEVEL"},
    )

    @field_validator("level", mode="before")
    @classmethod
    def _in_any_case(cls, value: Any) -> Any:
        return value.upper() if isinstance(value, str) else value

    batches: LogBatches = Field(
        default="notable",
        description="Which batches have a line: `notable` (something was rejected, queued, set aside, repeated, or it "
        "took over 2 seconds; the others are summed up every minute), `each` (with every step's count and time, as "
        "at level DEBUG) or `none`.",
    )
    format: Literal["auto", "json", "console"] = Field(
        default="auto", description="`json` lines, a readable `console` form, or `auto`: console on a terminal."
    )


class ExportHandler(logging.Handler):
    """A further place that lines go to; it stays when the log is configured again."""


def configure_logging(settings: LogSettings) -> None:
    """Send structlog and the standard library's loggers to standard error in one form."""
    console = settings.format == "console" or (settings.format == "auto" and sys.stderr.isatty())
    shared: list[structlog.types.Processor] = [
        _merge_request,
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        exception_without_message,
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
    root.handlers[:] = [out, *(handler for handler in root.handlers if isinstance(handler, ExportHandler))]
    root.setLevel(settings.level)
    # Foreign loggers may quote what they handle below WARNING (URLs with queries, SQL, prompts, headers).
    for name in ("asyncio", "uvicorn", "httpx", "httpx2", "httpcore", "httpcore2", "openai", "asyncpg"):
        logging.getLogger(name).setLevel(logging.WARNING)


request_fields: ContextVar[Mapping[str, str] | None] = ContextVar("request_fields", default=None)
"""What every log line about the request that is worked on says: one variable, because each request sets it."""


def _merge_request(_logger: object, _method: str, fields: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {**(request_fields.get() or {}), **fields}
