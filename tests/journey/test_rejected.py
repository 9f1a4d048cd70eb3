"""What is rejected leaves a trace in the log, the metrics and the dead letters, and never unredacted."""

import json
import signal
import subprocess
from typing import Any

from tests import preloaded
from tests.journey.conftest import Service, Start

CANARY = "canary-7d1f@example.org"
TOKEN = "ghp_" + "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY1zA2"


def command(service: Service, *arguments: str) -> subprocess.CompletedProcess[str]:
    return preloaded.run(["dead-letters", *arguments], environ=service.environ, cwd=service.data_dir.parent)


def test_rejected_events_leave_their_reason_and_what_redaction_leaves_of_them(start: Start, database_dsn: str) -> None:
    """By index and reason; a retry says why it can't be done; nothing of it is in the clear anywhere."""
    service = start(dsn=database_dsn)
    messages: list[Any] = [
        {"type": "log", "message": "good"},
        {"message": f"no type, {CANARY}", "password": "swordfish-7", "host": "web01"},
        f"a string with {TOKEN}",
        ["Authorization", f"Bearer {TOKEN}"],
        {"type": ""},
        {"type": {CANARY: 1}},
    ]
    answer = service.post({"messages": messages}).json()
    assert (answer["processed_events"], answer["rejected"]) == (1, 5)
    # A batch of nothing else, and once more: what is known is not kept again.
    for is_retry in (False, True):
        assert service.post({"messages": [7], "is_retry": is_retry}).json()["rejected"] == 1

    listed = [json.loads(line) for line in command(service, "list", "--sink", "pipeline", "--json").stdout.splitlines()]
    assert sum(view["events"] for view in listed) >= 6
    assert {view["reason"] for view in listed} == {
        "not an object",
        "`type` is missing",
        "`type` is empty",
        "`type` is not a string",
    }
    shown = [
        json.loads(line) for line in command(service, "show", *(view["id"] for view in listed)).stdout.splitlines()
    ]
    by_index = {event["_rejected"]["index"]: event for event in shown}
    assert by_index[1]["host"] == "web01"
    assert "no type, " in by_index[1]["message"]
    assert "a string with " in by_index[2]["value"]
    assert by_index[4]["_rejected"] == {"index": 4, "reason": "`type` is empty"}

    metrics = service.get("/metrics").text
    assert 'mothership_events_rejected_total{reason="not an object",stage="decode"} 4.0' in metrics
    assert 'mothership_dead_letters_total{sink="pipeline"}' in metrics
    log = service.log.read_text()
    line = next(json.loads(line) for line in log.splitlines() if "events_rejected" in line and "is missing" in line)
    assert (line["index"], line["reason"], line["events"], line["client"]) == (1, "`type` is missing", 1, "anonymous")

    retried = command(service, "retry", "--all")
    assert retried.returncode == 1
    assert "kept: rejected" in retried.stderr
    assert service.stop(signal.SIGTERM) == 0
    everything = b"".join(path.read_bytes() for path in service.data_dir.rglob("*") if path.is_file())
    everything += service.log.read_bytes() + command(service, "list").stdout.encode() + json.dumps(shown).encode()
    for secret in (CANARY, TOKEN, "swordfish"):
        assert secret.encode() not in everything
    assert " dropped" in command(service, "drop", "--sink", "pipeline").stdout
