"""What an operator can say about Loki."""

import re
from pathlib import Path
from typing import Literal

from pydantic import (
    BaseModel,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
    field_validator,
    model_validator,
)

from mothership.service_urls import split_address

PUSH_PATH = "/loki/api/v1/push"
LABELS = ("type", "service", "host", "site", "env", "severity")
"""The only labels there are: everything that identifies one event is structured metadata."""

METADATA_FIELDS = (
    "request_id",
    "correlation_id",
    "trace_id",
    "span_id",
    "session_id",
    "user_id",
    "user",
    "username",
    "ip",
    "client_ip",
    "remote_addr",
    "source_ip",
    "source_port",
    "file_path",
    "app_name",
    "proc_id",
    "process_id",
    "pid",
    "msg_id",
    "message_id",
    "received_from",
)


class LabelCaps(BaseModel, frozen=True, extra="forbid"):
    """How many distinct values each label may take; the next one becomes `other`."""

    type: PositiveInt = Field(default=50, description="Maximum number of distinct values of the label `type`.")
    service: PositiveInt = Field(default=200, description="Maximum number of distinct values of the label `service`.")
    host: PositiveInt = Field(default=3000, description="Maximum number of distinct values of the label `host`.")
    site: PositiveInt = Field(default=200, description="Maximum number of distinct values of the label `site`.")
    env: PositiveInt = Field(default=20, description="Maximum number of distinct values of the label `env`.")
    severity: PositiveInt = Field(default=10, description="Maximum number of distinct values of the label `severity`.")


class LokiSettings(BaseModel, frozen=True, extra="forbid"):
    """Where Loki is, how it is spoken to, and the bounds that keep it well."""

    enabled: bool = Field(
        default=False, description="Push events to Loki as well.", json_schema_extra={"env": "LOKI_ENABLED"}
    )
    url: str = Field(
        default="http://localhost:3100",
        description="Address of Loki or of the gateway before it, with or without `/loki/api/v1/push`.",
        json_schema_extra={"env": "LOKI_URL"},
    )
    tenant_id: str | None = Field(
        default=None,
        description="Tenant, sent as `X-Scope-OrgID`; needed when Loki runs with `auth_enabled: true`.",
        json_schema_extra={"env": "LOKI_TENANT_ID"},
    )
    username: str | None = Field(
        default=None, description="User for basic authentication.", json_schema_extra={"env": "LOKI_USERNAME"}
    )
    password: SecretStr | None = Field(
        default=None, description="Password for basic authentication.", json_schema_extra={"env": "LOKI_PASSWORD"}
    )
    bearer_token: SecretStr | None = Field(
        default=None,
        description="Token sent as `Authorization: Bearer`, in place of a user and password.",
        json_schema_extra={"env": "LOKI_BEARER_TOKEN"},
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authority that signed Loki's certificate."
    )
    client_cert_file: Path | None = Field(default=None, description="PEM file with the certificate shown to Loki.")
    client_key_file: Path | None = Field(
        default=None, description="PEM file with its key, when `client_cert_file` does not hold it."
    )
    proxy_url: SecretStr | None = Field(
        default=None, description="HTTP proxy to Loki. Proxy variables of the environment are not read."
    )

    batch_size: PositiveInt = Field(
        default=100,
        description="Maximum number of events of one push.",
        json_schema_extra={"env": "LOKI_BATCH_SIZE"},
    )
    batch_timeout_seconds: NonNegativeFloat = Field(
        default=5.0,
        description="Maximum time an event waits for a batch to fill. If not set, an idle Loki gets events at once.",
        json_schema_extra={"env": "LOKI_BATCH_TIMEOUT_SECONDS"},
    )
    gather_seconds: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="Minimum time between two writes to Loki, unless `batch_size` events wait: small requests in quick "
        "succession share a push. An idle Loki gets events at once.",
    )
    max_retries: NonNegativeInt = Field(
        default=3,
        description="Quick retries of a push, within `timeout_seconds`; then the spool tries for as long as it takes.",
    )
    retry_backoff_seconds: NonNegativeFloat = Field(
        default=1.0, description="Pause before the first quick retry; it doubles each time."
    )
    timeout_seconds: PositiveFloat = Field(
        default=30.0, description="Longest one push may take, from connect to answer."
    )

    encoding: Literal["protobuf", "json"] = Field(
        default="protobuf",
        description="Encoding of a push: snappy-compressed `protobuf`, or plain `json` that can be read.",
    )
    max_push_bytes: int = Field(
        default=1_000_000,
        ge=16_384,
        description="Maximum number of bytes of one push before compression; more is split.",
    )
    max_line_bytes: int = Field(
        default=262_144,
        ge=1024,
        description="Maximum number of bytes of one line (Loki's `max_line_size`); a longer event is cut.",
    )
    concurrent_pushes: int = Field(default=4, ge=1, le=64, description="Maximum number of pushes under way at once.")
    max_label_values: LabelCaps = Field(
        default_factory=LabelCaps,
        description="Maximum number of distinct values of each label; past it the value becomes `other`.",
    )
    kept_label_values: dict[Literal["type", "service", "host", "site", "env", "severity"], tuple[str, ...]] = Field(
        default_factory=dict,
        description="For each label, values that always have their place among `max_label_values`, whoever floods it.",
    )
    max_label_value_bytes: int = Field(
        default=256,
        ge=16,
        le=2048,
        description="Maximum number of bytes of one label value (Loki's own bound is 2048).",
    )
    max_streams: int = Field(
        default=4000,
        ge=100,
        description="Maximum number of streams one process makes (Loki's own bound is 5000 a tenant). From half "
        "of it on new "
        "streams give up `severity`, then `site`, then `service`; past it there is one a type.",
    )
    recall_streams: bool = Field(
        default=True,
        description="Ask Loki at the start which streams there are since a day, so that they stay the same ones.",
    )
    structured_metadata: Literal["auto", "on", "off"] = Field(
        default="auto",
        description="Whether identifiers go to structured metadata; `auto` asks Loki and does without where it must.",
    )
    structured_metadata_fields: tuple[str, ...] = Field(
        default=METADATA_FIELDS, description="Fields of an event, top level, that go to structured metadata."
    )
    max_structured_metadata_entries: int = Field(
        default=128, ge=1, description="Maximum number of entries of structured metadata a line (Loki's own bound)."
    )
    max_structured_metadata_bytes: int = Field(
        default=65_536,
        ge=256,
        description="Maximum number of bytes of structured metadata a line, names and values (Loki's own bound).",
    )
    out_of_order_seconds: PositiveFloat = Field(
        default=3600.0,
        description="How far behind a stream's newest line Loki takes one (half its `max_chunk_age`); events that come "
        "near it are pushed a stream at a time, because Loki's answer speaks of one stream only.",
    )

    shard_bytes_per_second: PositiveInt = Field(
        default=1_572_864,
        description="Bytes a second of one stream from which on Loki divides it (`shard_streams.desired_rate`). Late "
        "events of a stream that comes near it are pushed one by one, because Loki's answer speaks of one shard only.",
    )

    @property
    def write_rows(self) -> int:
        """Most events of one write: as many as may be under way at once."""
        return self.batch_size * self.concurrent_pushes

    @property
    def linger_seconds(self) -> float:
        """How long the courier may wait for company: not at all, unless somebody has set `batch_timeout_seconds`.

        While a push is under way the next batch fills by itself; waiting beside an idle Loki only delays answers.
        """
        return self.batch_timeout_seconds if "batch_timeout_seconds" in self.model_fields_set else 0.0

    @field_validator("structured_metadata", mode="before")
    @classmethod
    def _is_a_word(cls, choice: object) -> object:
        """YAML reads a bare `on` or `off` as a truth value."""
        return {True: "on", False: "off"}[choice] if isinstance(choice, bool) else choice

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        url = url.strip()
        parts = split_address(url)
        if parts.username or parts.password:
            raise ValueError("holds credentials: use sinks.loki.username and sinks.loki.password")
        if parts.query or parts.fragment:
            raise ValueError("may not hold a query or a fragment")
        return url.rstrip("/").removesuffix(PUSH_PATH)

    @field_validator("tenant_id")
    @classmethod
    def _is_a_tenant(cls, tenant: str | None) -> str | None:
        if tenant and not re.fullmatch(r"[A-Za-z0-9!\-_.*'()]{1,150}", tenant):
            raise ValueError("holds a character that Loki takes in no tenant: letters, digits and !-_.*'() only")
        return tenant or None

    @field_validator("username")
    @classmethod
    def _is_a_user(cls, user: str | None) -> str | None:
        return user or None

    @field_validator("password", "bearer_token", "proxy_url")
    @classmethod
    def _is_a_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return secret if secret and secret.get_secret_value() else None

    @field_validator("proxy_url")
    @classmethod
    def _is_a_proxy(cls, proxy: SecretStr | None) -> SecretStr | None:
        if proxy:
            split_address(proxy.get_secret_value())
        return proxy

    @field_validator("structured_metadata_fields")
    @classmethod
    def _are_fields(cls, fields: tuple[str, ...]) -> tuple[str, ...]:
        if "" in fields:
            raise ValueError("holds an empty name")
        return tuple(dict.fromkeys(fields))

    @model_validator(mode="after")
    def _is_consistent(self) -> "LokiSettings":
        password = self.password and self.password.get_secret_value()
        if bool(self.username) != bool(password):
            raise ValueError("username and password belong together: set both or neither")
        token = self.bearer_token and self.bearer_token.get_secret_value()
        if token and not re.fullmatch(r"[!-~]+", token):
            raise ValueError("bearer_token holds a space or a character that a header can't carry")
        if self.username and ":" in self.username:
            raise ValueError("username may not hold a colon")
        if self.username and token:
            raise ValueError("bearer_token and username can't both be used: set one of them")
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file is set without client_cert_file")
        if self.max_line_bytes > self.max_push_bytes:
            raise ValueError("max_line_bytes is larger than max_push_bytes: such a line would fit in no push")
        for label, values in self.kept_label_values.items():
            if len(values) > getattr(self.max_label_values, label):
                raise ValueError(f"kept_label_values.{label} holds more values than max_label_values.{label}")
        if self.max_streams < 2 * (self.max_label_values.type + 1):
            raise ValueError(
                "max_streams must be at least twice max_label_values.type: each type keeps one for overflow"
            )
        return self
