"""One listening server from the settings: what `app` starts, and what the tests of this folder start."""

import asyncio
import resource
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from mothership.edge import openapi
from mothership.edge.access_middleware import ALWAYS_OPEN, AccessMiddleware
from mothership.edge.application import EdgeApplication
from mothership.edge.auth_settings import AuthSettings
from mothership.edge.authenticator import Authenticator
from mothership.edge.client_addresses import Networks
from mothership.edge.connection_acceptor import plain
from mothership.edge.credentials import Credentials
from mothership.edge.exposure import is_loopback
from mothership.edge.http_protocol import bounded
from mothership.edge.limit_settings import LimitSettings
from mothership.edge.rate_limit import RateLimiter
from mothership.edge.sessions import Sessions
from mothership.edge.tls import Certificates, TLSSettings
from mothership.edge.tls_listener import TLSListener
from mothership.ports import Clock
from mothership.telemetry import log

FILES_KEPT = 200
"""Open files that are not clients' connections: the database's, the sinks', the spool, the log."""


class Server(uvicorn.Server):
    """uvicorn's server, but it accepts all that waits; a TLS handshake has an end, its failure a count and a line."""

    def __init__(self, config: uvicorn.Config, limits: LimitSettings) -> None:
        super().__init__(config)
        self._handshake_seconds = limits.head_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on these sockets."""
        await self.lifespan.startup()
        config = self.config
        protocol: Any = config.http_protocol_class
        make = partial(protocol, config=config, server_state=self.server_state, app_state=self.lifespan.state)
        connections = protocol.open_connections

        def listener(one: socket.socket) -> Any:
            if config.ssl:
                return TLSListener(one, make, config.ssl, connections, self._handshake_seconds)
            return plain(one, make)

        self.servers = [listener(one) for one in sockets or []]
        self.started = True

    def drain(self, seconds: float) -> None:
        """Take requests for so long, each as the last one on its connection; then accept no more, and end."""
        if not self.started:
            self.should_exit = True
            return
        protocol: Any = self.config.http_protocol_class
        protocol.draining = True
        connections: Any = list(self.server_state.connections)
        for connection in connections:
            connection.drain()
        asyncio.get_running_loop().call_later(seconds, self._end)

    def _end(self) -> None:
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what nobody asks on, after those were accepted that the kernel had let in already; answer the rest."""
        listeners: Any = self.servers
        for listener in listeners:
            await listener.accept_rest()
        await super().shutdown(sockets)


def fit_to_open_files(limits: LimitSettings) -> LimitSettings:
    """Return the limits with no more connections than this process may have files open, after asking for more."""
    wanted = limits.connections + FILES_KEPT
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    fit = max(1, soft - FILES_KEPT)
    if fit >= limits.connections:
        return limits
    log.warning("connections_bounded_by_open_files", connections=fit, configured=limits.connections)
    return limits.model_copy(update={"connections": fit})


def with_access_control(
    app: EdgeApplication,
    auth: AuthSettings,
    tls: TLSSettings,
    *,
    host: str,
    wait_seconds_max: float = 1.0,
    clock: Clock = time.time,
    credentials: Credentials | None = None,
    sessions: Sessions | None = None,
    is_secret: Callable[[str], bool] = lambda _text: False,
) -> AccessMiddleware:
    """Put `AccessMiddleware` before the application. `wait_seconds_max`: how long a token's rate may delay a request.

    Raises `ConfigurationError` when auth.tokens_file can't be used.
    """
    known = credentials or Credentials(auth, clock=clock)
    authenticator = Authenticator(auth, tls, known, clock=clock)
    if not authenticator.allows_anonymous:
        openapi.require_credentials(
            app.pages.openapi(), ALWAYS_OPEN | auth.open_endpoints, certificates=tls.client_ca_file is not None
        )
    rate_limiter = RateLimiter(wait_seconds_max, clock=clock)
    if sessions is None:  # of this process alone
        sessions = Sessions(known, secrets.token_bytes(32), seconds=auth.session_seconds, clock=clock)

    def may_not_be_a_name(text: str) -> bool:
        return is_secret(text) or known.is_token(text)

    return AccessMiddleware(
        app,
        authenticator,
        auth,
        loopback=is_loopback(host),
        rate_limiter=rate_limiter,
        sessions=sessions,
        protocols=app.ingest.protocols,
        is_secret=may_not_be_a_name,
    )


class CurrentApplication:
    """Passes each request to the application that there is when it begins."""

    def __init__(self, current: ASGIApp) -> None:
        self.current = current

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass the request to the application of now."""
        return self.current(scope, receive, send)


def uvicorn_config(
    application: ASGIApp,
    auth: AuthSettings,
    tls: TLSSettings,
    limits: LimitSettings,
    *,
    host: str,
    port: int,
    clock: Clock = time.time,
) -> uvicorn.Config:
    """Return what uvicorn needs to serve this. Raises `ConfigurationError` when a certificate's file can't be used."""
    certificates = Certificates(tls, clock=clock) if tls.cert_file else None
    return uvicorn.Config(
        CurrentApplication(application),
        interface="asgi3",
        host=host,
        port=port,
        http=bounded(fit_to_open_files(limits), Networks(auth.trusted_proxies)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe any process of this machine
        timeout_keep_alive=max(1, round(limits.keep_alive_seconds)),
        ssl_context_factory=(lambda _config, _default: certificates.context) if certificates else None,
    )
