"""ParseLines: what lines say fills what the sender left open, and nothing that redaction took comes back."""

from functools import cache
from typing import Any

import pytest

from mothership.event import Batch, Event
from mothership.pipeline.enrichment.timestamps import TimestampNormalizer, TimestampSettings
from mothership.pipeline.parsing.parsing import ParseLines, ParseSettings
from mothership.pipeline.redaction.redaction import Redaction, build
from mothership.pipeline.redaction.settings import RedactionSettings

RECEIVED = 1_796_040_000_000_000
LINE = "Nov 29 10:00:00 web01 sshd[311]: Failed password"
TEN = "2026-11-29T10:00:00.000000Z"
READ = "2026-11-30T11:59:59Z"
TIMES = TimestampSettings().fields


@cache
def default() -> Redaction:
    return build(RedactionSettings(), key=b"k" * 32)


def redaction(**settings: Any) -> Redaction:
    """With the operator's rules alone, which are compiled in no time."""
    return build(RedactionSettings.model_validate(settings), key=b"k" * 32, builtin=())


def parsed(
    *events: Event, redactor: Redaction | None = None, settings: ParseSettings | None = None, **batch: Any
) -> list[Event]:
    redactor = redactor or default()
    through = Batch(
        list(events), list(range(len(events))), b"", "test", RECEIVED, **{"input": "otlp", "parse": None, **batch}
    )
    for step in (*redactor.processors, ParseLines(settings or ParseSettings(), redactor.field, TIMES)):
        step(through)
    return through.events


def line(message: str = LINE, **fields: Any) -> Event:
    return {"type": "log", "message": message, **fields}


def test_what_a_line_says_fills_what_the_event_leaves_open() -> None:
    """And the line stays as it was."""
    assert parsed(line()) == [
        line(timestamp=TEN, hostname="web01", program="sshd", pid=311, log_format="syslog"),
    ]


def test_what_the_sender_said_stays() -> None:
    """Under any of the names that the field goes by; a word for nothing says nothing."""
    said = line("<34>" + LINE, time="2026-01-01T00:00:00Z", host="gw", app_name="login", process_id="7", level="info")
    assert parsed(dict(said)) == [said | {"log_format": "rfc3164"}]
    (event,) = parsed(line("<34>" + LINE, hostname="-", severity="unknown", level=30))
    assert (event["hostname"], event["severity"]) == ("web01", "critical")


def test_a_tails_time_of_reading_gives_way_to_the_lines_own() -> None:
    """An EdgeBot stamps a line when it reads it; a collector that sets a time has read the line itself."""
    (event,) = parsed(line(timestamp=READ, file_path="/var/log/auth.log"), parse=True, input="ingest")
    assert (event["timestamp"], event["observed_timestamp"]) == (TEN, READ)
    (event,) = parsed(line("no time", timestamp=READ, file_path="/x.log"), parse=True, input="ingest")
    assert (event["timestamp"], "observed_timestamp" in event) == (READ, False)
    (event,) = parsed(line(timestamp=READ), input="loki")
    assert (event["timestamp"], "observed_timestamp" in event) == (READ, False)


@pytest.mark.parametrize(
    ("given", "reads"),
    [
        ({"input": "ingest"}, False),
        ({"input": "ingest", "parse": True}, True),
        ({"input": "otlp"}, True),
        ({"input": "loki"}, True),
        ({"input": "loki", "parse": False}, False),
    ],
)
def test_a_request_says_whether_lines_are_read_or_the_configuration_does(given: dict[str, Any], reads: bool) -> None:
    """Off for EdgeBot nodes, on for the inputs of others."""
    (event,) = parsed(line(), **given)
    assert ("log_format" in event) is reads
    (event,) = parsed(line(), input="ingest", settings=ParseSettings(inputs=("ingest",)))
    assert "log_format" in event


def test_only_log_events_are_read_unless_the_request_asks() -> None:
    """A syslog event has been read where it came in."""
    syslog = {"type": "syslog", "message": LINE}
    assert "log_format" not in parsed(dict(syslog))[0]
    assert "log_format" in parsed(dict(syslog), parse=True)[0]
    assert "log_format" in parsed(dict(syslog), settings=ParseSettings(types=()))[0]


def test_an_event_of_journald_docker_or_a_logging_library_is_read_by_its_names() -> None:
    """`journalctl -o json` and a container's file, shipped as they are."""
    journal = {"type": "log", "__REALTIME_TIMESTAMP": "1795946400000000", "_HOSTNAME": "web01", "PRIORITY": "3",
               "SYSLOG_IDENTIFIER": "sshd", "_PID": "311", "MESSAGE": "x"}  # fmt: skip
    (event,) = parsed(dict(journal))
    added = {"timestamp": TEN, "hostname": "web01", "program": "sshd", "pid": 311, "severity": "error",
             "log_format": "journald"}  # fmt: skip
    assert event == journal | added
    docker = {"type": "log", "log": "ERROR: broken\n", "stream": "stderr", "time": TEN}
    assert parsed(dict(docker))[0] == docker | {"severity": "error", "log_format": "docker"}
    pino = {"type": "log", "level": 50, "time": 1795946400000, "pid": 311, "hostname": "web01", "msg": "x"}
    assert parsed(dict(pino))[0] == pino | {"severity": "error", "log_format": "json"}


def test_running_it_again_changes_nothing() -> None:
    """The chain runs a processor again on the halves of a batch in which it failed."""
    once = parsed(line())
    assert parsed(*map(dict, once)) == once


def test_a_field_that_is_dropped_or_hashed_is_so_when_a_line_says_it() -> None:
    """The operator said `hostname`, and did not say from where."""
    rules = redaction(drop_fields=["hostname", "pid", "severity"], hash_fields=["program"])
    (event,) = parsed(line("<34>" + LINE), redactor=rules)
    assert not {"hostname", "pid", "severity"} & event.keys()
    assert event["program"].startswith("hash:")
    (event,) = parsed(line(), redactor=redaction(drop_fields=["timestamp"]))
    assert "timestamp" not in event


def test_nothing_that_was_masked_comes_back_or_is_torn() -> None:
    """Where a mask stands, no name is read; a value that has a secret's form alone is masked alone, too."""
    rules = redaction(mask_patterns=[{"name": "box", "pattern": r"box-\d+"}, {"name": "n", "pattern": "sshd"}])
    for message in (
        "Nov 29 10:00:00 box-77 sshd[311]: x",
        "Nov 29 10:00:00 a.box-77.b cron[311]: x",
        '{"hostname":"box-77","program":"sshd","time":"2026-11-29T10:00:00Z"}',
        "level=info host=box-77 program=sshd msg=x",
        "Nov 29 10:00:00 web01 xsshdy[311]: x",
    ):
        (event,) = parsed(line(message), redactor=rules)
        assert "hostname" not in event or event["hostname"] == "web01"
        assert event.get("program") in (None, "cron")
        assert "box-77" not in str(event)
    (event,) = parsed(line("level=info host=alice@example.com msg=x"))
    assert "hostname" not in event
    assert "alice" not in str(event)


@pytest.mark.parametrize("filled", ["hostname", "program"])
def test_each_value_is_redacted_as_what_it_becomes(filled: str) -> None:
    """A rule may look below one field only."""
    secret = {"hostname": "nyc-db-7", "program": "billing"}[filled]
    rules = redaction(mask_patterns=[{"name": "own", "pattern": secret, "fields": [filled]}])
    (event,) = parsed(line("Nov 29 10:00:00 nyc-db-7 billing[311]: x"), redactor=rules)
    assert event[filled] == "********"


def test_a_line_without_a_time_is_stored_at_the_time_that_it_was_read() -> None:
    """And the event says that this is not its own."""
    batch = Batch([line("x", observed_timestamp=READ), line("x")], [0, 1], b"", "test", RECEIVED)
    TimestampNormalizer(TimestampSettings())(batch)
    assert [event["timestamp_source"] for event in batch.events] == ["observed", "received"]
    assert batch.events[0]["timestamp"] == "2026-11-30T11:59:59.000000Z"
