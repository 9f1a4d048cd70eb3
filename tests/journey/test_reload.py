"""A changed configuration is used without losing a request; one that can't be used changes nothing."""

import signal
import threading
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx
import pytest
import yaml
from tests.journey.conftest import Service, Start
from tests.loopback import PLAIN
from tests.starvation import PATIENCE_SECONDS

from mothership.edge.auth_settings import hashed

OLD, NEW = "ms_the-token-of-yesterday", "ms_the-token-of-tomorrow"


def config_of(service: Service) -> Path:
    return service.log.with_name(service.log.name.replace("log", "config") + ".yaml")


def rewrite(service: Service, **sections: Any) -> None:
    """Change these sections of its file."""
    path = config_of(service)
    tree = {**yaml.safe_load(path.read_text()), **sections}
    draft = path.with_suffix(".new")
    draft.write_text(yaml.safe_dump(tree))
    draft.replace(path)


def tokens(*secrets: str) -> dict[str, Any]:
    return {
        "failure_pause_seconds": 0,
        "tokens": [
            {"name": f"node-{secret[-5:]}", "hash": hashed(secret), "scopes": ["ingest", "read"]} for secret in secrets
        ],
    }


def send(service: Service, token: str, **event: Any) -> httpx.Response:
    """On a connection of its own, so that any worker may get it."""
    body = {"messages": [{"type": "log", "message": "hello", **event}]}
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.post(f"{service.url}/ingest", json=body, headers=headers, timeout=PATIENCE_SECONDS, verify=PLAIN)


class Traffic:
    """Posts as long as the block runs, on one connection that stays open."""

    def __init__(self, service: Service, token: str) -> None:
        self.statuses: list[int] = []
        self._service, self._token = service, token
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        with httpx.Client(timeout=PATIENCE_SECONDS, verify=PLAIN, headers=headers) as client:
            while not self._stop.is_set():
                answer = client.post(f"{self._service.url}/ingest", json={"messages": [{"type": "log"}] * 300})
                self.statuses.append(answer.status_code)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.mark.parametrize("workers", [1, 2])
def test_what_can_be_changed_is_changed_under_load_without_losing_a_request(
    start: Start, database_dsn: str, workers: int
) -> None:
    """Tokens, rules, limits and log level, in every worker; what can't be is named, and a bad file changes nothing."""
    service = start(dsn=database_dsn, config={"auth": tokens(OLD)}, MOTHERSHIP_WORKERS=str(workers))
    reloads = 0

    def reload(words: str = '"configuration_reloaded"') -> None:
        nonlocal reloads
        reloads += workers if "reloaded" in words else 0
        before = service.log.read_text().count(words)
        service.process.send_signal(signal.SIGHUP)
        service.until(lambda: service.log.read_text().count(words) == before + workers, words)

    with Traffic(service, OLD) as traffic:
        rewrite(service, auth=tokens(OLD, NEW), limits={"events": 400}, log={"level": "DEBUG"}, server={"port": 1})
        reload()
        for _ in range(4 * workers):
            assert send(service, NEW).status_code == 200
        rewrite(service, pipeline={"processors": {"redaction": {"drop_fields": ["shoe_size"]}}})
        reload()
        rewrite(service, limits={"events": -1, "evnts": 3})
        reload('"reload_refused"')
        assert send(service, NEW, shoe_size="canary-44").status_code == 200
    assert set(traffic.statuses) == {200}
    assert len(traffic.statuses) > 3
    headers = {"Authorization": f"Bearer {NEW}"}
    many = {"messages": [{"type": "log"}] * 401}
    assert service.post(many, headers=headers).status_code == 413
    rewrite(service, auth=tokens(NEW), limits={})
    reload()
    for _ in range(4 * workers):
        assert send(service, OLD).status_code == 401
    assert service.post(many, headers=headers).status_code == 200
    log = service.log.read_text()
    assert '"needs_restart": ["server.port"]' not in log  # the variable wins over the file: it has not changed
    assert "limits.evnts" in log
    stats = service.get("/stats", headers=headers).json()
    assert stats["pipeline"]["total_events"] >= 300 * len(traffic.statuses)


def test_a_file_that_changes_is_read_again_where_that_is_wanted(start: Start, database_dsn: str) -> None:
    """And what needs a restart is named in one line."""
    service = start(dsn=database_dsn, config={"server": {"reload_on_change": True}})
    rewrite(service, limits={"events": 2}, sinks={"timescaledb": {"batch_size": 7}})
    service.until(lambda: '"configuration_reloaded"' in service.log.read_text(), "a reload")
    [line] = [line for line in service.log.read_text().splitlines() if "configuration_reloaded" in line]
    assert '"changed": ["limits.events"]' in line
    assert '"needs_restart": ["sinks.timescaledb.batch_size"]' in line
    assert service.post({"messages": [{"type": "log"}] * 3}).status_code == 413
