"""Connections until their TLS handshake is over: counted and bounded like others, and a failure leaves a trace."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress

from mothership.edge.client_addresses import holder
from mothership.edge.connection_acceptor import ConnectionAcceptor
from mothership.edge.connection_limiter import ConnectionLimiter, ConnectionStage
from mothership.log_limiter import LogLimiter
from mothership.telemetry import tls_failures

REASONS = {
    "HTTP_REQUEST": "plain_http",
    "HTTPS_PROXY_REQUEST": "plain_http",
    "PEER_DID_NOT_RETURN_A_CERTIFICATE": "no_client_certificate",
    "CERTIFICATE_VERIFY_FAILED": "client_certificate_not_trusted",
    "TLSV1_ALERT_UNKNOWN_CA": "server_certificate_not_trusted",
    "SSLV3_ALERT_CERTIFICATE_UNKNOWN": "server_certificate_not_trusted",
    "SSLV3_ALERT_BAD_CERTIFICATE": "server_certificate_not_trusted",
    "UNSUPPORTED_PROTOCOL": "old_version",
    "UNKNOWN_PROTOCOL": "not_tls",
    "WRONG_VERSION_NUMBER": "not_tls",
    "RECORD_LAYER_FAILURE": "not_tls",
    "NO_SHARED_CIPHER": "no_shared_cipher",
}
ADVICE = {
    "plain_http": "the client speaks plain HTTP to the TLS port: its URL must begin with https://",
    "no_client_certificate": "the client sent no certificate, and server.tls.client_required is true",
    "client_certificate_not_trusted": "the client's certificate is not of server.tls.client_ca_file, or has expired",
    "server_certificate_not_trusted": "the client does not trust server.tls.cert_file: it needs the CA's certificate",
    "old_version": "the client speaks no TLS 1.2 or newer",
}


class Handshake:
    """One accepted connection until its handshake is over: a `Connection` that has shown no credentials yet."""

    caller = ""
    stage = ConnectionStage.UNKNOWN

    def __init__(self, accepted: socket.socket, address: str) -> None:
        self.accepted = accepted
        self.address = address

    def evict(self) -> None:
        """End: others need the place."""
        with suppress(OSError):
            self.accepted.shutdown(socket.SHUT_RDWR)


class TLSListener:
    """Accepts connections and shakes hands. Closed like an `asyncio.Server`."""

    def __init__(
        self,
        listening: socket.socket,
        make: Callable[[], asyncio.Protocol],
        context: ssl.SSLContext,
        connections: ConnectionLimiter,
        handshake_seconds: float,
    ) -> None:
        """Start at once, in the running loop."""
        self._make = make
        self._context = context
        self._connections = connections
        self._handshake_seconds = handshake_seconds
        self._log_failed_handshake = LogLimiter("warning", "tls_handshake_failed")
        self._acceptor = ConnectionAcceptor(listening, self._begin)

    async def accept_rest(self) -> None:
        """As `ConnectionAcceptor` does."""
        await self._acceptor.accept_rest()

    def close(self) -> None:
        """Accept no more. Handshakes that are under way end."""
        self._acceptor.close()

    async def wait_closed(self) -> None:
        """Until nothing is under way."""
        await self._acceptor.wait_closed()

    async def _begin(self, accepted: socket.socket, address: str) -> None:
        handshake = Handshake(accepted, address)
        if self._connections.add(handshake, address):
            self._connections.refused("connections_tls", 0, address)
            self._connections.drop(handshake)
            accepted.close()
            return
        await self._shake_hands(handshake)

    async def _shake_hands(self, handshake: Handshake) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                self._make, handshake.accepted, ssl=self._context, ssl_handshake_timeout=self._handshake_seconds
            )
        except (OSError, RuntimeError) as error:  # the second is uvloop's word for a transport that is closed by now
            self._failed(error, handshake.address)
        finally:
            self._connections.drop(handshake)

    def _failed(self, error: Exception, address: str) -> None:
        reason = _reason(error)
        tls_failures.labels(reason).inc()
        if reason != "closed":  # a probe of the port, a scanner: counted, no more
            advice = {"advice": ADVICE[reason]} if reason in ADVICE else {}
            self._log_failed_handshake(holder(address), reason, reason=reason, address=address, **advice)


def _reason(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        return REASONS.get(error.reason or "", "other")
    if isinstance(error, ConnectionAbortedError | TimeoutError):
        return "slow"
    return "closed"
