"""The HTTP client on its ways: through proxies, over connections that ended, and with answers of every form."""

import asyncio
import gzip
import ssl
import time
from pathlib import Path

import pytest
import trustme
from tests.sinks.loki.forward_proxy import ForwardProxy
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki, basic

from mothership.errors import Paused, Transient
from mothership.sinks.loki.client import LokiClient
from mothership.sinks.loki.settings import LokiSettings


def _client(url: str, **settings: object) -> LokiClient:
    return LokiClient(LokiSettings.model_validate({"enabled": True, "url": url, **settings}), time.time)


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    """A server's context; the authority is in `ca.pem`."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(server)
    return server


async def test_a_proxy_passes_pushes_on(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """With the proxy's own credentials, which Loki never sees, beside Loki's."""
    loki.credentials = basic("me", "geheim")
    async with ForwardProxy(basic("guard", "pass:word")) as proxy:
        settings = {"username": "me", "password": "geheim"}
        sink = sink_of(loki, proxy_url=f"http://guard:pass%3Aword@{proxy.address}", **settings)
        await sink.write([batch(row())])
        assert proxy.asked == [f"POST {loki.url}/loki/api/v1/push HTTP/1.1"]
        assert loki.counted == 1
        assert "proxy-authorization" not in loki.pushes[0].headers
        with pytest.raises(Paused, match="407"):
            await sink_of(loki, proxy_url=f"http://{proxy.address}", **settings).write([batch(row())])


async def test_a_proxy_tunnels_tls(
    tls: ssl.SSLContext, sink_of: SinkOf, row: RowOf, batch: BatchOf, tmp_path: Path
) -> None:
    """What the proxy sees is the address and its own credentials."""
    async with StrictLoki(tls=tls) as loki, ForwardProxy(basic("guard", "word")) as proxy:
        sink = sink_of(loki, ca_file=tmp_path / "ca.pem", proxy_url=f"http://guard:word@{proxy.address}")
        await sink.write([batch(row())])
        assert proxy.asked == [f"CONNECT {loki.url.removeprefix('https://')} HTTP/1.1"]
        assert loki.counted == 1
        assert "proxy-authorization" not in loki.pushes[0].headers
        refused = sink_of(loki, ca_file=tmp_path / "ca.pem", proxy_url=f"http://{proxy.address}", max_retries=0)
        with pytest.raises(Paused, match="407"):
            await refused.write([batch(row())])


async def test_a_proxy_that_is_away_is_waited_for(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """As Loki itself would be."""
    async with ForwardProxy() as proxy:
        address = proxy.address
    with pytest.raises(Transient, match="can't be reached"):
        await sink_of(loki, proxy_url=f"http://{address}", max_retries=0).write([batch(row())])


async def test_a_name_that_can_be_none_pauses(sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """It is a person's to mend, and nothing is lost meanwhile."""
    for settings in ({"url": f"http://{'a' * 70}:80"}, {"proxy_url": f"http://{'a' * 70}:80"}):
        async with StrictLoki() as loki:
            with pytest.raises(Paused, match="proxy_url"):
                await sink_of(loki, **settings, max_retries=0).write([batch(row())])


async def test_proxies_of_the_environment_are_not_used(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor are certificates or passwords that it names."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    await sink_of(loki).write([batch(row())])
    assert loki.counted == 1


async def test_a_connection_that_ended_while_idle_is_not_used(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A gateway closes idle connections: the next push opens one, and needs no second try."""
    sink = sink_of(loki, max_retries=0)
    await sink.write([batch(row("one"))])
    await loki.stop()
    await loki.start()
    await sink.write([batch(row("two"))])
    assert loki.counted == 2


async def test_a_redirect_is_not_followed(loki: StrictLoki) -> None:
    """It would carry events and credentials elsewhere."""
    client = _client(loki.url, bearer_token="geheim")
    async with StrictLoki() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            loki.next.append(Disturbance(status=status, headers={"Location": f"{elsewhere.url}/loki/api/v1/push"}))
            assert (await client.push(b"")).status == status
        assert elsewhere.pushes == []
    await client.close()


async def test_cookies_are_not_kept(loki: StrictLoki) -> None:
    """A gateway's cookie is none of Loki's business."""
    client = _client(loki.url)
    loki.next.append(Disturbance(status=204, headers={"Set-Cookie": "session=1; Path=/"}))
    for _ in range(2):
        await client.push(b"")
    assert "cookie" not in loki.pushes[1].headers
    await client.close()


async def _serve_once(answer: bytes) -> asyncio.Server:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0)


PACKED = gzip.compress(b"entry too far behind")


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 No\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nentry\r\nf\r\n too far behind\r\n0\r\n\r\n",
        b"HTTP/1.1 400 Bad Request\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(PACKED), PACKED),
        b"HTTP/1.0 400 Bad Request\r\n\r\nentry too far behind\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 No\r\nContent-Length: 20\r\n\r\nentry too far behind",
    ],
    ids=["chunked", "gzip", "until the connection ends", "after a 100"],
)
async def test_an_answer_is_read_whatever_its_form(answer: bytes) -> None:
    """Its text says which entries are refused."""
    async with await _serve_once(answer) as server:
        client = _client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        response = await client.get("/ready", seconds=10)
        assert (response.status, response.text) == (400, "entry too far behind")
        await client.close()


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"no HTTP at all\r\n\r\n", b"HTTP/1.1 2x0 OK\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
     b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000_000 + b"\r\n\r\n"],
    ids=["nothing", "a half", "something else", "no status", "no gzip", "an endless head"],
)  # fmt: skip
async def test_an_answer_that_is_none_is_passing(answer: bytes) -> None:
    """The push is sent again; nothing of what was answered is in the reason."""
    async with await _serve_once(answer) as server:
        client = _client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        with pytest.raises(Transient, match=r"the connection to Loki broke|can't be reached") as caught:
            await client.get("/ready", seconds=10)
        assert "nope" not in str(caught.value)
        await client.close()


async def test_a_packed_answer_is_not_unpacked_to_its_end() -> None:
    """Ten megabytes of zeros are ten kilobytes on the wire."""
    packed = gzip.compress(bytes(50_000_000))
    head = b"HTTP/1.1 500 No\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with await _serve_once(head + packed) as server:
        client = _client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        response = await client.get("/ready", seconds=10, bytes_max=1000)
        assert (response.truncated, len(response.text)) == (True, 1000)
        await client.close()
