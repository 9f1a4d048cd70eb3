"""Where to ship to, with which credentials: the address, and the client that speaks to it."""

import ssl
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path

import httpx2

from mothership.errors import ShippingError
from mothership.shipping import connection_diagnosis

INGEST = "/ingest"
_PORT_MAX = 65_535


@dataclass(frozen=True, slots=True)
class ShipTarget:
    """Where to, and with what credentials."""

    url: str
    _: KW_ONLY
    token: str | None = field(default=None, repr=False)
    client_cert: Path | None = None
    client_key: Path | None = None
    ca: Path | None = None
    timeout_seconds: float = 30.0
    parse: bool | None = None
    """Whether the service is to read what lines say about themselves; None leaves it to its configuration."""

    @property
    def client_certificate(self) -> connection_diagnosis.ClientCertificate | None:
        """What is shown to the service, if anything is."""
        file = self.client_cert
        return connection_diagnosis.ClientCertificate(file, self.client_key) if file else None


def endpoint(url: str) -> str:
    """Return the address of `/ingest`, for an address that has no path of its own. Raises `ShippingError`."""
    parsed = _parsed(url)
    return str(parsed.copy_with(path=INGEST)) if parsed.path in ("", "/") else url


def page(url: str, path: str) -> str:
    """Return the address of a page at this service. Raises `ShippingError`."""
    parsed = _parsed(url)
    given = parsed.path.rstrip("/")
    return str(parsed.copy_with(path=given if given.endswith(path) else f"{given}{path}", query=None))


def _parsed(url: str) -> httpx2.URL:
    try:
        parsed = httpx2.URL(url)
    except httpx2.InvalidURL:
        parsed = httpx2.URL("")
    if parsed.scheme not in ("http", "https") or not parsed.host or not 0 <= (parsed.port or 0) <= _PORT_MAX:
        raise ShippingError("the URL is no address: it must look like http://localhost:8443")
    return parsed


def shown(url: str) -> str:
    """An address without what may be a secret in it."""
    parsed = httpx2.URL(url)
    return str(parsed.copy_with(username="", password="", query=None, fragment=None))


def http_client(target: ShipTarget, program: str) -> httpx2.AsyncClient:
    """A client with these credentials. Raises `ShippingError` for certificates that can't be read."""
    verify: ssl.SSLContext | bool = True
    if target.ca or target.client_cert:
        option, file = "--ca", target.ca
        try:
            verify = ssl.create_default_context(cafile=target.ca)
            if target.client_cert:
                option, file = "--client-cert", target.client_cert
                verify.load_cert_chain(target.client_cert, target.client_key, password=_no_passphrase)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise ShippingError(f"{file}, given with {option}, can't be used: {_certificate_fault(error)}") from None
    headers = {"Authorization": f"Bearer {target.token}"} if target.token else {}
    return httpx2.AsyncClient(
        verify=verify,
        headers={"User-Agent": f"Mothership-{program}/1.5", "Content-Type": "application/json", **headers},
        timeout=target.timeout_seconds,
        follow_redirects=True,
        max_redirects=3,
        trust_env=not connection_diagnosis.is_this_machine(
            httpx2.URL(target.url).host
        ),  # a proxy can't reach our loopback
    )


def _no_passphrase() -> str:
    raise ValueError("the private key has a passphrase: give one without")


def _certificate_fault(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        if error.reason == "KEY_VALUES_MISMATCH":
            return "the private key is another's"
        return "it holds no such certificate in PEM, or no private key stands with it"
    return (error.strerror if isinstance(error, OSError) else "") or str(error)
