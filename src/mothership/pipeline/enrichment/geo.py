"""GeoHint: what an address says about where an event is from."""

import ipaddress
import socket
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import maxminddb
from pydantic import BaseModel, Field, field_validator

from mothership.event import Batch

_ADDRESSES_REMEMBERED = 50_000
_LONGEST_ADDRESS = 64  # 45, and a zone
_HINT_CHARS_MAX = 128
_MAPPED = b"\x00" * 10 + b"\xff\xff"  # an IPv4 address in IPv6's clothes

built_in_ranges: dict[str, str] = {
    "0.0.0.0/8": "unspecified",
    "10.0.0.0/8": "private",
    "100.64.0.0/10": "carrier",
    "127.0.0.0/8": "loopback",
    "169.254.0.0/16": "link-local",
    "172.16.0.0/12": "private",
    "192.0.2.0/24": "documentation",
    "192.168.0.0/16": "private",
    "198.18.0.0/15": "benchmark",
    "198.51.100.0/24": "documentation",
    "203.0.113.0/24": "documentation",
    "224.0.0.0/4": "multicast",
    "255.255.255.255/32": "broadcast",
    "::/128": "unspecified",
    "::1/128": "loopback",
    "2001:db8::/32": "documentation",
    "3fff::/20": "documentation",
    "fc00::/7": "private",
    "fe80::/10": "link-local",
    "ff00::/8": "multicast",
}


class GeoSettings(BaseModel, frozen=True, extra="forbid"):
    """How addresses become hints."""

    enabled: bool = Field(default=True, description="Whether GeoHint runs.")
    fields: tuple[str, ...] = Field(
        default=("source_ip", "client_ip", "host"),
        description="Fields that may hold an address; the first that gives a hint counts.",
    )
    ranges: dict[str, str] = Field(
        default={},
        description=(
            "CIDR ranges, IPv4 and IPv6, and the hint for each. The longest prefix wins, and a range wins over the "
            "database. Added to the built-in ones (`private`, `loopback`, `link-local`, `carrier`, `documentation`, …)."
        ),
    )
    database: Path | None = Field(
        default=None, description="A MaxMind-format database (`.mmdb`) for addresses that no range knows."
    )
    database_keys: tuple[str, ...] = Field(
        default=("country.iso_code", "city.names.en"),
        description="Dotted keys of a record in that database; the values there are joined by `/`: `DE/Berlin`.",
    )

    @field_validator("ranges")
    @classmethod
    def _are_ranges(cls, ranges: dict[str, str]) -> dict[str, str]:
        for text in ranges:
            try:
                ipaddress.ip_network(text)
            except ValueError as error:
                raise ValueError(f"{text!r} is not a CIDR range: {error}") from None
        return ranges

    @field_validator("database")
    @classmethod
    def _is_a_database(cls, path: Path | None) -> Path | None:
        if path is not None:
            _opened(path).close()
        return path


class Ranges:
    """A table of CIDR ranges, looked up from the longest prefix to the shortest."""

    def __init__(self, ranges: Mapping[str, str]) -> None:
        tables: dict[int, dict[int, dict[int, str]]] = {4: {}, 16: {}}
        for text, hint in ranges.items():
            network = ipaddress.ip_network(text)
            size = len(network.network_address.packed)
            shift = size * 8 - network.prefixlen
            tables[size].setdefault(shift, {})[int(network.network_address) >> shift] = hint
        self._tables = {size: sorted(table.items()) for size, table in tables.items()}

    def hint(self, packed: bytes) -> str | None:
        """Return the hint of the longest range that holds this address, given as 4 or 16 bytes."""
        number = int.from_bytes(packed, "big")
        for shift, prefixes in self._tables[len(packed)]:
            hint = prefixes.get(number >> shift)
            if hint is not None:
                return hint
        return None


class GeoHint:
    """Adds `geo_hint`; one that the node sent stays."""

    name = "GeoHint"

    def __init__(self, settings: GeoSettings) -> None:
        self._fields = settings.fields
        self._ranges = Ranges({**built_in_ranges, **settings.ranges})
        self._database = _database(settings)
        self._hint = lru_cache(maxsize=_ADDRESSES_REMEMBERED)(self._look_up)

    def __call__(self, batch: Batch) -> None:
        """Give every event with an address its hint."""
        hint_of, fields = self._hint, self._fields
        for event in batch.events:
            for field in fields:
                address = event.get(field)
                if address.__class__ is str and len(address) <= _LONGEST_ADDRESS and (hint := hint_of(address)):
                    if event.get("geo_hint") is None:
                        event["geo_hint"] = hint
                    break

    def _look_up(self, address: str) -> str | None:
        packed = packed_address(address)
        if packed is None:
            return None
        return self._ranges.hint(packed) or (self._database(packed) if self._database else None)


def packed_address(address: str) -> bytes | None:
    """Return an address as 4 or 16 bytes: without its zone, and an IPv4 address in IPv6's clothes as IPv4."""
    if not 2 <= len(address) <= _LONGEST_ADDRESS:  # noqa: PLR2004 - `::`
        return None
    text = address.partition("%")[0]
    try:
        if ":" not in text:
            return socket.inet_pton(socket.AF_INET, text)
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    return packed[12:] if packed.startswith(_MAPPED) else packed


def _opened(path: Path) -> maxminddb.Reader:
    try:
        return maxminddb.open_database(path)
    except OSError as error:
        raise ValueError(f"can't open {str(path)!r}: {error.strerror}") from None
    except maxminddb.InvalidDatabaseError:
        raise ValueError(f"{str(path)!r} is not a MaxMind-format database") from None


def _database(settings: GeoSettings) -> Callable[[bytes], str | None] | None:
    if settings.database is None:
        return None
    reader = _opened(settings.database)
    keys = [key.split(".") for key in settings.database_keys]

    def look_up(packed: bytes) -> str | None:
        try:
            record: Any = reader.get(ipaddress.ip_address(packed))
        except (ValueError, maxminddb.InvalidDatabaseError):  # an IPv6 address in a database of IPv4, a damaged record
            return None
        parts = [part for key in keys if (part := _at(record, key))]
        return "/".join(parts)[:_HINT_CHARS_MAX] or None

    return look_up


def _at(record: Any, key: list[str]) -> str:
    for name in key:
        record = record.get(name) if isinstance(record, dict) else None
    return str(record) if isinstance(record, str | int | float) else ""
