"""The connection to Loki: one pooled HTTP client, bounded in time and in what it reads."""

import asyncio
import ssl
from typing import Any

import httpx2

from mothership import __version__
from mothership.errors import ConfigurationError, Paused, Transient
from mothership.ports import Clock
from mothership.retry import retry_after_seconds
from mothership.sinks.loki.responses import LokiResponse
from mothership.sinks.loki.settings import PUSH_PATH, LokiSettings
from mothership.tls_verification import verification

RESPONSE_BYTES_MAX = 262_144
CONNECT_SECONDS_MAX = 10.0
CONTENT_HEADERS = {
    "protobuf": {"Content-Type": "application/x-protobuf", "Content-Encoding": "snappy"},
    "json": {"Content-Type": "application/json"},
}


class Unreachable(Transient):
    """There is no connection: nothing was sent."""


class LokiClient:
    """Speaks HTTP with one Loki. Raises only `Transient` and `Paused`."""

    def __init__(self, settings: LokiSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._tls = _tls(settings)
        self._client: httpx2.AsyncClient | None = None

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
                return await self._stream_response(method, path, body, bytes_max)
        except (TimeoutError, httpx2.TimeoutException):
            raise Transient(f"Loki did not answer within {seconds:g} s") from None
        except httpx2.ConnectError as error:
            if isinstance(error.__cause__, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY" in str(error):
                raise Paused(
                    "Loki's certificate is not trusted: check sinks.loki.ca_file and the host of url"
                ) from None
            raise Unreachable("Loki can't be reached") from None
        except httpx2.HTTPError as error:  # its text may quote what was sent
            raise Transient(f"the connection to Loki broke ({type(error).__name__})") from None
        except (httpx2.InvalidURL, UnicodeError):
            raise Paused("sinks.loki.url or sinks.loki.proxy_url is not an address that can be used") from None

    async def close(self) -> None:
        """Give back every connection. May be called twice; the next request opens again."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _stream_response(self, method: str, path: str, body: bytes | None, bytes_max: int) -> LokiResponse:
        headers = CONTENT_HEADERS[self._settings.encoding] if body is not None else {}
        async with self._open().stream(method, self._settings.url + path, content=body, headers=headers) as response:
            read = bytearray()
            async for piece in response.aiter_bytes():
                read += piece
                if len(read) > bytes_max:
                    break
            return LokiResponse(
                response.status_code,
                read[:bytes_max].decode(errors="replace").strip(),
                retry_after_seconds(response.headers.get("Retry-After"), now=self._clock()),
                truncated=len(read) > bytes_max,
            )

    def _open(self) -> httpx2.AsyncClient:
        if self._client is None:
            settings = self._settings
            connections = settings.concurrent_pushes + 1
            self._client = httpx2.AsyncClient(
                headers=_headers(settings),
                auth=_basic(settings),
                verify=self._tls or verification(settings.url, proxied=settings.proxy_url is not None),
                proxy=settings.proxy_url.get_secret_value() if settings.proxy_url else None,
                timeout=httpx2.Timeout(
                    settings.timeout_seconds, connect=min(CONNECT_SECONDS_MAX, settings.timeout_seconds)
                ),
                limits=httpx2.Limits(
                    max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30.0
                ),
                follow_redirects=False,  # they would carry events and credentials elsewhere
                trust_env=False,
            )
        return self._client


def _headers(settings: LokiSettings) -> dict[str, str]:
    headers = {"User-Agent": f"mothership/{__version__}"}
    if settings.tenant_id:
        headers["X-Scope-OrgID"] = settings.tenant_id
    if settings.bearer_token:
        headers["Authorization"] = f"Bearer {settings.bearer_token.get_secret_value()}"
    return headers


def _basic(settings: LokiSettings) -> Any:
    if settings.username is None or settings.password is None:
        return None
    return httpx2.BasicAuth(settings.username, settings.password.get_secret_value())


def _tls(settings: LokiSettings) -> ssl.SSLContext | None:
    if not (settings.ca_file or settings.client_cert_file):
        return None
    key = "sinks.loki.ca_file"
    try:
        if settings.ca_file:
            context = ssl.create_default_context(cafile=settings.ca_file)
        else:
            context = httpx2.create_ssl_context(trust_env=False)
        if settings.client_cert_file:
            key = "sinks.loki.client_cert_file"
            context.load_cert_chain(settings.client_cert_file, settings.client_key_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError([f"{key}: can't be used ({type(error).__name__})"]) from None
    return context
