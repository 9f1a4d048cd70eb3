"""Which batches the real service takes for the same: by `Idempotency-Key`, or by `is_retry` and the messages."""

import signal
from pathlib import Path
from typing import Any

from tests import preloaded
from tests.journey.conftest import Service, Start
from tests.journey.test_service import a_batch, select


def post(service: Service, batch: dict[str, Any], key: str) -> dict[str, Any]:
    """Send it under this key; the answer."""
    answer = service.post(batch, headers={"Idempotency-Key": key})
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    return body


def tags(dsn: str) -> list[tuple[str, int]]:
    """The batches at rest, by name, and how many events each has there."""
    return select(
        dsn, "SELECT substring(data->>'message' FROM 'of (.*)'), count(*)::int FROM events GROUP BY 1 ORDER BY 1"
    )


def test_a_batch_is_known_by_its_key_though_its_messages_changed(start: Start, service: Service) -> None:
    """A client that stamps each attempt: on the instance that knows the key, on another one, and after a restart."""
    here, there = start(dsn=service.dsn), service
    assert not post(here, a_batch(10, "attempt 1"), "one key")["duplicate"]
    assert post(here, a_batch(10, "attempt 2"), "one key")["duplicate"]
    assert post(there, a_batch(10, "attempt 3"), "one key")["duplicate"]
    assert here.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start(dsn=service.dsn, data_dir=here.data_dir)
    assert post(again, a_batch(10, "attempt 4"), "one key")["duplicate"]
    assert tags(service.dsn) == [("attempt 1", 10)]


def test_a_batch_sent_again_under_its_key_adds_nothing(start: Start, service: Service) -> None:
    """To the same instance, to another, after a restart; in another envelope, written in another way."""
    here, there = start(dsn=service.dsn), service
    batch = a_batch(10, "this")
    retry = {**batch, "is_retry": True, "messages": [dict(reversed(event.items())) for event in batch["messages"]]}
    assert not post(here, batch, "k")["duplicate"]
    assert post(here, retry, "k")["duplicate"]
    assert post(there, retry, "k")["duplicate"]
    assert here.stop() == 0
    assert post(start(dsn=service.dsn, data_dir=here.data_dir), retry, "k")["duplicate"]
    assert tags(service.dsn) == [("this", 10)]


def test_equal_first_attempts_are_all_stored_and_their_retries_add_nothing(start: Start, service: Service) -> None:
    """Two nodes without a token; a retry here, on another instance, and after a `kill -9`."""
    here, there, dsn = start(dsn=service.dsn), service, service.dsn
    batch = a_batch(6, "equal")
    retry = {**batch, "is_retry": True, "timestamp": "later", "messages": [*map(dict, batch["messages"])]}
    for each in (here, here, there):
        assert not each.post(batch).json()["duplicate"]
    assert tags(dsn) == [("equal", 18)]
    assert here.post(retry).json()["duplicate"]
    assert there.post(retry).json()["duplicate"]
    assert start(dsn=dsn).post(retry).json()["duplicate"]
    assert here.stop(signal.SIGKILL) == -signal.SIGKILL
    assert start(dsn=dsn, data_dir=here.data_dir).post(retry).json()["duplicate"]
    assert tags(dsn) == [("equal", 18)]


def test_300_equal_lines_are_300_rows(service: Service, tmp_path: Path) -> None:
    """However they are batched; shipped again they are known."""
    path = tmp_path / "same.ndjson"
    path.write_text('{"type":"log","message":"this of that"}\n' * 300)
    command = ["send", str(path), "--url", service.url, "--batch", "100"]
    for says in ("duplicates 0", "duplicates 300"):
        said = preloaded.run(command)
        assert said.returncode == 0, said
        assert "accepted 300" in said.stdout
        assert says in said.stdout
        assert tags(service.dsn) == [("that", 300)]


def test_equal_batches_under_two_keys_are_two(service: Service) -> None:
    """A client that counts heartbeats without a time can say that it means each."""
    assert not post(service, a_batch(10, "beat"), "1")["duplicate"]
    assert not post(service, a_batch(10, "beat"), "2")["duplicate"]
    assert tags(service.dsn) == [("beat", 20)]
