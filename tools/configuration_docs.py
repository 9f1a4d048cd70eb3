"""Writes docs/reference/configuration.md from the settings; with --check, fails when the file is stale."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

from mothership.config import keys, section, variable
from mothership.durations import format_duration

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "configuration.md"
HEAD = "\n| key | type | default | variable | meaning |\n| --- | --- | --- | --- | --- |\n"
NAMES = {
    "str": "text",
    "int": "integer",
    "float": "number",
    "bool": "true/false",
    "SecretStr": "secret",
    "NoneType": "null",
    "Path": "path",
    "dict": "mapping",
    "tuple": "list",
    "frozenset": "list",
    "timedelta": "duration",
}
INTRODUCTION = """\
# Configuration
Every key, made from the code by `make docs`. Where a key can be set:

1. defaults, as below;
2. a YAML file: `--config FILE`, else `MOTHERSHIP_CONFIG`, else `./config.yaml` when it is there;
3. environment variables: every key has one, in the table. It is `MOTHERSHIP_` and the key with `__` for its dots,
   unless the table gives it a shorter name. A list is written `[one, two]` or `one,two`, a mapping `{name: value}`, as
   in YAML. An empty variable counts as not set, and so does the address that Kubernetes puts into
   `MOTHERSHIP_PORT` (`tcp://10.0.0.7:8443`). A variable that looks like one of these and is none gets a warning.

The later wins. `${NAME}` in a YAML text is taken from the environment, `${NAME:-default}` with a text for when it is
not set or empty; `$${` is the text `${` itself, and any other form is an error. A missing variable is an error that
names it, unless the key is set by its own variable or its section is switched off (`enabled: false`). YAML texts that
look like something else stay texts: `no`, `010`, `22:30`, `1.10`.

A duration is a number with its unit (`90 seconds`, `15 min`, `12h`, `1h30m`, `7 days`, `4 weeks`, or ISO 8601 such as
`P7DT12H`); a bare number is refused, because nobody can tell whether 90 is seconds or days, and so are months and
years, which differ in length. Keys that end in `_seconds` or `_days` take a number.

Unknown keys, wrong types and contradictions end the start with exit status 1, all at once, a line for each, with its
place in the file or its variable. `mothership check` shows what a configuration means without starting anything; what
it prints loads again, with the variable's name for each secret.
"""


def main() -> int:
    """Write or check the page; the exit status."""
    page = render()
    if "--check" in sys.argv[1:]:
        if PAGE.read_text(encoding="utf-8") != page:
            print(f"{PAGE.name} is stale: run `make docs` and commit it", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(page, encoding="utf-8")
    return 0


def render() -> str:
    """The whole page."""
    out = [INTRODUCTION]
    for dotted, field in keys():
        if section(field.annotation):
            out.append(f"\n## `{dotted}`\n{field.description or ''}\n")
            continue
        if not out[-1].startswith("| "):
            out.append(HEAD)
        out.append(_row(dotted, field, variable(dotted)))
    elements = [(dotted, model) for dotted, field in keys() if (model := _element(field.annotation))]
    for dotted, model in elements:
        out += [f"\n## An entry of `{dotted}`\n{model.__doc__ or ''}\n", HEAD]
        out += [_row(field.alias or name, field) for name, field in model.model_fields.items()]
    return "".join(out)


def _row(key: str, field: Any, env: str = "") -> str:
    return (
        f"| `{key}` | {_type(field.annotation)} | {_default(field)} | {f'`{env}`' if env else ''} "
        f"| {_cell(field.description or '')} |\n"
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
            text = f"{name} of {' to '.join(dict.fromkeys(options))}" if options else name
        else:
            text = " or ".join(dict.fromkeys(options))
    return " ".join(
        "entries (below)" if word.endswith("Settings") else NAMES.get(word, word) for word in text.split(" ")
    ).replace("|", "\\|")


def _default(field: Any) -> str:
    if field.default is PydanticUndefined and field.default_factory is None:
        return "required"
    if field.default_factory is not None and getattr(field.default_factory, "__name__", "").startswith("default_"):
        return "see right"
    value = field.get_default(call_default_factory=True, validated_data={})
    if isinstance(value, SecretStr):
        return "hidden"
    text = json.dumps(value, default=_plain, ensure_ascii=False)
    return f"`{_cell(text)}`"


def _plain(odd: Any) -> Any:
    if isinstance(odd, set | frozenset):
        return sorted(odd)
    if isinstance(odd, timedelta):
        return format_duration(odd)
    return odd.model_dump(mode="json", exclude_defaults=True) if isinstance(odd, BaseModel) else str(odd)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


if __name__ == "__main__":
    raise SystemExit(main())
