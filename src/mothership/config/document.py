"""The YAML file: what it says, where each thing stands in it, and the variables that it quotes.

Only what can't mean anything else is no text: `true`, `false`, `null` and numbers in their plain spelling. `no`,
`010`, `22:30`, `1.10` and `2026-01-01`, which YAML 1.1 would make false, 8, 1350, 1.1 and a date of, stay as written;
a setting that wants a number or a switch reads them all the same.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import yaml

from mothership.errors import ConfigurationError
from mothership.yaml_errors import UNREADABLE

Location: TypeAlias = tuple[str | int, ...]
"""Keys and positions from the top to a value."""

_QUOTED = re.compile(r"\$(\$)?\{([^}]*)(\}?)")
_NAME = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(?::-(.*))?", re.ASCII | re.DOTALL)
_BAD_FORM = "write `${NAME}` or `${NAME:-default}` for a variable, and `$${` for the text `${` itself"


class Fault(NamedTuple):
    """Something that is wrong, and with what."""

    location: Location
    reason: str


class Missing(NamedTuple):
    """Stands for a value that quotes a variable which is not set."""

    variable: str


class Document:
    """One file, or none."""

    def __init__(self, path: Path | None, tree: dict[Any, Any], root: yaml.Node | None) -> None:
        self.path = path
        self.tree = tree
        self._root = root

    def where(self, location: Location) -> str:
        """`config.yaml:3` for the line of the value, or of the nearest thing around it that the file has; or ''."""
        line = _line(self._root, location) if location else None
        return f"{self.path}:{line}" if line else ""

    @property
    def directory(self) -> Path | None:
        """Where a file on disk lies, by the name that it was given: Kubernetes' files are links to elsewhere."""
        return self.path.absolute().parent if self.path and self.path.is_file() else None

    @property
    def variables(self) -> set[str]:
        """The names that are quoted."""
        named = (_NAME.fullmatch(match[2]) for _, text in _texts(self.tree) for match in _QUOTED.finditer(text))
        return {name[1] for name in named if name}

    def filled(self, environ: Mapping[str, str]) -> tuple[dict[Any, Any], list[Fault]]:
        """The tree with every quoted variable's value, or `Missing`, in its place; and forms that mean nothing."""
        faults: list[Fault] = []
        tree: dict[Any, Any] = _filled(self.tree, environ, (), faults)
        return tree, faults


def read(path: Path | None) -> Document:
    """Read a file, or raise `ConfigurationError` when it is no YAML mapping."""
    if path is None:
        return Document(None, {}, None)
    try:
        loader = _Loader(path.read_text(encoding="utf-8-sig"))
        root = loader.get_single_node()
        tree = None if root is None else loader.construct_document(root)
    except OSError as error:
        raise ConfigurationError([f"{path}: can't be read: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigurationError([f"{path}: is not UTF-8 text"]) from None
    except UNREADABLE as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "bad syntax"
        raise ConfigurationError([f"{path}{where}: can't be read as YAML: {problem}"]) from None
    if tree is None:
        return Document(path, {}, None)
    if not isinstance(tree, dict):
        raise ConfigurationError([f"{path}: is not a mapping of keys; it should begin like `server:`"])
    try:
        for _ in _texts(tree):
            pass
    except RecursionError:
        raise ConfigurationError([f"{path}: a part of it contains itself"]) from None
    return Document(path, tree, root)


def parse(text: str) -> Any:
    """Read a variable's text as the file would be read, or raise one of `UNREADABLE`."""
    return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader


def escaped(text: str) -> str:
    """The text as it is written into a file, to be read as itself."""
    return text.replace("${", "$${")


class _Loader(yaml.SafeLoader):
    """Takes for no text only what can't be meant as one; refuses a key that stands twice: the last would win."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 - the library's own way

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """The mapping, or an error that names the key and its line."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key.value}` is there twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)

    def construct_number(self, node: yaml.ScalarNode) -> float | str:
        """A number that is written back as it stands; `1.10` is a text, which a setting for numbers reads as well."""
        text = str(node.value)
        number = float(text)
        return number if repr(number) == text else text


for _tag, _form, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"-?(?:0|[1-9][0-9]{0,17})", "-0123456789"),
    ("number", r"-?(?:0|[1-9][0-9]*)\.[0-9]+", "-0123456789"),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), list(_first))
_Loader.add_constructor("tag:yaml.org,2002:number", _Loader.construct_number)


def _filled(node: Any, environ: Mapping[str, str], at: Location, faults: list[Fault]) -> Any:
    if isinstance(node, dict):
        return {key: _filled(value, environ, (*at, key), faults) for key, value in node.items()}
    if isinstance(node, list):
        return [_filled(value, environ, (*at, position), faults) for position, value in enumerate(node)]
    return _text(node, environ, at, faults) if isinstance(node, str) and "${" in node else node


def _text(text: str, environ: Mapping[str, str], at: Location, faults: list[Fault]) -> "str | Missing":
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        if match[1]:
            return match[0][1:]
        form = _NAME.fullmatch(match[2])
        if form is None or not match[3] or "${" in match[2]:
            faults.append(Fault(at, f"`${{` begins a form that is not known here: {_BAD_FORM}"))
            return ""
        name, default = form.groups()
        if default is not None:
            return environ.get(name) or default
        if name not in environ:
            missing.append(name)
        return environ.get(name, "")

    filled = _QUOTED.sub(value, text)
    return Missing(missing[0]) if missing else filled


def _texts(node: Any, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Every text with its place."""
    if isinstance(node, str):
        yield at, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*at, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _texts(value, (*at, position))


def _line(node: yaml.Node | None, location: Location) -> int | None:
    """The line of the key that leads to a value, as deep as the file goes."""
    line = None
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line
