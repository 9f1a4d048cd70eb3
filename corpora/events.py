"""Events in which there is nothing to redact, or little: as nodes and the demo's fleet send them."""

import time
from itertools import cycle

from mothership.event import Event
from mothership.sample.fleet import sample


def clean_events(count: int, *, first: int = 0) -> list[Event]:
    """Return events of every EdgeBot type in which there is nothing to redact; from another `first` on, others."""
    return [_clean_event(number) for number in range(first, first + count)]


def _clean_event(n: int) -> Event:
    at = f"2025-08-22T17:{n % 60:02}:{n % 59:02}.880579+00:00"
    line = f'192.168.1.{n % 250} - - [22/Aug/2025:17:11:27 +0000] "GET /api/status?page={n % 9} HTTP/1.1" 200 {n * 7}'
    kind = n % 10
    if kind < 5:
        return {
            "timestamp": at,
            "source_ip": f"172.18.0.{n % 250}",
            "source_port": 54430 + n % 100,
            "type": "syslog",
            "raw_message": f"<34>1 {at} web{n % 9} nginx {n} - - {line}",
            "rfc_variant": "RFC5424",
            "facility": "local0",
            "severity": "info",
            "hostname": f"web{n % 9}",
            "message": line,
            "priority": 34,
            "transport": "udp",
            "app_name": "nginx",
            "proc_id": str(n),
            "msg_id": "-",
            "structured_data": None,
        }
    if kind < 8:
        words = f"sshd[{n}]: Failed password for invalid user admin from 10.0.{n % 9}.{n % 250} port {1024 + n} ssh2"
        return {"type": "log", "timestamp": at, "file_path": "/var/log/auth.log", "message": words, "service": "sshd"}
    if kind == 8:
        results = [
            {"oid": f"1.3.6.1.2.1.2.2.1.10.{i}", "oid_name": "ifInOctets", "value": str(n * i), "numeric_value": n * i}
            for i in range(4)
        ]
        return {"type": "snmp", "timestamp": at, "host": f"10.0.0.{n % 250}", "port": 161, "results": results}
    return {
        "type": "weather",
        "timestamp": at,
        "source": "open-meteo",
        "location": {"latitude": 28.61, "longitude": 77.2, "timezone": "UTC", "elevation": 12.0},
        "current_weather": {"temperature": 12.5, "windspeed": 15.2, "winddirection": 270, "weathercode": 3},
    }


def mixed_events(count: int, *, first: int = 0) -> list[Event]:
    """Return the same with something to redact in every tenth, and the SNMP community in every snmp event."""
    events = clean_events(count, first=first)
    for number, event in enumerate(events, first):
        if event["type"] == "snmp":
            event["community"] = "public"
        elif number % 10 == 1:
            event["message"] += f" user=carol{number}@example.com password=hunter{number}"
    return events


def ordinary_events(size: int) -> list[Event]:
    """Return about so many bytes of the demo fleet's log lines without anything planted, each line an event."""
    story = sample(10_000, seed=7, now=time.time())
    planted = {each.event for each in story.planted}
    events: list[Event] = []
    for at, event in cycle(enumerate(story.events)):
        if size <= 0:
            break
        if at not in planted and "message" in event:
            events.append({"type": "log", "message": event["message"]})
            size -= len(event["message"].encode())
    return events
