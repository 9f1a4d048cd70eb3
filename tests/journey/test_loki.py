"""Both sinks in the real service, with a Loki that speaks the true protocol strictly."""

import asyncio
import contextlib
import json
import threading
import time
from collections.abc import Iterator

import pytest
from tests.journey.conftest import Start
from tests.journey.test_service import a_batch, count
from tests.sinks.loki.strict_loki import StrictLoki


class LokiThread:
    """A strict Loki that runs beside a test that waits."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.loki = StrictLoki()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.start()
        self.url = self.loki.url

    def start(self) -> None:
        """Listen; again after `stop`, on the same port."""
        asyncio.run_coroutine_threadsafe(self.loki.start(), self.loop).result(10)

    def stop(self) -> None:
        """Be gone."""
        asyncio.run_coroutine_threadsafe(self.loki.stop(), self.loop).result(10)

    def close(self) -> None:
        """Stop for good."""
        with contextlib.suppress(Exception):
            self.stop()
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def loki() -> Iterator[LokiThread]:
    """A Loki that is well."""
    server = LokiThread()
    yield server
    server.close()


def now_batch(number: int, tag: str) -> dict[str, object]:
    """Events of this minute: Loki takes none that are over a week old."""
    batch = a_batch(number, tag)
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        **batch,
        "messages": [{**event, "timestamp": stamp, "request_id": str(n)} for n, event in enumerate(batch["messages"])],
    }


def test_both_sinks_have_every_event(start: Start, database_dsn: str, loki: LokiThread) -> None:
    """The answer, the health page and both stores agree."""
    service = start(dsn=database_dsn, LOKI_ENABLED="true", LOKI_URL=loki.url)
    body = service.post(now_batch(50, "both")).json()
    assert body["sink_results"]["tsdb"] == {"written": 50, "queued": 0, "errors": 0}
    assert body["sink_results"]["loki"] == {"written": 50, "queued": 0, "errors": 0}
    assert count(database_dsn) == 50
    lines = loki.loki.lines
    assert len(lines) == 50
    assert json.loads(lines[0])["tags"]["processed_by"] == "mothership"
    health = service.get("/healthz").json()
    assert health["sinks"]["loki"]["healthy"]
    assert health["enabled_sinks"] == ["tsdb", "loki"]
    assert health["pipeline_processors"][-1] == "LokiSink"


def test_loki_down_costs_the_database_nothing(start: Start, database_dsn: str, loki: LokiThread) -> None:
    """And it is drained when Loki is back, also after a restart in between."""
    service = start(dsn=database_dsn, LOKI_ENABLED="true", LOKI_URL=loki.url)
    service.post(now_batch(5, "before"))
    loki.stop()
    for number in range(10):
        body = service.post(now_batch(20, f"down {number}")).json()
        assert body["sink_results"]["tsdb"]["written"] == 20
        assert body["sink_results"]["loki"]["queued"] == 20
    assert count(database_dsn) == 205
    health = service.get("/healthz").json()
    assert (health["status"], health["database"], health["sinks"]["loki"]["healthy"]) == ("degraded", True, False)
    assert service.stop() == 0
    again = start(dsn=database_dsn, data_dir=service.data_dir, LOKI_ENABLED="true", LOKI_URL=loki.url)
    loki.loki._port = int(loki.url.rpartition(":")[2])
    loki.start()
    again.until(lambda: len(loki.loki.lines) >= 205, "what waits for Loki")
    assert len(loki.loki.lines) == 205
    assert count(database_dsn) == 205
    assert again.get("/healthz").json()["status"] == "healthy"
