"""Every key of the configuration: the settings that live beside what they set, composed."""

import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt, model_validator

from mothership.config.document import Fault, Location
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.exposure import check_exposure
from mothership.edge.input_settings import InputSettings
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.tls import TLSSettings
from mothership.live_tail.settings import LiveTailSettings
from mothership.log_format import LogSettings
from mothership.otlp_export.settings import OtlpExportSettings
from mothership.pipeline.enrichment.enrichment import EnrichmentSettings
from mothership.pipeline.llm.settings import LLMSettings
from mothership.pipeline.parsing.parsing import ParseSettings
from mothership.pipeline.redaction.settings import RedactionSettings
from mothership.pipeline.templates.templates import TemplateSettings
from mothership.relay.settings import RelaySettings
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.tsdb.settings import DatabaseSettings, TimescaleSinkSettings

HOST: Location = ("server", "host")
ABOUT: dict[Location, set[str | int]] = {HOST: {"server", "auth"}, ("sinks",): {"sinks"}}
"""The sections that a contradiction between sections looks at."""


def default_data_dir() -> Path:
    """`/var/lib/mothership` for root, otherwise the user's own data directory."""
    if os.geteuid() == 0:
        return Path("/var/lib/mothership")
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "mothership"


class ServerSettings(BaseModel, frozen=True, extra="forbid"):
    """Where the service listens and keeps its files."""

    host: str = Field(
        default="127.0.0.1",
        description="Address to listen on. Anything but loopback needs credentials: see `auth`.",
        json_schema_extra={"env": "MOTHERSHIP_HOST"},
    )
    port: int = Field(
        default=8443,
        ge=0,
        le=65535,
        description="TCP port to listen on; 0 lets the system choose a free one.",
        json_schema_extra={"env": "MOTHERSHIP_PORT"},
    )
    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Directory of the spool, the keys and the embedded database. "
        "`/var/lib/mothership` for root, otherwise `mothership` in the user's data directory.",
        json_schema_extra={"env": "MOTHERSHIP_DATA_DIR"},
    )
    workers: PositiveInt = Field(
        default=1,
        le=256,
        description="Worker processes. Each has its own spool and connections.",
        json_schema_extra={"env": "MOTHERSHIP_WORKERS"},
    )
    shutdown_seconds: PositiveFloat = Field(
        default=10.0, description="Longest an orderly stop may take; what is not delivered by then waits in the spool."
    )
    drain_seconds: NonNegativeFloat = Field(
        default=0.0,
        description="How long a stop goes on taking requests first, in seconds, beside `shutdown_seconds`: `/readyz` "
        "answers 503 at once, and each answer ends its connection, so that a load balancer and clients that keep their "
        "connections go to another instance without an error. Longer than the balancer's look at `/readyz` and than "
        "most clients' pause between two requests. 0: a stop ends connections that rest at once.",
    )
    reload_on_change: bool = Field(
        default=False,
        description="Reload the configuration file when it changes, as after a SIGHUP. What can't be changed without a "
        "restart is named in the log.",
    )
    tls: TLSSettings = Field(default_factory=TLSSettings, description="Certificates, for HTTPS and mutual TLS.")


class ProcessorSettings(BaseModel, frozen=True, extra="forbid"):
    """Redaction, parsing and enrichment."""

    redaction: RedactionSettings = Field(
        default_factory=RedactionSettings, description="What is removed from events before anything else sees them."
    )
    parse: ParseSettings = Field(default_factory=ParseSettings, description="What is read off log lines.")
    enrichment: EnrichmentSettings = Field(default_factory=EnrichmentSettings, description="What is added to events.")


class PipelineSettings(BaseModel, frozen=True, extra="forbid"):
    """What happens to an event between the edge and the disk."""

    processors: ProcessorSettings = Field(
        default_factory=ProcessorSettings, description="Redaction, parsing and enrichment."
    )
    templates: TemplateSettings = Field(default_factory=TemplateSettings, description="Messages reduced to templates.")


class SinkSettings(BaseModel, frozen=True, extra="forbid"):
    """Where events are stored."""

    timescaledb: TimescaleSinkSettings = Field(
        default_factory=TimescaleSinkSettings,
        description="PostgreSQL, with the TimescaleDB extension where there is one.",
    )
    loki: LokiSettings = Field(default_factory=LokiSettings, description="Grafana Loki.")


class Settings(BaseModel, frozen=True, extra="forbid"):
    """Every key of the configuration."""

    server: ServerSettings = Field(default_factory=ServerSettings, description="Where the service listens.")
    auth: AuthSettings = Field(default_factory=AuthSettings, description="Who may send and read.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="Limits on requests and events.")
    inputs: InputSettings = Field(default_factory=InputSettings, description="How events of other senders are read.")
    database: DatabaseSettings = Field(
        default_factory=DatabaseSettings, description="The database; without `dsn` and `host` an embedded one."
    )
    pipeline: PipelineSettings = Field(
        default_factory=PipelineSettings, description="What happens to an event before it is stored."
    )
    llm: LLMSettings = Field(default_factory=LLMSettings, description="Enrichment by a language model.")
    relay: RelaySettings = Field(
        default_factory=RelaySettings, description="How events are kept on disk and delivered."
    )
    sinks: SinkSettings = Field(default_factory=SinkSettings, description="Where events are stored.")
    live_tail: LiveTailSettings = Field(
        default_factory=LiveTailSettings, description="Live tails: who follows events as they are stored."
    )
    otlp_export: OtlpExportSettings = Field(
        default_factory=OtlpExportSettings, description="What the service tells of itself by OTLP."
    )
    log: LogSettings = Field(default_factory=LogSettings, description="The service's own log.")

    @model_validator(mode="after")
    def _is_consistent(self) -> "Settings":
        if faults := list(contradictions(self)):
            raise ValueError("; ".join(fault.reason for fault in faults))
        return self


def contradictions(settings: Settings) -> Iterator[Fault]:
    """What each section allows and all of them together don't."""
    for reason in check_exposure(settings.server.host, settings.auth, settings.server.tls):
        yield Fault(HOST, reason.removeprefix("server.host: "))
    if not (settings.sinks.timescaledb.enabled or settings.sinks.loki.enabled):
        reason = "no sink is enabled: set sinks.timescaledb.enabled or sinks.loki.enabled to true"
        yield Fault(("sinks",), reason)
