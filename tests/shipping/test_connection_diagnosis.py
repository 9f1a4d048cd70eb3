"""What stands between sender and service is said in plain words, with the address; what can't pass ends at once."""

import asyncio
import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path

import pytest
import trustme
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from tests.shipping.http_server import ScriptedAnswer, ScriptedServer

from mothership.commands.send import send
from mothership.errors import ShippingError
from mothership.shipping.delivery import ShipOptions
from mothership.shipping.ship import ship
from mothership.shipping.target import ShipTarget

AUTHORITY = trustme.CA(organization_name="Fleet CA")


@contextlib.contextmanager
def https(certificate: trustme.LeafCert, *, clients: trustme.CA | None = None) -> Iterator[ScriptedServer]:
    """A server that speaks TLS; with an authority it wants a client's certificate of that."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    if clients:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    with ScriptedServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.scheme = "https"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


async def failure(url: str, **target: Path | str | None) -> str:
    """Ship an event without patience, and return why it failed."""
    with pytest.raises(ShippingError) as failed:
        await ship([{"type": "log"}], ShipTarget(url, **target), ShipOptions(give_up_seconds=0.0))  # type: ignore[arg-type]
    return str(failed.value)


@pytest.fixture
def ca(tmp_path: Path) -> Path:
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


async def test_nothing_listens() -> None:
    """The commonest of all."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        said = await failure(f"http://127.0.0.1:{port}")
    assert f"127.0.0.1:{port} refuses the connection: nothing listens there" in said


async def test_no_such_host() -> None:
    """By the name that was given."""
    said = await failure("http://mothership.invalid:8443")
    assert "no host named mothership.invalid is known here" in said


async def test_a_certificate_that_is_not_trusted_and_who_signed_it() -> None:
    """It ends at once."""
    with https(AUTHORITY.issue_cert("127.0.0.1")) as server:
        said = await failure(server.url)
    address = server.url.removeprefix("https://")
    assert said.startswith(f"the certificate of {address} is not trusted here: it is signed by “Fleet CA”")
    assert "--ca" in said


async def test_a_certificate_for_another_name(ca: Path) -> None:
    """And for which."""
    with https(AUTHORITY.issue_cert("mothership.example.com")) as server:
        said = await failure(server.url, ca=ca)
    assert "is for another name (mothership.example.com): use that in the URL" in said


async def test_a_certificate_that_has_expired(ca: Path) -> None:
    """And when."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with https(AUTHORITY.issue_cert("127.0.0.1", not_after=yesterday)) as server:
        said = await failure(server.url, ca=ca)
    assert f"has expired ({yesterday:%Y-%m-%d})" in said


async def test_a_client_certificate_is_wanted(ca: Path, tmp_path: Path) -> None:
    """None was shown, or one that the other end doesn't trust."""
    other = trustme.CA().issue_cert("node-7")
    other.private_key_and_cert_chain_pem.write_to_path(tmp_path / "node.pem")
    with https(AUTHORITY.issue_cert("127.0.0.1"), clients=AUTHORITY) as server:
        without = await failure(server.url, ca=ca)
        with_another = await failure(server.url, ca=ca, client_cert=tmp_path / "node.pem")
    address = server.url.removeprefix("https://")
    assert without == f"{address} wants a client certificate: give --client-cert and --client-key"
    assert with_another.startswith(f"{address} does not trust our client certificate")


async def test_tls_on_our_side_only(server: ScriptedServer) -> None:
    """An https:// too many."""
    said = await failure(server.url.replace("http:", "https:"))
    assert "does not speak TLS: the URL must begin with http://" in said


async def test_tls_on_the_other_side_only() -> None:
    """An s too few."""
    with https(AUTHORITY.issue_cert("127.0.0.1")) as server:
        said = await failure(server.url.replace("https:", "http:"))
    assert said == f"{server.url.removeprefix('https://')} speaks TLS: the URL must begin with https://"


@pytest.mark.parametrize(
    ("status", "token", "advice"),
    [
        (401, None, "the service wants a token: set MOTHERSHIP_TOKEN, or give --token"),
        (401, "wrong", "the token is not one that the service knows: compare MOTHERSHIP_TOKEN with its `auth.tokens`"),
        (404, None, "has nothing at /ingest: leave the path out, and /ingest is added"),
    ],
)
async def test_a_refusal_says_what_to_do(server: ScriptedServer, status: int, token: str | None, advice: str) -> None:
    """And ends at once."""
    server.script = [ScriptedAnswer(status, {"reason": "no"})]
    said = await failure(server.url, token=token)
    assert re.search(rf"refused a batch of 1 event: {status} .*: no; .*{re.escape(advice)}", said)
    assert "wrong" not in said


async def test_files_that_are_no_certificates(tmp_path: Path) -> None:
    """Named by what they were given as."""
    (tmp_path / "x.pem").write_text("no certificate")
    said = await failure("https://127.0.0.1:1", ca=tmp_path / "x.pem")
    assert said.startswith(f"{tmp_path / 'x.pem'}, given with --ca, can't be used: it holds no such certificate")


async def test_a_key_that_asks_for_a_passphrase_or_is_anothers(tmp_path: Path) -> None:
    """Nobody is asked at a terminal, for there may be none."""
    node, other = AUTHORITY.issue_cert("node-7"), AUTHORITY.issue_cert("node-8")
    node.cert_chain_pems[0].write_to_path(tmp_path / "node.pem")
    other.private_key_pem.write_to_path(tmp_path / "other.key")
    key = load_pem_private_key(node.private_key_pem.bytes(), None)
    locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    (tmp_path / "locked.key").write_bytes(locked)
    for name, reason in (("other", "the private key is another's"), ("locked", "the private key has a passphrase")):
        certificate = {"client_cert": tmp_path / "node.pem", "client_key": tmp_path / f"{name}.key"}
        assert reason in await failure("https://127.0.0.1:1", **certificate)


async def test_a_proxy_of_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or one looks for the fault at the service."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    said = await failure("http://mothership.invalid:8443")
    assert "the proxy that HTTP_PROXY names refuses the connection" in said
    monkeypatch.setenv("http_proxy", "http://proxy.invalid:1")
    assert "the proxy that HTTP_PROXY names has a host that is not known here" in await failure("http://192.0.2.1:8443")


@pytest.mark.parametrize("body", ["<html>sign in</html>", {}, {"status": "ok"}, [1]])
async def test_a_2xx_of_something_else_is_no_receipt(server: ScriptedServer, body: object) -> None:
    """A captive portal, or another service: it has kept nothing, so nothing was delivered."""
    server.script = [ScriptedAnswer(200, body)]
    said = await failure(server.url)
    assert said.startswith(f"{server.url}/ingest answers 200, but not as a Mothership does")


async def test_an_absent_server_is_waited_for_with_a_line_that_says_so(server: ScriptedServer) -> None:
    """Once, and once more when it is back; not for each try and each batch."""
    server.script = [ScriptedAnswer(503, {"reason": "the spool is full"})] * 5
    said: list[str] = []

    async def no_time(_seconds: float) -> None:
        await asyncio.sleep(0)

    await ship(
        [{"type": "log"}] * 300, ShipTarget(server.url), ShipOptions(concurrency=1), say=said.append, sleep=no_time
    )
    url = f"{server.url}/ingest"
    assert said == [
        f"waiting for {url}: 503 Service Unavailable: the spool is full",
        f"{url} takes events again",
    ]


async def test_an_event_that_is_too_large_is_rejected_and_the_others_go_on(server: ScriptedServer) -> None:
    """It will be too large tomorrow."""
    server.script = [ScriptedAnswer(413), ScriptedAnswer(413, {"reason": "larger than limits.body_bytes"})]
    summary = await ship([{"type": "log"}] * 2, ShipTarget(server.url), ShipOptions(concurrency=1))
    assert (summary.sent, summary.accepted, summary.rejected) == (2, 1, 1)
    assert list(summary.reasons) == [f"413 {HTTPStatus(413).phrase}: larger than limits.body_bytes"]


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"sink_results": {"tsdb": {"written": 1, "queued": 0, "errors": 0}}}, 0),
        ({"sink_results": {"tsdb": {"written": 0, "queued": 1, "errors": 0}}, "duplicate": True}, 0),
        ({"sink_results": {"tsdb": {"written": 0, "queued": 0, "errors": 1}}}, 1),
        ({"rejected": 1, "errors": [{"index": 0, "reason": "no"}]}, 1),
    ],
)
def test_the_exit_status_says_whether_all_is_kept(
    server: ScriptedServer, tmp_path: Path, answer: dict[str, object], status: int
) -> None:
    """For a cron job."""
    (tmp_path / "app.log").write_text("line\n")
    server.script = [ScriptedAnswer(200, answer)]
    result = CliRunner().invoke(send, [str(tmp_path / "app.log"), "--url", server.url])
    assert result.exit_code == status, result.output
    if "sink_results" in answer:
        assert re.search(r"; tsdb: \d written, \d queued, \d dead", result.output)


@pytest.mark.parametrize(
    "arguments",
    [["no/such/file"], ["-", "--follow"], ["."], ["x", "--tag", "no value"], [], ["x", "--url", "localhost"]],
)
def test_wrong_usage_is_exit_status_2(arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").write_text("line\n")
    assert CliRunner().invoke(send, arguments).exit_code == 2


def test_nothing_is_sent_by_a_dry_run(server: ScriptedServer, tmp_path: Path) -> None:
    """What would be is shown."""
    (tmp_path / "app.log").write_text('one\n{"type":"x","n":1.50}\n')
    options = ["--service", "shop", "--host", "web01", "--tag", "site=nyc", "--dry-run"]
    result = CliRunner().invoke(send, [str(tmp_path / "app.log"), "--url", server.url, *options])
    assert result.exit_code == 0
    plain, own, told = result.output.splitlines()
    assert '"service":"shop","hostname":"web01","tags":{"site":"nyc"},"message":"one"' in plain
    assert own == '{"service":"shop","hostname":"web01","tags":{"site":"nyc"},"type":"x","n":1.50}'
    assert told == "would send 2 events in 1 request"
    assert server.seen == []


@pytest.mark.parametrize(("option", "query"), [("--parse", "?parse=true"), ("--no-parse", "?parse=false")])
def test_it_says_whether_lines_are_to_be_read(server: ScriptedServer, tmp_path: Path, option: str, query: str) -> None:
    """The service reads them, after redaction."""
    (tmp_path / "app.log").write_text("line\n")
    assert CliRunner().invoke(send, [str(tmp_path / "app.log"), "--url", server.url, option]).exit_code == 0
    assert server.seen[0].path == f"/ingest{query}"
