"""The overview for a terminal: what needs a person first, then what comes in, each sink, what was taken out.

Every text is one of machines that may be hostile: it is escaped, and none is read as markup.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mothership.commands.top_client import OverviewHistory
from mothership.figures import duration, number, size
from mothership.plurals import counted
from mothership.terminal_escaping import escaped

BARS = " ▁▂▃▄▅▆▇█"
SPARK_COLUMNS = 60
NOTICES, RANKED, TEXT_CHARACTERS = 6, 6, 300
NONE = "\N{EN DASH}"
COLOURS = {"bad": "red", "warn": "yellow"}


def view(it: Mapping[str, Any], history: OverviewHistory, where: str) -> RenderableType:
    """All of it. Raises KeyError, TypeError, ValueError or AttributeError for what is no overview."""
    parts: list[RenderableType] = [_head(it, where), *_notices(it["notices"]), Text(""), _figures(it)]
    parts += [_sparks(history), Text(""), _sinks(it["sinks"]), _spool(it)]
    if it["llm"]:
        parts.append(_llm(it["llm"]))
    rankings = [
        _ranking(title, it[name])
        for title, name in (
            ("Redactions, by rule", "redactions"),
            ("Rejected events", "rejected"),
            ("Refused requests", "refused"),
        )
        if it[name]
    ]
    if rankings:
        parts += [Text(""), Columns(rankings, padding=(0, 4))]
    return Group(*parts)


def trouble(text: str) -> Text:
    """What is said while there is no answer."""
    return Text(f"{_plain(text)}; asking again. What stands below is from before.", style="red")


def _plain(text: Any, most: int = TEXT_CHARACTERS) -> str:
    shown = str(text)
    return escaped(shown if len(shown) <= most else f"{shown[: most - 1]}…")


def _head(it: Mapping[str, Any], where: str) -> Text:
    service, ready = it["service"], it["ready"]
    head = Text(f"Mothership {_plain(service['version'], 40)}", style="bold")
    head.append(f"  {_plain(where)}  ", style="cyan")
    head.append("ready" if ready["healthy"] else "NOT READY", style="green" if ready["healthy"] else "bold red")
    up, workers = duration(float(service["uptime"])), counted(int(service["workers"]), "worker")
    return head.append(f"  up {up}, {workers}", style="dim")


def _notices(notices: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    for notice in notices[:NOTICES]:
        yield Text(f"! {_plain(notice['text'])}", style=COLOURS.get(notice["severity"], "yellow"))
    if (more := len(notices) - NOTICES) > 0:
        yield Text(f"! and {more} more", style="yellow")
    if not notices:
        yield Text("All is well. Nothing needs you.", style="green")


def _figures(it: Mapping[str, Any]) -> Columns:
    now, events, p95 = it["now"], it["events"], it["now"]["answer_seconds_p95"]
    figures = [
        ("events now", f"{number(now['events_per_second'])}/s"),
        ("requests now", f"{number(now['answers_per_second'])}/s"),
        ("answered within", NONE if p95 is None else duration(p95)),
        ("since the start", number(events["kept"])),
        *([] if events["last_hour"] is None else [("last hour", number(events["last_hour"]))]),
        ("rejected", number(events["rejected"])),
        ("dead letters", number(it["dead_letters"]["events"])),
    ]
    return Columns([_figure(name, value) for name, value in figures], padding=(0, 3))


def _figure(name: str, value: str) -> Text:
    return Text(f"{name} ", style="dim").append(value, style="not dim bold")


def _sparks(history: OverviewHistory) -> Table:
    """The last hour, a line each."""
    table = Table.grid(padding=(0, 2))
    for name, values, written in (
        ("events/s", history.events, number),
        ("answers", history.answer_seconds, duration),
        ("waiting", history.waiting, number),
    ):
        if values:
            line, most = spark(values)
            table.add_row(Text(name, style="dim"), Text(line, style="cyan"), Text(f"≤ {written(most)}", style="dim"))
    return table


def spark(values: Mapping[float, float], columns: int = SPARK_COLUMNS) -> tuple[str, float]:
    """The last hour in so many columns, each as high as what was most in its time; and the most of all."""
    end = max(values)
    width = 3600 / columns
    highest: list[float | None] = [None] * columns
    for at, value in values.items():
        place = columns - 1 - int((end - at) / width)
        if 0 <= place < columns:
            highest[place] = max(value, highest[place] or 0.0)
    most = max(values.values())
    steps = len(BARS) - 1

    def bar(value: float | None) -> str:
        return BARS[0] if value is None else BARS[max(1, round(steps * value / most))] if most else BARS[1]

    return "".join(map(bar, highest)), most


def _sinks(sinks: Mapping[str, Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    for name in ("sink", "state", "breaker"):
        table.add_column(name)
    for name in ("waiting", "oldest", "pace", "retries", "set aside"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, sink in sinks.items():
        healthy = sink["healthy"]
        state = Text("healthy" if healthy else "not healthy", style="green" if healthy else "red")
        if sink["reason"]:
            state.append(f"\n{_plain(sink['reason'])}", style="dim")
        waiting = sink["queued_events"]
        table.add_row(
            Text(_plain(name, 40)),
            state,
            Text(_plain(sink["breaker"], 40).replace("_", " ")),
            number(waiting) + (f" ({size(sink['queued_bytes'])})" if sink["queued_bytes"] else ""),
            duration(sink["oldest_seconds"]) if waiting else NONE,
            f"{number(sink['drain_rate'])}/s",
            number(sink["retries"]),
            number(sink["dead_letters"]),
        )
    return table


def _spool(it: Mapping[str, Any]) -> Text:
    spool, in_flight = it["spool"], it["in_flight"]
    text = Text("spool ", style="dim").append(size(spool["bytes"]), style="not dim")
    text.append(f" of {size(spool['max_bytes'])}", style="dim")
    return text.append(f"   waiting for an answer {counted(int(in_flight['events']), 'event')}", style="dim")


def _llm(llm: Mapping[str, Any]) -> Text:
    text = Text("language model ", style="dim")
    text.append(
        "healthy" if llm["healthy"] else "not healthy", style="not dim green" if llm["healthy"] else "not dim red"
    )
    share = NONE if llm["share_applied"] is None else f"{100 * llm['share_applied']:.1f} %"
    text.append(
        f"   breaker {_plain(llm['circuit_breaker'], 40).replace('_', ' ')}   templates {number(llm['templates'])}"
        f"   events with a verdict {share}   tokens today {number(llm['tokens_today'])}"
        f"   cost today {number(llm['cost_today'])}"
    )
    return text.append(f"   {_plain(llm['reason'])}") if llm["reason"] else text


def _ranking(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column(title, overflow="ellipsis", no_wrap=True, min_width=len(title), max_width=44)
    table.add_column("", justify="right", no_wrap=True)
    for row in rows[:RANKED]:
        table.add_row(Text(_plain(row["name"])), number(row["count"]))
    return table
