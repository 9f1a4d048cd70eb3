"""AddTags, and where what we add is put."""

from collections.abc import Mapping
from typing import Any

from mothership.event import Batch, Event

own_tags_field = "mothership_tags"
"""Holds our tags when a node's `tags` is not an object, which is then left as it was."""


def tags_of(event: Event) -> dict[str, Any]:
    """Return the object that our tags go into, made when it is missing."""
    for field in ("tags", own_tags_field):
        tags = event.get(field)
        if isinstance(tags, dict):
            return tags
        if tags is None:
            made: dict[str, Any] = {}
            event[field] = made
            return made
    return {}  # the node sent both, neither an object: there is nowhere to put ours


class AddTags:
    """Adds the configured tags to every event, key by key; what a node put there stays."""

    name = "AddTags"

    def __init__(self, tags: Mapping[str, Any]) -> None:
        self._tags = dict(tags)

    def __call__(self, batch: Batch) -> None:
        """Tag every event."""
        ours = self._tags
        items = tuple(ours.items())
        for event in batch.events:
            if event.get("tags") is None:
                event["tags"] = ours.copy()
                continue
            tags = tags_of(event)
            for key, value in items:
                if tags.get(key) is None:
                    tags[key] = value
