"""Whether and where the service tells of itself by OTLP."""

from pydantic import BaseModel, Field, PositiveFloat, SecretStr, field_validator


class OtlpExportSettings(BaseModel, frozen=True, extra="forbid"):
    """Traces of batches and the service's own log, sent by OTLP/HTTP. Needs the extra `otel`."""

    enabled: bool = Field(default=False, description="Send them. While it is off nothing of it is loaded.")
    endpoint: str = Field(
        default="http://localhost:4318",
        description="Address of an OTLP/HTTP receiver, such as a Collector, without `/v1/traces`.",
    )
    headers: dict[str, SecretStr] = Field(
        default_factory=dict, description="Headers of each request, such as `{Authorization: Bearer …}`."
    )
    traces: bool = Field(
        default=True, description="Send a trace for a batch: edge, pipeline, spool, courier and sink, with their times."
    )
    sample_ratio: float = Field(
        default=0.01, ge=0.0, le=1.0, description="Share of the batches that have a trace; 1: every one."
    )
    logs: bool = Field(default=True, description="Send the lines of the service's own log, too.")
    timeout_seconds: PositiveFloat = Field(default=5.0, le=60.0, description="Longest one request may take.")

    @field_validator("endpoint")
    @classmethod
    def _is_http(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value.rstrip("/")
