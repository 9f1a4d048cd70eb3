"""One listening server from the settings: what `app` starts, and what the tests of this folder start."""

import asyncio
import socket
import time
from functools import partial
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from mothership.edge import openapi
from mothership.edge.addresses import Networks
from mothership.edge.auth import AuthSettings, is_loopback
from mothership.edge.credentials import Credentials
from mothership.edge.door import ALWAYS_OPEN, Door
from mothership.edge.limits import LimitSettings
from mothership.edge.login import Login
from mothership.edge.protocol import bounded
from mothership.edge.tls import Certificates, TLSSettings
from mothership.ports import Clock


class Server(uvicorn.Server):
    """uvicorn's server, but a TLS handshake has an end, too: by default it may take a minute, uncounted."""

    def __init__(self, config: uvicorn.Config, limits: LimitSettings) -> None:
        super().__init__(config)
        self._handshake_seconds = limits.head_seconds

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen on these sockets."""
        await self.lifespan.startup()
        config = self.config
        protocol: Any = config.http_protocol_class
        make = partial(protocol, config=config, server_state=self.server_state, app_state=self.lifespan.state)
        seconds = self._handshake_seconds if config.ssl else None
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                make, sock=listening, ssl=config.ssl, backlog=config.backlog, ssl_handshake_timeout=seconds
            )
            for listening in sockets or []
        ]
        self.started = True


def guarded(app: ASGIApp, auth: AuthSettings, tls: TLSSettings, *, host: str, clock: Clock = time.time) -> Door:
    """Return the application behind the door. Raises `ConfigurationError` when auth.tokens_file can't be used."""
    login = Login(auth, tls, Credentials(auth, clock=clock), clock=clock)
    if not login.open_to_all and isinstance(app, FastAPI):
        openapi.guard(app.openapi(), ALWAYS_OPEN | auth.open_endpoints, certificates=tls.client_ca_file is not None)
    return Door(app, login, auth, loopback=is_loopback(host))


def configuration(
    app: ASGIApp,
    auth: AuthSettings,
    tls: TLSSettings,
    limits: LimitSettings,
    *,
    host: str,
    port: int,
    clock: Clock = time.time,
) -> uvicorn.Config:
    """Return what uvicorn needs. Raises `ConfigurationError` when a file of tokens or certificates can't be used."""
    certificates = Certificates(tls, clock=clock) if tls.cert_file else None
    return uvicorn.Config(
        guarded(app, auth, tls, host=host, clock=clock),
        host=host,
        port=port,
        http=bounded(limits, Networks(auth.trusted_proxies)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # uvicorn would believe any process of this machine
        timeout_keep_alive=max(1, round(limits.keep_alive_seconds)),
        ssl_context_factory=(lambda _config, _default: certificates.context) if certificates else None,
    )
