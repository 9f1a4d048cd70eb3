"""Who is asking, and may they? Every no is the same to whoever says the wrong thing: slower each time."""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any

from mothership.edge.auth_settings import AuthSettings, TokenSettings
from mothership.edge.caller import ANONYMOUS, INPUT_SCOPES, LOCAL, NAME_PATTERN, Caller, Permission, is_nobodys
from mothership.edge.client_addresses import holder, rate_limit_key
from mothership.edge.credentials import Credentials
from mothership.edge.login_throttle import LoginThrottle
from mothership.edge.tls import TLSSettings
from mothership.errors import Refusal, TooManyFailures
from mothership.fairness import Holder
from mothership.log_limiter import LogLimiter
from mothership.ports import Clock
from mothership.telemetry import auth_failures

_NAME = re.compile(NAME_PATTERN)
_WIDER: Mapping[str, Permission] = {**dict.fromkeys(INPUT_SCOPES, "ingest"), "read": "manage"}
"""The scope that opens this one, too."""
TOKEN_CHARACTERS_MAX = 4096


class AuthenticationFailed(Refusal):
    """A login that failed. The answer waits this long, so that trying is slow."""

    def __init__(
        self, status: int, reason: str, *, pause_seconds: float, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(status, reason, retry_after_seconds=retry_after_seconds)
        self.pause_seconds = pause_seconds


class Authenticator:
    """Tells the caller of a request."""

    def __init__(self, auth: AuthSettings, tls: TLSSettings, credentials: Credentials, *, clock: Clock) -> None:
        self._auth = auth
        self._tls = tls
        self._credentials = credentials
        self._clock = clock
        self._throttle = LoginThrottle(
            failures_per_minute=auth.failures_per_minute, pause_seconds_max=auth.failure_pause_seconds, clock=clock
        )
        self._log_failed_login = LogLimiter("warning", "login_failed")
        self._log_missing_scope = LogLimiter("warning", "scope_missing")
        self.names_callers = bool(auth.tokens or auth.tokens_file or tls.client_ca_file)
        self.allows_anonymous = auth.anonymous or not self.names_callers
        self._anonymous = ANONYMOUS if auth.anonymous else LOCAL

    def caller(self, address: str, authorization: str | None, certificate_names: tuple[str, ...]) -> Caller:
        """Return who it is, or raise `AuthenticationFailed` (401, 429)."""
        found = None if authorization is None else self._find(authorization)
        if found is not None:
            return self._by_token(address, found, guessed=True)
        if certificate_names:
            return self._by_certificate(address, certificate_names)
        if self.allows_anonymous:  # also with a token that nobody asked for: a node drops what is answered 401
            return self._anonymous
        raise self._denied(address, "missing" if authorization is None else "wrong")

    def sign_in(self, address: str, token: str) -> tuple[TokenSettings, float]:
        """Whose token this is, and how long the answer is held back. Raises `AuthenticationFailed` (401, 429)."""
        found = self._find(f"Bearer {token}")
        if found is None:
            raise self._denied(address, "wrong")
        return found, self._by_token(address, found, guessed=True).delay_seconds

    def allow(self, caller: Caller, needed: Permission) -> None:
        """Raise `Refusal` (403) unless the caller's credentials open this."""
        if not opens(caller.scopes, needed):
            auth_failures.labels(reason="scope").inc()
            self._log_missing_scope(Holder(caller.name), needed, client=caller.name, needed=needed)
            raise Refusal(403, f"these credentials lack the scope `{needed}`")

    def still_allows(self, authorization: str | None, certificate_names: tuple[str, ...], needed: Permission) -> bool:
        """Whether the credentials of an answer that goes on would open it now. It is no login, and guesses nothing."""
        entry = None if authorization is None else self._find(authorization)
        if entry is None and certificate_names:
            name = self._certificate_name(certificate_names)
            entry = None if name is None else self._credentials.named(name, now=self._clock())
            if entry is None:
                return name is not None and opens(self._tls.client_scopes, needed)
        if entry is None:
            return self.allows_anonymous and opens(self._anonymous.scopes, needed)
        return not self._is_expired(entry) and opens(entry.scopes, needed)

    def _by_token(self, address: str, found: TokenSettings, *, guessed: bool) -> Caller:
        """`guessed` says that a token was shown, not a certificate: then the answer may have to wait its turn."""
        if self._is_expired(found):
            raise self._denied(address, "expired", client=found.name)
        delay_seconds = 0.0
        if guessed:
            try:
                delay_seconds = self._throttle.passed(rate_limit_key(address), found.hash)
            except TooManyFailures as much:
                raise self._too_many(address, "wrong", much) from None
        rate = found.requests_per_second
        return Caller(found.name, found.scopes, requests_per_second=rate, delay_seconds=delay_seconds)

    def _find(self, authorization: str) -> TokenSettings | None:
        scheme, _, token = authorization.partition(" ")
        found = self._credentials.find(token.strip()[:TOKEN_CHARACTERS_MAX])
        return found if scheme.lower() == "bearer" else None

    def _by_certificate(self, address: str, names: tuple[str, ...]) -> Caller:
        """The first name is the common one, empty when there is none; the others count only where they are mapped."""
        name = self._certificate_name(names)
        if name is None:
            raise self._denied(address, "name")
        entry = self._credentials.named(name, now=self._clock())
        if entry is None:
            return Caller(name, self._tls.client_scopes)
        return self._by_token(address, entry, guessed=False)

    def _certificate_name(self, names: tuple[str, ...]) -> str | None:
        mapping: Mapping[str, str] = self._tls.client_names
        name = next((mapping[name] for name in names if name in mapping), None) if mapping else names[0]
        return None if name is None or not _NAME.fullmatch(name) or is_nobodys(name) else name

    def _is_expired(self, token: TokenSettings) -> bool:
        return token.expires is not None and token.expires.timestamp() <= self._clock()

    def _denied(self, address: str, reason: str, **fields: Any) -> AuthenticationFailed:
        place = rate_limit_key(address)
        # Whoever shows no token guesses none: it is slowed, but holds no right token of a neighbour back.
        kind = reason if reason == "missing" else ""
        try:
            pause_seconds = self._throttle.failed(place, kind)
        except TooManyFailures as much:
            return self._too_many(address, reason, much, **fields)
        self._record_failure(address, reason, kind, **fields)
        certificate = ", or a client certificate" if self._tls.client_ca_file else ""
        return AuthenticationFailed(
            401,
            f"no valid credentials: send `Authorization: Bearer` with your token{certificate}",
            pause_seconds=pause_seconds,
        )

    def _too_many(self, address: str, reason: str, much: TooManyFailures, **fields: Any) -> AuthenticationFailed:
        """The same for a right token as for a wrong one."""
        self._record_failure(address, reason, "", **fields)
        return AuthenticationFailed(
            429, "too many failed logins", pause_seconds=0.0, retry_after_seconds=much.retry_after_seconds
        )

    def _record_failure(self, address: str, reason: str, kind: str, **fields: Any) -> None:
        auth_failures.labels(reason=reason).inc()
        place = rate_limit_key(address)
        failures = self._throttle.failures(place, kind)
        self._log_failed_login(holder(address), reason, reason=reason, address=address, failures=failures, **fields)


def opens(scopes: AbstractSet[Permission], needed: Permission) -> bool:
    """Whether these scopes open what needs that one."""
    return needed in scopes or _WIDER.get(needed) in scopes
