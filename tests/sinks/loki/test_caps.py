"""However hostile the values, streams stay few; and what is decided stays decided."""

import random
import string
import time

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.sinks.loki.loki_ingester import Stream
from tests.sinks.loki.makers import BatchOf, RowOf, SinkOf
from tests.sinks.loki.strict_loki import StrictLoki
from tests.sinks.loki.wire_check import labels

from mothership.event import Row
from mothership.sinks.loki.push_encoding import selector
from mothership.sinks.loki.settings import LABELS, LabelCaps
from mothership.sinks.loki.sink import LokiSettings
from mothership.sinks.loki.streams import OTHER, ExistingStreams, StreamTable

SMALL = LabelCaps(type=5, service=10, host=50, site=5, env=3, severity=10)


def _random_row(chance: random.Random) -> Row:
    word = "".join(chance.choices(string.printable + "äß\u2028😀", k=chance.randrange(12)))
    event = {
        "type": f"type{chance.randrange(20)}",
        "hostname": f"host-{chance.randrange(10_000)}",
        "service": word,
        "severity": chance.choice(["info", "WARN", "strange", word]),
        "request_id": chance.randrange(10**9),
        "tags": {"site": f"site-{chance.randrange(100)}", "environment": word},
    }
    return Row(0, str(event["type"]), "x", orjson.dumps(event, option=orjson.OPT_SORT_KEYS))


def test_streams_and_values_never_pass_their_caps() -> None:
    """Twenty thousand events from everywhere: at most so many streams, so many values, and `other`."""
    table = StreamTable(LokiSettings(max_streams=200, max_label_values=SMALL))
    chance = random.Random(1)
    streams = {table.place(_random_row(chance)).stream for _ in range(20_000)}
    assert 100 < len(streams) <= table.streams <= 200
    for name, most in SMALL.model_dump().items():
        values = {dict(stream).get(name) for stream in streams} - {None, OTHER}
        assert len(values) <= most
    for stream in streams:
        assert labels(selector(stream)) == dict(stream)
        assert set(dict(stream)) <= set(LABELS)


def test_what_was_decided_stays_decided() -> None:
    """A batch sent again, after a flood of new values, lands in the very same streams."""
    table = StreamTable(LokiSettings(max_streams=200, max_label_values=SMALL))
    chance = random.Random(2)
    rows = [_random_row(chance) for _ in range(5000)]
    first = [table.place(row) for row in rows]
    for _ in range(5000):
        table.place(_random_row(chance))
    assert [table.place(row) for row in rows] == first


def _event(**fields: object) -> Row:
    return Row(0, str(fields.get("type", "syslog")), "x", orjson.dumps(fields, option=orjson.OPT_SORT_KEYS))


def test_hosts_are_given_up_last() -> None:
    """Fifty thousand events of five thousand hosts, each of every severity and of several services."""
    table, chance = StreamTable(LokiSettings(max_label_values={"host": 5000})), random.Random(3)
    severities, lost, streams = ["info", "warning", "error", "debug"], 0, set()
    for n in range(50_000):
        event = _event(
            hostname=f"h{n % 5000}", severity=chance.choice(severities), service=f"s{chance.randrange(5)}",
            tags={"site": f"site{n % 20}"},
        )  # fmt: skip
        stream = table.place(event, now=1e9).stream
        streams.add(stream)
        lost += dict(stream)["host"] == OTHER
    assert table.streams <= 4000
    assert len(streams) <= 5000, "Loki counts those too that were replaced a moment ago"
    assert lost < 22_000  # it was 47,174


def test_what_nobody_has_seen_for_an_hour_makes_room() -> None:
    """A fleet whose hosts come and go: the new ones have their names, and the old ones keep theirs while they live."""
    table = StreamTable(LokiSettings(max_streams=200, max_label_values=SMALL))
    for hour in range(10):
        for n in range(49):
            assert dict(table.place(_event(hostname=f"{hour} {n}"), now=hour * 3700.0).stream)["host"] == f"{hour} {n}"
        assert dict(table.place(_event(hostname="always"), now=hour * 3700.0).stream)["host"] == "always"
        assert dict(table.place(_event(hostname="late"), now=hour * 3700.0 + 1800).stream)["host"] == OTHER
        assert dict(table.place(_event(hostname="always"), now=hour * 3700.0 + 1800).stream)["host"] == "always"
        assert table.streams <= 52


def test_one_callers_junk_is_at_its_own_expense() -> None:
    """Three thousand junk rows: a neighbour has every label it wants, and keeps the streams it had."""
    table = StreamTable(LokiSettings())

    def good(n: int) -> Row:
        return _event(
            type=f"t{n % 5}", hostname=f"h{n}", service=f"s{n % 20}", severity="info", tags={"environment": "prod"}
        )

    before = [table.place(good(n), "ship", 1.0).stream for n in range(200)]
    seen = set(before)
    for n in range(3000):
        junk = _event(type=f"junk{n}", hostname=f"junk{n}", service=f"junk{n}", tags={"site": f"j{n}", "env": f"j{n}"})
        seen.add(table.place(junk, "attacker", 2.0).stream)
    assert [table.place(good(n), "ship", 3.0).stream for n in range(200)] == before
    after = [dict(table.place(good(n), "late ship", 3.0).stream) for n in range(200, 400)]
    assert all(OTHER not in labels.values() for labels in after)
    assert len(seen) + len(after) <= 5000
    assert [labels["host"] for labels in after] == [f"h{n}" for n in range(200, 400)]
    assert table.streams <= 4000
    assert all(
        count <= cap for count, cap in zip(table.values.values(), LabelCaps().model_dump().values(), strict=True)
    )


def test_what_is_configured_keeps_its_place() -> None:
    """Whoever comes first, and from however many callers."""
    kept = {"host": ("Bridge", "engine"), "env": ("prod",)}
    table = StreamTable(LokiSettings(max_label_values=SMALL, kept_label_values=kept))
    for n in range(300):
        table.place(_event(hostname=f"h{n}", env=f"e{n}"), f"caller {n % 9}", n * 100.0)
    labels = dict(table.place(_event(hostname="bridge", env="Prod"), "ship", 40_000.0).stream)
    assert (labels["host"], labels["env"]) == ("bridge", "prod")
    assert table.values["host"] == SMALL.host
    assert table.values["env"] == SMALL.env


def test_what_was_removed_leaves_nothing_behind() -> None:
    """Years of hosts that come and go, from callers that come and go: memory is that of what is there."""
    table, chance = StreamTable(LokiSettings(max_streams=200, max_label_values=SMALL)), random.Random(4)
    for n in range(20_000):
        table.place(_random_row(chance), f"caller {chance.randrange(n + 1)}", n * 10.0)
    keys = set(table._streams)
    assert set(table._keys._members) == keys
    assert {key for found in table._with_value.values() for key in found} <= keys
    assert {stream.key for stream in table._cache.values()} <= keys
    assert sum(map(len, table._keys._by_owner.values())) == len(keys)
    for values in table._values.values():
        assert sum(map(len, values._by_owner.values())) == len(values._members) <= 50


@given(
    st.dictionaries(
        st.sampled_from(["service", "host", "hostname", "source", "severity", "level", "severity_num", "tags", "ip"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
    ),
    st.text(max_size=20),
)
def test_any_event_finds_a_stream_that_loki_can_parse(event: dict[str, object], kind: str) -> None:
    """Whatever the fields hold."""
    try:
        data = orjson.dumps(event)
    except (TypeError, orjson.JSONEncodeError):
        return
    placed = StreamTable(LokiSettings()).place(Row(0, kind, "source", data))
    parsed = labels(selector(placed.stream))
    assert parsed == dict(placed.stream)
    assert parsed
    assert all(value for value in parsed.values())


def test_a_line_that_is_no_json_still_has_a_stream() -> None:
    """It can't happen; and if it does, nothing is lost."""
    assert dict(StreamTable(LokiSettings()).place(Row(0, "log", "h", b"\xff{")).stream) == {"type": "log"}


def test_huge_values_are_neither_kept_nor_sent() -> None:
    """A megabyte of host name: a label of a few hundred bytes, and nothing of it in memory."""
    table = StreamTable(LokiSettings())
    for number in range(20):
        for _ in range(3):
            event = {"hostname": "h" * 100_000 + str(number), "service": " \t ", "app_name": "sshd"}
            stream = dict(table.place(Row(0, "syslog", "x", orjson.dumps(event))).stream)
    assert stream == {"type": "syslog", "host": "h" * 256, "service": "sshd"}
    assert table.streams == 1
    assert sum(len(value) for raw in table._cache for value in raw if value) < 10_000


def test_severities_are_words_of_one_kind() -> None:
    """However they are spelt: one label value each, and an unknown word is `other`, not a value of its own."""
    table = StreamTable(LokiSettings())

    def severity(**event: object) -> str | None:
        return dict(table.place(Row(0, "syslog", "x", orjson.dumps(event))).stream).get("severity")

    assert severity(severity="WARN") == severity(level="warning") == severity(severity=4) == "warning"
    assert severity(severity="unknown", severity_num=6) == severity(severity_num=6) == "info"
    assert severity(severity="err", severity_num=6) == "error"
    assert severity(severity="fubar") == "other"
    assert severity(severity=None) is severity(severity=True) is None


def test_hosts_by_type_of_event() -> None:
    """Names, and addresses only where the event calls one a host."""
    table = StreamTable(LokiSettings())

    def host(fallback: str = "edgebot", **event: object) -> str | None:
        source = next(
            (str(event[key]) for key in ("source", "hostname", "host", "source_ip") if key in event), fallback
        )
        row = Row(0, str(event["type"]), source, orjson.dumps(event))
        return dict(table.place(row).stream).get("host")

    assert host(type="syslog", hostname="Web01", source_ip="10.0.0.1") == "web01"
    assert host(type="syslog", hostname="unknown", source_ip="10.0.0.1") is None
    assert host(type="syslog", source="web01") == "web01"
    assert host(type="snmp", host="192.168.1.1") == "192.168.1.1"
    assert host(type="log", file_path="/var/log/x") == "edgebot"
    assert host(type="weather", source="open-meteo") is None
    assert host(type="flow_packet", source_ip="2001:db8::1") is None
    assert host(type="flow_packet", source="10.0.0.1:2055") is None


def test_a_host_that_nothing_names_is_the_node_that_brought_the_event() -> None:
    """By the caller's name, or by its address where that is what names its events."""
    table = StreamTable(LokiSettings())

    def host(named: str, **event: object) -> str | None:
        return dict(table.place(Row(0, "syslog", named, orjson.dumps(event))).stream).get("host")

    assert host("ship-7", message="x") == "ship-7"
    assert host("10.0.0.9", message="x") == "10.0.0.9"
    assert host("ship-7", hostname="-", source="N/A") == "ship-7"
    assert host("10.0.0.1", hostname="-", source_ip="10.0.0.1", received_from="ship-7") == "ship-7"
    assert host("10.0.0.1", source="10.0.0.1", received_from="ship-7") == "ship-7"
    assert host("unknown", received_from="ship-7") == "ship-7"
    assert host("10.0.0.1", source_ip="10.0.0.1", received_from="anonymous") is None
    assert host("10.0.0.1", source_ip="10.0.0.1") is None


async def test_a_flood_of_identifiers_through_the_wire(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Five thousand events, each with its own request, user, address and host: what Loki holds stays under the caps."""
    sink = sink_of(loki, max_streams=150, max_label_values=SMALL.model_dump())
    for start in range(0, 5000, 1000):
        numbers = range(start, start + 1000)
        rows = [
            row(hostname=f"h{n}", request_id=f"r{n}", user_id=f"u{n}", ip=f"10.0.{n >> 8}.{n & 255}") for n in numbers
        ]
        await sink.write([batch(*rows)])
    assert len(loki.lines) == 5000
    assert len(loki.streams) <= 51
    assert {name for stream in loki.streams.values() for name in stream.labels} == {"type", "host", "service_name"}


async def test_what_is_there_for_long_outlasts_a_restart(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """A new process asks Loki for the streams there are: the hosts stay the same fifty, and a resent batch is one."""
    settings, now = {"max_streams": 150, "max_label_values": SMALL.model_dump()}, time.time()
    loki.limits.window_seconds = 86_400
    rows = [row(hostname=f"h{n}", at=at) for n in range(200) for at in (now - 7200, now)]
    await sink_of(loki, **settings).write([batch(*rows)])
    foreign = Stream({"job": "varlogs", "host": "foreign"}, lines=next(iter(loki.streams.values())).lines)
    loki.streams[frozenset(foreign.labels.items())] = foreign
    streams, lines = len(loki.streams), loki.counted
    again = sink_of(loki, **settings)
    await again.open()
    await again.write([batch(*reversed(rows))])
    await again.open()
    await again.write([batch(*[row(hostname=f"new{n}") for n in range(100)])])
    assert len(loki.streams) == streams
    assert loki.counted == lines + 100


async def test_a_restart_does_not_recall_junk(loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf) -> None:
    """A flood of the last minutes is in Loki, and has no claim on the places of a new process."""
    settings = {"max_streams": 150, "max_label_values": SMALL.model_dump()}
    junk = [row(hostname=f"junk{n}", service=f"junk{n}", type=f"junk{n}") for n in range(300)]
    await sink_of(loki, **settings).write([batch(*junk)])
    again = sink_of(loki, **settings)
    await again.open()
    await again.write([batch(*[row(hostname=f"h{n}", service="sshd") for n in range(50)])])
    mine = [stream.labels for stream in loki.streams.values() if stream.labels["type"] == "syslog"]
    assert {labels["host"] for labels in mine} == {f"h{n}" for n in range(50)}
    assert {labels["service"] for labels in mine} == {"sshd"}


async def test_a_loki_that_may_not_be_read_is_no_trouble(
    loki: StrictLoki, sink_of: SinkOf, row: RowOf, batch: BatchOf
) -> None:
    """Hosted Loki with a token that may only write."""
    loki.readable, loki.version = False, None
    sink = sink_of(loki)
    await sink.open()
    await sink.write([batch(row())])
    assert len(loki.lines) == 1


def test_streams_of_others_and_too_many_are_not_recalled() -> None:
    """What is recalled stays under the caps, whatever Loki tells."""
    table = StreamTable(LokiSettings(max_streams=100, max_label_values=SMALL))
    told = [{"type": f"t{n % 9}", "host": f"h{n}", "service_name": "x"} for n in range(1000)]
    told += [{"type": "log", "host": "UPPER"}, {"type": "log", "filename": "x"}, {"host": "x"}, {}]
    assert 0 < table.restore(ExistingStreams(told, told[::2])) <= 100
    assert all(count <= cap for count, cap in zip(table.values.values(), SMALL.model_dump().values(), strict=True))
    assert table.restore(ExistingStreams(told)) == 0
