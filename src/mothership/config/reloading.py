"""What of a changed configuration can be used without a restart, and what can't."""

from typing import Any, NamedTuple

from pydantic import BaseModel

from mothership.config import keys, section
from mothership.config.settings import Settings

RELOADABLE = ("log", "auth", "limits", "inputs", "pipeline.processors")
"""These sections are used from the next request on."""
FIXED = frozenset(
    {
        # Of the listening socket and of connections that are open.
        *("limits.header_bytes", "limits.headers", "limits.head_seconds", "limits.keep_alive_seconds"),
        *("limits.connections", "limits.connections_per_client", "auth.trusted_proxies", "auth.session_seconds"),
        # Pseudonyms and fingerprints are made with it, by all workers and instances alike.
        "pipeline.processors.redaction.salt",
        "pipeline.processors.enrichment.timestamps.new_chunks_per_hour",
    }
)
"""And these keys in them are not."""


class Reload(NamedTuple):
    """A new configuration, as far as it can be used now."""

    settings: Settings
    """The old one with what can be changed of the new one."""
    changed: list[str]
    """The dotted keys that are used now."""
    needs_restart: list[str]
    """And those that are not before a restart."""


def plan(old: Settings, new: Settings) -> Reload:
    """Compare, key by key."""
    different = [
        dotted
        for dotted, field in keys()
        if not section(field.annotation) and _value(old, dotted) != _value(new, dotted)
    ]
    changed = [dotted for dotted in different if _is_reloadable(dotted)]
    settings = old
    for dotted in changed:
        settings = _with(settings, dotted.split("."), _value(new, dotted))
    return Reload(settings, changed, [dotted for dotted in different if dotted not in changed])


def _is_reloadable(dotted: str) -> bool:
    return dotted not in FIXED and any(dotted.startswith(f"{name}.") for name in RELOADABLE)


def _value(model: BaseModel, dotted: str) -> Any:
    value: Any = model
    for part in dotted.split("."):
        value = getattr(value, part, None)
    return value


def _with(model: Any, parts: list[str], value: Any) -> Any:
    """The same with one value changed, however deep."""
    name, *rest = parts
    return model.model_copy(update={name: _with(getattr(model, name), rest, value) if rest else value})
