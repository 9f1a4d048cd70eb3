"""Connections to the database: a bounded few, kept between uses, and thrown away at the first doubt."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
from asyncpg.connect_utils import SessionAttribute

from mothership.errors import ConfigurationError, Paused
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.failures import NO_TLS, connection_failure
from mothership.telemetry import active_connections

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]
else:
    Connection = asyncpg.Connection

CLOSE_SECONDS_MAX = 1.0
SILENT_SECONDS = 300.0
"""For so long a host that did not answer is tried after the others."""
ANOTHER_HOST_MAY_DO = (OSError, asyncpg.CannotConnectNowError, asyncpg.TargetServerAttributeNotMatched)
"""Failures of one host. A login that is refused is refused by all."""


class Connector:
    """Opens connections to the first host of a target that will do.

    Each host has the time for itself, lest one that swallows every packet keep the others from being tried; and one
    that let it pass comes last for a while, lest each new connection wait for it again. The environment has no say but
    for a password.
    """

    def __init__(self, target: ConnectionTarget, *, timeout_seconds: float, statement_cache_size: int) -> None:
        self._target = target
        self._timeout_seconds = timeout_seconds
        self._statement_cache_size = statement_cache_size
        self._silent_until: dict[str, float] = {}

    async def connect(self) -> Connection:
        """Connect, or raise a failure that names all hosts."""
        target = self._target
        wanted = SessionAttribute(target.parameters.get("target_session_attrs", "any"))
        is_preferred = wanted is SessionAttribute.prefer_standby
        rounds = [SessionAttribute.standby, SessionAttribute.any] if is_preferred else [wanted]
        places = target.each()
        left = len(rounds) * len(places)
        for attribute in rounds:
            for place in sorted(places, key=self._is_silent):
                left -= 1
                try:
                    return await _connect_to(place, attribute, self._timeout_seconds, self._statement_cache_size)
                except ConfigurationError as error:
                    raise Paused(error.faults[0]) from None
                except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                    if isinstance(error, TimeoutError):
                        self._silent_until[str(place)] = time.monotonic() + SILENT_SECONDS
                    if not (left and isinstance(error, ANOTHER_HOST_MAY_DO)):
                        raise connection_failure(error, target) from None
        raise AssertionError("a target has a host")

    def _is_silent(self, place: ConnectionTarget) -> bool:
        return time.monotonic() < self._silent_until.get(str(place), 0.0)


async def _connect_to(
    place: ConnectionTarget, attribute: SessionAttribute, timeout_seconds: float, statement_cache_size: int
) -> Connection:
    """Connect to one host, with or without TLS as the target says."""
    mode = place.ssl_mode
    if place.is_local or mode == "disable":
        ways: list[ssl.SSLContext | None] = [None]
    else:
        context = place.ssl_context()
        ways = {"allow": [None, context], "prefer": [context, None]}.get(mode, [context])
    while True:
        try:
            return await _connect_once(place, attribute, ways.pop(0), timeout_seconds, statement_cache_size)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
            if not (ways and _is_about_encryption(error)):
                raise


async def _connect_once(
    place: ConnectionTarget,
    attribute: SessionAttribute,
    context: ssl.SSLContext | None,
    timeout_seconds: float,
    statement_cache_size: int,
) -> Connection:
    told = place.parameters
    return await asyncpg.connect(
        host=list(place.hosts),
        port=list(place.ports),
        user=place.user,
        database=place.database,
        password=place.password,
        passfile=told.get("passfile"),
        ssl=context or False,
        direct_tls=context is not None and told.get("sslnegotiation") == "direct",
        target_session_attrs=attribute,
        krbsrvname="postgres",
        gsslib="gssapi",
        timeout=timeout_seconds,
        statement_cache_size=statement_cache_size,
        server_settings={"application_name": "mothership", **place.session},
    )


def _is_about_encryption(error: BaseException) -> bool:
    """Whether the other way, with or without TLS, may do."""
    refused = isinstance(error, ssl.SSLError | asyncpg.InvalidAuthorizationSpecificationError)
    return refused or (isinstance(error, ConnectionError) and NO_TLS in str(error))


class ConnectionPool:
    """Lends connections, at most `limit` at once.

    A connection comes back only from a use that ended well. After any failure or cancellation it is cut off without
    a word, which can't hang: whatever it was in the middle of, the server rolls back, and no later use inherits a
    failed transaction.
    """

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, limit: int) -> None:
        self._connect = connect
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Connection] = []
        self._closed = False

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        """Lend one."""
        async with self._slots:
            connection = self._take_idle() or await self._connect()
            active_connections.inc()
            try:
                yield connection
            except BaseException:
                connection.terminate()
                raise
            else:
                self._release(connection)
            finally:
                active_connections.dec()

    async def close(self) -> None:
        """Say goodbye to those at rest; those in use end with their use."""
        self._closed = True
        while self._idle:
            connection = self._idle.pop()
            try:
                await connection.close(timeout=CLOSE_SECONDS_MAX)
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                connection.terminate()

    def open(self) -> None:
        """Keep connections again, after `close`."""
        self._closed = False

    def _take_idle(self) -> Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    def _release(self, connection: Connection) -> None:
        if self._closed or connection.is_closed():
            connection.terminate()
        else:
            self._idle.append(connection)
