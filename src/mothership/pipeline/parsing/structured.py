"""Lines and events that name their parts: JSON, journald, Docker, logfmt, Windows events."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from mothership.pipeline.enrichment.timestamp_forms import micros_of
from mothership.pipeline.parsing.facts import SEVERITIES, Facts, name_of, pid_of, severity_of

_TIMES = (
    "timestamp",
    "@timestamp",
    "time",
    "ts",
    "t",
    "datetime",
    "asctime",
    "eventTime",
    "event_time",
    "@t",
    "timeMillis",
)
_LEVELS = ("severity", "level", "log_level", "lvl", "loglevel", "levelname", "log.level", "@l", "severity_text")
_HOSTS = ("hostname", "host", "host.name", "Computer", "MachineName")
_PROGRAMS = ("program", "app_name", "appname", "app", "process_name", "process.name")
_PIDS = ("pid", "process_id", "processId", "process.pid")
_BUNYAN = {10: "debug", 20: "debug", 30: "info", 40: "warning", 50: "error", 60: "critical"}
_JSON_CHARACTERS_MAX = 1024 * 1024


def json_line(text: str, now: int) -> tuple[Facts | None, str | None]:
    """Read a line that is a JSON object: what it says, and the line inside when Docker wrote it."""
    stripped = text.strip()
    if len(stripped) > _JSON_CHARACTERS_MAX or not stripped.endswith("}"):
        return None, None
    try:
        document = orjson.loads(stripped)
    except ValueError:
        return None, None
    return named(document, now, "json")


def named(parts: Mapping[str, Any], now: int, otherwise: str) -> tuple[Facts | None, str | None]:
    """Read an object by the names that journald, Docker and the usual logging libraries give."""
    if "__REALTIME_TIMESTAMP" in parts:
        return _journald(parts, now), None
    inner = parts.get("log")
    if inner.__class__ is str and parts.get("stream") in ("stdout", "stderr"):
        return Facts("docker", _time(parts.get("time"), now)), inner
    facts = Facts(
        otherwise,
        next((micros for name in _TIMES if (micros := _time(parts.get(name), now)) is not None), None)
        or _instant(parts),
        next((host for name in _HOSTS if (host := _name(parts.get(name)))), None),
        next((program for name in _PROGRAMS if (program := name_of(parts.get(name)))), None) or _bunyan_name(parts),
        next((pid for value in _values(parts, _PIDS, "process", "pid") if (pid := pid_of(value))), None),
        next((word for value in _values(parts, _LEVELS, "log", "level") if (word := _severity(value))), None),
    )
    return facts, None


def journal_export(head: str, now: int) -> Facts | None:
    """Read an entry of `journalctl -o export`: a field a line."""
    parts = {}
    for line in head.split("\n", 64)[:64]:
        name, equals, value = line.partition("=")
        if equals and name not in parts:
            parts[name] = value
    return _journald(parts, now) if "__REALTIME_TIMESTAMP" in parts else None


_PAIR = re.compile(
    r'([A-Za-z_@][\w.@/-]{0,63})=(?:"((?:[^"\\\n]|\\.){0,1024})"|([^\s"]{0,1024}))(?:[ \t]{1,4}|$)', re.ASCII
)
_TELLING = frozenset((*_TIMES, *_LEVELS, "msg", "message"))
_PAIRS_MAX = 24


def logfmt(head: str, now: int) -> Facts | None:
    """Read `time=… level=info msg="…"`: two pairs at least, one of them telling."""
    parts: dict[str, str] = {}
    at = 0
    for _ in range(_PAIRS_MAX):
        if not (pair := _PAIR.match(head, at)):
            break
        parts.setdefault(pair[1], pair[3] if pair[2] is None else pair[2])
        at = pair.end()
    if len(parts) < 2 or _TELLING.isdisjoint(parts):  # noqa: PLR2004 - two pairs
        return None
    facts, _ = named(parts, now, "logfmt")
    return facts


_WINDOWS_NAMES = {
    "date": "time", "timecreated": "time", "timegenerated": "time", "level": "level", "leveldisplayname": "level",
    "entrytype": "level", "type": "level", "computer": "host", "machinename": "host", "source": "program",
    "providername": "program", "processid": "pid", "process id": "pid",
}  # fmt: skip
_WINDOWS_HEAD = re.compile(
    r"(?:Event\[\d{1,10}\]:?\s{0,4})?\s{0,4}"
    r"(?:Log Name|LogName|TimeCreated|ProviderName|Index|EventID|Event ID)\s{0,20}:",
    re.ASCII,
)
_XML = re.compile(r"<Event[ >]", re.ASCII)
_XML_PARTS = (
    ("time", re.compile(r"SystemTime=['\"]([^'\"]{10,40})['\"]", re.ASCII)),
    ("host", re.compile(r"<Computer>([^<]{1,255})</Computer>", re.ASCII)),
    ("program", re.compile(r"<Provider Name=['\"]([^'\"]{1,255})['\"]", re.ASCII)),
    ("pid", re.compile(r"ProcessID=['\"](\d{1,10})['\"]", re.ASCII)),
    ("level", re.compile(r"<Level>(\d{1,2})</Level>", re.ASCII)),
)
_XML_LEVELS = {"0": "info", "1": "critical", "2": "error", "3": "warning", "4": "info", "5": "debug"}


def windows_event(head: str, now: int) -> Facts | None:
    """Read an event as `wevtutil`, PowerShell or the event viewer write it, as text or XML."""
    parts: dict[str, str] = {}
    if _XML.match(head):
        parts = {name: match[1] for name, pattern in _XML_PARTS if (match := pattern.search(head))}
        parts["level"] = _XML_LEVELS.get(parts.get("level", ""), "")
    elif _WINDOWS_HEAD.match(head):
        for line in head.split("\n", 40)[:40]:
            name, colon, value = line.partition(":")
            known = _WINDOWS_NAMES.get(name.strip().lower())
            if colon and known:
                parts.setdefault(known, value.strip())
    if "time" not in parts:
        return None
    return Facts(
        "windows_event",
        micros_of(parts["time"], now=now),
        name_of(parts.get("host")),
        name_of(parts.get("program")),
        pid_of(parts.get("pid")),
        severity_of(parts.get("level")),
    )


def _journald(parts: Mapping[str, Any], now: int) -> Facts:
    priority = parts.get("PRIORITY")
    return Facts(
        "journald",
        _time(parts["__REALTIME_TIMESTAMP"], now),
        name_of(parts.get("_HOSTNAME")),
        name_of(parts.get("SYSLOG_IDENTIFIER")) or name_of(parts.get("_COMM")),
        pid_of(parts.get("_PID")) or pid_of(parts.get("SYSLOG_PID")),
        SEVERITIES[int(str(priority))] if str(priority) in tuple("01234567") else None,
    )


def _values(parts: Mapping[str, Any], names: tuple[str, ...], outer: str, inner: str) -> Iterator[Any]:
    for name in names:
        if (value := parts.get(name)) is not None:
            yield value
    if (nested := parts.get(outer)).__class__ is dict:
        yield nested.get(inner)


def _time(value: Any, now: int) -> int | None:
    return None if value is None or value.__class__ in (dict, list) else micros_of(value, now=now)


def _instant(parts: Mapping[str, Any]) -> int | None:
    """Log4j 2: `"instant": {"epochSecond": …, "nanoOfSecond": …}`."""
    instant = parts.get("instant")
    if instant.__class__ is not dict:
        return None
    seconds, nanos = instant.get("epochSecond"), instant.get("nanoOfSecond", 0)
    if seconds.__class__ is not int or nanos.__class__ is not int or not 0 <= seconds < 10**11:
        return None
    return int(seconds * 1_000_000 + nanos // 1000)


def _name(value: Any) -> str | None:
    return name_of(value.get("name") if value.__class__ is dict else value)


def _bunyan_name(parts: Mapping[str, Any]) -> str | None:
    return name_of(parts.get("name")) if parts.get("level").__class__ is int and "pid" in parts else None


def _severity(value: Any) -> str | None:
    if value.__class__ is int:
        return SEVERITIES[value] if 0 <= value <= 7 else _BUNYAN.get(value)  # noqa: PLR2004 - the last of RFC 5424
    return severity_of(value)
