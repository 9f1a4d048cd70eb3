"""The `auth` section of the configuration: the tokens, in the list or in the variable, and who may do without."""

import hashlib
import ipaddress
import math
import re
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AwareDatetime,
    BaseModel,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    StringConstraints,
    field_validator,
)

from mothership.edge.caller import NAME_PATTERN, SCOPES, Permission, is_nobodys

HASH_PREFIX = "sha256:"
Name: TypeAlias = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
TOKEN_CHARACTERS_MIN = 20
"""What `openssl rand -base64 15` gives: fewer can be guessed."""
HOW_TO_MAKE = "`mothership token new NAME` makes a good one"


def hashed(token: str) -> str:
    """The form in which a token is kept. A fast hash is right: the token is 256 bits of chance."""
    return HASH_PREFIX + hashlib.sha256(token.encode()).hexdigest()


class TokenSettings(BaseModel, frozen=True, extra="forbid"):
    """One credential. `mothership token new NAME` prints the token once, and these lines."""

    name: Name = Field(description="Who holds it: letters, digits, `.`, `_`, `-`; shown in logs and on events.")
    hash: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] = Field(
        repr=False, description="`sha256:` and the SHA-256 of the token in hexadecimal."
    )

    scopes: frozenset[Permission] = Field(
        default=frozenset({"ingest"}),
        min_length=1,
        description="What it opens: `ingest` (every input), `otlp` (POST /v1/logs alone), `loki` (POST "
        "/loki/api/v1/push alone), `read` (status, metrics, documentation, the console), `manage` (the same, and to "
        "change something in the console: retry, repair and drop dead letters), `trace` (what became of an event, step "
        "by step, in the console; beside `read` or `manage`).",
    )
    expires: AwareDatetime | None = Field(
        default=None, description="When it expires, as a date and time with offset. Default: never."
    )
    requests_per_second: PositiveFloat | None = Field(
        default=None,
        description="Most requests a second, after a burst of twice as many. Those beyond are held back for up to "
        "relay.room_seconds, then answered 429 with Retry-After.",
    )

    @field_validator("name")
    @classmethod
    def _is_nobodys(cls, name: str) -> str:
        if is_nobodys(name):
            raise ValueError("the name `anonymous` is taken by callers without credentials: choose another one")
        return name

    @field_validator("hash")
    @classmethod
    def _is_of_something(cls, kept: str) -> str:
        if kept == hashed(""):
            raise ValueError(f"this is the hash of nothing: a token was empty when it was hashed; {HOW_TO_MAKE}")
        return kept


class AuthSettings(BaseModel, frozen=True, extra="forbid"):
    """Who may enter. With no credentials at all the service listens on loopback only."""

    tokens: tuple[TokenSettings, ...] = Field(
        default=(),
        description="The credentials. In the variable: `name=token` or `name=sha256:…`, or tokens without names, "
        "separated by commas; plain ones have 20 characters or more, are hashed at once and open `ingest` and `read`.",
        json_schema_extra={"env": "MOTHERSHIP_AUTH_TOKENS"},
    )
    tokens_file: Path | None = Field(
        default=None,
        description="A YAML file with a list of further credentials, as in `tokens`; read again when it changes and "
        "nobody writes to it any more. No tokens is written `[]`: an empty file is a fault.",
    )
    anonymous: bool = Field(
        default=False,
        description="Let anyone who reaches the port send and read.",
    )
    open_endpoints: frozenset[Literal["/", "/metrics", "/stats", "/healthz", "/docs"]] = Field(
        default=frozenset(), description="Endpoints that need no credentials, besides /livez and /readyz."
    )
    failures_per_minute: PositiveInt = Field(
        default=30,
        description="Failed logins a minute from one address, after which it is answered 429 for a while. Each of "
        "several workers allows its part of them.",
    )
    failure_pause_seconds: NonNegativeFloat = Field(
        default=2.0,
        description="Longest the answer to a failed login is held back, in seconds; it doubles with each up to this.",
    )
    session_seconds: PositiveInt = Field(
        default=8 * 3600,
        description="How long a person who signed in to the console with a token stays signed in. It ends with the "
        "token, too.",
    )
    client_field: str = Field(
        default="received_from",
        max_length=64,
        description="Field of every event that is set to the name of the authenticated caller; empty: none.",
    )
    client_address_as_source: bool = Field(
        default=False,
        description="Whether an event that does not name its source, from a caller without a name, is named by the "
        "client's address. It is personal data in some places, and redacted like any other `source`.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Addresses or networks of reverse proxies whose X-Forwarded-For is trusted.",
    )

    def for_one_of(self, workers: int) -> "AuthSettings":
        """As one of several workers has to take them, so that all together answer no more guesses than one would."""
        return self.model_copy(update={"failures_per_minute": math.ceil(self.failures_per_minute / workers)})

    @field_validator("tokens", mode="before")
    @classmethod
    def _from_variable(cls, value: Any) -> Any:
        return _parse_variable(value) if isinstance(value, str) else value

    @field_validator("tokens")
    @classmethod
    def _names_differ(cls, tokens: tuple[TokenSettings, ...]) -> tuple[TokenSettings, ...]:
        if len({token.hash for token in tokens}) < len(tokens):
            raise ValueError("the same token is there twice")
        return tokens

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            try:
                ipaddress.ip_network(network)
            except ValueError:
                raise ValueError("an entry is not an address or a network like 10.0.0.0/8") from None
        return networks


_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.*)", re.DOTALL)
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_SENDABLE = re.compile(r"[!-~]+")


def _parse_variable(value: str) -> list[dict[str, Any]]:
    """`name=token`, `name=sha256:…` or a bare token, separated by commas.

    What can't be meant is refused by its place, and never quoted: `name=` of a variable that is not set would be a
    token that anybody can guess, and a token with a comma inside two of them.
    """
    entries = [part.strip() for part in value.split(",")]
    if entries and not entries[-1]:
        entries.pop()
    named = [_name_and_secret(entry) for entry in entries]
    tokens = []
    for position, (name, secret) in enumerate(named, 1):
        if name is None and any(other for other, _ in named):
            raise ValueError(
                f"entry {position} has no name and others have one: a token can't hold a comma, because commas "
                "separate entries; write `name=token` for each"
            )
        if fault := _why_no_token(secret):
            raise ValueError(f"entry {position}{f' ({name})' if name else ''} {fault}")
        kept = secret if _HASH.fullmatch(secret) else hashed(secret)
        tokens.append({"name": name or f"env-{position}", "hash": kept, "scopes": frozenset(SCOPES)})
    return tokens


def _name_and_secret(entry: str) -> tuple[str | None, str]:
    named = _NAMED.fullmatch(entry)
    # A bare token may end in "=": base64 padding is no name. But a name with nothing behind it is no token.
    if named and (named[2].strip("=") or len(entry) < TOKEN_CHARACTERS_MIN):
        return named[1], named[2]
    return None, entry


def _why_no_token(secret: str) -> str:
    """What is wrong with it and what to do, as the end of a sentence; nothing when it can be meant."""
    if not secret.strip("="):
        return f"holds no token: a variable that it is made of is not set, or empty; {HOW_TO_MAKE}"
    if secret[:7].lower() == HASH_PREFIX and not _HASH.fullmatch(secret):
        return "looks like a hash but is not: `sha256:` must be followed by 64 lower-case hexadecimal digits"
    if not _SENDABLE.fullmatch(secret):
        return "contains a character that is not allowed in a header: use letters, digits and `-._~+/=`"
    if len(secret) < TOKEN_CHARACTERS_MIN:
        return f"has fewer than {TOKEN_CHARACTERS_MIN} characters, and could be guessed; {HOW_TO_MAKE}"
    return ""
