"""The settings of the inputs."""

from pydantic import BaseModel, Field, PositiveFloat


class InputSettings(BaseModel, frozen=True, extra="forbid"):
    """What is kept of a request beside its events, and when it is a repeat."""

    tenant_field: str = Field(
        default="",
        max_length=64,
        description="Field of every event from the Loki push API that keeps the header X-Scope-OrgID; empty: none.",
    )
    duplicate_minutes: PositiveFloat = Field(
        default=15.0,
        le=5_256_000,
        description="How many minutes an equal request of a client of OTLP or Loki counts as the same, sent again.",
    )
