"""Everything that happens to a request before its route, and to an answer after it.

a name for the request → whose address is it → is it for us → who is asking → may they → the application
"""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache, partial
from types import MappingProxyType

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mothership.edge import browser
from mothership.edge.answer_headers import CSP, NO_CONTENT_LOADED, NO_SNIFFING
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.authenticator import AuthenticationFailed, Authenticator, opens
from mothership.edge.caller import Caller, Permission
from mothership.edge.client_addresses import UNKNOWN, Networks, client_address, holder, is_loopback_name, rate_limit_key
from mothership.edge.ingest_protocol import NO_CONTENT, IngestProtocol, IngestRequest, IngestResponse
from mothership.edge.rate_limit import RateLimiter
from mothership.edge.request_id import request_id
from mothership.edge.sessions import Session, Sessions
from mothership.errors import Refusal
from mothership.fairness import Holder
from mothership.log_format import request_fields
from mothership.log_limiter import LogLimiter

ALWAYS_OPEN = frozenset({"/livez", "/readyz"})
PROXY_HEADERS = frozenset({b"forwarded", b"via", b"x-real-ip"})
DOCUMENTS = ("/docs", "/openapi.json", "/redoc")


class _SignInNeeded(Exception):
    """A browser asks for a page, and nobody is signed in."""


class AccessMiddleware:
    """The ASGI application that stands before the application."""

    def __init__(
        self,
        app: ASGIApp,
        authenticator: Authenticator,
        auth: AuthSettings,
        *,
        loopback: bool,
        rate_limiter: RateLimiter,
        sessions: Sessions,
        protocols: Mapping[str, IngestProtocol] = MappingProxyType({}),
        is_secret: Callable[[str], bool] = lambda _text: False,
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`loopback` says that the server listens there only; `is_secret`, what no request may be named by.

        `protocols` are those of the application, by path: each has words of its own for a refusal.
        """
        self._app = app
        self._authenticator = authenticator
        self._rate_limiter = rate_limiter
        self._sessions = sessions
        self._protocols = protocols
        self._open = ALWAYS_OPEN | auth.open_endpoints
        self._proxies = Networks(auth.trusted_proxies)
        # A page in a browser on this machine reaches loopback too, under a name of its own (DNS rebinding).
        self._loopback_names_only = loopback and authenticator.allows_anonymous and not auth.anonymous
        # Where nobody shows credentials, nobody has a name to be forged.
        self._client_field = auth.client_field if authenticator.names_callers else ""
        self._address_as_source = auth.client_address_as_source
        self._is_secret = is_secret
        self._pause = pause
        self._log_rate_limited = LogLimiter("warning", "rate_limited")
        self._log_failed = LogLimiter("error", "request_failed")
        self._log_signed_in = LogLimiter("info", "signed_in", key_seconds=0.0)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the request in, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # A redirect would send the node to whatever scheme and host stand before a proxy.
        scope["path"] = scope["path"].rstrip("/") or "/"
        headers = dict(reversed(scope["headers"]))  # the first of each name
        identity = request_id(_text(headers.get(b"x-request-id")), self._is_secret)
        scope["request_id"] = identity
        answer = _ResponseSender(send, identity, scope)
        scope["respond"] = answer.respond
        # A pipelined request runs in the context of the one before it, whose caller is not this one's.
        fields = {"request_id": identity}
        request_fields.set(fields)
        try:
            await self._authorize(scope, headers, fields)
            await self._app(scope, receive, answer.send)
        except _SignInNeeded:
            await answer.respond(browser.to_sign_in(scope["path"], scope["query_string"], headers))
        except Refusal as refusal:
            await self._refuse(refusal, answer, scope)
        except Exception as error:  # noqa: BLE001 - nothing of it may reach the caller
            who = holder(scope["client"][0] if scope["client"] else UNKNOWN)
            self._log_failed(who, type(error).__name__, exc_info=error)
            await self._refuse(Refusal(500, "internal error"), answer, scope)
        finally:
            request_fields.set(None)

    async def _authorize(self, scope: Scope, headers: dict[bytes, bytes], fields: dict[str, str]) -> None:
        """Put the caller into the scope and the log's fields, or raise `Refusal`."""
        address = client_address(scope["client"], scope["headers"], self._proxies)
        scope["secure"] = self._is_secure(scope, headers)
        scope["client"] = (address, 0) if scope["client"] is None or address != scope["client"][0] else scope["client"]
        if self._loopback_names_only:
            _check_no_foreign_page(headers)
        session = self._session(scope, headers)
        scope["session"] = session
        needed = self._required_scope(scope["path"], scope["method"])
        if needed is None:
            scope["sign_in"] = partial(self._sign_in, address, scope)
            return
        caller = self._caller(address, session, scope, headers)
        if caller.delay_seconds:
            await self._delay(caller.delay_seconds, scope)
        self._authenticator.allow(caller, needed)
        scope["caller"], scope["client_field"] = caller, self._client_field
        if browser.is_page(scope["path"]):
            scope["still_allowed"] = partial(self._still_allowed, scope, headers, needed)
        scope["source_address"] = address if self._address_as_source else ""
        fields["client"] = caller.name
        try:
            scope["waited_seconds"] = await self._rate_limiter.acquire(caller, rate_limit_key(address))
        except Refusal as refusal:
            who = Holder(caller.name, rate_limit_key(address))
            self._log_rate_limited(who, None, client=caller.name, address=address, reason=refusal.reason)
            raise

    def _session(self, scope: Scope, headers: dict[bytes, bytes]) -> Session | None:
        """Who is signed in. Credentials that a program shows come first, and no browser sends events."""
        path = scope["path"]
        if b"authorization" in headers or path in self._protocols:
            return None
        if scope["method"] not in browser.READING and not browser.is_page(path):
            return None
        return self._sessions.find(browser.session_cookie(headers, secure=scope["secure"]))

    def _caller(self, address: str, session: Session | None, scope: Scope, headers: dict[bytes, bytes]) -> Caller:
        if session is not None:
            return session.caller
        certificate_names = scope.get("certificate_names", ())
        is_unknown = not (certificate_names or b"authorization" in headers or self._authenticator.allows_anonymous)
        if is_unknown and browser.is_page(scope["path"]) and browser.wants_page(headers):
            raise _SignInNeeded
        return self._authenticator.caller(address, _text(headers.get(b"authorization")), certificate_names)

    def _still_allowed(self, scope: Scope, headers: dict[bytes, bytes], needed: Permission) -> bool:
        """Whether an answer that goes on may go on: the session or the token is as good as when it began."""
        if scope["session"] is not None:
            session = self._session(scope, headers)
            return session is not None and opens(session.caller.scopes, needed)
        certificate_names = scope.get("certificate_names", ())
        return self._authenticator.still_allows(_text(headers.get(b"authorization")), certificate_names, needed)

    async def _sign_in(self, address: str, scope: Scope, token: str) -> str:
        """Return the cookie's value of a new session, after the pause that a login takes. Raises `Refusal`."""
        try:
            found, delay_seconds = self._authenticator.sign_in(address, token)
        except AuthenticationFailed as refusal:
            if refusal.pause_seconds:
                await self._delay(refusal.pause_seconds, scope)
            raise
        if delay_seconds:
            await self._delay(delay_seconds, scope)
        self._authenticator.allow(Caller(found.name, found.scopes), "read")
        who = Holder(found.name, rate_limit_key(address))
        self._log_signed_in(who, None, client=found.name, address=address)
        return self._sessions.start(found)

    def _is_secure(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """Whether the browser speaks TLS: to us, or to a proxy of ours."""
        if scope.get("scheme") == "https":
            return True
        if headers.get(b"x-forwarded-proto") != b"https":
            return False
        return scope["client"] is not None and scope["client"][0] in self._proxies

    def _required_scope(self, path: str, method: str) -> Permission | None:
        if protocol := self._protocols.get(path):
            return protocol.scope
        if browser.is_open_page(path):
            return None
        if browser.is_console(path) or (browser.is_page(path) and method not in browser.READING):
            return browser.permission(path, method)
        if "/docs" in self._open and path.startswith(DOCUMENTS):
            return None
        return None if path in self._open else "read"

    async def _refuse(self, refusal: Refusal, answer: "_ResponseSender", scope: Scope) -> None:
        if isinstance(refusal, AuthenticationFailed) and refusal.pause_seconds:
            await self._delay(refusal.pause_seconds, scope)
        protocol = self._protocols.get(scope["path"])
        if protocol is None:
            await answer.refuse(refusal.status, refusal.reason, refusal.retry_after_seconds)
        else:
            await answer.respond(protocol.refuse(IngestRequest.of(scope, received=0), refusal))

    async def _delay(self, seconds: float, scope: Scope) -> None:
        scope["delayed"] = True
        await self._pause(seconds)
        scope["delayed"] = False


class _ResponseSender:
    """Sends the answer with the headers that every one has."""

    def __init__(self, send: Send, identity: str, scope: Scope) -> None:
        self._send = send
        self._ends_connection: Callable[[], bool] = scope.get("ends_connection", bool)
        self._write_answer = scope.get("write_answer", _not_written)
        self._identity = identity
        self._started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            headers = [(b"x-request-id", self._identity.encode()), NO_SNIFFING]
            headers += [pair for pair in message.get("headers", ()) if pair[0] != b"x-request-id"]
            if CSP not in dict(headers):  # a page may have one of its own
                headers.append(NO_CONTENT_LOADED)
            if self._ends_connection():
                headers.append((b"connection", b"close"))
            message["headers"] = headers
        await self._send(message)

    async def refuse(self, status: int, reason: str, retry_after_seconds: float | None = None) -> None:
        kind = "unavailable" if status in (429, 503) else "error" if status >= 500 else "refused"  # noqa: PLR2004 - a status of HTTP
        content = orjson.dumps({"status": kind, "reason": reason, "request_id": self._identity})
        headers = [(b"content-type", b"application/json")]
        if retry_after_seconds is not None:
            headers.append((b"retry-after", b"%d" % max(1, math.ceil(retry_after_seconds))))
        await self.respond(IngestResponse(status, content, headers))

    async def respond(self, response: IngestResponse) -> None:
        """Send it, unless an answer is under way."""
        if self._started:
            return
        headers = list(response.headers)
        if response.status != NO_CONTENT:
            headers.append((b"content-length", b"%d" % len(response.body)))
        if response.status == 401:  # noqa: PLR2004 - a status of HTTP
            headers.append((b"www-authenticate", b"Bearer"))
        every = ((b"x-request-id", self._identity.encode()), NO_SNIFFING, NO_CONTENT_LOADED)
        if self._write_answer(response.status, (*every, *headers), response.body):
            self._started = True
            return
        await self.send({"type": "http.response.start", "status": response.status, "headers": headers})
        await self.send({"type": "http.response.body", "body": response.body})


def _not_written(_status: int, _headers: Sequence[tuple[bytes, bytes]], _body: bytes) -> bool:
    """For a server that has no short way."""
    return False


@lru_cache(maxsize=64)
def _names_a_proxy(names: tuple[bytes, ...]) -> bool:
    return any(name in PROXY_HEADERS or name.startswith(b"x-forwarded-") for name in names)


def _check_no_foreign_page(headers: dict[bytes, bytes]) -> None:
    """Refuse what a web page of somebody else makes a browser on this machine send. Nodes send no Origin.

    And what a proxy on this machine passes on: it opens to others what is meant for this machine alone.
    """
    if _names_a_proxy(tuple(headers)):
        raise Refusal(
            403,
            "without credentials no request that came through a proxy is answered: add a token, or say "
            "`auth: {anonymous: true}`",
        )
    host = _text(headers.get(b"host")) or ""
    if not is_loopback_name(host):
        raise Refusal(
            403, "without credentials only requests to localhost are accepted: see `auth` in the configuration"
        )
    origin = _text(headers.get(b"origin"))
    if origin is not None and origin.partition("://")[2] != host:
        raise Refusal(403, "without credentials requests from other web pages are refused: see `auth`")


def _text(header: bytes | None) -> str | None:
    return None if header is None else header.decode("latin-1")
