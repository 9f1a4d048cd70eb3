"""The overview: what comes in and goes out, how each part is, and what needs a person."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mothership.activity.history import Sample, columns
from mothership.activity.sources import SourcesSnapshot
from mothership.console import respond
from mothership.console.attention import notices
from mothership.console.page import Page
from mothership.edge.browser import CONSOLE
from mothership.edge.status import StatusSource
from mothership.metric_registry import CounterSnapshot
from mothership.plurals import counted
from mothership.ports import Clock, Health
from mothership.service_stats import ProcessorCounts
from mothership.status import LLMStatus

FRESH_SECONDS = 2.0
"""However many look, what they see is gathered once in this time."""
RULES_SHOWN = 15
REASONS_SHOWN = 12
LLM_SHOWN = (
    *("circuit_breaker", "templates", "queued", "tokens_today", "cost_today"),
    *("applied", "verdicts_cached", "results"),
)


class Activity(Protocol):
    """What came in lately, over all workers."""

    def history(self, since: float = 0.0) -> list[Sample]:
        """The samples of the last hour that are later than this, in seconds since the Unix epoch."""

    def sources(self) -> SourcesSnapshot:
        """Who sends."""


@dataclass
class _Gathered:
    """The content, and when it was gathered."""

    at: float
    content: Mapping[str, Any]


class Overview:
    """Gathers what the page shows."""

    def __init__(
        self,
        status: StatusSource,
        activity: Activity,
        *,
        clock: Clock = time.time,
        counts: Callable[[], CounterSnapshot] = CounterSnapshot,
    ) -> None:
        self._status = status
        self._activity = activity
        self._clock = clock
        self._counts = counts
        self._last: _Gathered | None = None

    @property
    def page(self) -> Page:
        """The page, and the numbers of its charts."""
        history = Route(f"{CONSOLE}/overview/history.json", self.history)
        return Page("/overview", "Overview", "overview.html", self.content, routes=[history])

    async def content(self, _request: Request) -> Mapping[str, Any]:
        """What the page shows, at most `FRESH_SECONDS` old."""
        now = self._clock()
        if self._last is None or not 0 <= now - self._last.at < FRESH_SECONDS:
            self._last = _Gathered(now, await self._gather(now))
        return self._last.content

    async def history(self, request: Request) -> Response:
        """The last hour, or of it what is later than `since`."""
        try:
            since = float(request.query_params.get("since", 0))
        except ValueError:
            since = 0.0
        return respond.as_json(columns(self._activity.history(since)))

    async def _gather(self, now: float) -> Mapping[str, Any]:
        ready, parts, stats = await self._status.ready(), await self._status.parts(), await self._status.stats()
        counts, sources = self._counts(), self._activity.sources()
        lately = self._activity.history(now - 60)
        totals = {
            "dead_letters_dropped": counts.total("mothership_dead_letters_dropped_total"),
            "damaged": counts.total("mothership_spool_damaged_events_total"),
            "audit_missed": counts.total("mothership_redaction_audit_missed_total"),
        }
        return {
            "ready": ready._asdict(),
            "notices": [each._asdict() for each in notices(ready, parts, stats.relay, totals, sources.sources, now)],
            "now": _now(lately),
            "service": asdict(stats.service),
            "events": {
                "kept": stats.pipeline.successful_events,
                "rejected": counts.total("mothership_events_rejected_total"),
                "last_hour": stats.database.events_last_hour if stats.database else None,
            },
            "sinks": {name: {**asdict(sink), **parts[name]._asdict()} for name, sink in stats.relay.sinks.items()},
            "spool": asdict(stats.relay.spool),
            "dead_letters": asdict(stats.relay.dead_letters),
            "in_flight": asdict(stats.relay.in_flight),
            "redactions": _largest(stats.pipeline.redactions, RULES_SHOWN),
            "rejected": _largest(counts.by("mothership_events_rejected_total", "reason"), REASONS_SHOWN),
            "refused": _refusals(counts),
            "steps": _steps(stats.pipeline.processors, counts),
            "llm": _llm(stats.llm, parts.get("llm")),
        }


def _now(samples: Sequence[Sample]) -> dict[str, float | None]:
    """The last minute."""
    answered = [sample for sample in samples if sample.answer_seconds]
    return {
        "events_per_second": _mean([sum(sample.types.values()) for sample in samples]),
        "answers_per_second": _mean([sample.rates.get("answers", 0.0) for sample in samples]),
        "answer_seconds_p95": max((sample.answer_seconds["p95"] for sample in answered), default=None),
    }


def _mean(values: Sequence[float]) -> float:
    return round(sum(values) / len(values), 2) if values else 0.0


def _largest(counts: Mapping[str, int], most: int) -> list[dict[str, Any]]:
    """By count; the rest as one."""
    ordered = sorted(((name, count) for name, count in counts.items() if count), key=lambda item: (-item[1], item[0]))
    shown = [{"name": name, "count": count} for name, count in ordered[:most]]
    if rest := ordered[most:]:
        shown.append({"name": counted(len(rest), "other"), "count": sum(count for _, count in rest)})
    return shown


def _refusals(counts: CounterSnapshot) -> list[dict[str, Any]]:
    """Whole requests that were not taken, by what had no room for them or whom nobody knew."""
    found = {
        **{f"load: {name}": count for name, count in counts.by("mothership_load_refused_total", "stage").items()},
        **{f"login: {name}": count for name, count in counts.by("mothership_auth_failures_total", "reason").items()},
        **{f"TLS: {name}": count for name, count in counts.by("mothership_tls_failures_total", "reason").items()},
        **{f"connection: {name}": count
           for name, count in counts.by("mothership_connections_refused_total", "reason").items()},
        "in flight": counts.total("mothership_in_flight_refused_total"),
        "spool": counts.total("mothership_spool_refused_total"),
    }  # fmt: skip
    return _largest(found, REASONS_SHOWN)


def _steps(processors: Mapping[str, ProcessorCounts], counts: CounterSnapshot) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "events": step.processed,
            "errors": step.errors,
            "micros_per_event": round(1e6 * counts.sum("mothership_processor_seconds_total", processor=name)
                                      / max(1, step.processed), 2),
        }
        for name, step in processors.items()
    ]  # fmt: skip


def _llm(step: LLMStatus | None, health: Health | None) -> dict[str, Any] | None:
    if step is None or health is None:
        return None
    known = sum(step.results.values())
    return {
        **health._asdict(),
        **{name: getattr(step, name) for name in LLM_SHOWN},
        "share_applied": round(step.applied / known, 3) if known else None,
    }
