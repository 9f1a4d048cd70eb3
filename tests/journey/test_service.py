"""From POST to rest, with the real service, its real database, and real signals."""

import asyncio
import base64
import gzip
import hashlib
import json
import os
import re
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
from tests.journey.conftest import Service, Start
from tests.starvation import PATIENCE_SECONDS

from mothership.data_directory import HELD_ENTRIES
from mothership.data_directory_lock import lock_data_dir
from mothership.edge.auth_settings import hashed
from mothership.embedded.postgres import dsn_of
from mothership.embedded.server import PostgresServer

EVENT = {
    "type": "syslog",
    "timestamp": "2025-01-01T00:00:00Z",
    "message": "User login successful",
    "source": "web01",
    "severity": "info",
}


def a_batch(count: int, tag: str = "e") -> dict[str, Any]:
    """What a node sends."""
    events = [{**EVENT, "message": f"line {number} of {tag}", "n": number} for number in range(count)]
    return {"messages": events, "batch_size": count, "source": "edgebot", "is_retry": False, "timestamp": "now"}


def select(dsn: str, query: str) -> list[Any]:
    """Rows of a query."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(dsn)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()

    return asyncio.run(run())


def count(dsn: str) -> int:
    """Events at rest."""
    return int(select(dsn, "SELECT count(*) FROM events")[0][0])


def test_the_answer_is_the_specifications(service: Service) -> None:
    """Every field of the specification's example, with its meaning."""
    answer = service.post({"messages": [EVENT]})
    body = answer.json()
    assert answer.status_code == 200
    assert body["status"] == "success"
    assert body["processed_events"] == 1
    assert body["processing_time"] > 0
    assert body["sink_results"] == {"tsdb": {"written": 1, "queued": 0, "errors": 0}}
    assert body["rejected"] == 0
    assert answer.headers["x-request-id"] == body["request_id"]
    [(ts, kind, source, data)] = select(service.dsn, "SELECT ts, type, source, data FROM events")
    assert (ts.isoformat(), kind, source) == ("2025-01-01T00:00:00+00:00", "syslog", "web01")
    stored = json.loads(data)
    assert stored["severity_num"] == 6
    assert stored["tags"]["processed_by"] == "mothership"
    assert stored["message"] == EVENT["message"]


def test_one_bad_event_costs_no_other(service: Service) -> None:
    """Every bad one is named, every good one is stored."""
    body = service.post({"messages": [EVENT, "no event", {"message": "no type"}, {**EVENT, "n": 2}]}).json()
    assert body["status"] == "partial"
    assert (body["processed_events"], body["rejected"]) == (2, 2)
    assert [error["index"] for error in body["errors"]] == [1, 2]
    assert all(error["reason"] for error in body["errors"])
    assert count(service.dsn) == 2
    assert service.post({"messages": []}).json()["status"] == "success"


def test_a_nodes_body_is_taken_gzipped_and_a_retry_adds_nothing(service: Service) -> None:
    """The same messages in another envelope are the same batch."""
    batch = a_batch(50)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip", "User-Agent": "EdgeBot-Shipper/1.0"}
    first = service.post(content=gzip.compress(json.dumps(batch).encode()), headers=headers).json()
    retry = {**batch, "is_retry": True, "timestamp": "later"}
    second = service.post(content=gzip.compress(json.dumps(retry).encode()), headers=headers).json()
    assert not first["duplicate"]
    assert second["duplicate"]
    assert second["sink_results"]["tsdb"] == {"written": 50, "queued": 0, "errors": 0}
    assert count(service.dsn) == 50


def test_equal_events_inside_a_batch_are_both_kept(service: Service) -> None:
    """Once is for batches, not for events."""
    assert service.post({"messages": [EVENT, EVENT]}).json()["processed_events"] == 2
    assert count(service.dsn) == 2


def test_two_instances_that_get_one_batch_at_once_store_it_once(start: Start, service: Service) -> None:
    """They share nothing but the database, and were told nothing of each other: a key, or two retries of a batch."""
    services = [service, start(dsn=service.dsn)]
    for number in range(20):
        batch = {**a_batch(100, f"round {number}"), "is_retry": True}
        headers = {"Idempotency-Key": f"round {number}"} if number % 2 else {}
        answers: list[httpx.Response] = []

        def post(service: Service, batch: Any = batch, headers: Any = headers, into: Any = answers) -> None:
            into.append(service.post(batch, headers=headers))

        threads = [threading.Thread(target=post, args=(service,)) for service in services]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [answer.status_code for answer in answers] == [200, 200]
    assert count(service.dsn) == 2000


def test_the_embedded_database_survives_every_end(start: Start, tmp_path: Path) -> None:
    """Ctrl-C, SIGTERM, kill -9: the next start finds all that was acknowledged."""
    data_dir = tmp_path / "data"
    data_dir.mkdir(mode=0o711)
    total = 0
    for end in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL, signal.SIGTERM):
        service = start(data_dir=data_dir)
        assert service.post(a_batch(10, f"before {end.name} {total}")).json()["sink_results"]["tsdb"]["written"] == 10
        total += 10
        assert count(dsn_of(data_dir)) == total
        assert service.stop(end) == (0 if end != signal.SIGKILL else -signal.SIGKILL)


def test_a_second_service_on_one_directory_says_so_and_ends(start: Start, tmp_path: Path) -> None:
    """And the first one never notices."""
    data_dir = tmp_path / "data"
    first = start(data_dir=data_dir)
    second = start(data_dir=data_dir, wait=False)
    assert second.process.wait(PATIENCE_SECONDS) == 1
    assert "is in use by another Mothership" in second.log.read_text()
    assert first.post(a_batch(1)).status_code == 200


def test_a_taken_port_is_one_clear_line(start: Start, service: Service) -> None:
    """Exit status 1, the key, the reason."""
    port = service.url.rpartition(":")[2]
    second = start(dsn=service.dsn, wait=False, MOTHERSHIP_PORT=port)
    assert second.process.wait(PATIENCE_SECONDS) == 1
    assert f"server.port: can't listen on 127.0.0.1:{port}" in second.log.read_text()
    assert "choose another port" in second.log.read_text()
    assert "Traceback" not in second.log.read_text()


def test_ctrl_c_while_it_starts_is_a_stop_that_was_asked_for(start: Start, tmp_path: Path) -> None:
    """The shell's status for it in a line of its own, not a word about a configuration or a traceback."""
    data_dir = tmp_path / "data"
    service = start(data_dir=data_dir, wait=False, anew=True)
    service.until((data_dir / "lock").exists, "the lock")
    assert service.stop(signal.SIGINT) == 130
    assert "stopped_while_starting" in service.log.read_text()
    assert "Traceback" not in service.log.read_text()


def test_several_workers_share_port_and_database(start: Start, database_dsn: str) -> None:
    """A worker that is killed comes back, and nothing it acknowledged is missing."""
    service = start(dsn=database_dsn, MOTHERSHIP_WORKERS="2")
    for number in range(10):
        assert service.post(a_batch(10, str(number))).status_code == 200
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()
    assert len(children) == 2
    os.kill(int(children[0]), signal.SIGKILL)
    for number in range(10, 20):

        def is_taken(number: int = number) -> bool:
            return service.post(a_batch(10, str(number))).status_code == 200

        service.until(is_taken, "an answer")
    metrics = service.get("/metrics").text
    total = re.search(r"^mothership_ingestion_events_total (\S+)", metrics, re.MULTILINE)
    assert total
    assert 200 <= float(total[1]) <= 220  # one batch or two may have died unanswered
    assert 200 <= service.get("/stats").json()["pipeline"]["total_events"] <= 220
    assert service.stop() == 0
    assert count(database_dsn) == 200
    made = {path.name for path in service.data_dir.iterdir() if path.is_dir()}
    assert made == set(HELD_ENTRIES), "what the service makes is what it looks through for planted links"


def test_the_pages_say_what_the_specification_says(service: Service) -> None:
    """/healthz, /stats, /metrics, /livez, /readyz, /docs and the index."""
    before = service.get("/stats").json()
    service.post(a_batch(7))
    health = service.get("/healthz").json()
    assert health["status"] == "healthy"
    assert health["database"] is True
    assert health["version"] == "1.5.0"
    assert health["timestamp"].endswith("Z")
    assert health["sinks"]["tsdb"]["healthy"]
    assert health["sinks"]["tsdb"]["enabled"]
    assert health["sinks"]["loki"] == {"healthy": False, "enabled": False}
    assert health["enabled_sinks"] == ["tsdb"]
    for name in ("DropFields", "MaskPatterns", "HashFields", "PIISafetyValidator", "AddTags", "SeverityMap",
                 "ServiceFromPath", "GeoHint", "SiteEnvTags", "TimestampNormalizer"):  # fmt: skip
        assert name in health["pipeline_processors"]
    stats = service.get("/stats").json()
    assert stats["service"]["uptime"] >= 0
    assert stats["service"]["version"] == "1.5.0"
    for name in ("total_events", "successful_events"):
        assert stats["pipeline"][name] - before["pipeline"][name] == 7
    steps = [each["pipeline"]["processors"]["DropFields"] for each in (before, stats)]
    assert (steps[1]["processed"] - steps[0]["processed"], steps[1]["errors"]) == (7, 0)
    assert stats["database"]["total_inserts"] - before["database"]["total_inserts"] == 7
    assert "events_last_hour" in stats["database"]
    metrics = service.get("/metrics").text
    for name in ("mothership_ingestion_requests_total", "mothership_ingestion_events_total",
                 "mothership_pipeline_duration_seconds_bucket", "mothership_database_writes_total",
                 "mothership_active_connections"):  # fmt: skip
        assert re.search(rf"^{name}\b", metrics, re.MULTILINE), name
    assert service.get("/livez").json()["status"] == "alive"
    assert service.get("/readyz").json()["status"] == "ready"
    docs = service.get("/docs").text
    assert "swagger-ui" in docs
    assert "cdn" not in docs
    for path in re.findall(r'(?:src|href)="([^"]+)"', docs):
        assert service.get(path).status_code == 200, path
    for path in service.get("/").json()["pages"]:
        assert service.get(path, follow_redirects=True).status_code == 200, path
    _check_policy(docs, service.get("/docs").headers["content-security-policy"])
    example = service.get("/openapi.json").json()["paths"]["/ingest"]["post"]["requestBody"]
    assert "User login successful" in json.dumps(example)


def _check_policy(page: str, policy: str) -> None:
    """In no frame, nothing from elsewhere, and of scripts in the page only those that are in it."""
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["frame-ancestors"], rules["base-uri"]) == ("'none'", "'none'", "'none'")
    allowed = rules.get("script-src", "'none'").split()
    assert "'unsafe-inline'" not in allowed
    for script in re.findall(r"<script>(.*?)</script>", page, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in allowed
    assert not re.search(r"\son[a-z]+=", page), "no script in an attribute"
    assert "http" not in policy


def test_a_crash_leaves_no_memory_behind(service: Service) -> None:
    """A core file would hold events as they came, keys and tokens. And no other process may look into it."""
    if sys.platform != "linux":
        pytest.skip("Linux says so in /proc")
    limits = Path(f"/proc/{service.process.pid}/limits").read_text()
    assert re.search(r"^Max core file size +0 +0 ", limits, re.MULTILINE)
    dumpable = Path(f"/proc/{service.process.pid}/mem").stat().st_uid == 0
    assert dumpable  # the kernel gives these files to root when a process may not be dumped


def test_health_says_that_the_database_is_gone_and_every_event_is_safe(start: Start, tmp_path: Path) -> None:
    """Degraded is not unhealthy: /ingest goes on, and says `queued`."""
    with lock_data_dir(tmp_path / "db") as locked:
        server = PostgresServer(locked)
        dsn = server.start()
        service = start(dsn=dsn)
        assert service.post(a_batch(3)).json()["sink_results"]["tsdb"]["written"] == 3
        server.stop()
        body = service.post(a_batch(5, "down")).json()
        assert body["sink_results"]["tsdb"] == {"written": 0, "queued": 5, "errors": 0}
        health = service.get("/healthz")
        assert (health.status_code, health.json()["status"], health.json()["database"]) == (200, "degraded", False)
        assert service.get("/readyz").status_code == 200
        server.start()
        service.until(lambda: service.get("/healthz").json()["status"] == "healthy", "health")
        assert count(dsn) == 8
        assert service.stop() == 0
        server.stop()


def test_a_full_spool_is_not_ready_until_there_is_room_again(start: Start, tmp_path: Path) -> None:
    """A load balancer must not send batches to where each is answered 503."""
    with lock_data_dir(tmp_path / "db") as locked:
        server = PostgresServer(locked)
        dsn = server.start()
        config = {"relay": {"answer_seconds": 1, "spool": {"max_bytes": 200_000}, "retry": {"max_seconds": 1}}}
        service = start(dsn=dsn, config=config)
        server.stop()
        sent = 0
        for _number in range(200):
            answer = service.post({"messages": [{"type": "log", "message": os.urandom(400).hex()} for _ in range(50)]})
            if answer.status_code == 503:
                break
            sent += 50
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) >= 1
        assert service.get("/readyz").status_code == 503
        health = service.get("/healthz")
        assert (health.status_code, health.json()["status"]) == (503, "unhealthy")
        assert "max_bytes" in health.json()["reason"]
        server.start()
        service.wait_ready()
        assert service.post(a_batch(5)).status_code == 200
        assert service.stop() == 0
        assert count(dsn) == sent + 5
        server.stop()


def test_who_brought_an_event_names_it_and_is_redacted_like_any_source(start: Start, database_dsn: str) -> None:
    """The caller's name, or its address where that is asked for; both pass the rules for `source`."""
    auth = {
        "anonymous": True,
        "client_address_as_source": True,
        "tokens": [{"name": "ship-7", "hash": hashed("t" * 30)}],
    }
    hidden = {"pipeline": {"processors": {"redaction": {"drop_fields": ["source"]}}}}
    bearer = {"Authorization": "Bearer " + "t" * 30}
    plain = start(dsn=database_dsn, config={"auth": auth})
    for headers in ({}, bearer):
        assert plain.post({"messages": [{"type": "log"}], "source": "edgebot"}, headers=headers).status_code == 200
    assert sorted(select(database_dsn, "SELECT source FROM events")) == [("127.0.0.1",), ("ship-7",)]
    plain.stop()
    redacting = start(dsn=database_dsn, config={"auth": auth, **hidden})
    for headers in ({}, bearer):
        assert redacting.post({"messages": [{"type": "new"}], "source": "edgebot"}, headers=headers).status_code == 200
    assert select(database_dsn, "SELECT source FROM events WHERE type = 'new'") == [("unknown",)] * 2


def test_events_beyond_a_bound_are_stored_cut_and_marked(service: Service) -> None:
    """300,000 characters, 50,001 keys, 100 and 5,000 levels, two MiB: no node would learn that it was rejected."""
    deep, deeper = ("[" * levels + "]" * levels for levels in (100, 5000))
    events = [
        json.dumps({"type": "long", "message": "x " * 150_000}),
        json.dumps({"type": "wide", "a": [0] * 50_001}),
        f'{{"type":"deep","a":{deep}}}',
        f'{{"type":"deeper","a":{deeper}}}',
        json.dumps({"type": "large", "a": ["x " * 100_000] * 11}),
    ]
    answer = service.post(content=f'{{"messages":[{",".join(events)}]}}'.encode()).json()
    assert (answer["status"], answer["processed_events"], answer["errors"]) == ("success", 5, [])
    assert sorted(select(service.dsn, "SELECT type, data->>'_cut' FROM events")) == [
        ("deep", '["limits.depth"]'),
        ("deeper", '["limits.depth"]'),
        ("large", '["limits.event_bytes"]'),
        ("long", '["limits.string_characters"]'),
        ("wide", '["limits.keys"]'),
    ]
