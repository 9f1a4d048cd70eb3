"""Who is asking, and may they? Every no is the same to whoever says the wrong thing: slower each time."""

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from mothership.edge.addresses import neighbourhood
from mothership.edge.auth import ANONYMOUS, NAME_PATTERN, AuthSettings, Caller, Scope, TokenSettings
from mothership.edge.credentials import Credentials
from mothership.edge.tls import TLSSettings
from mothership.errors import Refusal
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock
from mothership.telemetry import auth_failures

_NAME = re.compile(NAME_PATTERN)
MINUTE_SECONDS = 60.0
ADDRESSES_MAX = 10_000
PAUSE_SECONDS_FIRST = 0.1
TOKEN_CHARACTERS_MAX = 4096


class Denied(Refusal):
    """A login that failed. The answer waits this long, so that trying is slow."""

    def __init__(
        self, status: int, reason: str, *, pause_seconds: float, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(status, reason, retry_after_seconds=retry_after_seconds)
        self.pause_seconds = pause_seconds


class Login:
    """Tells the caller of a request."""

    def __init__(self, auth: AuthSettings, tls: TLSSettings, credentials: Credentials, *, clock: Clock) -> None:
        self._auth = auth
        self._tls = tls
        self._credentials = credentials
        self._clock = clock
        self._failures = _Failures(auth.failures_per_minute)
        self._tell_failed = LogLimiter("warning", "login_failed")
        self._tell_scope = LogLimiter("warning", "scope_missing")
        self.open_to_all = auth.anonymous or not (auth.tokens or auth.tokens_file or tls.client_ca_file)

    def caller(self, address: str, authorization: str | None, certificate_names: tuple[str, ...]) -> Caller:
        """Return who it is, or raise `Denied` (401, 429)."""
        found = None if authorization is None else self._find(authorization)
        if found is not None:
            return self._by_token(address, found)
        if certificate_names:
            return self._by_certificate(address, certificate_names)
        if self.open_to_all:  # also with a token that nobody asked for: a node drops what is answered 401
            return ANONYMOUS
        raise self._denied(address, "missing" if authorization is None else "wrong")

    def allow(self, caller: Caller, needed: Scope) -> None:
        """Raise `Refusal` (403) unless the caller's credentials open this."""
        if needed not in caller.scopes:
            auth_failures.labels(reason="scope").inc()
            self._tell_scope((caller.name, needed), client=caller.name, needed=needed)
            raise Refusal(403, f"these credentials do not open this: it needs the scope `{needed}`")

    def _by_token(self, address: str, found: TokenSettings) -> Caller:
        if found.expires is not None and found.expires.timestamp() <= self._clock():
            raise self._denied(address, "expired", client=found.name)
        return Caller(found.name, found.scopes, found.requests_per_second)

    def _find(self, authorization: str) -> TokenSettings | None:
        scheme, _, token = authorization.partition(" ")
        found = self._credentials.find(token.strip()[:TOKEN_CHARACTERS_MAX])
        return found if scheme.lower() == "bearer" else None

    def _by_certificate(self, address: str, names: tuple[str, ...]) -> Caller:
        mapping: Mapping[str, str] = self._tls.client_names
        name = next((mapping[name] for name in names if name in mapping), None) if mapping else names[0]
        if name is None or not _NAME.fullmatch(name):
            raise self._denied(address, "name")
        entry = self._credentials.named(name)
        if entry is None:
            return Caller(name, self._tls.client_scopes)
        return self._by_token(address, entry)

    def _denied(self, address: str, reason: str, **fields: Any) -> Denied:
        count = self._failures.add(neighbourhood(address), self._clock())
        auth_failures.labels(reason=reason).inc()
        self._tell_failed((reason, neighbourhood(address)), reason=reason, address=address, failures=count, **fields)
        pause_seconds = min(self._auth.failure_pause_seconds, PAUSE_SECONDS_FIRST * 2.0 ** min(count - 1, 10))
        if count > self._auth.failures_per_minute:
            return Denied(
                429, "too many failed logins", pause_seconds=pause_seconds, retry_after_seconds=MINUTE_SECONDS
            )
        certificate = ", or a client certificate" if self._tls.client_ca_file else ""
        return Denied(
            401,
            f"no valid credentials: send `Authorization: Bearer` with your token{certificate}",
            pause_seconds=pause_seconds,
        )


class _Failures:
    """Failed logins of each address in the current minute, for as many addresses as fit."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def add(self, address: str, now: float) -> int:
        since, count = self._counts.pop(address, (now, 0))
        if not 0 <= now - since < MINUTE_SECONDS:
            since, count = now, 0
        self._counts[address] = (since, min(count + 1, self._most + 1))
        if len(self._counts) > ADDRESSES_MAX:
            self._counts.popitem(last=False)
        return self._counts[address][1]
