"""Relative paths in a file, from where the file is: the same whatever directory the service is started in."""

from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel

from mothership.config.environment_variables import keys


def resolve(model: type[BaseModel], tree: dict[Any, Any], directory: Path) -> None:
    """Make every path of a tree absolute. What is no text stays, to be refused."""
    for dotted, field in keys(model):
        if not _is_path(field.annotation):
            continue
        *sections, last = dotted.split(".")
        node: Any = tree
        for part in sections:
            node = node.get(part) if isinstance(node, dict) else None
        if isinstance(node, dict) and last in node:
            node[last] = _from(directory, node[last])


def _is_path(annotation: Any) -> bool:
    """`Path`, `Path | None`, or a list of them."""
    return annotation is Path or any(map(_is_path, get_args(annotation)))


def _from(directory: Path, value: Any) -> Any:
    if isinstance(value, list):
        return [_from(directory, each) for each in value]
    return str(directory / value) if isinstance(value, str) and value else value
