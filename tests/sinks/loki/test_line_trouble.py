"""The wire itself: slow, cut, absent, untrusted."""

import asyncio
import ssl
import time
from pathlib import Path

import pytest
import trustme
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import Disturbance, StrictLoki
from tests.starvation import unstarved_time

from mothership.errors import ConfigurationError, Paused, Transient


async def test_a_stalled_push_ends_within_its_timeout(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Outcome unknown: it is sent again, and Loki drops what it has."""
    sink = sink_of(loki, timeout_seconds=0.2, max_retries=0)
    loki.next.append(Disturbance(stall_seconds=5))
    began = unstarved_time()
    with pytest.raises(Transient, match="did not answer"):
        await sink.write([batch(row())])
    assert unstarved_time() - began < 2


async def test_a_connection_cut_after_storing_makes_no_second_copy(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """The answer was lost, not the lines."""
    loki.next.append(Disturbance(cut=True, stored=True))
    await sink_of(loki).write([batch(row())])
    assert len(loki.pushes) == 2
    assert len(loki.lines) == 1


async def test_loki_away_and_back(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """While it is away writes are handed back; the same write is stored when it is back."""
    sink = sink_of(loki, max_retries=1)
    await sink.open()
    await sink.write([batch(row("one"))])
    await loki.stop()
    with pytest.raises(Transient):
        await sink.write([batch(row("two"))])
    assert not (await sink.health()).healthy
    with pytest.raises(Transient):
        await sink.open()
    await loki.start()
    await sink.open()
    assert (await sink.health()).healthy
    await sink.write([batch(row("two"))])
    assert len(loki.lines) == 2


async def test_after_a_failure_no_further_push_begins(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A Loki in trouble is not knocked at once for every stream."""
    loki.next.extend(Disturbance(status=503, headers={"Retry-After": "60"}) for _ in range(50))
    with pytest.raises(Transient):
        await sink_of(loki, concurrent_pushes=2).write([batch(*[row(hostname=f"h{n}") for n in range(50)])])
    assert len(loki.pushes) <= 2


async def test_connections_are_reused(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Pooled keep-alive: a hundred pushes over a few connections."""
    sink = sink_of(loki)
    for n in range(100):
        await sink.write([batch(row(f"{n}", hostname="h"))])
        assert len(loki._tasks) == 1


async def test_close_twice_then_write(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Closed is not broken."""
    sink = sink_of(loki)
    await sink.close()
    await sink.write([batch(row())])
    await sink.close()
    await sink.close()
    assert len(loki.lines) == 1


async def test_a_huge_answer_is_not_read_to_its_end(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A text is read as far as it can matter."""
    loki.next.append(Disturbance(status=500, text="x" * 50_000_000))
    with pytest.raises(Transient):
        await sink_of(loki, max_retries=0).write([batch(row())])


async def test_own_authority_and_client_certificate(
    sink_of: SinkOf, row: RowOf, batch: BatchOf, tmp_path: Path
) -> None:
    """TLS by a private CA, both ways; without trust the sink pauses and says what to check."""
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    mine = ca.issue_cert("mothership")
    mine.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    mine.private_key_pem.write_to_path(tmp_path / "key.pem")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("127.0.0.1").configure_cert(server)
    ca.configure_trust(server)
    server.verify_mode = ssl.CERT_REQUIRED
    files = {"ca_file": tmp_path / "ca.pem", "client_cert_file": tmp_path / "cert.pem"}
    async with StrictLoki(tls=server) as loki:
        sink = sink_of(loki, **files, client_key_file=tmp_path / "key.pem")
        await sink.write([batch(row())])
        assert len(loki.lines) == 1
        with pytest.raises(Paused, match="ca_file"):
            await sink_of(loki).write([batch(row())])
        with pytest.raises(Transient):
            await sink_of(loki, ca_file=files["ca_file"], max_retries=0).write([batch(row())])


def test_a_certificate_that_is_none_is_a_configuration_error(loki: StrictLoki, sink_of: SinkOf, tmp_path: Path) -> None:
    """It names the key, and is found at the start."""
    (tmp_path / "ca.pem").write_text("nothing")
    with pytest.raises(ConfigurationError, match=r"sinks\.loki\.ca_file"):
        sink_of(loki, ca_file=tmp_path / "ca.pem")
    with pytest.raises(ConfigurationError, match=r"sinks\.loki\.client_cert_file"):
        sink_of(loki, client_cert_file=tmp_path / "missing.pem")


async def test_a_large_write_lets_others_run(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """Thousands of rows never hold the event loop for long."""
    loki.decompress = lambda body: body  # reading is the server's business, and it sits in this very process
    loki._parse = lambda *_: []
    loki._distribute = lambda *_: None
    sink = sink_of(loki)
    rows = [row("x" * 300, hostname=f"h{n % 5}", request_id=str(n)) for n in range(5000)]
    longest, done = 0.0, False

    async def watch() -> None:
        nonlocal longest
        while not done:
            before = time.thread_time()  # not the wall's: other processes are none of its business
            await asyncio.sleep(0)
            longest = max(longest, time.thread_time() - before)

    watcher = asyncio.create_task(watch())
    await sink.write([batch(*rows)])
    done = True
    await watcher
    assert longest < 0.25
