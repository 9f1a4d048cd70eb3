"""OTLP log records → events. Protobuf and JSON say the same, so both become a `LogRecord` first.

| OTLP | event |
| --- | --- |
| body: text | `message` |
| body: anything else | `body`, and `message` when it is an object with a text under that name |
| `timeUnixNano` | `timestamp` |
| `observedTimeUnixNano` | `observed_timestamp`: the event's time when it has no other |
| `severityText`, else `severityNumber` | `severity`; the number itself is `severity_number` |
| attributes | `attributes` |
| `traceId`, `spanId`, `flags` | `trace_id`, `span_id` (lower-case hex; zeros alone are none), `trace_flags` |
| `eventName` | `event_name` |
| scope: name, version, attributes | `scope` |
| resource attributes | `resource`, all of them, and of these also: |
| `service.name`, else `k8s.deployment.name` and its like, else `k8s.container.name` | `service` |
| `service.namespace` | `service_namespace` |
| `host.name`, else `k8s.node.name` | `hostname` |
| `k8s.pod.name`, when neither of these is there | `source` |
| `deployment.environment.name`, else `deployment.environment` | `tags.environment` |
| `process.pid` | `pid` |

Every event has the type `log`. An attribute that stands twice counts as it stood last.
"""

import copy
from collections.abc import Sequence
from typing import Any, NamedTuple

from mothership.edge.unix_nanoseconds import iso_text
from mothership.event import Event, is_nil

EVENT_TYPE = "log"
_SEVERITIES = ("trace", "debug", "info", "warning", "error", "critical")
_SEVERITY_STEPS = 4
"""Numbers that share a name: 9 to 12 are `info`."""
_UNNAMED_SERVICE = "unknown_service"
"""What an SDK writes for a service that was given no name."""
_SERVICE_KEYS = (
    "service.name",
    "k8s.deployment.name",
    "k8s.statefulset.name",
    "k8s.daemonset.name",
    "k8s.cronjob.name",
    "k8s.job.name",
    "k8s.container.name",
)
_HOST_KEYS = ("host.name", "k8s.node.name")
_ENVIRONMENT_KEYS = ("deployment.environment.name", "deployment.environment")
_SCALARS = (str, int, float, type(None))


class LogRecord(NamedTuple):
    """A record as either encoding says it."""

    nanoseconds: int
    """Its own time; 0: not known."""
    observed_nanoseconds: int
    severity_number: int
    severity_text: str
    body: Any
    attributes: dict[str, Any]
    flags: int
    trace_id: str
    span_id: str
    event_name: str


class EventBuilder:
    """Makes events of the records of one scope of one resource."""

    def __init__(self, resource: dict[str, Any], scope: dict[str, Any]) -> None:
        self._fields: Event = {"type": EVENT_TYPE, **_named(resource)}
        self._environment = _first(resource, _ENVIRONMENT_KEYS)
        self.shared = {name: value for name, value in (("resource", resource), ("scope", scope)) if value}
        """What every event gets a copy of."""
        self._shared = tuple(self.shared.items())
        # What processors change in place is each event's own.
        self._is_flat = all(isinstance(inner, _SCALARS) for value in self.shared.values() for inner in value.values())

    def event(self, record: LogRecord) -> Event:  # noqa: C901, PLR0912 - this is what a record costs: no call is spared
        """Return an event that shares nothing with another."""
        nanoseconds, observed, number, severity, body, attributes, flags, trace_id, span_id, event_name = record
        event = self._fields.copy()
        if self._environment:
            event["tags"] = {"environment": self._environment}
        if nanoseconds:
            event["timestamp"] = iso_text(nanoseconds)
        if observed:
            event["observed_timestamp"] = iso_text(observed)
        if severity := severity or severity_of(number):
            event["severity"] = severity
        if number:
            event["severity_number"] = number
        if type(body) is str:
            event["message"] = body
        elif body is not None:
            _set_structure(event, body)
        if attributes:
            event["attributes"] = attributes
        if trace_id.strip("0"):  # of zeros alone: none
            event["trace_id"] = trace_id
        if span_id.strip("0"):
            event["span_id"] = span_id
        if flags := flags & 0xFF:
            event["trace_flags"] = flags
        if event_name:
            event["event_name"] = event_name
        for name, value in self._shared:
            event[name] = value.copy() if self._is_flat else copy.deepcopy(value)
        return event


def severity_of(number: int) -> str:
    """Name a severity number of OTLP (1 to 24); empty for any other."""
    step = (number - 1) // _SEVERITY_STEPS
    return _SEVERITIES[step] if 0 <= step < len(_SEVERITIES) else ""


def _named(resource: dict[str, Any]) -> Event:
    """The fields that a resource gives every event."""
    named: Event = {}
    if service := _service(resource):
        named["service"] = service
    if namespace := _first(resource, ("service.namespace",)):
        named["service_namespace"] = namespace
    if host := _first(resource, _HOST_KEYS):
        named["hostname"] = host
    elif pod := _first(resource, ("k8s.pod.name",)):
        named["source"] = pod
    if type(pid := resource.get("process.pid")) is int:
        named["pid"] = pid
    return named


def _service(resource: dict[str, Any]) -> str:
    name = _first(resource, _SERVICE_KEYS)
    if not name.startswith(_UNNAMED_SERVICE):
        return name
    return _first(resource, _SERVICE_KEYS[1:]) or name


def _first(resource: dict[str, Any], keys: Sequence[str]) -> str:
    for key in keys:
        value = resource.get(key)
        if isinstance(value, str) and not is_nil(value):
            return value
    return ""


def _set_structure(event: Event, body: Any) -> None:
    event["body"] = body
    if type(body) is dict and type(message := body.get("message")) is str:
        event["message"] = message
