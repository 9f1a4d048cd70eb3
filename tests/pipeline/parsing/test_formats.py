"""Each format's lines, as their programs write them, say when, where, which program and how bad."""

# ruff: noqa: E501 - a line of a log is as long as it is, and one row of the table

from datetime import UTC, datetime

import pytest

from mothership.pipeline.enrichment.timestamp_forms import micros_of, text_of
from mothership.pipeline.parsing.lines import read

NOW = int(datetime(2026, 11, 30, 12, tzinfo=UTC).timestamp() * 1_000_000)
TEN = "2026-11-29T10:00:00.000000Z"
NINE = "2026-11-29T09:00:00.000000Z"
MILLIS = "2026-11-29T10:00:00.123000Z"
MICROS = "2026-11-29T10:00:00.123456Z"

LINES = [
    # syslog on the wire
    ("<34>1 2026-11-29T10:00:00.123456Z web01.example.com su 311 ID47 - failed", "rfc5424", MICROS, "web01.example.com", "su", 311, "critical"),
    ('<165>1 2026-11-29T11:00:00+01:00 web01 app - ID47 [x@1 a="b"] \ufeffhello', "rfc5424", TEN, "web01", "app", None, "notice"),
    ("<165>1 - - - - - - nothing known", "rfc5424", None, None, None, None, "notice"),
    ("<34>Nov 29 10:00:00 web01 su[311]: failed", "rfc3164", TEN, "web01", "su", 311, "critical"),
    ("<13>Nov 29 10:00:00 su: no name", "rfc3164", TEN, None, "su", None, "notice"),
    ("<30>dockerd[812]: no time at all", "rfc3164", None, None, "dockerd", 812, "info"),
    ("<189>000123: *Nov 29 10:00:00.123: %SYS-5-CONFIG_I: Configured", "cisco", MILLIS, None, None, None, "notice"),
    ("<187>45: core1: .Nov 29 10:00:00.123 UTC: %LINK-3-UPDOWN: Interface up", "cisco", MILLIS, "core1", None, None, "error"),
    ("<190>52: Nov 29 2026 05:00:00 EST: %ASA-6-302013: Built", "cisco", TEN, None, None, None, "info"),
    # syslog in files
    ("Nov 29 10:00:00 web01 sshd[311]: Failed password", "syslog", TEN, "web01", "sshd", 311, None),
    ("Nov  9 10:00:00 combo su(pam_unix)[21416]: opened", "syslog", "2026-11-09T10:00:00.000000Z", "combo", "su(pam_unix)", 21416, None),
    ("Nov 29 10:00:00 web01 syslogd 1.4.1: restart.", "syslog", TEN, "web01", "syslogd", None, None),
    ("Nov 29 10:00:00 web01 last message repeated 2 times", "syslog", TEN, "web01", None, None, None),
    ("2026-11-29T10:00:00.123456+00:00 web01 CRON[311]: (root) CMD", "syslog", MICROS, "web01", "CRON", 311, None),
    ("2026-11-29T11:00:00+01:00 web01 kernel: eth0 up", "syslog", TEN, "web01", "kernel", None, None),
    ("Nov 29 10:00:00 mac.local com.apple.xpc.launchd[1] (com.apple.x[311]): exited", "syslog", TEN, "mac.local", "com.apple.xpc.launchd", 1, None),
    ("*Nov 29 10:00:00.123: %SYS-5-RESTART: System restarted", "cisco", MILLIS, None, None, None, "notice"),
    # journald
    ("__CURSOR=s=1\n__REALTIME_TIMESTAMP=1795946400123456\nPRIORITY=3\n_HOSTNAME=web01\nSYSLOG_IDENTIFIER=sshd\n_PID=311\nMESSAGE=x", "journald", MICROS, "web01", "sshd", 311, "error"),
    ('{"__REALTIME_TIMESTAMP":"1795946400123456","PRIORITY":"6","_HOSTNAME":"web01","_COMM":"sshd","_PID":"311","MESSAGE":"x"}', "journald", MICROS, "web01", "sshd", 311, "info"),
    # web servers
    ('192.0.2.7 - frank [29/Nov/2026:11:00:00 +0100] "GET / HTTP/1.0" 200 2326', "common_log", TEN, None, None, None, None),
    ('192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl/8"', "combined_log", TEN, None, None, None, None),
    ('example.com:443 192.0.2.7 - - [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "curl"', "combined_log", TEN, None, None, None, None),
    ("2026/11/29 10:00:00 [error] 311#0: *1 open() failed", "nginx", TEN, None, None, 311, "error"),
    ("[Sun Nov 29 10:00:00 2026] [notice] workerEnv.init() ok", "apache_error", TEN, None, None, None, "notice"),
    ("[Sun Nov 29 10:00:00.123456 2026] [core:error] [pid 311:tid 140] [client 192.0.2.7:1] AH00126: Invalid", "apache_error", MICROS, None, None, 311, "error"),
    # logfmt, JSON, containers
    ('time="2026-11-29T10:00:00Z" level=warning msg="a \\"b\\" c" pid=311', "logfmt", TEN, None, None, 311, "warning"),
    ("ts=2026-11-29T10:00:00.123Z caller=main.go:1 level=info msg=ok", "logfmt", MILLIS, None, None, None, "info"),
    ('{"time":"2026-11-29T10:00:00Z","level":"WARN","msg":"x","pid":311}', "json", TEN, None, None, 311, "warning"),
    ('{"name":"api","hostname":"web01","pid":311,"level":50,"msg":"x","time":"2026-11-29T10:00:00.123Z","v":0}', "json", MILLIS, "web01", "api", 311, "error"),
    ('{"@timestamp":"2026-11-29T10:00:00.123Z","log":{"level":"error"},"host":{"name":"web01"},"process":{"pid":311}}', "json", MILLIS, "web01", None, 311, "error"),
    ('{"instant":{"epochSecond":1795946400,"nanoOfSecond":123456000},"level":"INFO"}', "json", MICROS, None, None, None, "info"),
    ('{"log":"2020-01-01 00:00:00 ERROR x\\n","stream":"stderr","time":"2026-11-29T10:00:00.123456789Z"}', "docker", MICROS, None, None, None, "error"),
    ("2026-11-29T10:00:00.123456789Z stdout F level=error msg=failed", "cri", MICROS, None, None, None, "error"),
    ("2026-11-29T11:00:00.123456789+01:00 stderr P half a li", "cri", MICROS, None, None, None, None),
    ("E1129 10:00:00.123456     311 reflector.go:138] Failed to watch", "klog", MICROS, None, None, 311, "error"),
    # programs
    ("2026-11-29 10:00:00.123 UTC [311] app@db LOG:  statement: SELECT 1", "postgresql", MILLIS, None, None, 311, "info"),
    ("2026-11-29 11:00:00.123 CET [311] ERROR:  relation does not exist", "postgresql", MILLIS, None, None, 311, "error"),
    ("2026-11-29 10:00:00,123 - app.views - WARNING - slow", "python", MILLIS, None, None, None, "warning"),
    ("WARNING:root:slow", "python", None, None, None, None, "warning"),
    ("2026-11-29 10:00:00.123 311 INFO nova.compute.manager [req-1 - -] ok", "python", MILLIS, None, None, 311, "info"),
    ("2026-11-29 10:00:00,123 INFO  [main] org.example.App: started", "log4j", MILLIS, None, None, None, "info"),
    ("2026-11-29 10:00:00,123 [main] ERROR org.example.App - failed", "log4j", MILLIS, None, None, None, "error"),
    ("10:00:00.123 [main] WARN  org.example.App - slow", "log4j", None, None, None, None, "warning"),
    ("10:00:00 [main] ERROR org.example.App -- failed", "log4j", None, None, None, None, "error"),
    ("2026-11-29T11:00:00.123+01:00  WARN 311 --- [nio-8080-exec-1] o.e.App  : slow", "log4j", MILLIS, None, None, 311, "warning"),
    ("2026-11-29 10:00:00,123 - INFO  [QuorumPeer[myid=1]/0:0:0:0:0:0:0:0:2181:X@774] - out", "log4j", MILLIS, None, None, None, "info"),
    ("26/11/29 10:00:00 INFO spark.SecurityManager: Changing", "log4j", TEN, None, None, None, "info"),
    ("261129 100000 148 INFO dfs.DataNode$PacketResponder: ok", "log4j", TEN, None, None, None, "info"),
    ("11-29 10:00:00.123  1702  2395 D WindowManager: x", "android", MILLIS, None, None, 1702, "debug"),
    ("2026-11-29 10:00:00, Info                  CBS    Loaded", "windows_servicing", TEN, None, None, None, "info"),
    ("2026-11-29 10:00:00, Error                 DISM   DISM Host: PID=311 TID=4 failed", "windows_servicing", TEN, None, None, 311, "error"),
    ("Event[0]:\n  Log Name: System\n  Source: SCM\n  Date: 2026-11-29T10:00:00.123\n  Event ID: 7036\n  Level: Warning\n  Computer: PC-7\n  Description: \nx", "windows_event", MILLIS, "PC-7", "SCM", None, "warning"),
    ("TimeCreated  : 11/29/2026 10:00:00 AM\nProviderName : SCM\nId           : 7036\nLevelDisplayName : Error\nMachineName  : PC-7", "windows_event", TEN, "PC-7", "SCM", None, "error"),
    ("<Event xmlns='x'><System><Provider Name='SCM'/><Level>2</Level><TimeCreated SystemTime='2026-11-29T10:00:00.1234560Z'/><Execution ProcessID='311'/><Computer>PC-7</Computer></System></Event>", "windows_event", MICROS, "PC-7", "SCM", 311, "error"),
    ("Nov 29, 2026 10:00:00 AM org.apache.catalina.core.StandardService start", "text", TEN, None, None, None, None),
    ("29-Nov-2026 10:00:00.123 INFO [main] org.apache.catalina.startup.Catalina.start Server", "text", MILLIS, None, None, None, "info"),
    ("2026-11-29T10:00:00.123456Z 0 [Warning] [MY-010068] [Server] CA", "text", MICROS, None, None, None, "warning"),
    ("311:M 29 Nov 2026 10:00:00.123 * Ready to accept connections", "text", MILLIS, None, None, None, None),
    ("1795946400.123 5 192.0.2.7 TCP_MISS/200 GET", "text", MILLIS, None, None, None, None),
    ("[11.29 10:00:00] chrome.exe - proxy:5070 close", "text", TEN, None, None, None, None),
    ("- 1131566461 2026.11.29 dn228 Nov 29 10:00:00 dn228/dn228 crond[2915]: session", "syslog", TEN, "dn228", "crond", 2915, None),
    ("nova-api.log.1.2017-05-16_13:53:08 2026-11-29 10:00:00.123 INFO x", "text", MILLIS, None, None, None, "info"),
    ("Local time is now:      Sun Nov 29 10:00:00 UTC 2026.", "text", TEN, None, None, None, None),
    ("The job of Nov 29 10:00:00 is done", "text", TEN, None, None, None, None),
    ("[ERROR] something broke", "text", None, None, None, None, "error"),
    ("2026-11-29 10:00:00 Server started: ok", "text", TEN, None, None, None, None),
    ("2026-11-29 10:00:00 INFO Started: ok", "log4j", TEN, None, None, None, "info"),
    ("\ufeff2026-11-29 10:00:00 byte order mark", "text", TEN, None, None, None, None),
]  # fmt: skip


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0][:50])
def test_a_line_says_what_its_format_says(
    line: tuple[str, str, str | None, str | None, str | None, int | None, str | None],
) -> None:
    """Time, host, program, process id, severity, and which format it was."""
    text, *expected = line
    facts = read(text, NOW)
    assert facts is not None
    assert [facts.format, facts.micros and text_of(facts.micros), *facts[2:]] == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Connection closed",
        "{not json}",
        "[1, 2, 3]",
        "version=7 ok",
        "10:00:00 all is well",
        "10:00:00.123",
        "I am 10 years old",
        "May I ask",
        "Error opening the door",
        "http://example.com/2026-11-29",
        "user 1795946400 logged in",
        "<999>1 - - - - - -",
        "built 20261399-10:00:00",
        "Nov 31 10:00:00 web01 sshd[311]: there is no such day",
    ],
)
def test_a_line_that_says_nothing_is_left_alone(text: str) -> None:
    """A wrong time is worse than none."""
    assert read(text, NOW) is None


@pytest.mark.parametrize(
    ("spelling", "time"),
    [
        ("*Nov 29 10:00:00.123", MILLIS),
        (".Nov 29 10:00:00.123", MILLIS),
        ("Nov 29 10:00:00.123:", MILLIS),
        ("2026 Nov 29 10:00:00", TEN),
        ("Sun, 29 Nov 2026 05:00:00 EST", TEN),
        ("Nov 29 2026 02:00:00 PST", TEN),
        ("2026-11-29 11:00:00 CET+0100", TEN),
        ("2026-11-29 12:00:00 GMT+2", TEN),
        ("2026-11-29 10:00:00 UTC", TEN),
        ("2026-11-29 11:00:00.123456789 +0100 CET", MICROS),
        ("2026-11-29 11:00:00.123456789 +0100 CET m=+0.000012", MICROS),
        ("2026-11-29T11:00:00+01:00[Europe/Berlin]", TEN),
        ("2026-11-29T11:00:00.123456+01:00[America/Argentina/Buenos_Aires]", MICROS),
        ("2026-11-28T24:00:00Z", "2026-11-29T00:00:00.000000Z"),
        ("28/Nov/2026:24:00:00 +0000", "2026-11-29T00:00:00.000000Z"),
        ("\ufeff2026-11-29T10:00:00Z", TEN),
        ("Sun Nov 29 11:00:00 CET 2026", TEN),
        ("29-Nov-2026 10:00:00", TEN),
        ("29.11.2026 10:00:00", TEN),
        ("11/29/2026 10:00:00 AM", TEN),
        ("Nov 29, 2026 10:00:00 AM", TEN),
        ("2026-11-29-10.00.00.123456", MICROS),
        ("Nov 29 09:59:60", TEN),
        # the year that brings it nearest
        ("Nov 30 23:00:00", "2026-11-30T23:00:00.000000Z"),
        ("Jan  2 10:00:00", "2027-01-02T10:00:00.000000Z"),
        ("Jun 30 10:00:00", "2026-06-30T10:00:00.000000Z"),
        ("Feb 29 10:00:00", "2028-02-29T10:00:00.000000Z"),
    ],
)
def test_a_time_is_read_in_every_spelling(spelling: str, time: str) -> None:
    """In a field as in a line."""
    micros = micros_of(spelling, now=NOW)
    assert micros is not None
    assert text_of(micros) == time
    facts = read(f"{spelling} and more", NOW)
    assert facts is not None
    assert facts.micros == micros


@pytest.mark.parametrize(
    "spelling",
    [
        "Nov 29 10:00:00 XYZ-banana",
        "2026-13-29 10:00:00",
        "Nov 29 25:00:00",
        "2026-11-29 24:00:01",
        "29/11 10:00",
        "13:00:00 PM",
        "11/10/2026 10:00:00",
    ],
)
def test_what_is_no_time_or_two_is_not_guessed(spelling: str) -> None:
    """Nobody knows whether 11/10 is in October."""
    assert micros_of(spelling, now=NOW) is None
