"""A question as LogQL, to paste into Grafana: labels where it has them, the fields of the line for all else."""

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from mothership.search.parameters import iso_time
from mothership.search.query import FIELDS, SEVERITIES, EventQuery

LABELS = frozenset({"type", "service", "site"})
"""Fields that are labels. Severity is one as well, spelled as the event spells it: its number says more."""
ANYTHING = 'type=~".+"'
PATHS = {"source": "source", "severity": "severity_num"}
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def as_logql(query: EventQuery) -> str:
    """The same events, as far as LogQL can say it; a comment names what it can't, and the time, which is Grafana's."""
    comments, expressions, filters = list(_times(query)), dict[str, str](), list[str]()
    for field in FIELDS:
        for operator, values in (("", query.values(field)), ("!", query.values(field, excluded=True))):
            if values and field not in LABELS:
                expressions[PATHS[field]] = PATHS[field]
                wanted = [str(SEVERITIES.index(value)) if field == "severity" else value for value in values]
                filters.append(_matches(PATHS[field], operator, wanted))
    if query.severity_at_least is not None:
        expressions["severity_num"] = "severity_num"
        filters.append(f"severity_num <= {query.severity_at_least}")
    for text in query.has:
        leaves = list(_leaves(orjson.loads(text)))
        for path, value in leaves:
            if path is None:
                comments.append(f"# not said in LogQL: data @> {text}")
                continue
            name = f"has_{len(expressions)}"
            expressions[name] = path
            filters.append(f"{name} = {_quoted(value)}")
    comments += [f"# not said in LogQL: NOT data @> {text}" for text in query.lacks]
    lines = [f"|~ {_quoted(_ignoring_case(word))}" for word in query.words]
    lines += [f"!~ {_quoted(_ignoring_case(word))}" for word in query.without_words]
    if expressions:
        lines.append("| json " + ", ".join(f"{name}={_quoted(path)}" for name, path in expressions.items()))
        lines += [f"| {each}" for each in filters]
    return "\n".join([*comments, "{" + (", ".join(_labels(query)) or ANYTHING) + "}", *lines])


def _times(query: EventQuery) -> Iterator[str]:
    if query.since is not None:
        yield f"# from {iso_time(query.since)}"
    if query.until is not None:
        yield f"# to {iso_time(query.until)}"


def _labels(query: EventQuery) -> Iterator[str]:
    has_value = False
    found = []
    for field in sorted(LABELS):
        if values := query.values(field):
            has_value = True
            found.append(_matches(field, "", values))
        if values := query.values(field, excluded=True):
            found.append(_matches(field, "!", values))
    if found and not has_value:  # Loki wants one that can't be empty
        yield ANYTHING
    yield from found


def _matches(name: str, operator: str, values: list[str]) -> str:
    if len(values) == 1:
        return f"{name}{operator or ''}={_quoted(values[0])}"
    return f"{name}{operator or '='}~{_quoted('|'.join(map(_escaped, values)))}"


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str | None, str]]:
    """The scalars of an object by their path; None for what has none that LogQL can name."""
    for key, part in value.items():
        name = key if _NAME.fullmatch(key) else f"[{json.dumps(key, ensure_ascii=False)}]"
        here = f"{path}.{name}" if path and not name.startswith("[") else f"{path}{name}"
        if isinstance(part, dict) and part:
            yield from _leaves(part, here)
        elif isinstance(part, dict | list) or part is None:
            yield None, ""
        else:
            yield here, part if isinstance(part, str) else orjson.dumps(part).decode()


def _ignoring_case(word: str) -> str:
    """As it is spelled inside a line of JSON."""
    return "(?i)" + _escaped(orjson.dumps(word).decode()[1:-1])


def _escaped(text: str) -> str:
    """For RE2, which escapes punctuation alone."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _quoted(text: str) -> str:
    """A text in LogQL, as in Go."""
    return json.dumps(text, ensure_ascii=False)
