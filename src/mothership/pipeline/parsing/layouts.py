"""The layouts in which programs write their own logs: what stands around the time at the head of a line."""

import re

from mothership.pipeline.parsing import syslog
from mothership.pipeline.parsing.facts import LEVEL, WORDS, Facts, pid_of
from mothership.pipeline.times_in_text import FoundTime, time_at

_KLOG = re.compile(
    r"([IWEF])([01]\d)([0-3]\d) (\d\d:\d\d:\d\d\.\d{6})\s{1,7}(\d{1,10}) [^\s:\]]{1,200}:\d{1,7}\]", re.ASCII
)
_KLOG_LEVELS = {"I": "info", "W": "warning", "E": "error", "F": "critical"}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ACCESS = re.compile(
    r"(?:\S{1,255} )?\S{1,255} \S{1,255} [^\[\]\"]{1,255} \[(?=\d{1,2}/[A-Z][a-z]{2}/\d{4}:)", re.ASCII
)
_ACCESS_BEHIND = re.compile(r"\] \"", re.ASCII)
_COMBINED = re.compile(r"\" (?:\d{3}|-) (?:\d{1,20}|-) \"", re.ASCII)
_CRI = re.compile(r" (?:stdout|stderr) [FP] ", re.ASCII)
_POSTGRESQL = re.compile(
    r" ?(?:\[(?P<pid>\d{1,10})(?:-\d{1,10})?\])?[^\n]{0,200}?"
    r"\b(?P<level>LOG|ERROR|FATAL|PANIC|WARNING|NOTICE|INFO|DEBUG[1-5]?"
    r"|DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION):  ",
    re.ASCII,
)
_WINDOWS = re.compile(r", (Info|Warning|Error|Perf)\s{1,30}(?:[A-Z][A-Za-z]{1,12}\s|\[|PID=)", re.ASCII)
_WINDOWS_PID = re.compile(r"PID=(\d{1,10})", re.ASCII)
_ANDROID = re.compile(r"\s{1,3}(\d{1,10})\s{1,6}\d{1,10} ([VDIWEFA]) [^:]{0,200}:", re.ASCII)
_NGINX = re.compile(r" \[(debug|info|notice|warn|error|crit|alert|emerg)\] (\d{1,10})#\d{1,10}: ", re.ASCII)
_APACHE = re.compile(
    r"\] \[(?:[a-z0-9_]{1,40}:)?(trace[1-8]|debug|info|notice|warn|error|crit|alert|emerg)\](?: \[pid (\d{1,10}))?",
    re.ASCII,
)
_PYTHON = re.compile(rf" - [^\s-][^\n]{{0,100}}? - (?P<level>{LEVEL}) - ", re.ASCII)
_PYTHON_BARE = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL):[A-Za-z_][\w.]{0,100}:", re.ASCII)
_THREAD = r"(?:\[[^\[\]\n]{0,120}\]|\([^()\n]{0,80}\))"
_LEVELLED = re.compile(
    rf"[\])]?[ \t]{{0,4}}(?:[-|:] ?)?(?:(?:(?P<pid>\d{{1,10}})|(?P<thread>{_THREAD})|---)[ \t]{{1,6}}(?:- )?){{0,3}}"
    rf"[\[(<|]?\s?(?P<level>{LEVEL}|(?<=\[)(?i:{LEVEL}|system))\s{{0,3}}(?P<behind>[\])>|:, \t-]|$)",
    re.ASCII,
)
_LOGGER = re.compile(
    rf"[ \t]{{0,6}}(?:(?P<pid>\d{{1,10}}) --- )?(?:- )?(?:{_THREAD}[ \t]{{1,4}})?(?:- )?(?:\[[^\n]{{0,200}}?\] - "
    r"|(?:[A-Za-z_$][\w$/]{0,80}[.]){0,12}[A-Za-z_$][\w$/]{0,80}(?:\[[^\]\n]{0,80}\])?(?::\d{1,6})?"
    r"\s{0,40}(?: -|:|\)))",
    re.ASCII,
)
_OSLO = re.compile(r" [A-Za-z_][\w.]{0,120} \[(?:req-|-)", re.ASCII)
_CLOCK = re.compile(r"\d{1,2}:\d{2}:\d{2}(?:[.,]\d{1,9})?(?=[ \t])", re.ASCII)
_LEVEL_FIRST = re.compile(rf"[\[(<]?(?P<level>{LEVEL})[\])>]?[ \t:|,-]{{1,6}}\[?", re.ASCII)
_TOKEN = re.compile(r"(?:^|[\s\[(|<\"'=])(?=[*.]?[0-9A-Za-z])", re.ASCII)
_TOKENS_MAX = 16
_SEARCHED_CHARACTERS = 200
_EPOCH = re.compile(r"(?:- )?(1\d{9})(?:\.(\d{1,9}))?(?=\s)", re.ASCII)
_COLUMNS = re.compile(r"\d{1,12} \S{1,80} (?:\S{1,80} ){1,3}(1\d{9}|9[5-9]\d{7})(?= )", re.ASCII)


def klog(head: str, now: int) -> Facts | None:
    """Kubernetes and Google: `I1129 10:00:00.123456   12345 file.go:123] …`."""
    match = _KLOG.match(head)
    if not match or not 1 <= int(match[2]) <= 12:  # noqa: PLR2004 - months
        return None
    found = time_at(f"{_MONTHS[int(match[2]) - 1]} {match[3]} {match[4]}", 0, now=now)
    return Facts("klog", found.micros if found else None, None, None, pid_of(match[5]), _KLOG_LEVELS[match[1]])


def access_log(head: str, now: int) -> Facts | None:
    """Common and Combined Log Format, with a virtual host in front or not. Its first word is the client's."""
    match = _ACCESS.match(head)
    found = time_at(head, match.end(), now=now) if match else None
    if not found or not _ACCESS_BEHIND.match(head, found.end):
        return None
    return Facts("combined_log" if _COMBINED.search(head, found.end) else "common_log", found.micros)


def behind_time(head: str, found: FoundTime) -> Facts:  # noqa: PLR0911 - one line a layout
    """A line that begins with a time: what follows tells the layout."""
    at, micros = found.end, found.micros
    behind = head[at : at + 2]
    if found.has_zone and head.startswith((" stdout ", " stderr "), at) and _CRI.match(head, at):
        return Facts("cri", micros)
    if behind == " [" and (match := _NGINX.match(head, at)):
        return Facts("nginx", micros, None, None, pid_of(match[2]), WORDS[match[1]])
    if behind == ", " and (match := _WINDOWS.match(head, at)):
        pid = _WINDOWS_PID.search(head, at, at + 120)
        severity = WORDS.get(match[1].lower(), "info")
        return Facts("windows_servicing", micros, None, None, pid_of(pid[1]) if pid else None, severity)
    if not found.has_year:
        if match := _ANDROID.match(head, at):
            severity = WORDS["critical" if match[2] == "A" else match[2].lower()]
            return Facts("android", micros, None, None, pid_of(match[1]), severity)
        if facts := syslog.in_file(head, found):
            return facts
    elif ":  " in head and (match := _POSTGRESQL.match(head, at)) and (found.has_zone or match["pid"]):
        return Facts("postgresql", micros, None, None, pid_of(match["pid"]), WORDS.get(match["level"].lower()))
    if behind == " -" and (match := _PYTHON.match(head, at)):
        return Facts("python", micros, None, None, None, WORDS[match["level"].lower()])
    if match := _LEVELLED.match(head, at):
        return _levelled(head, match, micros)
    return (syslog.in_file(head, found) if found.has_year else None) or Facts("text", micros)


def in_brackets(head: str, now: int) -> Facts | None:
    """A line that begins with `[`: Apache's error log, and many programs' own."""
    found = time_at(head, 1, now=now, short=True)
    if not found:
        return level_first(head, now)
    if match := _APACHE.match(head, found.end):
        return Facts("apache_error", found.micros, None, None, pid_of(match[2]), WORDS[match[1].rstrip("12345678")])
    return behind_time(head, found)


def level_first(head: str, now: int) -> Facts | None:
    """`INFO:root:…`, `WARN  2026-11-29 10:00:00 …`, `[ERROR] …`."""
    if match := _PYTHON_BARE.match(head):
        return Facts("python", None, None, None, None, WORDS[match[1].lower()])
    match = _LEVEL_FIRST.match(head)
    if not match:
        return None
    severity = WORDS[match["level"].lower()]
    found = time_at(head, match.end(), now=now, short=True)
    if found:
        return Facts("text", found.micros, severity=severity)
    inside = time_inside(head, now)
    return inside._replace(severity=severity) if inside else Facts("text", severity=severity)


def clock_first(head: str) -> Facts | None:
    """Logback as it comes: `10:00:00.123 [main] INFO …`. A clock without a date is no time; the severity is one."""
    clock = _CLOCK.match(head)
    match = _LEVELLED.match(head, clock.end()) if clock else None
    return _levelled(head, match, None) if match else None


def time_inside(head: str, now: int) -> Facts | None:
    """The first time that stands at the beginning of a word, not far in; or an epoch where only a time can stand."""
    for count, match in enumerate(_TOKEN.finditer(head, 0, _SEARCHED_CHARACTERS)):
        if count == _TOKENS_MAX:
            break
        if found := time_at(head, match.end(), now=now):
            facts = behind_time(head, found)
            # Behind other words a name needs its colon, and a container's line begins with its time.
            is_meant = facts.format != "cri" and (facts.format != "syslog" or facts.program)
            return facts if is_meant else Facts("text", found.micros)
    if epoch := _EPOCH.match(head):
        return Facts("text", int(epoch[1]) * 1_000_000 + int((epoch[2] or "")[:6].ljust(6, "0")))
    columns = _COLUMNS.match(head)
    return Facts("text", int(columns[1]) * 1_000_000) if columns else None


def _levelled(head: str, match: "re.Match[str]", micros: int | None) -> Facts:
    severity = WORDS[match["level"].lower()]
    end = match.end("level")
    if logger := _LOGGER.match(head, end if match["behind"] in ("", " ", "\t", ":") else match.end()):
        # A bare number before the level is the thread's there.
        return Facts("log4j", micros, None, None, pid_of(logger["pid"]), severity)
    return Facts("python" if _OSLO.match(head, end) else "text", micros, None, None, pid_of(match["pid"]), severity)
