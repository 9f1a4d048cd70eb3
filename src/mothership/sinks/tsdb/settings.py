"""The settings of the database and of the sink that writes to it."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, SecretStr, field_validator, model_validator

from mothership.durations import Duration, DurationOrNever
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.dsn import parse_dsn
from mothership.sinks.tsdb.dsn_syntax import listed_hosts

RETENTION_MIN = timedelta(hours=1)
"""Less is a slip of the pen (`3m` is three minutes), and what is deleted is gone."""


class SearchSettings(BaseModel, frozen=True, extra="forbid"):
    """How much a search in the console or a terminal may ask of the database."""

    connections: PositiveInt = Field(
        default=3, le=32, description="Maximum number of searches at the same time, each on a connection of its own."
    )
    seconds: PositiveFloat = Field(
        default=3.0, le=60, description="Longest a search may take; it then shows how far it came."
    )
    rows_max: PositiveInt = Field(default=1_000, le=10_000, description="Maximum number of events in one answer.")
    event_bytes: PositiveInt = Field(
        default=64 * 1024, ge=2048, description="Larger events are shown cut to the begin of their message."
    )
    page_bytes: PositiveInt = Field(
        default=4 * 1024 * 1024, description="Maximum size of the events of one answer; the rest is on its next page."
    )


class DatabaseSettings(BaseModel, frozen=True, extra="forbid"):
    """Which database, and how events are kept in it."""

    dsn: SecretStr | None = Field(
        default=None,
        description="Connection string, `postgresql://user:password@host:port/database`. "
        "It wins over `host` and the other single parameters.",
        json_schema_extra={"env": "MOTHERSHIP_DB_DSN"},
    )
    host: str | None = Field(default=None, description="Host name, or directory of the server's Unix socket.")
    port: int = Field(default=5432, ge=1, le=65535, description="TCP port of the server.")
    database: str = Field(default="mothership", min_length=1, description="Name of the database.")
    user: str = Field(default="mothership", min_length=1, description="Role to connect as.")
    password: SecretStr | None = Field(default=None, description="The role's password.")
    gin: Literal["jsonb_path_ops", "jsonb_ops", "none"] = Field(
        default="jsonb_path_ops",
        description="Operator class of `idx_events_data_gin` when it is made: `jsonb_path_ops` serves `data @> …` and "
        "is smaller and faster to write; `jsonb_ops` serves `?` as well; `none` makes no such index.",
    )
    chunk_interval: Duration = Field(
        default=timedelta(days=1), description="Time span of a chunk of the hypertable, such as `1 day`."
    )
    columnstore_after: DurationOrNever = Field(
        default=None, description="Age at which a chunk is compressed into columns, such as `7 days`; null: never."
    )
    retention: DurationOrNever = Field(
        default=None, description="Age at which events are deleted, such as `90 days`, at least 1 hour; null: never."
    )
    continuous_aggregate: bool = Field(
        default=True, description="Keep `events_per_minute`, counts by minute and type, where TimescaleDB can."
    )
    fingerprint_days: PositiveFloat = Field(
        default=7.0, le=3650, description="How many days a repeated batch is recognised."
    )
    connect_timeout_seconds: PositiveFloat = Field(
        default=10.0, description="Longest a connection to one host may take to open; `connect_timeout` in `dsn` wins."
    )
    statement_timeout_seconds: PositiveFloat = Field(
        default=30.0, description="Longest one statement of a write may take before the write is tried again."
    )
    statement_cache_size: int = Field(
        default=100,
        ge=0,
        description="Prepared statements kept per connection; 0 behind a PgBouncer that pools transactions.",
    )

    search: SearchSettings = Field(
        default_factory=SearchSettings, description="Searches of the console and of a terminal."
    )

    @field_validator("host")
    @classmethod
    def _is_one_host(cls, host: str | None) -> str | None:
        """A list or a port would be looked up as a name."""
        if host and host[:1] != "/":
            if "," in host:
                raise ValueError("host is one host: several are written in dsn")
            try:
                [place] = listed_hosts(host)
            except ValueError:
                raise ValueError("host is no name, no address and no directory from the root") from None
            if place.port or host[:1] == "[":
                raise ValueError("host is written without a port and without brackets: port is a key of its own")
        return host

    @model_validator(mode="after")
    def _is_consistent(self) -> "DatabaseSettings":
        if self.dsn is not None and self.dsn.get_secret_value():
            parse_dsn(self.dsn.get_secret_value())
        elif self.host is None and (alone := self._said("port", "database", "user", "password")):
            raise ValueError(f"{alone[0]} is set without host: set host as well, or dsn alone")
        if self.retention and self.retention < RETENTION_MIN:
            raise ValueError("retention must be 1 hour at least (`m` is minutes; write months as days): it deletes")
        if self.retention and self.columnstore_after and self.retention <= self.columnstore_after:
            raise ValueError("retention must be longer than columnstore_after: chunks would go before they are packed")
        return self

    @property
    def is_external(self) -> bool:
        """Whether a database is configured; if not, the embedded one is meant."""
        return bool(self.host or (self.dsn and self.dsn.get_secret_value()))

    @property
    def overruled(self) -> tuple[str, ...]:
        """The keys that are set and not looked at, because `dsn` wins."""
        if not (self.dsn and self.dsn.get_secret_value()):
            return ()
        keys = ["host", "port", "database", "user", "password"]
        if self.target().connect_timeout_seconds:
            keys.append("connect_timeout_seconds")
        return tuple(self._said(*keys))

    @property
    def connect_seconds(self) -> float:
        """Longest one host may take to connect: what `dsn` says, else the key."""
        told = self.target().connect_timeout_seconds if self.is_external else None
        return told or self.connect_timeout_seconds

    def _said(self, *names: str) -> list[str]:
        """Those that are set to something else than what they are anyway, as in a configuration printed in full."""
        return [name for name in names if getattr(self, name) != type(self).model_fields[name].default]

    def target(self) -> ConnectionTarget:
        """Where to connect, secrets included."""
        if self.dsn and self.dsn.get_secret_value():
            return parse_dsn(self.dsn.get_secret_value())
        password = self.password.get_secret_value() if self.password else None
        return ConnectionTarget((self.host or "localhost",), (self.port,), self.user, self.database, password)


class TimescaleSinkSettings(BaseModel, frozen=True, extra="forbid"):
    """How events are written."""

    enabled: bool = Field(default=True, description="Write events to the database.")
    batch_size: PositiveInt = Field(default=5_000, le=100_000, description="Maximum number of rows in one write.")
    batch_timeout_seconds: float = Field(
        default=0.0,
        ge=0,
        le=60,
        description="Longest a row may linger for others to join its write; 0: write when the last write is done.",
    )
    writers: PositiveInt = Field(
        default=2, le=64, description="Maximum number of writes at the same time, each on a connection."
    )
