"""The connection to the cluster: addresses, TLS, credentials, and what its errors mean."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from nats.aio.client import Client
from nats.errors import AuthorizationError
from nats.errors import Error as NatsError

from mothership.errors import ClusterUnavailable, ConfigurationError
from mothership.relay.spool.jetstream.settings import JetStreamSettings
from mothership.telemetry import log

T = TypeVar("T")

CONNECT_SECONDS = 2
RECONNECT_SECONDS = 0.25
PING_SECONDS = 5
OUTBOUND_BYTES_MAX = 64 * 1024**2

SEED = re.compile(r"\A\s*SU[A-Z2-7]{56}\s*\Z")
CREDENTIALS = re.compile(r"BEGIN NATS USER JWT-+\r?\n.+\r?\n(?:.*\n)*?.*BEGIN USER NKEY SEED-+\r?\nSU[A-Z2-7]{56}\r?\n")

LOST = (NatsError, OSError, TimeoutError)
"""What a request may fail with: the client's own errors, the socket's, and time."""


async def connect(settings: JetStreamSettings, on_reconnect: Callable[[], Awaitable[None]] | None = None) -> Client:
    """Connect to one of the servers, and from then on again and again. Raises `ConfigurationError`."""

    async def note(error: Exception) -> None:
        """Each is told where it matters; the client would print it with its text."""
        if isinstance(error, AuthorizationError) or "authorization" in str(error).lower():
            refused.set()

    async def lost() -> None:
        if not client.is_closed:
            log.warning("jetstream_disconnected")

    async def back() -> None:
        log.info("jetstream_reconnected")
        if on_reconnect:
            await on_reconnect()

    client, refused = Client(), asyncio.Event()
    options: dict[str, Any] = {
        "servers": list(settings.servers),
        "name": "mothership",
        "error_cb": note,
        "disconnected_cb": lost,
        "reconnected_cb": back,
        "connect_timeout": CONNECT_SECONDS,
        "reconnect_time_wait": RECONNECT_SECONDS,
        "max_reconnect_attempts": -1,
        "ping_interval": PING_SECONDS,
        "pending_size": OUTBOUND_BYTES_MAX,
        "tls": _tls(settings),
        **_login(settings),
    }
    connecting = asyncio.create_task(_until_connected(client, options))
    refusal = asyncio.create_task(refused.wait())
    try:
        await asyncio.wait([connecting, refusal], timeout=settings.connect_seconds, return_when=asyncio.FIRST_COMPLETED)
        if connecting.done():
            await connecting
            return client
    finally:
        for task in (connecting, refusal):
            task.cancel()
        await asyncio.wait([connecting, refusal], timeout=CONNECT_SECONDS)
    with suppress(*LOST):
        await client.close()
    if refused.is_set():
        raise ConfigurationError(["relay.spool.jetstream: the servers refuse the credentials"])
    raise ClusterUnavailable(["relay.spool.jetstream.servers: none of them can be reached"])


async def _until_connected(client: Client, options: dict[str, Any]) -> None:
    while True:
        try:
            await client.connect(**options)
        except AuthorizationError:
            raise ConfigurationError(["relay.spool.jetstream: the servers refuse the credentials"]) from None
        except (NatsError, OSError):
            await asyncio.sleep(RECONNECT_SECONDS)
        else:
            return


def _login(settings: JetStreamSettings) -> dict[str, str]:
    if settings.user is not None:
        password = settings.password.get_secret_value() if settings.password else ""
        return {"user": settings.user, "password": password}
    if settings.token is not None:
        return {"token": settings.token.get_secret_value()}
    if settings.credentials_file:
        _require("credentials_file", settings.credentials_file, CREDENTIALS)
        return {"user_credentials": str(settings.credentials_file)}
    if settings.nkey_file:
        _require("nkey_file", settings.nkey_file, SEED)
        return {"nkeys_seed": str(settings.nkey_file)}
    return {}


def _require(name: str, path: Path, wanted: re.Pattern[str]) -> None:
    """Look before the client does: it looks for a line for ever, and tries a file that is not there again and again."""
    try:
        text = path.read_text(errors="replace")
    except OSError as error:
        raise ConfigurationError([f"relay.spool.jetstream.{name}: it can't be read: {error.strerror}"]) from None
    if not wanted.search(text):
        raise ConfigurationError([f"relay.spool.jetstream.{name}: this is none: a user's seed is not in it"])


def _tls(settings: JetStreamSettings) -> ssl.SSLContext | None:
    wanted = settings.ca_file or settings.client_cert_file
    if not wanted and not any(server.startswith("tls:") for server in settings.servers):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca_file)
        if settings.client_cert_file:
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
    except (OSError, ssl.SSLError) as error:
        reason = error.strerror or type(error).__name__
        raise ConfigurationError([f"relay.spool.jetstream: its certificates can't be read: {reason}"]) from None
    return context


async def cancellable(request: Coroutine[Any, Any, T]) -> T:
    """Await a request of the client, and end when cancelled.

    The client waits by `asyncio.wait_for`, which before Python 3.12 loses a cancellation that comes together with the
    answer: a loop around it would go on for ever.
    """
    task = asyncio.ensure_future(request)
    try:
        await asyncio.wait([task])
    except asyncio.CancelledError:
        task.cancel()
        raise
    return task.result()
