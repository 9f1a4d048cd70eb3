"""Promise 3, from outside: what is planted is found nowhere."""

import asyncio
import contextlib
import json
import random
import string
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.journey.conftest import Service, Start

TYPES = ("syslog", "log", "snmp", "snmp_error", "weather", "nmea", "flow_packet", "host_service_inventory", "other")
DROPPED = ("password", "Secret", "TOKEN", "api_key", "Api-Key", "passwd", "authorization", "community", "client_secret")


def canary(chance: random.Random) -> str:
    """Sixteen letters that occur nowhere else."""
    return "canary" + "".join(chance.choices(string.ascii_lowercase, k=10))


def planted(chance: random.Random) -> tuple[Any, str]:
    """A piece of JSON that holds a secret, and the part of it that must not be seen again."""
    word = canary(chance)
    digits = "".join(chance.choices(string.digits, k=9))
    ssn = f"{chance.randint(100, 665)}-{chance.randint(10, 99)}-{chance.randint(1000, 9999)}"
    forms: list[tuple[Any, str]] = [
        ({chance.choice(DROPPED): word}, word),
        ({chance.choice(DROPPED): {"deep": [word]}}, word),
        (f"login failed password={word} from host", word),
        (f'{{"user": 1, "password": "{word}"}}', word),
        (f"mail to {word}@example.org bounced", word),
        ({f"{word}@example.org": 1}, word),
        (f"GET /x?api_key={word}7Q2&x=1", word),
        (f"postgres://app:{word}@db.internal/x", word),
        (f"Authorization: Bearer {word}.{digits}", word),
        (f"customer ssn {ssn}.", ssn),
        ({"username": word}, word),
        ({"email": f"{word}@example.org"}, word),
    ]
    return chance.choice(forms)


def buried(chance: random.Random, piece: Any, depth: int) -> Any:
    """The piece somewhere inside nested JSON."""
    for _ in range(depth):
        filler = [chance.randint(0, 9), "plain words", None, True, 2.5]
        piece = (
            [*chance.sample(filler, 2), piece]
            if chance.random() < 0.5
            else {"left": chance.choice(filler), f"k{chance.randint(0, 99)}": piece}
        )
    return piece


def an_event(chance: random.Random) -> tuple[dict[str, Any], str]:
    """An event with one canary, and the canary."""
    piece, secret = planted(chance)
    field = chance.choice(
        ("message", "raw_message", "data", "results", "listeners", "extra", "structured_data", "tags")
    )
    event = {"type": chance.choice(TYPES), field: buried(chance, piece, chance.randint(0, 6))}
    if chance.random() < 0.5:
        event["timestamp"] = "2026-11-24T10:00:00Z"
    return event, secret


@pytest.fixture
def service(start: Start, database_dsn: str) -> Service:
    """At the most talkative log level."""
    return start(dsn=database_dsn, MOTHERSHIP_LOG_LEVEL="DEBUG")


def test_no_canary_is_ever_seen_again(service: Service, database_dsn: str) -> None:
    """Not in the database, not in a file of the data directory, not in the log, not in any answer."""
    secrets: list[str] = []
    answers: list[str] = []
    stored = 0

    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(min_value=0, max_value=2**63), st.integers(min_value=1, max_value=40))
    def send(seed: int, count: int) -> None:
        nonlocal stored
        chance = random.Random(seed)
        events = []
        for _ in range(count):
            event, secret = an_event(chance)
            events.append(event)
            secrets.append(secret)
        word = canary(chance)
        secrets.append(word)
        envelope = chance.choice(("edgebot", f"{word}@example.org", f"password={word}", f"https://u:{word}@h.example/"))
        answer = service.post({"messages": events, "source": envelope})
        answers.append(answer.text)
        assert answer.status_code == 200
        body = answer.json()
        assert body["processed_events"] + body.get("rejected", 0) == count
        if not body.get("duplicate"):
            stored += body["processed_events"]

    send()
    answers += [service.get(path).text for path in ("/", "/healthz", "/stats", "/metrics", "/openapi.json")]
    # Errors, too, quote nothing: a body that can't be read, a field of the wrong type.
    word = canary(random.Random(1))
    secrets.append(word)
    answers.append(service.post(content=f'{{"messages": [{{"type": "{word}'.encode()).text)
    answers.append(service.post({"messages": f"{word}"}).text)
    # Of an event that is rejected its redacted remains are kept, so what is planted there has to be a secret.
    told = f"password={word}"
    answers.append(service.post({"messages": [{"type": [told]}, told, {"password": word}, {told: 1}]}).text)
    answers.append(service.get(f"/stats?token={word}").text)
    token = "ghp_" + "".join(random.Random(3).choices(string.ascii_letters + string.digits, k=36))
    secrets.append(token)
    named = service.post({"messages": []}, headers={"X-Request-ID": token})
    answers.append(f"{named.text} {named.headers}")

    rows = asyncio.run(_everything(database_dsn))
    assert len(rows) == stored
    assert service.stop() == 0
    places = {"database": "\n".join(rows), "log": service.log.read_text(), "answers": "\n".join(answers)}
    for path in sorted(service.data_dir.rglob("*")):
        if path.is_file():
            places[path.name] = path.read_bytes().decode("latin-1")
    for place, text in places.items():
        found = [secret for secret in set(secrets) if secret in text]
        assert not found, f"{len(found)} canaries in {place}"


async def _everything(dsn: str) -> list[str]:
    connection = await asyncpg.connect(dsn)
    with contextlib.suppress(json.JSONDecodeError):
        rows = await connection.fetch("SELECT type, source, data::text AS data FROM events")
    await connection.close()
    return [f"{row['type']} {row['source']} {row['data']}" for row in rows]


def test_the_search_itself_can_find_something(tmp_path: Path) -> None:
    """A search that can't fail proves nothing: an unredacted word in a file is found by the same means."""
    word = canary(random.Random(2))
    (tmp_path / "file").write_text(f"x {word} y")
    assert word in (tmp_path / "file").read_bytes().decode("latin-1")
