"""Composes the settings that live beside what they set. The only reader of the environment.

Defaults < YAML file (`--config`, `MOTHERSHIP_CONFIG`, `./config.yaml`) < environment. A relative path in the file
begins where the file is; in a variable, where the service was started.
"""

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, TypeAdapter, ValidationError

from mothership.config import environment_variables, relative_paths
from mothership.config.document import Document, Fault, Location, Missing, escaped, read
from mothership.config.environment_variables import CONFIG_VARIABLE, EnvironmentValues, section
from mothership.config.settings import ABOUT, HOST, Settings, contradictions
from mothership.errors import ConfigurationError

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to be narrowed
"""Every address of the machine, and the one that only the machine itself reaches."""

__all__ = [
    "CONFIG_VARIABLE",
    "Loaded",
    "Settings",
    "escaped",
    "file",
    "keys",
    "load",
    "load_all",
    "plain_secrets",
    "section",
    "variable",
]


class Loaded(NamedTuple):
    """A configuration that can be used, and what is odd about it all the same."""

    settings: Settings
    warnings: list[str]


def load(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration, or raise `ConfigurationError` with one line for each fault."""
    return load_all(path, environ).settings


def load_all(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    look: Callable[[Settings], list[str]] = lambda _: [],
) -> Loaded:
    """Read the configuration and its warnings, or raise `ConfigurationError` with a line for each fault, all at once.

    `look` tells further faults of settings; where there are faults already, of those that are left: what is faulty is
    then as by default.
    """
    environ = os.environ if environ is None else environ
    document = read(file(path, environ))
    given = environment_variables.environment_values(Settings, environ)
    tree, faults = document.filled(environ)
    tree = _without_empty(tree, Settings)
    if document.directory is not None:
        relative_paths.resolve(Settings, tree, document.directory)
    for location, value in given.values.items():
        _put(tree, location, value)
    faults += given.faults + list(_take_out_missing(tree, tree, ()))
    warnings = environment_variables.unknown_variables(Settings, environ, document.variables)
    sections, more = _validated(tree)
    found = [fault.location for fault in faults]
    faults += [fault for fault in more if not _follows(fault.location, found)]
    faulty = {fault.location[0] for fault in faults}
    usable = Settings.model_construct(**{**_defaults(), **sections})
    against = [fault for fault in contradictions(usable) if faulty.isdisjoint(ABOUT[fault.location])]
    narrow = LOOPBACK.get(usable.server.host)
    for fault in against:
        if fault.location == HOST and narrow and HOST not in given.names:
            # It stands in the specification's example, which has no credentials. A variable is meant for this machine.
            sections["server"] = usable.server.model_copy(update={"host": narrow})
            reason = f"it listens on {narrow} only, because {fault.reason}"
            warnings.append(_told(Fault(HOST, reason), document, given))
        else:
            faults.append(fault)
    lines = [_told(fault, document, given) for fault in faults]
    lines += [_placed(line, document, given) for line in look(usable)]
    if lines:
        raise ConfigurationError(lines)
    return Loaded(Settings(**sections), warnings)


def plain_secrets(path: Path) -> list[str]:
    """The keys of a file whose value is a secret in the clear, and no variable."""
    secret = {dotted for dotted, field in keys() if "SecretStr" in str(field.annotation) or not field.repr}
    return [dotted for dotted in sorted(secret) if _is_plain(read(path).tree, dotted.split("."))]


def _is_plain(node: Any, parts: list[str]) -> bool:
    for part in parts:
        node = node.get(part) if isinstance(node, dict) else None
    return isinstance(node, str | list | dict) and bool(node) and "${" not in str(node)


def keys() -> Iterator[tuple[str, Any]]:
    """Every dotted key with its pydantic field, sections before what they hold."""
    return environment_variables.keys(Settings)


def variable(dotted: str) -> str:
    """The environment variable of a key; for a part of a list or mapping, what the rule makes of it."""
    return environment_variables.variables(Settings).get(dotted) or environment_variables.by_rule(dotted)


def _defaults() -> dict[str, Any]:
    return {name: field.get_default(call_default_factory=True) for name, field in Settings.model_fields.items()}


def file(path: Path | None = None, environ: Mapping[str, str] | None = None) -> Path | None:
    """The file that is read: the one that is named, or the variable's, or `./config.yaml`; None when there is none."""
    environ = os.environ if environ is None else environ
    if path is None and (named := environ.get(CONFIG_VARIABLE)):
        path = Path(named)
    if path is not None:
        return path
    here = Path("config.yaml")
    return here if here.exists() else None


def _without_empty(tree: dict[Any, Any], model: type[BaseModel]) -> dict[Any, Any]:
    """The same without sections that hold nothing, as when all their lines are commented out."""
    kept = {}
    for key, value in tree.items():
        field = model.model_fields.get(key)
        inner = section(field.annotation) if field else None
        if inner and value is None:
            continue
        kept[key] = _without_empty(value, inner) if inner and isinstance(value, dict) else value
    return kept


def _put(tree: dict[Any, Any], location: Location, value: Any) -> None:
    """Set a key. What is no section where one belongs stays, to be refused."""
    *sections, last = location
    node: Any = tree
    for part in sections:
        node = node.setdefault(part, {})
        if not isinstance(node, dict):
            return
    node[last] = value


def _take_out_missing(tree: dict[Any, Any], node: Any, at: Location) -> Iterator[Fault]:
    """Take out the values whose variable is not set: a fault each, except in a part that is switched off."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    missing = []
    for key, value in items:
        here = (*at, key)
        if isinstance(value, Missing):
            missing.append(key)
            if not _is_off(tree, here):
                reason = f"the environment variable {value.variable} is not set"
                yield Fault(here, f"{reason} (`${{{value.variable}:-}}` stands for an empty text then)")
        else:
            yield from _take_out_missing(tree, value, here)
    for key in reversed(missing):
        del node[key]


def _is_off(tree: dict[Any, Any], location: Location) -> bool:
    """Is one of the sections around a key switched off by its `enabled`, as said or by default?"""
    model: type[BaseModel] | None = Settings
    node: Any = tree
    for part in location:
        field = model.model_fields.get(str(part)) if model else None
        model = section(field.annotation) if field else None
        node = node.get(part) if isinstance(node, dict) else None
        if model is None or "enabled" not in model.model_fields or not isinstance(node, dict):
            continue
        try:
            if not _SWITCH.validate_python(node.get("enabled", model.model_fields["enabled"].default)):
                return True
        except ValidationError:
            pass
    return False


_SWITCH: TypeAdapter[bool] = TypeAdapter(bool)


def _validated(tree: dict[Any, Any]) -> tuple[dict[str, Any], list[Fault]]:
    """Every section that can be used, and what is wrong with the others."""
    sections: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, value in tree.items():
        field = Settings.model_fields.get(name)
        model = section(field.annotation) if field else None
        if model is None:
            faults.append(Fault((str(name),), f"unknown key{_nearest(str(name), list(Settings.model_fields))}"))
            continue
        try:
            sections[name] = model.model_validate(value)
        except ValidationError as error:
            faults += _one_a_key(name, error.errors(include_url=False))
    return sections, faults


_KINDS = {"str": "a text", "int": "a number", "float": "a number", "bool": "true or false"}
"""What stands behind the key in the place of a fault when a value may be of several kinds, and in words."""
_EXPECTED = {"string": "a text", "int": "a whole number", "float": "a number", "bool": "true or false"}
"""What pydantic calls the kind of a value that can't be read as one, and in words."""


def _one_a_key(name: str, details: list[Any]) -> Iterator[Fault]:
    """The faults of a section. A value that may be of several kinds fails once a kind, and is told once."""
    kinds: dict[Location, dict[str, None]] = {}
    told: set[Location] = set()
    for detail in details:
        if detail["loc"] and detail["loc"][-1] in _KINDS:
            kinds.setdefault(detail["loc"][:-1], {})[_KINDS[detail["loc"][-1]]] = None
    for detail in details:
        key = detail["loc"][:-1]
        words = kinds.get(key, {}) if detail["loc"] and detail["loc"][-1] in _KINDS else {}
        if len(words) < 2:  # noqa: PLR2004 - of one kind alone it is a key that is called so
            yield _fault(name, detail)
        elif key not in told:
            told.add(key)
            yield Fault((name, *key), f"must be one of: {', '.join(words)}")


def _fault(name: str, detail: Any) -> Fault:
    """What is wrong where. Never the value: it may be a secret."""
    inner = [part for part in detail["loc"] if not (isinstance(part, str) and part.startswith("function-"))]
    location: Location = (name, *inner)
    if detail["type"] == "extra_forbidden":
        return Fault(location, f"unknown key{_nearest(str(location[-1]), _siblings(location[:-1]))}")
    if detail["type"] == "model_type":
        return Fault(location, "must be a section, with its keys below it")
    if words := _EXPECTED.get(detail["type"].removesuffix("_parsing").removesuffix("_type")):
        return Fault(location, f"must be {words}")
    reason = detail["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return Fault(location, reason.replace("Input should be", "must be", 1))


def _follows(location: Location, found: list[Location]) -> bool:
    """Is a fault there only because something below or at it was taken out?"""
    return any(other[: len(location)] == location for other in found)


def _told(fault: Fault, document: Document, given: EnvironmentValues) -> str:
    """One line: where the value stands, the dotted key, the reason."""
    dotted = ""
    for part in fault.location:
        dotted += f"[{part}]" if isinstance(part, int) else f"{'.' if dotted else ''}{part}"
    return ": ".join(filter(None, (_where(fault.location, document, given), dotted, fault.reason)))


def _placed(line: str, document: Document, given: EnvironmentValues) -> str:
    """The same for a line that begins with its key."""
    key = re.match(r"[a-z_.]*", line)
    where = _where(tuple(key[0].split(".")), document, given) if key else ""
    return f"{where}: {line}" if where else line


def _where(location: Location, document: Document, given: EnvironmentValues) -> str:
    """The variables that say a value or a part of it, or else its place in the file."""
    size = len(location)
    names = [name for at, name in given.names.items() if at[:size] == location or location[: len(at)] == at]
    return ", ".join(names) or document.where(location)


def _siblings(location: Location) -> list[str]:
    model: type[BaseModel] | None = Settings
    for part in location:
        field = model.model_fields.get(str(part)) if model else None
        model = section(field.annotation) if field else None
    return list(model.model_fields) if model else []


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    return f"; did you mean `{close[0]}`?" if close else (f"; known here: {', '.join(sorted(known))}" if known else "")
