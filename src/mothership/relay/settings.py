"""What the relay may be told: how long to wait, how much to hold, when to give up on a batch."""

from typing import Literal

from pydantic import BaseModel, Field, NonNegativeFloat, PositiveFloat, PositiveInt

from mothership.relay.spool.jetstream.settings import JetStreamSettings


class SpoolSettings(BaseModel, frozen=True, extra="forbid"):
    """The spool: what is kept on disk until every sink has it."""

    kind: Literal["file", "jetstream"] = Field(
        default="file",
        description="Where it is: a `file` of each worker on the local disk, or a NATS `jetstream` cluster that all "
        "instances share, so that losing a machine loses nothing.",
    )
    jetstream: JetStreamSettings = Field(
        default_factory=JetStreamSettings, description="The cluster, where `kind` is `jetstream`."
    )
    max_bytes: PositiveInt = Field(
        default=4 * 1024**3,
        description="Maximum number of bytes (compressed) that one worker keeps on disk for its sinks; past it "
        "/ingest waits for "
        "room, then answers 503. With more than one client, each may hold up to four times what it leaves free.",
    )
    max_age_seconds: PositiveFloat = Field(
        default=7 * 86400.0,
        description="Longest an event waits for a sink, in seconds; then it goes to the dead letters.",
    )
    reserve_bytes: int = Field(
        default=32 * 1024**2,
        ge=0,
        description="Bytes of the file system left free, so that deliveries can still be recorded on a full disk.",
    )
    cache_bytes: int = Field(
        default=64 * 1024**2,
        ge=0,
        description="Maximum number of bytes of recent events held in memory, so that couriers need not read the "
        "disk on good days.",
    )
    remember_seconds: PositiveFloat = Field(
        default=7 * 86400.0,
        description="How long the fingerprint of a delivered batch is remembered, in seconds, to know a repeat.",
    )
    remember_batches: PositiveInt = Field(
        default=200_000, description="Maximum number of fingerprints of delivered batches that are remembered."
    )
    retry_after_seconds: PositiveFloat = Field(
        default=5.0, description="`Retry-After` for a batch that can't be kept, in seconds."
    )
    sweep_seconds: PositiveFloat = Field(
        default=1.0, description="Seconds between checks for work from other processes, such as retried dead letters."
    )
    shrink_bytes: int = Field(
        default=64 * 1024**2,
        ge=0,
        description="Free bytes in an emptied spool file above which they are given back to the disk.",
    )
    adopt_seconds: PositiveFloat = Field(
        default=15.0, description="Seconds between checks for spool files that a dead worker left behind."
    )


class DeadLetterSettings(BaseModel, frozen=True, extra="forbid"):
    """Events that a sink refuses for good, set aside for a person."""

    max_bytes: PositiveInt = Field(
        default=512 * 1024**2,
        description="Maximum number of bytes (compressed) of dead letters in a worker; past it the oldest of the "
        "client "
        "that holds most give way, with an ERROR.",
    )
    max_age_seconds: PositiveFloat = Field(
        default=30 * 86400.0,
        description="Longest a dead letter is kept, in seconds; then it is dropped, with an ERROR.",
    )


class InFlightSettings(BaseModel, frozen=True, extra="forbid"):
    """Bounds of what waits for its answer at one time, shared by client and address. Past them: wait, then 429."""

    max_events: PositiveInt = Field(default=100_000, description="Maximum number of events in flight in a worker.")
    max_bytes: PositiveInt = Field(
        default=256 * 1024**2, description="Maximum number of bytes of events in flight in a worker."
    )


class RetrySettings(BaseModel, frozen=True, extra="forbid"):
    """How a courier goes on after a failed write."""

    initial_seconds: PositiveFloat = Field(default=0.2, description="Pause before the first retry, in seconds.")
    max_seconds: PositiveFloat = Field(default=15.0, description="Maximum pause between attempts, in seconds.")
    breaker_failures: PositiveInt = Field(
        default=3, description="Failed writes in a row that open a sink's circuit breaker."
    )
    pause_probe_seconds: PositiveFloat = Field(
        default=10.0, description="Seconds between attempts at a sink that waits for a person to act."
    )
    write_seconds: PositiveFloat = Field(
        default=60.0,
        description="Longest one write to a sink may take, in seconds, before it counts as failed. Then half as "
        "many events are written at once, down to one, and more again once that is quick.",
    )
    split_attempts: PositiveInt = Field(
        default=3,
        description="Failures of one batch, at a sink that takes others, after which it is split to find the cause.",
    )
    deferred_batches: PositiveInt = Field(
        default=10_000,
        description="Maximum number of batches that wait because their sink takes others but not them yet "
        "(Loki's limit of active "
        "streams); the next go to the dead letters.",
    )
    deferred_seconds: PositiveFloat = Field(
        default=15.0, description="Pause before such a batch is tried again, in seconds; it doubles up to 300."
    )
    poison_attempts: PositiveInt = Field(
        default=5,
        description="Deaths of the process while writing a batch, after which it is written alone; after as many more "
        "it is set aside.",
    )


class RelaySettings(BaseModel, frozen=True, extra="forbid"):
    """How events are kept on disk and delivered."""

    answer_seconds: NonNegativeFloat = Field(
        default=1.0,
        le=60.0,
        description="Longest an answer waits for the sinks, in seconds; what is not there by then is `queued`.",
    )
    room_seconds: NonNegativeFloat = Field(
        default=3.0,
        le=60.0,
        description="Longest a batch waits for room before it is refused for load, in seconds, over everything that it "
        "waits for. Together with `answer_seconds` it stays below the 5 seconds after which an EdgeBot gives up.",
    )
    drain_rate: PositiveFloat | None = Field(
        default=None,
        description="Maximum number of events a second that go to a sink from an outage's backlog; unset: as "
        "fast as it takes them.",
    )
    write_bytes: PositiveInt = Field(
        default=16 * 1024**2, description="Maximum number of bytes of events in one write to a sink."
    )
    in_flight: InFlightSettings = Field(
        default_factory=InFlightSettings, description="How much may wait for an answer at a time."
    )
    retry: RetrySettings = Field(default_factory=RetrySettings, description="What happens after a failed write.")
    spool: SpoolSettings = Field(
        default_factory=SpoolSettings, description="The spool: what is kept on disk until it is delivered."
    )
    dead_letters: DeadLetterSettings = Field(
        default_factory=DeadLetterSettings, description="Events that no sink accepted."
    )
