"""The bundled sample: realistic events of every type an EdgeBot sends, with planted personal data.

Everything is written by us and drawn from a seed, so that the demo, the tests and the benchmarks see the same
events; only the times follow `now`.
"""

import base64
import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from mothership.event import Event
from mothership.sample import fake_pii
from mothership.sample.texts import app_lines, facilities, hosts, log_lines, secret_lines, severities, syslog_lines

_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_SECRETS_SHARE = 0.1  # of the events with text


class Planted(NamedTuple):
    """A made-up secret, and the event it was put into."""

    kind: str
    """Its maker in `fake_pii`."""
    value: str
    event: int
    """Position in `SampleFleet.events`."""


class SampleFleet(NamedTuple):
    """Events as a node sends them, and what must never be found at rest."""

    events: list[Event]
    planted: list[Planted]


def sample(count: int = 5_000, *, seed: int = 1, now: float) -> SampleFleet:
    """Make `count` events of the last hour before `now` (seconds since the epoch). Equal arguments, equal events."""
    return _Fleet(Random(seed), now, count).generate()  # noqa: S311 - a sample has to be repeatable, not secret


class _Fleet:
    """The machines that the sample's events come from."""

    def __init__(self, rng: Random, now: float, count: int) -> None:
        self._rng = rng
        self._now = datetime.fromtimestamp(now, UTC)
        self._count = count
        self._events: list[Event] = []
        self._planted: list[Planted] = []
        self._moment = self._now
        self._kinds = {
            self._syslog_5424: 30.0,
            self._syslog_3164: 21.0,
            self._syslog_unknown: 3.0,
            self._log: 24.0,
            self._app_log: 4.0,
            self._snmp: 7.0,
            self._snmp_error: 0.7,
            self._weather: 2.5,
            self._weather_error: 0.3,
            self._nmea: 5.0,
            self._flow_packet: 2.0,
            self._inventory: 0.5,
        }

    def generate(self) -> SampleFleet:
        kinds, weights = list(self._kinds), list(self._kinds.values())
        for number in range(self._count):
            self._moment = self._now - timedelta(seconds=3600 * (1 - number / max(self._count, 1)))
            # Each kind at least once, whatever the count; then by weight.
            kind = kinds[number] if number < len(kinds) else self._rng.choices(kinds, weights)[0]
            self._events.append(kind())
        return SampleFleet(self._events, self._planted)

    def _iso(self) -> str:
        return self._moment.isoformat()

    def _secret(self, kind: str) -> str:
        value = fake_pii.makers[kind](self._rng)
        self._planted.append(Planted(kind, value, len(self._events)))
        return value

    def _fill(self, template: str) -> str:
        return _PLACEHOLDER.sub(lambda found: self._word(found[1]), template)

    def _word(self, name: str) -> str:
        rng = self._rng
        if name in fake_pii.makers:
            return self._secret(name)
        if name == "ip":
            return f"{rng.choice(('198.51.100', '203.0.113', '10.20.4', '192.168.7'))}.{rng.randrange(1, 255)}"
        if name == "hex":
            return f"{rng.getrandbits(48):012x}"
        if name == "host":
            return rng.choice(hosts)
        return str(rng.randrange(*{"port": (1_024, 65_536), "ms": (1, 4_000)}.get(name, (1, 100_000))))

    def _text(self, lines: tuple[str, ...]) -> str:
        rng = self._rng
        return self._fill(rng.choice(secret_lines if rng.random() < _SECRETS_SHARE else lines))

    def _syslog(self, variant: str, raw: str, message: str, **more: Any) -> Event:
        return {
            "timestamp": self._iso(),
            "source_ip": f"10.20.{self._rng.randrange(8)}.{self._rng.randrange(1, 255)}",
            "source_port": self._rng.randrange(1_024, 65_536),
            "raw_message": raw,
            "type": "syslog",
            "rfc_variant": variant,
            "message": message,
            "transport": self._rng.choice(("udp", "udp", "tcp")),
            **more,
        }

    def _priority(self) -> tuple[int, str, str]:
        rng = self._rng
        facility = rng.randrange(len(facilities))
        severity = rng.choices(range(8), (0.1, 0.2, 1, 6, 12, 15, 60, 6))[0]
        return facility * 8 + severity, facilities[facility], severities[severity]

    def _syslog_5424(self) -> Event:
        rng = self._rng
        priority, facility, severity = self._priority()
        host, app = rng.choice(hosts), rng.choice(list(syslog_lines))
        pid, message_id = str(rng.randrange(200, 40_000)), rng.choice(("ID47", "audit", "-"))
        message = self._text(syslog_lines[app])
        structured: dict[str, Any] = {}
        if rng.random() < 0.05:  # noqa: PLR2004 - a share
            structured = {"origin@32473": {"ip": self._word("ip"), "sw": "edge-os", "user": self._secret("email")}}
        blocks = "".join(
            f"[{name} {' '.join(f'{key}={value!r}' for key, value in pairs.items())}]"
            for name, pairs in structured.items()
        )
        raw = f"<{priority}>1 {self._iso()} {host} {app} {pid} {message_id} {blocks or '-'} {message}"
        return self._syslog(
            "RFC5424", raw, message, priority=priority, facility=facility, severity=severity, hostname=host,
            app_name=app, proc_id=pid, msg_id=message_id, structured_data=structured,
        )  # fmt: skip

    def _syslog_3164(self) -> Event:
        rng = self._rng
        priority, facility, severity = self._priority()
        host, app, pid = rng.choice(hosts), rng.choice(list(syslog_lines)), rng.randrange(200, 40_000)
        message = self._text(syslog_lines[app])
        stamp = f"{self._moment:%b} {self._moment.day:2d} {self._moment:%H:%M:%S}"
        raw = f"<{priority}>{stamp} {host} {app}[{pid}]: {message}"
        return self._syslog(
            "RFC3164", raw, message, priority=priority, facility=facility, severity=severity, hostname=host,
            tag=app, pid=pid,
        )  # fmt: skip

    def _syslog_unknown(self) -> Event:
        message = f"<{self._rng.randrange(192)}>{self._text(syslog_lines['kernel'])}"
        return self._syslog(
            "unknown", message, message, facility="unknown", severity="unknown", hostname="unknown",
            parse_error="Could not match RFC3164 or RFC5424 format",
        )  # fmt: skip

    def _log(self) -> Event:
        path = self._rng.choice(list(log_lines))
        event: Event = {
            "timestamp": self._iso().replace("+00:00", "Z"),
            "file_path": path,
            "message": self._text(log_lines[path]),
            "type": "log",
        }
        if self._rng.random() < 0.2:  # noqa: PLR2004 - a share
            event["service"] = path.split("/")[-2]
        return event

    def _app_log(self) -> Event:
        rng = self._rng
        event: Event = {
            "timestamp": self._iso().replace("+00:00", "Z"),
            "file_path": rng.choice(("/opt/portal/logs/app.jsonl", "/opt/crew/logs/audit.jsonl")),
            "message": self._fill(rng.choice(app_lines)),
            "type": "log",
            "level": rng.choice(("INFO", "INFO", "WARN", "ERROR")),
            "context": {"request": f"{rng.getrandbits(64):016x}", "username": self._secret("username")},
        }
        if rng.random() < 0.5:  # noqa: PLR2004 - a share
            event["context"]["email"] = self._secret("email")
        if rng.random() < 0.3:  # noqa: PLR2004 - a share
            event["context"]["credentials"] = {"password": self._secret("password"), "token": self._secret("token")}
        return event

    def _snmp_head(self, kind: str) -> Event:
        return {
            "timestamp": self._iso(),
            "host": f"10.20.0.{self._rng.randrange(1, 30)}",
            "port": 161,
            "community": self._secret("community"),
            "version": "2c",
            "poll_interval": 60,
            "type": kind,
        }

    def _snmp(self) -> Event:
        rng = self._rng
        results = [
            {"oid": f"1.3.6.1.2.1.{oid}", "oid_name": name, "value": str(value), "numeric_value": value, "type": kind}
            for oid, name, value, kind in (
                ("1.3.0", "sysUpTime", rng.randrange(10**8), "TimeTicks"),
                ("2.2.1.10.1", "ifInOctets", rng.randrange(2**32), "Counter32"),
                ("2.2.1.16.1", "ifOutOctets", rng.randrange(2**32), "Counter32"),
                ("2.2.1.8.1", "ifOperStatus", rng.choice((1, 1, 1, 2)), "Integer"),
            )
        ]
        return {**self._snmp_head("snmp"), "oids_count": len(results), "results": results}

    def _snmp_error(self) -> Event:
        return {**self._snmp_head("snmp_error"), "error": "No SNMP response received before timeout"}

    def _weather_head(self, kind: str) -> Event:
        city, latitude, longitude, zone = self._rng.choice(
            (
                ("Bergen", 60.39, 5.32, "Europe/Oslo"),
                ("Busan", 35.18, 129.08, "Asia/Seoul"),
                ("Santos", -23.96, -46.33, "America/Sao_Paulo"),
            )
        )
        place = {"latitude": latitude, "longitude": longitude, "timezone": zone, "elevation": 12.0, "city": city}
        return {"timestamp": self._iso(), "source": "open-meteo", "location": place, "type": kind}

    def _weather(self) -> Event:
        rng = self._rng
        now = {
            "temperature": round(rng.uniform(-8, 33), 1),
            "windspeed": round(rng.uniform(0, 70), 1),
            "winddirection": rng.randrange(360),
            "is_day": rng.randrange(2),
            "weathercode": rng.choice((0, 1, 2, 3, 45, 61, 80)),
        }
        return {**self._weather_head("weather"), "current_weather": now}

    def _weather_error(self) -> Event:
        return {**self._weather_head("weather_error"), "error": "HTTP 502 from the weather service"}

    def _nmea(self) -> Event:
        rng = self._rng
        latitude, longitude = rng.uniform(0, 89), rng.uniform(0, 179)
        body = (
            f"GPRMC,{self._moment:%H%M%S},A,{int(latitude):02d}{latitude % 1 * 60:07.4f},N,"
            f"{int(longitude):03d}{longitude % 1 * 60:07.4f},E,{rng.uniform(0, 22):05.1f},{rng.uniform(0, 360):05.1f},"
            f"{self._moment:%d%m%y},003.1,W"
        )
        check = 0
        for byte in body.encode():
            check ^= byte
        event: Event = {
            "type": "nmea",
            "sentence": "RMC",
            "raw": f"${body}*{check:02X}",
            "lat": round(latitude, 6),
            "lon": round(longitude, 6),
            "sog_kn": round(rng.uniform(0, 22), 1),
            "cog_deg": round(rng.uniform(0, 360), 1),
            "valid": True,
        }
        if rng.random() < 0.7:  # noqa: PLR2004 - a share
            event["timestamp"] = self._iso()
        return event

    def _flow_packet(self) -> Event:
        payload = b"\x00\x05" + self._rng.randbytes(self._rng.randrange(46, 400))
        return {
            "type": "flow_packet",
            "subtype": "netflow",
            "version": 5,
            "source_ip": f"10.20.0.{self._rng.randrange(1, 30)}",
            "source_port": self._rng.randrange(1_024, 65_536),
            "size_bytes": len(payload),
            "payload_b64": base64.b64encode(payload).decode(),
            "timestamp": self._iso(),
        }

    def _inventory(self) -> Event:
        ports = {22: "sshd", 80: "nginx", 161: "snmpd", 5432: "postgres", 8443: "portal"}
        return {
            "type": "host_service_inventory",
            "timestamp": self._iso(),
            "hostname": self._rng.choice(hosts),
            "listeners": [
                {"proto": "tcp", "address": "0.0.0.0", "port": port, "process": name, "pid": 300 + port}  # noqa: S104 - text
                for port, name in ports.items()
            ],
            "log_candidates": list(log_lines),
        }
