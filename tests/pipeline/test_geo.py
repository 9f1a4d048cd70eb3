"""GeoHint: CIDR tables of both families, and a database of the MaxMind format."""

import ipaddress
import struct
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from mothership.event import Batch, Event
from mothership.pipeline.enrichment.geo import GeoHint, GeoSettings, Ranges, packed_address


def hint(event: Event, **settings: Any) -> str | None:
    batch = Batch(events=[{"type": "log", **event}], indices=[0], fingerprint=b"", request_id="r", received=0)
    GeoHint(GeoSettings(**settings))(batch)
    value: str | None = batch.events[0].get("geo_hint")
    return value


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("10.1.2.3", "private"),
        ("172.31.255.255", "private"),
        ("172.32.0.0", None),
        ("192.168.0.1", "private"),
        ("127.0.0.1", "loopback"),
        ("169.254.1.1", "link-local"),
        ("100.64.0.1", "carrier"),
        ("203.0.113.5", "documentation"),
        ("224.0.0.1", "multicast"),
        ("8.8.8.8", None),
        ("::1", "loopback"),
        ("fe80::1%eth0", "link-local"),
        ("fd00::1", "private"),
        ("2001:db8::1", "documentation"),
        ("::ffff:10.0.0.1", "private"),
        ("2606:4700::1", None),
        ("010.1.2.3", None),
        ("10.1.2", None),
        ("10.1.2.3.4", None),
        ("web01", None),
        ("", None),
        ("1" * 100_000, None),
        ("10.0.0.1\x00", None),
        ("\ud800", None),
    ],
)
def test_built_in_ranges_know_what_is_not_on_the_internet(address: str, expected: str | None) -> None:
    """Both families; what is no address gives nothing."""
    assert hint({"source_ip": address}) == expected


def test_the_longest_prefix_wins() -> None:
    """Whatever the order in the configuration, over the built-in ranges too."""
    ranges = {
        "10.0.0.0/8": "fleet",
        "10.1.2.0/24": "ship-42",
        "10.1.0.0/16": "pacific",
        "10.1.2.3/32": "bridge",
        "2001:db8:42::/48": "ship-42",
        "0.0.0.0/0": "internet",
    }
    given_hints = {
        "10.9.9.9": "fleet",
        "10.1.9.9": "pacific",
        "10.1.2.9": "ship-42",
        "10.1.2.3": "bridge",
        "2001:db8:42::7": "ship-42",
        "2001:db8:43::7": "documentation",
        "8.8.8.8": "internet",
        "192.168.1.1": "private",
    }
    assert {address: hint({"source_ip": address}, ranges=ranges) for address in given_hints} == given_hints


@given(
    st.lists(st.tuples(st.ip_addresses(), st.integers(0, 128)), min_size=1, max_size=12),
    st.ip_addresses(),
)
def test_the_table_agrees_with_a_plain_search(
    ranges: list[tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int]],
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """The model: the longest of all networks that contain the address."""
    networks = [ipaddress.ip_network((net, min(size, net.max_prefixlen)), strict=False) for net, size in ranges]
    packed = packed_address(str(address))
    assert packed is not None
    meant = ipaddress.ip_address(packed)
    holding = [network for network in networks if meant.version == network.version and meant in network]
    expected = str(max(holding, key=lambda network: network.prefixlen)) if holding else None
    assert Ranges({str(network): str(network) for network in networks}).hint(packed) == expected


def test_a_field_that_gives_no_hint_leaves_the_turn_to_the_next() -> None:
    """An SNMP event says `host`, and it is often an address."""
    assert hint({"source_ip": "8.8.8.8", "host": "10.0.0.1"}) == "private"
    assert hint({"source_ip": 7, "client_ip": None, "host": ["10.0.0.1"]}) is None


def test_a_hint_that_the_node_sent_stays() -> None:
    """Enrichment never overwrites."""
    assert hint({"source_ip": "10.0.0.1", "geo_hint": "engine room"}) == "engine room"


def test_a_range_that_is_none_is_a_configuration_error_that_names_it() -> None:
    """Host bits too: what was meant is not clear."""
    with pytest.raises(ValidationError, match=r"10\.1\.2\.3/8"):
        GeoSettings(ranges={"10.1.2.3/8": "x"})


class Unsigned(NamedTuple):
    """A number of 2, 4 or 8 bytes."""

    number: int
    size: int


def encoded(value: Any) -> bytes:
    """Encode a value as the data section of the MaxMind format does."""
    if isinstance(value, dict):
        return bytes([7 << 5 | len(value)]) + b"".join(encoded(key) + encoded(item) for key, item in value.items())
    if isinstance(value, str):
        text = value.encode()
        return bytes([2 << 5 | len(text)]) + text
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(encoded(item) for item in value)
    if isinstance(value, Unsigned):
        control = {2: b"\xa2", 4: b"\xc4", 8: b"\x08\x02"}[value.size]
        return control + value.number.to_bytes(value.size, "big")
    raise TypeError(value)


def write_database(path: Path, records: dict[str, Any]) -> None:
    """Write a small real database: a binary tree of 24-bit records over IPv6, with IPv4 at ::/96."""
    data, offsets = b"", {}
    for text, record in records.items():
        offsets[text] = len(data)
        data += encoded(record)
    nodes: list[list[tuple[str, int] | None]] = [[None, None]]
    for text, offset in offsets.items():
        network = ipaddress.ip_network(text)
        shift = 96 if network.version == 4 else 0
        bits = f"{int(network.network_address):0128b}"[: network.prefixlen + shift]
        node = 0
        for bit in bits[:-1]:
            child = nodes[node][int(bit)]
            if child is None:
                nodes.append([None, None])
                child = nodes[node][int(bit)] = ("node", len(nodes) - 1)
            node = child[1]
        nodes[node][int(bits[-1])] = ("data", offset)
    count = len(nodes)

    def number(child: tuple[str, int] | None) -> bytes:
        value = count if child is None else child[1] + (count + 16 if child[0] == "data" else 0)
        return struct.pack(">I", value)[1:]

    tree = b"".join(number(child) for node in nodes for child in node)
    metadata = {
        "binary_format_major_version": Unsigned(2, 2),
        "binary_format_minor_version": Unsigned(0, 2),
        "build_epoch": Unsigned(1_795_554_747, 8),
        "database_type": "Test",
        "description": {"en": "test"},
        "ip_version": Unsigned(6, 2),
        "languages": ["en"],
        "node_count": Unsigned(count, 4),
        "record_size": Unsigned(24, 2),
    }
    path.write_bytes(tree + b"\x00" * 16 + data + b"\xab\xcd\xefMaxMind.com" + encoded(metadata))


def test_a_database_answers_for_what_no_range_knows(tmp_path: Path) -> None:
    """Country and city by default, other keys by configuration; a range wins."""
    path = tmp_path / "places.mmdb"
    write_database(
        path,
        {
            "81.2.69.0/24": {"country": {"iso_code": "GB"}, "city": {"names": {"en": "London"}}},
            "89.160.20.0/24": {"country": {"iso_code": "SE"}},
            "2a02:2e0::/32": {"country": {"iso_code": "DE"}, "city": {"names": {"en": "Berlin"}}},
            "9.9.9.0/24": {"other": "x"},
        },
    )
    assert hint({"source_ip": "81.2.69.142"}, database=path) == "GB/London"
    assert hint({"source_ip": "89.160.20.1"}, database=path) == "SE"
    assert hint({"source_ip": "2a02:2e0::7"}, database=path) == "DE/Berlin"
    assert hint({"source_ip": "9.9.9.9"}, database=path) is None
    assert hint({"source_ip": "8.8.8.8"}, database=path) is None
    assert hint({"source_ip": "10.0.0.1"}, database=path) == "private"
    assert hint({"source_ip": "81.2.69.142"}, database=path, database_keys=("city.names.en",)) == "London"
    assert hint({"source_ip": "81.2.69.142"}, database=path, ranges={"81.2.0.0/16": "office"}) == "office"


@pytest.mark.parametrize(("content", "reason"), [(None, "No such file"), (b"rubbish", "not a MaxMind-format")])
def test_a_database_that_cannot_be_read_is_a_configuration_error(
    tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """It names the key and the reason."""
    path = tmp_path / "places.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ValidationError, match=reason) as caught:
        GeoSettings(database=path)
    assert caught.value.errors()[0]["loc"] == ("database",)
