"""Where the cluster is, how it is spoken to, and what it must keep."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt, SecretStr, model_validator


class JetStreamSettings(BaseModel, frozen=True, extra="forbid"):
    """A NATS cluster with JetStream, for `relay.spool.kind: jetstream`."""

    servers: tuple[str, ...] = Field(
        default=("nats://localhost:4222",),
        min_length=1,
        description="Addresses of the servers: `nats://host:port`, or `tls://host:port`. One that answers is enough.",
    )
    stream: str = Field(
        default="MOTHERSHIP",
        pattern=r"^[A-Za-z0-9_-]{1,64}$",
        description="Name of the stream, and the first part of its subjects. Instances with the same name share it. "
        "Dead letters are in a second one, `<name>_DEAD_LETTERS`. Both are created if they do not exist.",
    )
    replicas: int = Field(
        default=3, ge=1, le=5, description="Servers that keep each batch, when the stream is created. See `accept`."
    )
    user: str | None = Field(default=None, description="User to log in as.")
    password: SecretStr | None = Field(default=None, description="The user's password.")
    token: SecretStr | None = Field(default=None, description="Token to log in with, in place of a user.")
    credentials_file: Path | None = Field(
        default=None, description="File of a user's JWT and seed (`.creds`), in place of user and token."
    )
    nkey_file: Path | None = Field(
        default=None, description="File of a user's nkey seed (`SU…`), in place of user, token and credentials."
    )
    ca_file: Path | None = Field(
        default=None, description="PEM file with the authority that signed the servers' certificates."
    )
    client_cert_file: Path | None = Field(default=None, description="PEM file with the certificate shown to servers.")
    client_key_file: Path | None = Field(
        default=None, description="PEM file with its key, when `client_cert_file` does not hold it."
    )
    sync_always: bool = Field(
        default=False,
        description="The servers run with `sync_interval: always`. A client can't see it, so it is said here; or "
        "`monitor_urls` shows it. Otherwise a power failure of several servers loses acknowledged batches.",
    )
    monitor_urls: tuple[str, ...] = Field(
        default=(), description="Monitoring addresses of all servers, `http://host:8222`: asked once, at the start."
    )
    accept: frozenset[Literal["replicas", "storage", "sync"]] = Field(
        default=frozenset(),
        description="What is accepted although it can't keep acknowledged batches safe: `replicas` (fewer than three), "
        "`storage` (in memory), `sync` (disks written later, as by NATS 2.15). The service refuses to start on "
        "anything else.",
    )
    fallback: bool = Field(
        default=False,
        description="Keep batches in a file on the local disk while the cluster can't be reached, and move them to the "
        "cluster when it is back. They are as safe as that disk. Otherwise they are answered 503.",
    )
    connect_seconds: PositiveFloat = Field(
        default=30.0, description="Longest a start waits for the cluster, in seconds."
    )
    publish_seconds: PositiveFloat = Field(
        default=3.0,
        description="Longest a batch waits to be kept by a majority of the servers, in seconds; then it is answered "
        "503. The election of a new leader takes one to several.",
    )
    ack_wait_seconds: PositiveFloat = Field(
        default=30.0, description="After how long without a sign of life an instance's batches go to another one."
    )
    max_ack_pending: PositiveInt = Field(
        default=50_000,
        description="Maximum number of batches that all instances together may hold undelivered for a sink. Deliveries "
        "stall there: more than `relay.retry.deferred_batches` for each instance.",
    )
    prefetch_batches: PositiveInt = Field(
        default=256, description="Maximum number of batches that an instance holds ready for a sink."
    )
    duplicate_seconds: PositiveFloat = Field(
        default=120.0,
        description="How long the cluster itself knows a batch that is sent again, in seconds. Later repeats are known "
        "to the database.",
    )

    @model_validator(mode="after")
    def _is_consistent(self) -> "JetStreamSettings":
        if self.password is not None and self.user is None:
            raise ValueError("password is set without user")
        if sum(one is not None for one in (self.user, self.token, self.credentials_file, self.nkey_file)) > 1:
            raise ValueError("set one of user, token, credentials_file and nkey_file")
        if self.client_key_file and not self.client_cert_file:
            raise ValueError("client_key_file is set without client_cert_file")
        return self
