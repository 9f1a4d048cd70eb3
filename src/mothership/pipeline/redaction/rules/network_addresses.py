"""Rules for addresses of machines: off unless asked for, because operators need them."""

from mothership.pipeline.redaction.rules.rule import Matcher, Rule
from mothership.pipeline.redaction.rules.validators import (
    ip_address,
)

IPV4 = Rule(
    name="ipv4",
    description="IPv4 addresses (off by default: operators need them).",
    source="RFC 791",
    matchers=(Matcher(r"(?<![0-9A-Za-z_.])[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?![0-9A-Za-z_])(?!\.[0-9])", ip_address),),
    positives=(("from 10.251.37.240:35757", "10.251.37.240"),),
    negatives=("oid 1.3.6.1.2.1", "version 300.1.2.3"),
    default=False,
    group="identity",
)

IPV6 = Rule(
    name="ipv6",
    description="IPv6 addresses (off by default: operators need them).",
    source="RFC 4291",
    matchers=(Matcher(r"(?<![0-9A-Za-z_:.])[0-9A-Fa-f:]{2,39}(?:\.[0-9]{1,3}){0,3}(?![0-9A-Za-z_:])", ip_address),),
    positives=(("peer [2001:db8::7334]:443", "2001:db8::7334"),),
    negatives=("at 13:55:31", "mac 00:1b:44:11:3a:b7"),
    default=False,
    group="identity",
)

MAC = Rule(
    name="mac",
    description="MAC addresses (off by default: operators need them).",
    source="IEEE 802",
    matchers=(
        Matcher(
            r"(?<![0-9A-Za-z_:-])(?:[0-9A-Fa-f]{2}(?P<s>[:-])(?:[0-9A-Fa-f]{2}(?P=s)){4}[0-9A-Fa-f]{2}"
            r"|[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4})(?![0-9A-Za-z_:-])"
        ),
    ),
    positives=(("wlan0 00:1b:44:11:3a:b7 up", "00:1b:44:11:3a:b7"),),
    negatives=("sha 00:1b:44:11:3a:b7:aa:bb",),
    default=False,
    group="identity",
)
