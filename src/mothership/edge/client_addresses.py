"""Whose address is it? A proxy's word is taken only when the proxy is one of ours."""

import ipaddress
from collections.abc import Iterable
from functools import lru_cache

from mothership.fairness import Holder

UNKNOWN = "unknown"
HOPS_MAX = 32
"""Of an X-Forwarded-For; more proxies of ours stand before nobody."""


class Networks:
    """A set of networks to look addresses up in."""

    def __init__(self, networks: Iterable[str]) -> None:
        self._networks = tuple(ipaddress.ip_network(network) for network in networks)
        self._holds = lru_cache(maxsize=1024)(self._look)

    def __contains__(self, address: str) -> bool:
        return bool(self._networks) and self._holds(address)

    def _look(self, address: str) -> bool:
        parsed = _parse(address)
        return parsed is not None and any(parsed in network for network in self._networks)


def client_address(peer: tuple[str, int] | None, headers: Iterable[tuple[bytes, bytes]], proxies: Networks) -> str:
    """Return the address of whoever spoke to the outermost proxy of ours, or to us.

    X-Forwarded-For is read from its end: everything left of the first address that is no proxy of ours may be made up.
    """
    address = peer[0] if peer else UNKNOWN
    if address not in proxies:
        return address
    hops = b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
    for hop in reversed(hops.rsplit(",", HOPS_MAX)[-HOPS_MAX:]):
        parsed = _parse(hop.strip())
        if parsed is None or "%" in hop:  # a zone id may be any text, and says nothing to another machine
            break
        address = str(parsed)
        if address not in proxies:
            break
    return address


@lru_cache(maxsize=4096)
def rate_limit_key(address: str) -> str:
    """Return what is counted together: an IPv4 address, or the 2^64 IPv6 addresses that one line is given."""
    parsed = _parse(address)
    if isinstance(parsed, ipaddress.IPv6Address) and not parsed.is_loopback:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return address


@lru_cache(maxsize=4096)
def surrounding_network(address: str) -> str:
    """Return what one that has many addresses most often has: an IPv4 /24, an IPv6 /48. Takes a network as well."""
    try:
        network = ipaddress.ip_network(address, strict=False)
    except ValueError:
        return address
    return str(network.supernet(new_prefix=min(network.prefixlen, 24 if network.version == 4 else 48)))  # noqa: PLR2004 - the version of IP, and the bits of a network


def holder(address: str) -> Holder:
    """Return who has a share where nobody has a name: an address, within the network that is around it."""
    place = rate_limit_key(address)
    return Holder(surrounding_network(place), place)


@lru_cache(maxsize=256)
def is_loopback_name(host: str) -> bool:
    """Whether a Host header names this machine to itself."""
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    name = name.strip("[]").rstrip(".").lower()
    parsed = _parse(name)
    return name == "localhost" or (parsed is not None and parsed.is_loopback)


def _parse(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    return parsed.ipv4_mapped or parsed if isinstance(parsed, ipaddress.IPv6Address) else parsed
