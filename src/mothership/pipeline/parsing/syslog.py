"""Syslog as it is sent (RFC 5424, RFC 3164, Cisco's) and as it stands in files."""

import re

from mothership.pipeline.enrichment.timestamp_forms import micros_of
from mothership.pipeline.parsing.facts import LEVEL, SEVERITIES, Facts, name_of, pid_of
from mothership.pipeline.times_in_text import FoundTime, time_at

_PRIORITY = re.compile(r"<(\d{1,3})>", re.ASCII)
_PRIORITY_MAX = 191
_RFC5424 = re.compile(r"1 (-|[\d:.TtZz+-]{10,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32})(?= |$)", re.ASCII)
_HOST = r"(?P<host>[A-Za-z0-9_:.%@/-]{1,255})"
_PROGRAM = r"(?P<program>[A-Za-z0-9_./@+-]{1,100}(?:\([A-Za-z0-9_./@:-]{1,60}\))?)"
_TAGGED = re.compile(
    rf" {_HOST} {_PROGRAM}(?:\[(?P<pid>\d{{1,10}})\])?(?: \d[\d.]{{0,15}})?(?: \([^()]{{1,60}}\))?:(?= |$)", re.ASCII
)
_PID_TAGGED = re.compile(rf" {_HOST} {_PROGRAM}\[(?P<pid>\d{{1,10}})\]:?(?= |$)", re.ASCII)
_HOST_ONLY = re.compile(rf" {_HOST}(?= |$)", re.ASCII)
_NO_HOST = re.compile(rf" {_PROGRAM}(?:\[(?P<pid>\d{{1,10}})\])?:(?= |$)", re.ASCII)
_CISCO = re.compile(r"\s{0,2}%[A-Z][A-Z0-9_]{1,40}(?:-[A-Z0-9_]{1,40})?-([0-7])-[A-Z0-9_]{1,60}:", re.ASCII)
_CISCO_HEAD = re.compile(r"(?:\d{1,10}: ){0,2}(?:(?P<host>[A-Za-z][A-Za-z0-9_.-]{0,254}): )?(?:\d{1,10}: )?", re.ASCII)
_IS_LEVEL = re.compile(LEVEL, re.ASCII | re.IGNORECASE)


def with_priority(head: str, now: int) -> Facts | None:
    """Read a line that begins with `<PRI>`."""
    priority = _PRIORITY.match(head)
    if not priority or int(priority[1]) > _PRIORITY_MAX:
        return None
    severity = SEVERITIES[int(priority[1]) & 7]
    if new := _RFC5424.match(head, priority.end()):
        time, host, program, pid, _ = new.groups()
        micros = None if time == "-" else micros_of(time, now=now)
        return Facts("rfc5424", micros, name_of(host), name_of(program), pid_of(pid), severity)
    start = priority.end()
    if found := time_at(head, start, now=now):
        facts = _behind(head, found, "rfc3164")
        return (facts or Facts("rfc3164", found.micros))._replace(severity=severity)
    if facts := cisco(head, start, now):
        return facts
    bare = _NO_HOST.match(f" {head[start:]}")
    return Facts(
        "rfc3164",
        None,
        None,
        name_of(bare["program"]) if bare else None,
        pid_of(bare["pid"]) if bare else None,
        severity,
    )


def in_file(head: str, found: FoundTime) -> Facts | None:
    """Read what follows the time at the head of a line, as rsyslog, syslog-ng, macOS and journalctl write it."""
    return _behind(head, found, "syslog")


def cisco(head: str, start: int, now: int) -> Facts | None:
    """Read `000123: host: *Nov 29 10:00:00.123 UTC: %SYS-5-CONFIG_I: …`, with any of the first two left out."""
    before = _CISCO_HEAD.match(head, start)
    at = before.end() if before else start
    found = time_at(head, at, now=now)
    mark = _CISCO.match(head, found.end + 1 if found and head[found.end : found.end + 1] == ":" else at)
    if not mark:
        return None
    host = before["host"] if before else None
    return Facts("cisco", found.micros if found else None, name_of(host), severity=SEVERITIES[int(mark[1])])


def _behind(head: str, found: FoundTime, name: str) -> Facts | None:
    at = found.end
    if mark := _CISCO.match(head, at + 1 if head[at : at + 1] == ":" else at):
        return Facts("cisco", found.micros, severity=SEVERITIES[int(mark[1])])
    # `2026-11-29 10:00:00 Server started: …` is no syslog: there only a process id tells.
    tagged = (_PID_TAGGED if found.has_year and not found.has_zone else _TAGGED).match(head, at)
    if tagged:
        host, program = tagged["host"], tagged["program"]
        if _IS_LEVEL.fullmatch(host):
            return None
        return Facts(name, found.micros, name_of(host.partition("/")[0]), name_of(program), pid_of(tagged["pid"]))
    return None if found.has_year else _untagged(head, found, name)


def _untagged(head: str, found: FoundTime, name: str) -> Facts | None:
    at = found.end
    if bare := _NO_HOST.match(head, at):  # some senders leave their name out
        return Facts(name, found.micros, None, name_of(bare["program"]), pid_of(bare["pid"]))
    host_only = _HOST_ONLY.match(head, at)
    if host_only and not _IS_LEVEL.fullmatch(host_only["host"]):
        return Facts(name, found.micros, name_of(host_only["host"]))
    return None
