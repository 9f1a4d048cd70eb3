"""The inputs of a service: every protocol that it speaks."""

from mothership.edge.batch_builder import BatchBuilder
from mothership.edge.ingest_protocol import IngestProtocol
from mothership.edge.input_settings import InputSettings
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.loki_push import LokiPush
from mothership.edge.native_ingest import NativeIngest
from mothership.edge.otlp import OTLPLogs, OTLPUnsupportedSignals
from mothership.edge.repeat_window import RepeatWindow


def protocols(builder: BatchBuilder, limits: LimitSettings, settings: InputSettings) -> list[IngestProtocol]:
    """Make them all, over one builder."""
    repeats = RepeatWindow(settings.duplicate_minutes)
    logs = OTLPLogs(builder, limits, repeats)
    return [
        NativeIngest(builder, limits),
        logs,
        OTLPUnsupportedSignals(logs, "/v1/metrics"),
        OTLPUnsupportedSignals(logs, "/v1/traces"),
        OTLPUnsupportedSignals(logs, "/v1development/profiles"),
        LokiPush(builder, limits, repeats, tenant_field=settings.tenant_field),
    ]
