"""`Idempotency-Key` with the real service: it names the batch, whatever its bytes."""

import signal
from typing import Any

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


def test_a_batch_is_known_by_its_key_though_its_messages_changed(start: Start, database_dsn: str) -> None:
    """A client that stamps each attempt: on the instance that knows the key, on another one, and after a restart."""
    here, there = start(dsn=database_dsn), start(dsn=database_dsn)
    assert not post(here, a_batch(10, "attempt 1"), "one key")["duplicate"]
    assert post(here, a_batch(10, "attempt 2"), "one key")["duplicate"]
    assert post(there, a_batch(10, "attempt 3"), "one key")["duplicate"]
    assert here.stop(signal.SIGKILL) == -signal.SIGKILL
    again = start(dsn=database_dsn, data_dir=here.data_dir)
    assert post(again, a_batch(10, "attempt 4"), "one key")["duplicate"]
    assert tags(database_dsn) == [("attempt 1", 10)]


def test_a_batch_sent_again_under_its_key_adds_nothing(start: Start, database_dsn: str) -> None:
    """To the same instance, to another, after a restart; in another envelope, written in another way."""
    here, there = start(dsn=database_dsn), start(dsn=database_dsn)
    batch = a_batch(10, "this")
    retry = {**batch, "is_retry": True, "messages": [dict(reversed(event.items())) for event in batch["messages"]]}
    assert not post(here, batch, "k")["duplicate"]
    assert post(here, retry, "k")["duplicate"]
    assert post(there, retry, "k")["duplicate"]
    assert here.stop() == 0
    assert post(start(dsn=database_dsn, data_dir=here.data_dir), retry, "k")["duplicate"]
    assert tags(database_dsn) == [("this", 10)]


def test_equal_batches_under_two_keys_are_two(start: Start, database_dsn: str) -> None:
    """A client that counts heartbeats without a time can say that it means each."""
    service = start(dsn=database_dsn)
    assert not post(service, a_batch(10, "beat"), "1")["duplicate"]
    assert not post(service, a_batch(10, "beat"), "2")["duplicate"]
    assert tags(database_dsn) == [("beat", 20)]
