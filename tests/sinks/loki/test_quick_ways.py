"""What is looked up, or written at once, is what it would be without."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple
from tests.sinks.loki.wire_check import PushRequest

from mothership.event import Row
from mothership.sinks.loki.fields import KEYS_MAX, LabelReader, decoder, label_values
from mothership.sinks.loki.push_encoding import Entry, StreamEntries, protobuf, protobuf_entry
from mothership.sinks.loki.settings import LokiSettings
from mothership.sinks.loki.streams import Labels

DECODE = decoder(LokiSettings())[1]
STREAM: Labels = (("host", 'a "b" \\ c'), ("type", "syslog"))
ALIKE: list[Any] = [1, 1.0, True, 0, False, "1", "", None, "web", "10.0.0.1", "-", ["x"], {"name": "web"}]
"""Values that are equal and of different kinds among them."""
NAMES = ("service", "app_name", "host", "hostname", "source", "source_ip", "received_from", "severity", "severity_num",
         "level", "site", "env")  # fmt: skip


@given(
    st.lists(
        st.tuples(
            st.dictionaries(st.sampled_from(NAMES), st.sampled_from(ALIKE), max_size=5),
            st.one_of(
                st.none(),
                st.dictionaries(st.sampled_from(["service", "site", "environment"]), st.sampled_from(ALIKE)),
                st.sampled_from(ALIKE),
            ),
            st.sampled_from(["syslog", "snmp", "weather", ""]),
            st.sampled_from(["10.0.0.1", "web", "unknown"]),
        ),
        max_size=30,
    )
)
def test_labels_that_are_remembered_are_those_of_the_event(events: list[tuple[dict[str, Any], Any, str, str]]) -> None:
    """Whatever was seen before: `true` is no severity though it equals 1, and one address is not another."""
    reader = LabelReader()
    for event, tags, kind, source in events:
        row = Row(0, kind, source, orjson.dumps({**event, "tags": tags}))
        fields = DECODE(row.data)
        assert reader.read(fields, astuple(fields), row) == label_values(fields, row)


def test_what_is_remembered_is_bounded() -> None:
    """In number and in size, whatever comes."""
    reader = LabelReader()
    for number in range(2 * KEYS_MAX):
        fields = DECODE(orjson.dumps({"host": f"h{number}", "tags": {"site": "x" * (number % 3 * 2000)}}))
        row = Row(0, "syslog", "web", b"")
        assert reader.read(fields, astuple(fields), row) == label_values(fields, row)
    assert len(reader._known) <= KEYS_MAX
    assert max(len(str(key)) for key in reader._known) < 2000


@given(
    st.integers(0, 2**33 * 10**9),
    st.one_of(st.binary(max_size=300).map(b"{".__add__), st.integers(1, 20_000).map(lambda size: b"x" * size)),
    st.lists(
        st.tuples(
            st.sampled_from(["ip", "user_id", "n" * 120, "n" * 200]),
            st.one_of(st.text(min_size=1, max_size=140), st.integers(100, 300).map(lambda size: "x" * size)),
        ),
        max_size=4,
    ).map(tuple),
)
def test_an_entry_is_what_the_library_writes(ns: int, line: bytes, metadata: tuple[tuple[str, str], ...]) -> None:
    """Times of every length, lines and values on both sides of where a length takes one byte more."""
    line = line.decode(errors="ignore").encode()
    entries = [
        Entry(ns, line, metadata, 0, 0, 0),
        Entry(ns, line, metadata, 0, 0, 0, protobuf_entry(ns, line, metadata)),
    ]
    for with_metadata in (True, False):
        request = PushRequest()
        stream = request.streams.add(labels='{host="a \\"b\\" \\\\ c", type="syslog"}')
        for _ in entries:
            made = stream.entries.add(line=line.decode())
            made.timestamp.seconds, made.timestamp.nanos = divmod(ns, 10**9)
            for name, value in metadata if with_metadata else ():
                made.structuredMetadata.add(name=name, value=value)
        wanted = request.SerializeToString(deterministic=True)
        assert protobuf([StreamEntries(STREAM, entries)], metadata=with_metadata) == wanted
