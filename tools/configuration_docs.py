"""Writes docs/reference/configuration.md from the settings, and the manual pages; `--check` fails on a stale one."""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

import manual_pages  # beside this
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from mothership.config import keys, section, variable
from mothership.durations import format_duration

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "configuration.md"
NAMES = {
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "SecretStr": "secret",
    "NoneType": "null",
    "Path": "path",
    "dict": "mapping",
    "tuple": "list",
    "frozenset": "list",
    "timedelta": "duration",
    "AwareDatetime": "date and time",
}
"""Types in the words of YAML, not of Python."""

BOUNDS = {"Ge": "at least", "Gt": "more than", "Le": "at most", "Lt": "less than"}
INTRODUCTION = """\
# Configuration
Every configuration key, with its type, its default and its environment variable. This page is generated from the code
by `make docs`.

## Where a key is set
From lowest to highest precedence:

1. the defaults on this page;
2. a YAML file: `--config FILE`, otherwise `MOTHERSHIP_CONFIG`, otherwise `./config.yaml` if it exists;
3. environment variables.

Every key has an environment variable: `MOTHERSHIP_` followed by the key in capitals, with `__` for each dot, unless
this page gives it a shorter name. A list is written `[one, two]` or `one,two`, and a mapping `{name: value}`, as in
YAML. An empty variable counts as not set, and so does the service address that Kubernetes puts into `MOTHERSHIP_PORT`
(`tcp://10.0.0.7:8443`). A variable that looks like one of these but matches no key is logged as a warning.
The options `--host` and `--port` of `mothership serve` win over both.

`mothership init` writes a first file, with comments, after a few questions.

## Values
**Variables in YAML.** `${NAME}` in a YAML string is replaced by the environment variable, and `${NAME:-default}` by
`default` if the variable is unset or empty. `$${` stands for a literal `${`. Anything else is an error. So is a missing
variable, unless the key is set by its own environment variable or its section is disabled (`enabled: false`).

**Strings** stay strings, even if they look like something else: `no`, `010`, `22:30`, `1.10`.

**Paths** that are relative begin in the directory of the file that they stand in; in an environment variable they begin
in the directory where the service is started. What a connection string names (`sslrootcert` and others) is read as
PostgreSQL's own programs read it, from where the service is started.

**Durations** are numbers with units: `90 seconds`, `15 min`, `12h`, `1h30m`, `7 days`, `4 weeks`, or ISO 8601 such as
`P7DT12H`. A number without a unit is refused, because 90 could be seconds or days. Months and years are refused,
because their length varies. Keys that end in `_seconds` or `_days` take a plain number.

## Errors
Unknown keys, wrong types and contradictions stop the service with exit status 1. All errors are reported at once, one
per line, each with its place in the file or its variable. `mothership check` validates a configuration and shows what
it means without starting anything. Its output is itself a valid configuration, in which each secret is replaced by the
name of its environment variable.
"""


def main() -> int:
    """Write or check; the exit status."""
    page = render()
    if "--check" in sys.argv[1:]:
        stale = [PAGE] if PAGE.read_text(encoding="utf-8") != page else []
        for path in (*stale, *manual_pages.stale()):
            print(f"{path.name} is stale: run `make docs` and commit it", file=sys.stderr)
            stale = [*stale, path]
        return 1 if stale else 0
    PAGE.write_text(page, encoding="utf-8")
    manual_pages.write()
    return 0


def render() -> str:
    """The whole page: the sections in their order, each with its own keys and no other's."""
    entries = [(dotted, model) for dotted, field in keys() if (model := _element(field.annotation))]
    links = {dotted: f"[entries](#entries-of-{dotted.replace('.', '')})" for dotted, _ in entries}
    out = [INTRODUCTION]
    for name, description in _sections():
        out.append(f"\n## `{name}`\n{description}\n")
        for dotted, field in keys():
            if dotted.rpartition(".")[0] == name and not section(field.annotation):
                out.append(_key(dotted, field, variable=variable(dotted), entries=links.get(dotted, "")))
    for dotted, model in entries:
        out.append(f"\n## Entries of `{dotted}`\n{model.__doc__ or ''}\n")
        out += [_key(field.alias or name, field) for name, field in model.model_fields.items()]
    return "".join(out)


def _sections() -> Iterator[tuple[str, str]]:
    """The sections' names and descriptions, each before those that it holds."""
    for dotted, field in keys():
        if section(field.annotation):
            yield dotted, field.description or ""


def _key(key: str, field: Any, *, variable: str = "", entries: str = "") -> str:
    facts = [_type(field.annotation).replace("entries", entries) if entries else _type(field.annotation)]
    facts += [bound for bound in (_bounds(field),) if bound]
    facts.append(_default(field))
    facts += [f"`{variable}`"] if variable else []
    return f"\n#### `{key}`\n{' · '.join(facts)}\n\n{' '.join((field.description or '').split())}\n"


def _bounds(field: Any) -> str:
    """What a number must keep to, the lower bound first."""
    bounds = {type(bound).__name__: bound for bound in field.metadata if type(bound).__name__ in BOUNDS}
    if "Ge" in bounds and "Gt" in bounds:  # PositiveInt with a bound of its own
        bounds.pop("Gt" if bounds["Ge"].ge > bounds["Gt"].gt else "Ge")
    return ", ".join(
        f"{words} {getattr(bounds[kind], kind.lower()):g}" for kind, words in BOUNDS.items() if kind in bounds
    )


def _element(annotation: Any) -> type[BaseModel] | None:
    """The model of the entries, for a list or mapping of them."""
    options = get_args(annotation) if get_origin(annotation) in (list, tuple, dict) else ()
    return next((option for option in options if isinstance(option, type) and issubclass(option, BaseModel)), None)


def _type(annotation: Any) -> str:
    text = getattr(annotation, "__name__", None) if get_origin(annotation) is None else None
    if text is None:
        options = [_type(option) for option in get_args(annotation) if isinstance(option, type) or get_origin(option)]
        literal = [json.dumps(option) for option in get_args(annotation) if isinstance(option, str | int)]
        name = getattr(get_origin(annotation), "__name__", "")
        if literal:
            text = " or ".join(f"`{option}`" for option in literal)
        elif name in ("list", "tuple", "dict", "frozenset", "set"):
            text = (
                f"{name} of {' to '.join(options if name == 'dict' else dict.fromkeys(options))}" if options else name
            )
        else:
            text = " or ".join(dict.fromkeys(options))
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "entries"
    return " ".join(NAMES.get(word, word) for word in text.split(" "))


def _default(field: Any) -> str:
    if field.default is PydanticUndefined and field.default_factory is None:
        return "required"
    if field.default_factory is not None and getattr(field.default_factory, "__name__", "").startswith("default_"):
        return "default: see below"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "default hidden"
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    return f"default `{text}`"


def _plain(odd: Any) -> Any:
    if isinstance(odd, set | frozenset):
        return sorted(odd)
    if isinstance(odd, timedelta):
        return format_duration(odd)
    return odd.model_dump(mode="json", exclude_defaults=True) if isinstance(odd, BaseModel) else str(odd)


if __name__ == "__main__":
    raise SystemExit(main())
