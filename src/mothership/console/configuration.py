"""The configuration that is in force: what differs from the defaults, what it means, and what a check says of it."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from starlette.requests import Request

from mothership.config import Settings
from mothership.config.meaning import printed, sentences
from mothership.config.warnings import unwise
from mothership.console.page import Page

Tree = Mapping[str, Any]


def page(settings: Callable[[], Settings]) -> Page:
    """The page. `settings` tells those that are in force now."""

    async def content(_request: Request) -> Mapping[str, Any]:
        now = settings()
        in_force = printed(now)
        return {
            "meanings": list(sentences(now)),
            "warnings": [str(each) for each in unwise(now)],
            "different": [
                {"key": key, "value": _written(value), "default": _written(default)}
                for key, value, default in differences(in_force, printed(Settings()))
            ],
            "in_force": in_force,
            "text": yaml.safe_dump(in_force, sort_keys=False, width=110, allow_unicode=True),
        }

    return Page("/configuration", "Configuration", "configuration.html", content)


def differences(in_force: Tree, defaults: Tree, at: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Each key whose value is not the default, with both."""
    for name, value in in_force.items():
        key, default = f"{at}{name}", defaults.get(name)
        if isinstance(value, Mapping) and isinstance(default, Mapping) and default:
            yield from differences(value, default, f"{key}.")
        elif value != default:
            yield key, value, default


def _written(value: Any) -> str:
    """As in a file, on one line where it is short."""
    if value is None or value in ("", [], {}):
        return "-"
    text = yaml.safe_dump(value, default_flow_style=True, width=1000, allow_unicode=True)
    return str(text).removesuffix("...\n").strip()
