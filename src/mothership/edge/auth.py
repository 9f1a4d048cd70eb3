"""Token or certificate → `Caller`, in constant time."""

import hashlib
import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias

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

from mothership.edge.tls import TLSSettings

Scope: TypeAlias = Literal["ingest", "read"]
SCOPES: tuple[Scope, ...] = ("ingest", "read")
HASH_PREFIX = "sha256:"
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
Name: TypeAlias = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]


class Caller(NamedTuple):
    """Who is asking, and what for they may."""

    name: str
    scopes: frozenset[Scope]
    requests_per_second: float | None = None
    """Its token's rate."""


ANONYMOUS = Caller("anonymous", frozenset(SCOPES))


def hashed(token: str) -> str:
    """The form in which a token is kept. A fast hash is right: the token is 256 bits of chance."""
    return HASH_PREFIX + hashlib.sha256(token.encode()).hexdigest()


class TokenSettings(BaseModel, frozen=True, extra="forbid"):
    """One credential. `mothership token new NAME` prints the token once, and these lines."""

    name: Name = Field(description="Who holds it: letters, digits, `.`, `_`, `-`; shown in logs and on events.")
    hash: Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")] = Field(
        repr=False, description="`sha256:` and the SHA-256 of the token in hexadecimal."
    )
    scopes: frozenset[Scope] = Field(
        default=frozenset({"ingest"}),
        min_length=1,
        description="What it opens: `ingest` (POST /ingest), `read` (status, metrics, documentation).",
    )
    expires: AwareDatetime | None = Field(
        default=None, description="When it ends, as a date and time with offset; never when left out."
    )
    requests_per_second: PositiveFloat | None = Field(
        default=None,
        description="Most requests a second, after a burst of twice as many. Those beyond are held back for up to "
        "relay.answer_seconds, then answered 429 with Retry-After.",
    )


class AuthSettings(BaseModel, frozen=True, extra="forbid"):
    """Who may enter. With no credentials at all the service listens on loopback only."""

    tokens: tuple[TokenSettings, ...] = Field(
        default=(),
        description="The credentials. In the variable: tokens in the clear or `name=sha256:…`, separated by commas; "
        "plain ones are hashed at once and open both scopes.",
        json_schema_extra={"env": "MOTHERSHIP_AUTH_TOKENS"},
    )
    tokens_file: Path | None = Field(
        default=None,
        description="A YAML file with a list of further credentials, as in `tokens`; read again when it changes.",
    )
    anonymous: bool = Field(
        default=False,
        description="The explicit word that anyone who reaches the port may send and read.",
    )
    open_endpoints: frozenset[Literal["/", "/metrics", "/stats", "/healthz", "/docs"]] = Field(
        default=frozenset(), description="Endpoints that need no credentials, beside /livez and /readyz."
    )
    failures_per_minute: PositiveInt = Field(
        default=30, description="Failed logins a minute from one address, after which it is answered 429 for a while."
    )
    failure_pause_seconds: NonNegativeFloat = Field(
        default=2.0,
        description="Longest the answer to a failed login is held back, in seconds; it doubles with each up to this.",
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
        description="Addresses or networks of reverse proxies whose X-Forwarded-For is believed.",
    )

    @field_validator("tokens", mode="before")
    @classmethod
    def _from_variable(cls, value: Any) -> Any:
        return _parse_variable(value) if isinstance(value, str) else value

    @field_validator("tokens")
    @classmethod
    def _names_differ(cls, tokens: tuple[TokenSettings, ...]) -> tuple[TokenSettings, ...]:
        if len({token.hash for token in tokens}) < len(tokens):
            raise ValueError("the same token is there twice")
        if any(token.name == ANONYMOUS.name for token in tokens):
            raise ValueError("the name `anonymous` is taken")
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


def check_exposure(host: str, auth: AuthSettings, tls: TLSSettings) -> list[str]:
    """Why the service may not listen there, one line for each reason; empty when it may."""
    if is_loopback(host) or auth.anonymous or auth.tokens or auth.tokens_file or tls.client_ca_file:
        return []
    fault = (
        f"server.host: {host} can be reached from other machines, and nothing says who may enter. Either add a token "
        "(`mothership token new NAME` prints the lines for auth.tokens; or set MOTHERSHIP_AUTH_TOKENS), or name the "
        "CA of your nodes' certificates in server.tls.client_ca_file, or say `auth: {anonymous: true}` "
        "when everyone who reaches the port may send and read"
    )
    return [fault]


def is_loopback(host: str) -> bool:
    """Whether nothing but this machine can reach that address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})=(.+)", re.DOTALL)
_HASH = re.compile(r"sha256:[0-9a-f]{64}")


def _parse_variable(value: str) -> list[dict[str, Any]]:
    """`name=token`, `name=sha256:…` or a bare token, separated by commas. No message quotes one."""
    tokens = []
    for position, entry in enumerate(part.strip() for part in value.split(",") if part.strip()):
        named = _NAMED.fullmatch(entry)
        # A bare token may end in "=": base64 padding is no name.
        name, secret = (named[1], named[2]) if named and named[2].strip("=") else (f"env-{position + 1}", entry)
        kept = secret if _HASH.fullmatch(secret) else hashed(secret)
        tokens.append({"name": name, "hash": kept, "scopes": frozenset(SCOPES)})
    return tokens
