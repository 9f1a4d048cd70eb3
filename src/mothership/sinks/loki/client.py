"""The connection to Loki: one pooled HTTP client, bounded in time and in what it reads.

Its library takes a third of a second to import, so this module is imported where Loki is on.
"""

import asyncio
import base64
import io
import ssl
from http import HTTPStatus

import aiohttp

from mothership import __version__
from mothership.errors import ConfigurationError, Paused, TimedOut, Transient
from mothership.ports import Clock
from mothership.retry import retry_after_seconds
from mothership.sinks.loki.responses import LokiResponse, Unreachable
from mothership.sinks.loki.settings import PUSH_PATH, LokiSettings

RESPONSE_BYTES_MAX = 262_144
CONNECT_SECONDS_MAX = 10.0
IDLE_SECONDS_MAX = 30.0
"""A connection that has been idle for so long is closed."""
IN_ONE_PIECE_BYTES_MAX = 1_000_000
"""A larger body is written in pieces, and others get their turn in between."""
CONTENT_HEADERS = {
    "protobuf": {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
    "json": {"Content-Type": "application/json"},
}


class LokiClient:
    """Speaks HTTP with one Loki. Raises only `Transient`, `TimedOut` among it, and `Paused`."""

    def __init__(self, settings: LokiSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = _tls(settings)
        self._session: aiohttp.ClientSession | None = None

    async def push(self, body: bytes) -> LokiResponse:
        """Send a push and give the answer, whatever its status."""
        return await self._request("POST", PUSH_PATH, body, self._settings.timeout_seconds, RESPONSE_BYTES_MAX)

    async def get(self, path: str, *, seconds: float, bytes_max: int = RESPONSE_BYTES_MAX) -> LokiResponse:
        """Ask for something, and read so much of the answer."""
        return await self._request("GET", path, None, seconds, bytes_max)

    async def _request(
        self, method: str, path: str, body: bytes | None, seconds: float, bytes_max: int
    ) -> LokiResponse:
        try:
            async with asyncio.timeout(seconds):
                return await self._read_response(method, path, body, bytes_max)
        except TimeoutError:
            raise TimedOut(f"Loki did not answer within {seconds:g} s") from None
        except aiohttp.ClientConnectorCertificateError:
            raise Paused("Loki's certificate is not trusted: check sinks.loki.ca_file and the host of url") from None
        except aiohttp.ClientConnectorError:
            raise Unreachable("Loki can't be reached") from None
        except ValueError:  # of an address; whatever else is wrong is an error of the client's own
            raise Paused("sinks.loki.url or sinks.loki.proxy_url is not an address that can be used") from None
        except aiohttp.ClientHttpProxyError as error:  # the proxy's answer to CONNECT
            if error.status == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
                return LokiResponse(error.status)
            raise Unreachable("Loki can't be reached") from None
        except aiohttp.ClientError as error:  # its text may quote what was sent
            raise Transient(f"the connection to Loki broke ({type(error).__name__})") from None

    async def close(self) -> None:
        """Give back every connection. May be called twice; the next request opens again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _read_response(self, method: str, path: str, body: bytes | None, bytes_max: int) -> LokiResponse:
        headers = CONTENT_HEADERS[self._settings.encoding] if body is not None else {}
        async with self._open().request(
            method,
            self._settings.url + path,
            data=io.BytesIO(body) if body and len(body) > IN_ONE_PIECE_BYTES_MAX else body,
            headers=headers,
            allow_redirects=False,  # they would carry events and credentials elsewhere
        ) as response:
            read = bytearray()
            async for piece in response.content.iter_any():
                read += piece
                if len(read) > bytes_max:
                    break
            return LokiResponse(
                response.status,
                read[:bytes_max].decode(errors="replace").strip(),
                retry_after_seconds(response.headers.get("Retry-After"), now=self._clock()),
                truncated=len(read) > bytes_max,
            )

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            settings = self._settings
            proxy = settings.proxy_url
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=settings.concurrent_pushes + 1, keepalive_timeout=IDLE_SECONDS_MAX, ssl=self._tls
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=_headers(settings),
                proxy=proxy.get_secret_value() if proxy else None,
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=min(CONNECT_SECONDS_MAX, settings.timeout_seconds)
                ),
                trust_env=False,
            )
        return self._session


def _headers(settings: LokiSettings) -> dict[str, str]:
    headers = {"User-Agent": f"mothership/{__version__}"}
    if settings.tenant_id:
        headers["X-Scope-OrgID"] = settings.tenant_id
    if settings.bearer_token:
        headers["Authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    if settings.username is not None and settings.password is not None:
        pair = f"{settings.username}:{settings.password.get_secret_value()}"
        headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return headers


def _tls(settings: LokiSettings) -> ssl.SSLContext | bool:
    if not (settings.ca_file or settings.client_cert_file or settings.proxy_url or settings.url.startswith("https:")):
        return True
    key = "sinks.loki.ca_file"
    try:
        if settings.ca_file:
            context = ssl.create_default_context(cafile=settings.ca_file)
        else:
            # What every other client of this service trusts; to import it takes as long again.
            from httpx2 import create_ssl_context  # noqa: PLC0415 - see above

            context = create_ssl_context(trust_env=False)
        if settings.client_cert_file:
            key = "sinks.loki.client_cert_file"
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError([f"{key}: can't be used ({type(error).__name__})"]) from None
    return context
