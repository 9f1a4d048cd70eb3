"""The bundled sample: every type, planted secrets, the same every time."""

import json
from collections import Counter
from random import Random

import orjson

from mothership.sample import fake_pii
from mothership.sample.fleet import sample

NOW = 1_795_554_747.0


def test_the_sample_is_the_same_every_time() -> None:
    """Demo, tests and benchmarks speak of the same events."""
    assert sample(300, seed=4, now=NOW) == sample(300, seed=4, now=NOW)
    assert sample(300, seed=4, now=NOW).events != sample(300, seed=5, now=NOW).events


def test_every_type_an_edgebot_sends_is_in_it() -> None:
    """Even in a small one."""
    types = {
        "syslog", "log", "snmp", "snmp_error", "weather", "weather_error", "nmea", "flow_packet",
        "host_service_inventory",
    }  # fmt: skip
    small = sample(20, now=NOW).events
    assert {event["type"] for event in small} == types
    assert {event["rfc_variant"] for event in small if event["type"] == "syslog"} == {"RFC5424", "RFC3164", "unknown"}
    assert len(sample(now=NOW).events) == 5_000


def test_what_was_planted_is_in_the_event_it_was_planted_in() -> None:
    """Else the demo would search for what was never there."""
    events, planted = sample(now=NOW)
    texts = [json.dumps(event, ensure_ascii=False) for event in events]
    assert all(secret.value in texts[secret.event] for secret in planted)
    counts = Counter(secret.kind for secret in planted)
    assert set(counts) == set(fake_pii.makers)
    assert min(counts.values()) >= 15
    assert len({secret.value for secret in planted}) > 0.6 * len(planted)


def test_the_times_are_those_of_the_last_hour() -> None:
    """Day one: the user looks at the last hour."""
    events = sample(200, now=NOW).events
    times = [event["timestamp"] for event in events if "timestamp" in event]
    assert times[0].startswith("2026-11-24T20:12:27")
    assert all("2026-11-24T20:12:27" <= time < "2026-11-24T21:12:28" for time in times)
    assert len(times) < len(events)
    orjson.dumps(events)


def test_the_made_up_numbers_pass_their_checks() -> None:
    """A redaction rule with a validator must find them."""
    rng = Random(9)
    for _ in range(50):
        digits = [int(digit) for digit in fake_pii.card(rng).replace(" ", "")]
        doubled = [sum(divmod(d * 2, 10)) if place % 2 == 0 else d for place, d in enumerate(digits)]
        assert len(digits) == 16
        assert sum(doubled) % 10 == 0
        iban = fake_pii.iban(rng)
        assert int(iban[4:] + "1314" + iban[2:4]) % 97 == 1
        assert fake_pii.jwt(rng).count(".") == 2
