"""Several workers are one service to whoever asks: each question goes to any of them, and the answer is the same."""

import itertools
import json
import os
import re
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from tests.journey.conftest import Service, Start
from tests.journey.test_service import a_batch
from tests.starvation import PATIENCE_SECONDS

from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import PostgresServer

BATCHES = 30


def settled(service: Service, look: Callable[[Service], Any], wanted: Any) -> None:
    """Soon every worker says it, however often one asks."""
    service.until(lambda: all(look(service) == wanted for _ in range(20)), str(wanted))


def waiting(service: Service) -> Any:
    """What /stats, /healthz and /metrics say that waits for the database."""
    said = re.search(r'^mothership_spool_events\{sink="tsdb"\} (\S+)', service.get("/metrics").text, re.MULTILINE)
    return (
        service.get("/stats").json()["relay"]["sinks"]["tsdb"]["queued_events"],
        service.get("/healthz").json()["sinks"]["tsdb"]["queued_events"],
        float(said[1]) if said else None,
    )


def database(service: Service) -> Any:
    """What /stats says of the courier to the database."""
    return service.get("/stats").json()["relay"]["sinks"]["tsdb"]


def counted(service: Service) -> Any:
    """Counters of /stats."""
    stats = service.get("/stats").json()
    return stats["pipeline"]["total_events"], stats["pipeline"]["redactions"].get("email")


def workers_of(service: Service) -> list[int]:
    """Their process ids."""
    pid = service.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_every_worker_answers_for_all(start: Start, tmp_path: Path) -> None:
    """Also while they hold different backlogs, and after one of them died and came back."""
    with lock_data_dir(tmp_path / "db") as locked:
        server = PostgresServer(locked)
        service = start(dsn=server.start(), MOTHERSHIP_WORKERS="2", config={"relay": {"answer_seconds": 0.1}})
        server.stop()
        for number in range(BATCHES):
            assert service.post(a_batch(10, f"ann{number}@example.org")).status_code == 200
        events = BATCHES * 10
        settled(service, waiting, (events, events, float(events)))
        settled(service, counted, (events, events))
        settled(service, lambda it: it.get("/stats").json()["service"]["workers"], 2)
        service.until(lambda: database(service)["breaker"] == "open", "a breaker that is open")
        retries = database(service)["retries"]

        os.kill(workers_of(service)[0], signal.SIGKILL)
        settled(service, lambda it: it.get("/stats").json()["service"]["workers"], 2)
        settled(service, waiting, (events, events, float(events)))
        settled(service, counted, (events, events))
        assert database(service)["retries"] >= retries
        server.start()
        settled(service, waiting, (0, 0, 0.0))
        server.stop()


def reason(service: Service) -> str:
    """What /healthz says of the spool."""
    said: str = service.get("/healthz", timeout=1).json().get("spool", {}).get("reason", "")
    return said


def test_a_worker_that_hangs_is_told_by_the_others(start: Start, database_dsn: str) -> None:
    """Its events are safe on disk, and someone has to look."""
    service = start(dsn=database_dsn, MOTHERSHIP_WORKERS="2")
    hung = workers_of(service)[0]
    os.kill(hung, signal.SIGSTOP)
    try:
        # Where the kernel gives the connection to the one that hangs, there is no answer.
        service.until(lambda: "no sign of life from a worker" in reason(service), "the reason")
    finally:
        os.kill(hung, signal.SIGCONT)


def test_a_sample_sees_the_events_of_every_worker(start: Start, database_dsn: str) -> None:
    """Whichever takes a connection: of events that are sent one after the other none is left out."""
    service = start(dsn=database_dsn, MOTHERSHIP_WORKERS="2")
    sockets = Path(service.data_dir) / "metrics"
    service.until(lambda: len(list(sockets.glob("trace-*.sock"))) == 2, "both workers")
    with ThreadPoolExecutor(1) as pool:
        asked = pool.submit(
            httpx2.post,
            f"{service.url}/console/trace/live",
            json={"type": "sampled", "count": "20"},
            headers={"authorization": "Bearer anybody"},
            timeout=PATIENCE_SECONDS,
        )
        numbers = itertools.count()
        while not asked.done():
            service.post({"messages": [{"type": "sampled", "number": next(numbers)}]})
        found = asked.result().json()
    assert found["sampled"]["workers"] == 2
    seen = sorted(json.loads(trace["event"])["number"] for trace in found["traces"])
    assert len(seen) == 20
    last = seen[-15:]  # the two may begin a moment apart
    assert last == list(range(last[0], last[0] + 15))
