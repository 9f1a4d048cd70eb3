"""How much one request, one event and one client may ask for. Every bound is a key; each names its answer."""

from pydantic import BaseModel, Field, PositiveFloat, PositiveInt


class LimitSettings(BaseModel, frozen=True, extra="forbid"):
    """How much may enter. A node drops a batch on 4xx, so the defaults lie far above what nodes send."""

    body_bytes: PositiveInt = Field(
        default=20 * 1024 * 1024, description="Largest request body as sent, in bytes; a larger one is answered 413."
    )
    inflated_bytes: PositiveInt = Field(
        default=20 * 1024 * 1024,
        description="Largest request body after decompression, in bytes; a larger one is answered 413.",
    )
    inflation_ratio: PositiveInt = Field(
        default=1000,
        description="Largest ratio of a body after to before decompression, looked at beyond its first MiB; "
        "more is answered 413.",
    )
    events: PositiveInt = Field(
        default=100_000, description="Maximum number of events in one request; more are answered 413."
    )
    containers: PositiveInt = Field(
        default=1_000_000,
        description="Maximum number of objects and arrays in one request, counted by their brackets (those in "
        "strings too); "
        "more are answered 413.",
    )
    event_bytes: PositiveInt = Field(
        default=1024 * 1024,
        description="Largest event, in bytes of compact JSON; a larger one is cut, after redaction.",
    )
    depth: PositiveInt = Field(
        default=64,
        le=200,
        description="Deepest nesting of objects and arrays in an event, itself included; what is deeper is cut, after "
        "redaction (past 200 levels before it).",
    )
    keys: PositiveInt = Field(
        default=50_000,
        description="Maximum number of keys and array elements in an event, over all levels; more are cut, the "
        "deepest levels "
        "first, after redaction (what is past twice the number before it).",
    )
    string_characters: PositiveInt = Field(
        default=256 * 1024,
        description="Longest string (or key) in an event, in characters; a longer one is cut, after redaction.",
    )
    header_bytes: PositiveInt = Field(
        default=32 * 1024,
        ge=1024,
        description="Largest request head (request line and headers), in bytes; a larger one is answered 431.",
    )
    headers: PositiveInt = Field(
        default=100, ge=8, description="Maximum number of header lines in a request; more are answered 431."
    )
    head_seconds: PositiveFloat = Field(
        default=10.0,
        description="Longest a TLS handshake, and then a request head, may take, in seconds; then 503 and the "
        "connection closes.",
    )
    body_seconds: PositiveFloat = Field(
        default=60.0,
        description="Longest a client may take to send a request body, in seconds; then 503 and the connection closes.",
    )
    body_bytes_per_second: PositiveInt = Field(
        default=64,
        description="Slowest pace of a request body, in bytes a second over 10 seconds; a slower one is answered 503 "
        "and the connection closes.",
    )
    keep_alive_seconds: PositiveFloat = Field(
        default=75.0, description="Longest a connection may rest between two requests, in seconds; then it closes."
    )
    concurrent_requests: PositiveInt = Field(
        default=1000,
        description="Maximum number of requests to /ingest at work at a time in a worker; as many may wait for "
        "their turn, up to "
        "relay.room_seconds; further ones are answered 503 with Retry-After.",
    )
    arriving_bytes: PositiveInt = Field(
        default=80 * 1024 * 1024,
        description="Maximum number of bytes, as sent, of request bodies that arrive or wait for their turn in a "
        "worker. When there "
        "is no room, the largest body of whoever holds most gives way to others: 503 with Retry-After.",
    )
    in_flight_bytes: PositiveInt = Field(
        default=80 * 1024 * 1024,
        description="Maximum number of bytes, decompressed, of request bodies at work at a time in a worker (one "
        "more may be being "
        "decompressed); others wait for their turn, as for concurrent_requests.",
    )
    refused_batches: PositiveInt = Field(
        default=10_000,
        description="Maximum number of batches that a worker remembers to have refused after it had read them, "
        "so that a retry is "
        "not taken for the repeat of an equal batch; past it the client with the most is forgotten first.",
    )
    connections: PositiveInt = Field(
        default=4096, description="Maximum number of open connections of a worker; further ones are answered 503."
    )
    connections_per_client: PositiveInt = Field(
        default=256,
        description="Maximum number of open connections of one client address; further ones are answered 503.",
    )
