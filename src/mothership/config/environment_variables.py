"""Every key's environment variable: the specification's name, or `MOTHERSHIP_` and the key with `__` for its dots."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from types import UnionType
from typing import Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from mothership.config.document import Fault, Location, parse
from mothership.yaml_errors import UNREADABLE

CONFIG_VARIABLE = "MOTHERSHIP_CONFIG"
OTHERS = frozenset({CONFIG_VARIABLE, "MOTHERSHIP_TOKEN", "MOTHERSHIP_EMBEDDED_DSN"})
"""What is read beside the keys: the file's name, `send`'s token, and what a supervisor tells its workers."""

_OURS = ("MOTHERSHIP_", "LOKI_", "TSDB_", "TIMESCALEDB_", "QUEUE_", "LLM_", "SINKS_", "RELAY_", "PIPELINE_")
_NOT_OURS = ("MOTHERSHIP_TEST_",)
_SERVICE_LINK = re.compile(r"(?:tcp|udp|sctp)://\S+:\d+", re.ASCII)
_SERVICE_NAME = re.compile(
    r"[A-Z0-9_]+_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PORT|PROTO|ADDR))?)",
    re.ASCII,
)
_SHORT_NAMES = {"timescaledb": "tsdb"}
"""What a part of the service is called elsewhere."""


class EnvironmentValues(NamedTuple):
    """What the environment says: values by key, and whose value was no list or mapping."""

    values: dict[Location, Any]
    names: dict[Location, str]
    faults: list[Fault]


def keys(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key with its pydantic field, sections before what they hold."""
    for name, field in model.model_fields.items():
        dotted = f"{prefix}{name}"
        yield dotted, field
        if inner := section(field.annotation):
            yield from keys(inner, f"{dotted}.")


def section(annotation: Any) -> type[BaseModel] | None:
    """The model behind an annotation, `Model` or `Model | None`, if there is one."""
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    models = [option for option in options if isinstance(option, type) and issubclass(option, BaseModel)]
    return models[0] if models else None


def variable(dotted: str, field: Any) -> str:
    """The environment variable of a key."""
    extra = field.json_schema_extra
    declared = extra.get("env") if isinstance(extra, dict) else None
    return declared if isinstance(declared, str) else by_rule(dotted)


def by_rule(dotted: str) -> str:
    """The name that a key's variable has unless the specification gives it another."""
    return "MOTHERSHIP_" + dotted.replace(".", "__").upper()


def variables(model: type[BaseModel]) -> dict[str, str]:
    """Every key that is no section, with its variable."""
    return {dotted: variable(dotted, field) for dotted, field in keys(model) if not section(field.annotation)}


def environment_values(model: type[BaseModel], environ: Mapping[str, str]) -> EnvironmentValues:
    """The keys whose variable is set. An empty variable counts as not set, as in compose files."""
    found = EnvironmentValues({}, {}, [])
    for dotted, field in keys(model):
        name = variable(dotted, field)
        text = environ.get(name, "")
        if not text or section(field.annotation) or _is_service_link(name, text):
            continue
        at = tuple(dotted.split("."))
        found.names[at] = name
        try:
            found.values[at] = _value(text, field)
        except UNREADABLE:
            found.faults.append(Fault(at, "can't be read: write it as in YAML, like `[one, two]` or `{name: value}`"))
    return found


def unknown_variables(model: type[BaseModel], environ: Mapping[str, str], read: Iterable[str]) -> list[str]:
    """One line for each variable that looks like one of Mothership's and that nothing reads: most likely a slip."""
    by_key = variables(model)
    known = {*by_key.values(), *OTHERS, *read}
    aliases = {alias: name for dotted, name in by_key.items() for alias in _aliases(dotted, name)}
    return [
        f"{name}: not a variable of Mothership{_meant(name, aliases)}"
        for name, value in environ.items()
        if name.startswith(_OURS)
        and not name.startswith(_NOT_OURS)
        and name not in known
        and not _SERVICE_NAME.fullmatch(name)
        and not _is_service_link(name, value)
    ]


def _meant(name: str, aliases: Mapping[str, str]) -> str:
    close = difflib.get_close_matches(name, aliases, n=1, cutoff=0.75)
    return f"; did you mean `{aliases[close[0]]}`?" if close else "; docs/reference/configuration.md has them all"


def _aliases(dotted: str, name: str) -> Iterator[str]:
    """What somebody may take a key's variable to be called."""
    yield name
    yield by_rule(dotted)
    parts = [part.upper() for part in dotted.split(".")]
    for start in range(len(parts) - 1):
        tail = parts[start:]
        yield "_".join(tail)
        yield "MOTHERSHIP_" + "_".join(tail)
        if short := _SHORT_NAMES.get(tail[0].lower()):
            yield "_".join([short.upper(), *tail[1:]])


def _is_service_link(name: str, text: str) -> bool:
    """Kubernetes sets `MOTHERSHIP_PORT=tcp://10.0.0.7:8443` in every pod beside a service called `mothership`."""
    return name.endswith("_PORT") and _SERVICE_LINK.fullmatch(text.strip()) is not None


def _value(text: str, field: Any) -> Any:
    """A text as it is, except for a list or a mapping, which is written as in YAML; a list also with commas."""
    extra = field.json_schema_extra
    kind = _collection(field.annotation)
    if kind is None or (isinstance(extra, dict) and "env" in extra):
        return text
    if kind is not dict and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    return parse(text)


def _collection(annotation: Any) -> Any:
    """The kind of collection that a setting is, if it is one."""
    origin = get_origin(annotation)
    if origin in (Union, UnionType):
        return next(filter(None, map(_collection, get_args(annotation))), None)
    return origin if origin in (tuple, list, frozenset, set, dict) else None
