"""The settings of the inputs."""

from pydantic import BaseModel, Field


class InputSettings(BaseModel, frozen=True, extra="forbid"):
    """What is kept of a request beside its events."""

    tenant_field: str = Field(
        default="",
        max_length=64,
        description="Field of every event from the Loki push API that keeps the header X-Scope-OrgID; empty: none.",
    )
