"""Loki's own wordings, over its versions, read for which entries they mean."""

from datetime import UTC, datetime

import pytest

from mothership.sinks.loki import responses as reasons
from mothership.sinks.loki.push_encoding import Entry, Push, StreamEntries
from mothership.sinks.loki.rejections import Rejections, parse_rejections, requires_unknown_label
from mothership.sinks.loki.streams import Labels

NOW = int(datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC).timestamp()) * 10**9
WEB: Labels = (("host", "web01"), ("type", "syslog"))
ODD: Labels = (("service", 'quote " slash \\ tab'), ("type", "log"))


def _block(stream: Labels, *ages: float) -> StreamEntries:
    """Make a block of entries so many seconds old, sorted; `row` is the position in `ages`."""
    entries = [
        Entry(NOW - int(age * 10**9), b"x" * (10 + row), (("ip", "y" * row),) * row, 0, row, 0)
        for row, age in enumerate(ages)
    ]
    return StreamEntries(stream, sorted(entries))


def _rows(found: Rejections) -> set[int]:
    return {entry.row for entry in found.refused}


BEHIND = "entry with timestamp 2026-11-24 10:00:00 +0000 UTC ignored, reason: 'entry too far behind"


@pytest.mark.parametrize(
    "text",
    [
        BEHIND + "' for stream: {host=\"web01\", type=\"syslog\"},\ntotal ignored: 1 out of 2",
        BEHIND + ", oldest acceptable timestamp is: 2026-11-24T11:00:00Z' for stream: "
        '{host="web01", type="syslog"},\ntotal ignored: 1 out of 2',
        BEHIND + ", oldest acceptable timestamp is: 2026-11-24T11:00:00Z',\nuser 'fake', total ignored: 1 out of 2 "
        'for stream: {host="web01", type="syslog"}',
        BEHIND + ", entry timestamp is: 2026-11-24T10:00:00Z, oldest acceptable timestamp is: 2026-11-24T11:00:00Z',\n"
        "user 'fake', total ignored: 1 out of 2 for stream: "
        '{host="web01", service_name="unknown_service", type="syslog"}',
        ("entry with timestamp 2026-11-24 10:00:00 +0000 UTC ignored, reason: 'entry out of order' for stream: "
        '{host="web01", type="syslog"},\ntotal ignored: 1 out of 2'),
    ],
)  # fmt: skip
def test_too_far_behind_in_every_version(text: str) -> None:
    """2.4 to 3.x."""
    found = parse_rejections(text, (_block(WEB, 7200, 5),))
    assert found == Rejections({_block(WEB, 7200).entries[0]: reasons.TOO_FAR_BEHIND}, complete=True)


def test_times_are_read_to_the_nanosecond() -> None:
    """Two entries of one second, one of them refused."""
    block = _block(WEB, 7200.25, 7200.5, 5)
    text = (
        "entry with timestamp 2026-11-24 09:59:59.5 +0000 UTC ignored, reason: 'entry too far behind',\n"
        'user \'fake\', total ignored: 1 out of 3 for stream: {host="web01", type="syslog"}'
    )
    assert _rows(parse_rejections(text, (block,))) == {1}


def test_a_stream_that_loki_sharded_is_not_settled() -> None:
    """`out of 2` of the five that were sent: the other shards' objections are not in the text."""
    text = BEHIND + (
        '\',\nuser \'fake\', total ignored: 1 out of 2 for stream: {__stream_shard__="1", host="web01", type="syslog"}'
    )
    found = parse_rejections(text, (_block(WEB, 7200, 7100, 5, 4, 3),))
    assert _rows(found) == {0}
    assert not found.complete


def test_one_of_two_streams_does_not_settle_the_other() -> None:
    """The ingester speaks of the last stream only."""
    text = BEHIND + '\',\nuser \'fake\', total ignored: 1 out of 1 for stream: {host="web01", type="syslog"}'
    found = parse_rejections(text, (_block(ODD, 3), _block(WEB, 7200)))
    assert (_rows(found), found.complete) == ({0}, False)


def test_a_rate_limit_among_the_reasons_is_no_refusal() -> None:
    """It passes; the entry is sent again."""
    text = (
        "entry with timestamp 2026-11-24 11:59:55 +0000 UTC ignored, reason: 'Per stream rate limit exceeded (limit: "
        "3MB/sec) while attempting to ingest for stream '{host=\"web01\"}' totaling 9B, consider splitting',\n"
        + BEHIND + "',\nuser 'fake', total ignored: 2 out of 2 for stream: {host=\"web01\", type=\"syslog\"}"
    )  # fmt: skip
    found = parse_rejections(text, (_block(WEB, 7200, 5),))
    assert (_rows(found), found.complete) == ({0}, False)


def test_several_kinds_in_one_text() -> None:
    """The distributor lists every kind, with a count."""
    push: Push = (_block(WEB, 8 * 86400, 8 * 86400, 5, -3600), _block(ODD, 1, 2))
    text = (
        "2 errors like: entry for stream '{host=\"web01\", type=\"syslog\"}' has timestamp too old: "
        "2026-11-16T12:00:00Z, oldest acceptable timestamp is: 2026-11-17T12:00:00Z; "
        "1 errors like: entry for stream '{host=\"web01\", type=\"syslog\"}' has timestamp too new: "
        "2026-11-24T13:00:00Z; "
        "1 errors like: Max entry size '10' bytes exceeded for stream '{service=\"quote \\\" slash \\\\ tab\", "
        "type=\"log\"}' while adding an entry with length '11' bytes"
    )  # fmt: skip
    found = parse_rejections(text, push)
    assert sorted((dict(WEB) == dict(block.stream), entry.row, found.refused[entry])
                  for block in push for entry in block.entries if entry in found.refused) == [
        (False, 1, reasons.LINE_TOO_LONG),
        (True, 0, reasons.TOO_OLD),
        (True, 1, reasons.TOO_OLD),
        (True, 3, reasons.TOO_NEW),
    ]  # fmt: skip
    assert found.complete


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("entry for stream '{host=\"web01\", type=\"syslog\"}' has 16 label names; limit 15", reasons.LABELS_REFUSED),
        ("stream '{host=\"web01\", type=\"syslog\"}' has label value too long: 'web01'", reasons.LABELS_REFUSED),
        ("stream '{host=\"web01\", type=\"syslog\"}' has duplicate label name: 'host'", reasons.LABELS_REFUSED),
        ("Error parsing labels '{host=\"web01\", type=\"syslog\"}' with error: 1:2: no", reasons.LABELS_REFUSED),
        ('missing required labels env for user fake for stream {host="web01", type="syslog"}', reasons.LABELS_MISSING),
        (('Maximum active stream limit exceeded when trying to create stream {host="web01", type="syslog"}, reduce '
         "the number of active streams, or contact your Loki administrator, user: 'fake'"), reasons.STREAM_LIMIT),
    ],
)  # fmt: skip
def test_what_is_said_of_a_stream_means_all_of_it(text: str, why: str) -> None:
    """And nothing of the other."""
    found = parse_rejections(text, (_block(ODD, 1, 2), _block(WEB, 3, 4)))
    assert set(found.refused) == set(_block(WEB, 3, 4).entries)
    assert set(found.refused.values()) == {why}
    assert found.complete


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "error at least one label pair is required per stream",
        (
            "entry for stream '{app=\"elsewhere\"}' has timestamp too old: 2020-01-01T00:00:00Z, oldest acceptable "
            "timestamp is: 2026-11-17T12:00:00Z"
        ),
        (
            'entry for stream \'{host="web01", type="syslog"}\' has timestamp too old: yesterday, oldest acceptable '
            "timestamp is: today"
        ),
        BEHIND + "' for stream: {unterminated",
        "total ignored: 3 out of 2 for stream: {}",
    ],
)
def test_what_can_not_be_read_names_nobody(text: str) -> None:
    """Then the push is halved."""
    assert parse_rejections(text, (_block(ODD, 1), _block(WEB, 3, 4))) == Rejections({}, complete=False)


def test_an_unknown_part_leaves_the_text_incomplete() -> None:
    """What was understood is set aside, the rest is asked for again."""
    text = (
        '1 errors like: entry for stream \'{host="web01", type="syslog"}\' has timestamp too new: '
        "2026-11-24T13:00:00Z; 1 errors like: something new"
    )
    found = parse_rejections(text, (_block(WEB, 5, -3600),))
    assert (_rows(found), found.complete) == ({1}, False)


def test_labels_that_can_not_be_had() -> None:
    """A tenant may require labels: ours, or others."""
    assert requires_unknown_label("missing required labels cluster,env for user fake for stream {}")
    assert not requires_unknown_label("missing required labels env,site for user fake for stream {}")
