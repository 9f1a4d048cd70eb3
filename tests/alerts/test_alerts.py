"""Every alert fires once, on what a real service said under a real fault; and none on what a healthy one says."""

import asyncio
import contextlib
import random
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx2 as httpx
import pytest
import yaml
from tests.alerts.series import RULES, Scrape, firing, promtool
from tests.journey.conftest import Service, starting
from tests.loopback import free_port
from tests.pipeline.llm.endpoint import VERDICT, Endpoint, answers, says
from tests.relay.nats_cluster import NatsCluster, cluster
from tests.relay.support import rows_batch
from tests.sinks.loki.strict_loki import StrictLoki, basic
from tests.starvation import PATIENCE_SECONDS

from mothership.commands.tls import dev
from mothership.edge.auth_settings import hashed
from mothership.relay.spool.record import pack, spool_record
from mothership.relay.spool.sqlite_file import SpoolFile

ROOT = Path(__file__).parents[2]
TOKEN = "ms_a-token-of-the-ship"
ALERTS = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
TRUSTING = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
TRUSTING.check_hostname, TRUSTING.verify_mode = False, ssl.CERT_NONE
OVERLOADED = {
    *("MothershipNothingComesIn", "MothershipClientQuiet", "MothershipQueueOld", "MothershipBreakerOpen"),
    *("MothershipSinkPaused", "MothershipSpoolFillsUp", "MothershipBatchesRefused", "MothershipDeadLetters"),
    *("MothershipEventsRejected", "MothershipLoginsFail", "MothershipCertificateExpires", "MothershipTokenExpires"),
    *("MothershipDiskFillsUp", "MothershipLLMBudgetSpent"),
}
"""What the first service is made to fire, all at once."""
BROKEN = {"MothershipSpoolDamaged", "MothershipLLMBreakerOpen", "MothershipRedactionAuditMissed"}
"""And the second; both go quiet."""
CLUSTER = {"MothershipClusterUnreachable", "MothershipClusterOutOfStep", "MothershipClusterStalls"}
"""What a spool on JetStream tells of its servers."""
DELIVERED = {'mothership_spool_oldest_seconds{sink="tsdb"}': 0.0}
"""Of an event on its way the series are drawn out into one that is never delivered."""
WITH_A_RULE_THAT_MISSES = """
import sys
from dataclasses import replace
import re
from mothership.pipeline.redaction import rules
rules.BUILTIN = tuple(
    replace(rule, matchers=tuple(replace(each, prefilter_by_hand="never-there") for each in rule.matchers))
    if rule.name == "github_token" else rule for rule in rules.BUILTIN
)
from mothership.__main__ import main
main(sys.argv[1:])
"""


def test_the_rules_are_well_formed() -> None:
    """As Prometheus reads them, with what every alert needs."""
    result = promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)
    assert result.returncode == 0, result.stderr
    assert promtool("check", "config", RULES.with_name("prometheus.yml")).returncode == 0
    for rule in ALERTS:
        assert set(rule["annotations"]) == {"summary", "runbook"}
        assert rule["labels"]["severity"] in {"critical", "warning"}


def test_every_alert_has_its_section_in_the_runbook() -> None:
    """And every section its alert; who is woken by one finds what to do."""
    text = (ROOT / "docs" / "how-to" / "runbook.md").read_text()
    sections = [line.removeprefix("## ") for line in text.splitlines() if line.startswith("## Mothership")]
    assert sections == [rule["alert"] for rule in ALERTS]
    for rule in ALERTS:
        assert rule["annotations"]["runbook"] == f"docs/how-to/runbook.md#{rule['alert'].lower()}"


@contextlib.contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """A disk of its own that is nearly full, where one can be mounted."""
    path.mkdir(mode=0o700)
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m,mode=700", "tmpfs", str(path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small disk here")
    try:
        (path / "filler").write_bytes(bytes(60 * 1024 * 1024))
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


class Fleet:
    """One service, and what is sent to it."""

    def __init__(self, service: Service, token: str = "") -> None:
        self.service = service
        self._token = token

    def request(self, method: str, path: str, *, token: str = "", **request: Any) -> httpx.Response:
        """One request, on a connection of its own."""
        headers = {"Authorization": f"Bearer {token or self._token}"} if token or self._token else {}
        url = f"{self.service.url}{path}"
        return httpx.request(method, url, headers=headers, verify=TRUSTING, timeout=PATIENCE_SECONDS, **request)

    def scrape(self) -> Scrape:
        """What Prometheus would have got."""
        return Scrape(self.request("GET", "/metrics").raise_for_status().text, time.time())

    def send(self, *messages: Any) -> int:
        """A batch; the status."""
        return self.request("POST", "/ingest", json={"messages": messages}).status_code

    def until(self, name: str, value: float) -> None:
        """Wait until a series has this value."""
        self.scrape_with({name: value})

    def scrape_with(self, wanted: dict[str, float]) -> Scrape:
        """Wait for an answer in which these series have these values together, and return it."""
        lines = [f"\n{name} {value}\n" for name, value in wanted.items()]
        found: list[Scrape] = []

        def seen() -> bool:
            found[:] = [self.scrape()]
            return all(line in found[0].text for line in lines)

        self.service.until(seen, ", ".join(line.strip() for line in lines))
        return found[0]


def noise() -> list[dict[str, str]]:
    """Events that can't be packed."""
    return [{"type": "log", "data": random.randbytes(400).hex()} for _ in range(20)]


async def test_an_overloaded_service_fires_what_it_should(tmp_path: Path) -> None:
    """No database, a Loki that refuses the login, a full spool and disk, wrong tokens, certificates that end."""
    spent = says(VERDICT, usage={"prompt_tokens": 950, "completion_tokens": 20})
    with small_disk(tmp_path / "disk"), starting(tmp_path) as start:
        async with StrictLoki() as loki, Endpoint(spent) as model:
            loki.credentials = basic("me", "right")
            dev.callback(directory=tmp_path / "tls", hosts=("127.0.0.1",), clients=(), days=5)  # type: ignore[misc]
            ends = datetime.now(UTC) + timedelta(days=5)
            token = {"name": "ship", "hash": hashed(TOKEN), "scopes": ["ingest", "read"], "expires": f"{ends}"}
            config: dict[str, Any] = {
                "server": {
                    "tls": {
                        "cert_file": str(tmp_path / "tls/server.pem"),
                        "key_file": str(tmp_path / "tls/server.key"),
                    }
                },
                "auth": {"tokens": [token], "failure_pause_seconds": 0},
                "sinks": {"loki": {"enabled": True, "url": loki.url, "username": "me", "password": "wrong"}},
                "llm": {
                    "enabled": True,
                    "endpoint": model.url,
                    "model": "m",
                    "tokens_per_day": 1000,
                    "max_tokens": 100,
                },
                "relay": {
                    "answer_seconds": 0.01,
                    "room_seconds": 0.01,
                    "retry": {"initial_seconds": 0.05, "breaker_failures": 2, "max_seconds": 300},
                    "spool": {"max_bytes": 60_000, "reserve_bytes": 0},
                },
            }
            service = start(
                dsn=f"postgresql://u@127.0.0.1:{free_port()}/d",
                config=config,
                data_dir=tmp_path / "disk" / "data",
                wait=False,
            )
            service.url = service.url.replace("http:", "https:")
            await asyncio.to_thread(_overload, Fleet(service, TOKEN), tmp_path)


def _overload(fleet: Fleet, directory: Path) -> None:
    fleet.service.until(lambda: fleet.request("GET", "/readyz").status_code == 200, "readiness")
    before = fleet.scrape()
    fleet.send({"type": "log", "message": "connection to database failed"})
    fleet.send(7, 7, ["none"])  # what is left of them is kept while there is room
    fleet.until('mothership_dead_letters_total{sink="pipeline"}', 3.0)
    fleet.until('mothership_breaker_state{sink="tsdb"}', 2.0)
    fleet.until('mothership_breaker_state{sink="loki"}', 3.0)
    fleet.service.until(
        lambda: (
            (fleet.send({"type": "log", "message": "disk failure"}), "budget_used_ratio 0.97")[1]
            in fleet.request("GET", "/metrics").text
        ),
        "a spent budget",
    )
    while fleet.send(*noise()) < 300:
        pass
    early = fleet.scrape()
    for _ in range(5):
        assert fleet.request("POST", "/ingest", token="wrong", json={"messages": []}).status_code == 401
        assert fleet.send(*noise()) == 503
        fleet.send(7, 7, ["none"])
    fleet.service.until(lambda: fleet.scrape().oldest_seconds > early.oldest_seconds + 1, "a second of waiting")
    late = fleet.scrape()
    assert firing(directory, before, early, late) == OVERLOADED


async def test_a_healthy_service_fires_nothing_and_a_broken_one_what_it_should(
    tmp_path: Path, database_dsn: str
) -> None:
    """One and the same: well, then dead, then with a damaged spool, a model that is away and a rule that misses."""
    async with Endpoint(answers(500, b"{}")) as model:
        await asyncio.to_thread(_break, tmp_path, database_dsn, model.url)


def _break(directory: Path, dsn: str, endpoint: str) -> None:
    llm = {"enabled": True, "endpoint": endpoint, "model": "m", "circuit_breaker": {"failure_threshold": 1}}
    config: dict[str, Any] = {"pipeline": {"processors": {"redaction": {"checker": {"audit_share": 1.0}}}}}
    with starting(directory) as start:
        fleet = Fleet(start(dsn=dsn, config=config))
        fleet.send({"type": "log", "message": "well"})
        before = early = fleet.scrape_with(DELIVERED)
        fleet.send({"type": "log", "message": "well"})
        late = fleet.scrape_with(DELIVERED)
        assert firing(directory, before, early, late) == set()
        checked = promtool("check", "metrics", stdin=late.text)
        assert checked.returncode == 0, checked.stdout + checked.stderr
        data_dir = fleet.service.data_dir
        fleet.service.stop()
        assert firing(directory, before, early, Scrape("", time.time())) == {"MothershipDown"}
    _damage(data_dir)
    with starting(directory, program=["-c", WITH_A_RULE_THAT_MISSES]) as start:
        fleet = Fleet(start(dsn=dsn, config={**config, "llm": llm}, data_dir=data_dir))
        fleet.send({"type": "log", "message": "cloned by ghp_16C7e42F292c6912E7710c838347Ae178B4a"})
        fleet.service.until(
            lambda: (
                (fleet.send({"type": "log", "message": "connection failed"}), "mothership_llm_breaker_open 1.0")[1]
                in fleet.request("GET", "/metrics").text
            ),
            "an open breaker",
        )
        early = fleet.scrape()
        quiet = {"MothershipNothingComesIn", "MothershipClientQuiet"}
        assert firing(directory, before, early, fleet.scrape()) == BROKEN | quiet


async def test_a_cluster_in_trouble_fires_what_it_should(tmp_path: Path, database_dsn: str) -> None:
    """One server away, then a second; and a sink that holds more than it should."""
    with cluster(tmp_path / "nats") as servers:
        await servers.ready()
        await asyncio.to_thread(_lose, tmp_path, servers, database_dsn)


def _lose(directory: Path, servers: NatsCluster, dsn: str) -> None:
    to = {"servers": servers.urls, "sync_always": True, "max_ack_pending": 5}
    spool = {"kind": "jetstream", "jetstream": to, "max_bytes": 1 << 26}
    with starting(directory) as start:
        relay = {"answer_seconds": 0.1, "spool": spool}
        # As long as a write waits, it holds what it has taken: a write that gives up would put it back.
        config = {"relay": relay, "database": {"statement_timeout_seconds": 10 * PATIENCE_SECONDS}}
        fleet = Fleet(start(dsn=dsn, config=config))
        before = fleet.scrape()
        fleet.until('mothership_jetstream_ack_pending{sink="tsdb"}', 0.0)
        with locked_table(dsn):
            for _ in range(8):
                fleet.send({"type": "log", "message": "well"})
            fleet.until('mothership_jetstream_ack_pending{sink="tsdb"}', 5.0)
            _lose_servers(fleet, servers, directory, before)


def _lose_servers(fleet: Fleet, servers: NatsCluster, directory: Path, before: Scrape) -> None:
    held = {'mothership_jetstream_ack_pending{sink="tsdb"}': 5.0}
    out_of_step, reachable = (
        f'mothership_jetstream_{name}{{stream="MOTHERSHIP"}}' for name in ("replicas_out_of_step", "reachable")
    )
    servers.kill(0)
    early = fleet.scrape_with({**held, out_of_step: 1.0, reachable: 1.0})
    assert firing(directory, before, early, early) & CLUSTER == CLUSTER - {"MothershipClusterUnreachable"}
    servers.kill(1)
    late = fleet.scrape_with({**held, reachable: 0.0})
    assert firing(directory, before, early, late) >= CLUSTER


@contextlib.contextmanager
def locked_table(dsn: str) -> Iterator[None]:
    """Nobody can write to the events meanwhile."""
    with asyncio.Runner() as loop:
        link = loop.run(asyncpg.connect(dsn))
        loop.run(link.execute("BEGIN; LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
        try:
            yield
        finally:
            loop.run(link.close())


def _damage(data_dir: Path) -> None:
    """A batch that waits, and whose record is no record any more."""
    file = SpoolFile(data_dir / "spool" / "spool-0.sqlite", cache_bytes=0)
    record = spool_record(rows_batch(1, 3), ["tsdb"], int(time.time() * 1e6))
    file.begin(durable=True)
    file.append(record, pack(record))
    file.commit()
    file.connection.execute("UPDATE batches SET record = x'00'")
    file.close()


def test_every_alert_was_seen() -> None:
    """Those of the server's jobs in tests/timescale."""
    seen = OVERLOADED | BROKEN | CLUSTER | {"MothershipDown", "MothershipDatabaseJobsFail"}
    assert seen == {rule["alert"] for rule in ALERTS}
