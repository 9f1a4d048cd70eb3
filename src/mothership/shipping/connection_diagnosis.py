"""What stands between us and the service, in plain words: what is wrong, where, and what to do about it."""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import getproxies, proxy_bypass

import httpx2
from cryptography import x509
from cryptography.x509.oid import NameOID

_PROBE_SECONDS = 2.0
_HTTPS_PORT, _HTTP_PORT = 443, 80
_WANTS_CERTIFICATE = frozenset({"TLSV13_ALERT_CERTIFICATE_REQUIRED", "SSLV3_ALERT_CERTIFICATE_REQUIRED"})
_REFUSES_CERTIFICATE = frozenset(
    {
        "TLSV1_ALERT_UNKNOWN_CA",
        "SSLV3_ALERT_BAD_CERTIFICATE",
        "SSLV3_ALERT_CERTIFICATE_UNKNOWN",
        "SSLV3_ALERT_CERTIFICATE_EXPIRED",
        "SSLV3_ALERT_CERTIFICATE_REVOKED",
        "TLSV1_ALERT_DECRYPT_ERROR",
    }
)
_NO_TLS = frozenset({"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"})
_EXPIRED, _NOT_YET, _OTHER_NAME = 10, 9, frozenset({62, 63, 64})  # X509_V_ERR_…


FINAL_STATUSES = frozenset({400, 401, 403, 404, 405})
"""Of answers to a question that will be refused again however often it is asked."""


class ClientCertificate(NamedTuple):
    """What we show the other end."""

    file: Path
    key: Path | None


class ConnectionFault(NamedTuple):
    """Why there is no answer."""

    reason: str
    is_final: bool
    """Trying again can't help: somebody must change something."""


async def explain(error: Exception, url: str, certificate: ClientCertificate | None) -> ConnectionFault:
    """Say why a request failed. Looks at the other end's certificate where that is the question."""
    address, has_certificate = _address(url), certificate is not None
    for cause in (*_causes(error), *(await _alerts(error, url, certificate))):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectionFault(await _untrusted(cause, url), is_final=True)
        if isinstance(cause, ssl.SSLError) and (fault := _of_tls(cause, address, has_certificate=has_certificate)):
            return fault
    if isinstance(error, httpx2.UnsupportedProtocol | httpx2.InvalidURL):
        return ConnectionFault("the URL is no address: it must look like http://localhost:8443", is_final=True)
    if isinstance(error, httpx2.ReadError | httpx2.RemoteProtocolError) and await speaks_tls_unasked(url):
        return plain_http(url)
    return ConnectionFault(_absent(error, url), is_final=False)


def _absent(error: Exception, url: str) -> str:
    """In words, for what may pass."""
    proxy, causes = _proxy(url), list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        if proxy:
            return f"{proxy} has a host that is not known here"
        return f"no host named {httpx2.URL(url).host} is known here"
    words = next((text for kind, text in _WORDS if any(isinstance(cause, kind) for cause in causes)), None)
    if words is None:
        told = next((cause.strerror for cause in causes if isinstance(cause, OSError) and cause.strerror), "")
        words = f"can't be reached: {told or type(error).__name__}"
    return f"{proxy or _address(url)} {words}"


def _proxy(url: str) -> str:
    """The proxy by way of which this is asked, in words; empty where there is none."""
    parsed = httpx2.URL(url)
    if is_this_machine(parsed.host) or proxy_bypass(parsed.host):
        return ""
    named = next((name for name in (parsed.scheme, "all") if name in getproxies()), "")
    return f"the proxy that {named.upper()}_PROXY names" if named else ""


def is_this_machine(host: str) -> bool:
    """Whether it is our loopback, which no proxy can reach."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (ConnectionRefusedError, "refuses the connection: nothing listens there"),
    (httpx2.TimeoutException, "does not answer in time"),
    (ConnectionResetError, "closed the connection"),
    (BrokenPipeError, "closed the connection"),
    (httpx2.RemoteProtocolError, "closed the connection without an answer in HTTP"),
)


async def speaks_tls_unasked(url: str) -> bool:
    """Whether an http:// address answers to a TLS handshake."""
    return httpx2.URL(url).scheme == "http" and await _certificate(url) is not None


def plain_http(url: str) -> ConnectionFault:
    """The other end wants TLS."""
    return ConnectionFault(f"{_address(url)} speaks TLS: the URL must begin with https://", is_final=True)


def refused(status: int, url: str, *, adds: str, has_token: bool) -> str:
    """What to do about an answer that says no; empty where the answer's own words say it.

    `adds` is the path that a command adds to an address that has none.
    """
    if status == httpx2.codes.UNAUTHORIZED:
        if has_token:
            return "the token is not one that the service knows: compare MOTHERSHIP_TOKEN with its `auth.tokens`"
        return "the service wants a token: set MOTHERSHIP_TOKEN, or give --token"
    if status == httpx2.codes.NOT_FOUND:
        return f"{_address(url)} has nothing at {httpx2.URL(url).path}: leave the path out, and {adds} is added"
    return ""


async def _alerts(error: Exception, url: str, certificate: ClientCertificate | None) -> list[ssl.SSLError]:
    """What the other end says in TLS when it hangs up after the handshake, which asyncio's transports keep back."""
    hung_up = isinstance(error, httpx2.ReadError | httpx2.WriteError | httpx2.RemoteProtocolError)
    if not hung_up or httpx2.URL(url).scheme != "https":
        return []
    alert = await asyncio.to_thread(_alert, url, certificate)
    return [alert] if alert else []


def _alert(url: str, certificate: ClientCertificate | None) -> ssl.SSLError | None:
    parsed = httpx2.URL(url)
    context = _looking()
    try:
        if certificate:
            context.load_cert_chain(certificate.file, certificate.key)
        with (
            socket.create_connection((parsed.host, parsed.port or _HTTPS_PORT), timeout=_PROBE_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=parsed.host) as tls,
        ):
            tls.recv(1)
    except ssl.SSLError as error:
        return error
    except (OSError, ValueError):
        pass
    return None


def _looking() -> ssl.SSLContext:
    """For a look at the other end, whoever it is: nothing is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _of_tls(error: ssl.SSLError, address: str, *, has_certificate: bool) -> ConnectionFault | None:
    reason = error.reason or ""
    if reason in _WANTS_CERTIFICATE or (reason == "SSLV3_ALERT_HANDSHAKE_FAILURE" and not has_certificate):
        wants = "wants another client certificate" if has_certificate else "wants a client certificate"
        return ConnectionFault(f"{address} {wants}: give --client-cert and --client-key", is_final=True)
    if reason in _REFUSES_CERTIFICATE:
        return ConnectionFault(
            f"{address} does not trust our client certificate: it must be signed by its `server.tls.client_ca_file`",
            is_final=True,
        )
    if reason in _NO_TLS:
        return ConnectionFault(
            f"{address} does not speak TLS: the URL must begin with http://, or TLS be switched on there", is_final=True
        )
    return None


async def _untrusted(error: ssl.SSLCertVerificationError, url: str) -> str:
    address = _address(url)
    encoded = await _certificate(url)
    certificate = x509.load_der_x509_certificate(encoded) if encoded else None
    if error.verify_code in _OTHER_NAME:
        names = _names(certificate) if certificate else ""
        return f"the certificate of {address} is for another name{f' ({names})' if names else ''}: use that in the URL"
    if error.verify_code in (_EXPIRED, _NOT_YET):
        when = f" ({certificate.not_valid_after_utc:%Y-%m-%d})" if certificate and error.verify_code == _EXPIRED else ""
        said = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        return f"the certificate of {address} {said}{when}"
    if certificate is None:
        return f"the certificate of {address} is not trusted here: give its authority's certificate with --ca"
    signer = "itself" if certificate.issuer == certificate.subject else f"“{_name(certificate.issuer)}”"
    return (
        f"the certificate of {address} is not trusted here: it is signed by {signer}; if that is right, give "
        f"{'it' if signer == 'itself' else 'the certificate of that authority'} with --ca"
    )


async def _certificate(url: str) -> bytes | None:
    """The other end's certificate, whoever signed it. None where there is none to be had."""
    parsed = httpx2.URL(url)
    port = parsed.port or (_HTTPS_PORT if parsed.scheme == "https" else _HTTP_PORT)
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            _, writer = await asyncio.open_connection(parsed.host, port, ssl=_looking(), server_hostname=parsed.host)
            tls = writer.get_extra_info("ssl_object")
            encoded: bytes | None = tls.getpeercert(binary_form=True)
            writer.transport.abort()
            return encoded
    except (OSError, TimeoutError, ValueError):
        return None


def _name(name: x509.Name) -> str:
    common = name.get_attributes_for_oid(NameOID.COMMON_NAME) or name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(common[0].value) if common else name.rfc4514_string()


def _names(certificate: x509.Certificate) -> str:
    try:
        alternatives = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return _name(certificate.subject)
    return ", ".join(
        [*alternatives.get_values_for_type(x509.DNSName), *map(str, alternatives.get_values_for_type(x509.IPAddress))]
    )


def _address(url: str) -> str:
    parsed = httpx2.URL(url)
    port = parsed.port or (_HTTPS_PORT if parsed.scheme == "https" else _HTTP_PORT)
    host = f"[{parsed.host}]" if ":" in parsed.host else parsed.host
    return f"{host}:{port}"


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        each = waiting.pop(0)
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [
            each.__cause__,
            each.__context__,
            *(each.exceptions if isinstance(each, BaseExceptionGroup) else ()),
        ]
