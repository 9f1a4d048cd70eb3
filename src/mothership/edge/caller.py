"""Who asks, and what for they may: what the authenticator makes of a token, a certificate or a session."""

from typing import Literal, NamedTuple, TypeAlias

Permission: TypeAlias = Literal["ingest", "otlp", "loki", "read", "manage", "trace"]
"""One of a token's `scopes`."""
SCOPES: tuple[Permission, ...] = ("ingest", "read")
"""What a token in the variable opens: to send and to read. To change something is for tokens that say so."""
INPUT_SCOPES = frozenset({"ingest", "otlp", "loki"})
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"


class Caller(NamedTuple):
    """Who is asking, and what for they may."""

    name: str
    scopes: frozenset[Permission]
    requests_per_second: float | None = None
    """Its token's rate."""
    delay_seconds: float = 0.0
    """How long its answer is held back: a right token among wrong ones, from where it was never seen."""


ANONYMOUS = Caller("anonymous", frozenset(SCOPES))
"""Anybody, where the configuration lets anybody in."""
LOCAL = ANONYMOUS._replace(scopes=frozenset({*SCOPES, "manage", "trace"}))
"""Whoever is on this machine, where nobody needs credentials and nobody else reaches the port."""


def is_nobodys(name: str) -> bool:
    """Whether it is the name of callers without credentials, however it is written: no credentials may bear it."""
    return name.lower() == ANONYMOUS.name
