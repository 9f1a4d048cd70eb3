"""Certificates: who may connect, to what, and what happens when they change."""

import asyncio
import http.client
import json
import socket
import ssl
import warnings
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvloop
import yaml
from click.testing import CliRunner
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from structlog.testing import capture_logs
from tests.edge.test_http_protocol import until
from tests.starvation import PATIENCE_SECONDS, unstarved_time

from mothership.commands import tls as tls_command
from mothership.edge.auth_settings import AuthSettings, hashed
from mothership.edge.file_checks import check_files
from mothership.edge.tls import Certificates, TLSSettings, certificate_names
from mothership.errors import ConfigurationError
from mothership.metric_registry import CounterSnapshot

BODY = json.dumps({"messages": [{"type": "log"}]}).encode()
Serve = Callable[..., Any]


def make(directory: Path, *clients: str, hosts: tuple[str, ...] = ("localhost", "127.0.0.1")) -> str:
    options = [f"--client={name}" for name in clients] + [f"--host={name}" for name in hosts]
    result = CliRunner().invoke(tls_command.tls, ["dev", "--out", str(directory), *options])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("ours")
    make(directory, "ship-7", "ship-8")
    _expire(directory, "ship-8")
    return directory


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("theirs")
    make(directory, "ship-7")
    return directory


def _expire(directory: Path, name: str) -> None:
    """Sign the certificate anew, as one of last year."""
    old = x509.load_pem_x509_certificate((directory / f"{name}.pem").read_bytes())
    key: Any = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=old.issuer,
        subject_name=old.subject,
        public_key=old.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(days=365),
        not_valid_after=now - timedelta(days=1),
    )
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    new = builder.sign(key, hashes.SHA256())
    (directory / f"{name}.pem").write_bytes(new.public_bytes(serialization.Encoding.PEM))


def server_files(directory: Path, *, mutual: bool = False) -> dict[str, Any]:
    files = {"cert_file": directory / "server.pem", "key_file": directory / "server.key"}
    return files | ({"client_ca_file": directory / "ca.pem"} if mutual else {})


def client_context(trusts: Path, name: str | None = None, *, keys: Path | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=trusts / "ca.pem")
    if name:
        context.load_cert_chain((keys or trusts) / f"{name}.pem", (keys or trusts) / f"{name}.key")
    return context


def post(server: Any, context: ssl.SSLContext, host: str = "localhost", token: str | None = None) -> int:
    raw = socket.create_connection(server.address, timeout=PATIENCE_SECONDS)
    with context.wrap_socket(raw, server_hostname=host) as secure:
        authorization = f"Authorization: Bearer {token}\r\n" if token else ""
        secure.sendall(
            f"POST /ingest HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{authorization}"
            f"Content-Type: application/json\r\nContent-Length: {len(BODY)}\r\n\r\n".encode()
            + BODY
        )
        answer = http.client.HTTPResponse(secure)
        answer.begin()
        answer.read()
        return answer.status


def test_a_batch_comes_in_over_tls(served: Serve, ours: Path, acceptor: Any) -> None:
    """With the certificates that `mothership tls dev` makes."""
    server = served(tls=server_files(ours))
    assert post(server, client_context(ours)) == 200
    assert acceptor.batches[0].client == "anonymous"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls_is_refused(served: Serve, ours: Path, version: ssl.TLSVersion) -> None:
    """1.2 and 1.3 only."""
    server = served(tls=server_files(ours))
    old = client_context(ours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        old.minimum_version = old.maximum_version = version
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        post(server, old)
    new = client_context(ours)
    new.maximum_version = ssl.TLSVersion.TLSv1_2
    assert post(server, new) == 200
    assert post(server, client_context(ours)) == 200


def test_a_client_notices_a_wrong_server(served: Serve, ours: Path, theirs: Path) -> None:
    """A CA it does not know, a name that is not in the certificate."""
    server = served(tls=server_files(ours))
    with pytest.raises(ssl.SSLCertVerificationError):
        post(server, client_context(theirs))
    with pytest.raises(ssl.SSLCertVerificationError):
        post(server, client_context(ours), host="mothership.example")


def test_mutual_tls_lets_in_whom_our_ca_knows(served: Serve, ours: Path, theirs: Path, acceptor: Any) -> None:
    """None without, none of another CA, none that is over, none that belongs to a server."""
    server = served(tls=server_files(ours, mutual=True))
    assert post(server, client_context(ours, "ship-7")) == 200
    assert acceptor.batches[0].client == "ship-7"
    assert acceptor.batches[0].events[0]["received_from"] == "ship-7"
    for context in (
        client_context(ours),
        client_context(ours, "ship-7", keys=theirs),
        client_context(ours, "ship-8"),
        client_context(ours, "server"),
    ):
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.RemoteDisconnected)):
            post(server, context)
    assert post(server, client_context(ours, "ship-7")) == 200


def test_a_certificate_whose_name_is_not_listed_is_refused(served: Serve, ours: Path) -> None:
    """When names are listed."""
    server = served(tls=server_files(ours, mutual=True) | {"client_names": {"other": "other"}})
    assert post(server, client_context(ours, "ship-7")) == 401


def test_tokens_and_certificates_work_side_by_side(served: Serve, ours: Path, acceptor: Any) -> None:
    """While a fleet moves from one to the other."""
    auth = {"tokens": [{"name": "ship-1", "hash": hashed("right")}]}
    server = served(auth=auth, tls=server_files(ours, mutual=True) | {"client_required": False})
    assert post(server, client_context(ours), token="right") == 200
    assert post(server, client_context(ours, "ship-7")) == 200
    assert post(server, client_context(ours)) == 401
    assert post(server, client_context(ours), token="wrong") == 401
    assert [batch.client for batch in acceptor.batches] == ["ship-1", "ship-7"]


def test_new_certificates_are_taken_up_while_the_service_runs(
    served: Serve, tmp_path: Path, theirs: Path, acceptor: Any
) -> None:
    """Server certificate and client CA both; a half-written file changes nothing."""
    make(tmp_path, "ship-7")
    now = [1000.0]
    server = served(tls=server_files(tmp_path, mutual=True), clock=lambda: now[0])
    before = client_context(tmp_path, "ship-7")
    assert post(server, before) == 200
    (tmp_path / "server.pem").write_text("-----BEGIN CERTIFICATE-----\nhalf")
    now[0] += 2
    assert post(server, before) == 200
    for name in ("server.pem", "server.key", "ca.pem"):
        (tmp_path / f"{name}.new").write_bytes((theirs / name).read_bytes())
        (tmp_path / f"{name}.new").replace(tmp_path / name)
    now[0] += 2
    assert post(server, client_context(theirs, "ship-7")) == 200
    with pytest.raises((ssl.SSLError, ConnectionError)):
        post(server, before)
    assert len(acceptor.batches) == 3


def _plain_http(server: Any, _ours: Path, _theirs: Path) -> None:
    with socket.create_connection(server.address, timeout=PATIENCE_SECONDS) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            assert b"HTTP/1.1 200" not in plain.recv(1000)


def _no_certificate(server: Any, ours: Path, _theirs: Path) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        post(server, client_context(ours))


def _unknown_authority(server: Any, ours: Path, theirs: Path) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
        post(server, client_context(ours, "ship-7", keys=theirs))


def _distrusts_us(server: Any, ours: Path, theirs: Path) -> None:
    with pytest.raises(ssl.SSLError):
        post(server, client_context(theirs, "ship-7", keys=ours))


def _silent(server: Any, _ours: Path, _theirs: Path) -> None:
    with socket.create_connection(server.address, timeout=PATIENCE_SECONDS) as silent, suppress(ConnectionResetError):
        assert silent.recv(1) == b""


FAILURES = {
    "plain_http": _plain_http,
    "no_client_certificate": _no_certificate,
    "client_certificate_not_trusted": _unknown_authority,
    "server_certificate_not_trusted": _distrusts_us,
    "slow": _silent,
}


@pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_handshake_that_fails_leaves_a_trace(served: Serve, ours: Path, theirs: Path, loop: Any) -> None:
    """A node lost its events in silence this way: a line that says what to do, a count, and the next is served."""
    server = served(tls=server_files(ours, mutual=True), head_seconds=1.0, loop_factory=loop)
    for reason, fail in FAILURES.items():
        before = CounterSnapshot().total("mothership_tls_failures_total", reason=reason)
        with capture_logs() as lines:
            fail(server, ours, theirs)
            until(lambda: CounterSnapshot().total("mothership_tls_failures_total", reason=reason) > before)  # noqa: B023
            fail(server, ours, theirs)
            until(lambda: CounterSnapshot().total("mothership_tls_failures_total", reason=reason) == before + 2)  # noqa: B023
        told = [line for line in lines if line["event"] == "tls_handshake_failed"]
        assert [line["reason"] for line in told] == [reason], "one line for both"
        assert told[0]["address"] == "127.0.0.1"
        assert post(server, client_context(ours, "ship-7")) == 200


def test_connections_in_a_handshake_are_counted(served: Serve, ours: Path) -> None:
    """They give way like others that have shown nothing, so a flood of them shuts nobody out."""
    server = served(tls=server_files(ours), connections_per_client=3)
    silent = [socket.create_connection(server.address, timeout=PATIENCE_SECONDS) for _ in range(10)]
    assert post(server, client_context(ours)) == 200
    with suppress(ConnectionResetError):
        assert silent[0].recv(1) == b""
    for connection in silent:
        connection.close()


def test_a_handshake_that_never_ends_is_ended(served: Serve, ours: Path) -> None:
    """Its time is bounded."""
    server = served(tls=server_files(ours), head_seconds=0.5)
    with socket.create_connection(server.address, timeout=PATIENCE_SECONDS) as silent:
        start = unstarved_time()
        with suppress(ConnectionResetError):
            assert silent.recv(1) == b""
        assert unstarved_time() - start < 3
    assert post(server, client_context(ours)) == 200


@pytest.mark.parametrize(
    ("files", "key"),
    [
        ({"cert_file": "missing.pem"}, "cert_file"),
        ({"cert_file": "server.key"}, "cert_file"),
        ({"key_file": "ship-7.key"}, "key_file"),
        ({"client_ca_file": "missing.pem"}, "client_ca_file"),
        ({"client_ca_file": "server.key"}, "client_ca_file"),
    ],
)
def test_files_that_do_not_fit_stop_the_start(ours: Path, files: dict[str, str], key: str) -> None:
    """With the key of the configuration in the message."""
    chosen = server_files(ours, mutual=True) | {name: ours / file for name, file in files.items()}
    with pytest.raises(ConfigurationError, match=key):
        Certificates(TLSSettings(**chosen), clock=lambda: 0.0)
    faults = check_files(AuthSettings(tokens_file=ours / "missing.yaml"), TLSSettings(**chosen))
    assert faults[0].startswith("auth.tokens_file: ")
    assert key in faults[1]
    assert check_files(AuthSettings(), TLSSettings(**server_files(ours, mutual=True))) == []


def test_a_second_run_keeps_the_ca_and_adds_clients(tmp_path: Path) -> None:
    """So nodes that trust it go on."""
    printed = make(tmp_path, "one")
    authority = (tmp_path / "ca.pem").read_bytes()
    make(tmp_path, "two")
    assert (tmp_path / "ca.pem").read_bytes() == authority
    assert {path.name for path in tmp_path.glob("*.key")} == {"ca.key", "one.key", "two.key", "server.key"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in tmp_path.glob("*.key"))
    assert yaml.safe_load(printed)["server"]["tls"]["client_ca_file"] == str(tmp_path / "ca.pem")
    TLSSettings(**yaml.safe_load(printed)["server"]["tls"])


def test_the_names_of_a_certificate_are_read_once_each() -> None:
    """Its common name first, then its DNS names."""
    found = {
        "subject": ((("commonName", "a"),),),
        "subjectAltName": (("DNS", "a"), ("IP Address", "::1"), ("DNS", "b")),
    }
    assert certificate_names(found) == ("a", "b")
    assert certificate_names({"subjectAltName": (("DNS", "b"),)}) == ("", "b")
    two = {"subject": ((("commonName", "a"),), (("commonName", "b"),)), "subjectAltName": (("DNS", "c"),)}
    assert certificate_names(two) == ("", "c")
    assert certificate_names(None) == certificate_names({}) == ()
