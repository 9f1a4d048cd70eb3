"""`Templates`: every message reduced to its template, whose id goes on the event as `template_id`.

It runs after redaction, so no template holds what redaction took out. With the ids on the events,
`SELECT data->>'template_id', count(*) FROM events GROUP BY 1` is a table of patterns; the LLM is asked once a template
instead of once an event.
"""

import asyncio
import json
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Lock

from pydantic import BaseModel, Field, PositiveInt

from mothership import telemetry
from mothership.data_directory import write_atomically
from mothership.event import Batch, Event
from mothership.pipeline.templates.template_tree import Template, TemplateTree
from mothership.telemetry import log

_FORMAT = 2
_SAVE_EVERY_SECONDS = 300.0


class TemplateSettings(BaseModel, frozen=True, extra="forbid"):
    """Messages reduced to templates."""

    enabled: bool = Field(
        default=False,
        description="Store a `template_id` on every event that has a message. With `llm.enabled` they are stored, too, "
        "but while the endpoint has never given a verdict and gives none, events pass without.",
    )
    fields: tuple[str, ...] = Field(
        default=("message", "raw_message", "error"),
        min_length=1,
        description="Fields that may hold the message; the first one with text counts.",
    )
    similarity: float = Field(
        default=0.7,
        gt=0.0,
        le=1.0,
        description="Share of equal tokens from which two messages of the same length share a template.",
    )
    templates_max: PositiveInt = Field(
        default=10_000,
        le=1_000_000,
        description="Templates kept in memory; past it the one not seen for longest is forgotten.",
    )
    message_chars_max: PositiveInt = Field(
        default=1_000, le=100_000, description="Characters of a message that are looked at; the rest is ignored."
    )


class Templates:
    """Sets `template_id`, and knows each template's text by its id.

    With `state` the templates learnt are read from that file at the start and written there by `save` and, while `run`
    runs and there are new ones, every five minutes, so that a restart changes no id. The file holds nothing that
    redaction took out.
    """

    name = "Templates"

    def __init__(self, settings: TemplateSettings, *, state: Path | None = None) -> None:
        self._settings = settings
        self._state = state
        self._saved_changes = 0
        self._writing = Lock()
        self._tree = TemplateTree(similarity=settings.similarity, templates_max=settings.templates_max)
        self._known: OrderedDict[str, Template] = OrderedDict()
        self._worthwhile: Callable[[], bool] = lambda: True
        self._load()

    def __call__(self, batch: Batch) -> None:
        """Set `template_id` on each event with a message, unless the event came with a field of that name."""
        if not self._worthwhile():
            return
        known, find, usual = self._known, self._tree.template, self._settings.fields[0]
        chars = self._settings.message_chars_max
        client = batch.client
        for event in batch.events:
            if "template_id" in event:
                continue
            message = event.get(usual)
            if message.__class__ is not str or not message or message.isspace():
                message = self._message(event)
                if not message:
                    continue
            template = find(message if len(message) <= chars else message[:chars], client)
            identity = template.id
            if known.get(identity) is not template:
                identity = known.setdefault(identity, template).id
            event["template_id"] = identity
        while len(known) > 2 * self._settings.templates_max:
            known.popitem(last=False)
        telemetry.templates_known.set(self._tree.count)

    def suspend_unless(self, worthwhile: Callable[[], bool]) -> None:
        """Set ids only while this says that somebody uses them, unless the settings want them in any case."""
        if not self._settings.enabled:
            self._worthwhile = worthwhile

    def template_of(self, event: Event) -> Template | None:
        """Tell the template that this instance gave to an event."""
        identity = event.get("template_id")
        template = self._known.get(identity) if type(identity) is str else None
        # The very string, not an equal one: a node may send a `template_id` of its own, which is no template of ours.
        return template if template is not None and template.id is identity else None

    def text(self, identity: str) -> str | None:
        """A template's text by its id, if this instance has met it."""
        template = self._known.get(identity)
        return template.text if template else None

    @property
    def count(self) -> int:
        """How many templates are known."""
        return self._tree.count

    def save(self) -> None:
        """Write what was learnt to the state file, whole or not at all. Never raises: ids are a convenience."""
        if self._state is not None:
            self._write(self._state, self._snapshot())

    async def run(self, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Save every five minutes what is new, in a thread. Never returns."""
        while True:
            await sleep(_SAVE_EVERY_SECONDS)
            if self._state is not None and self._tree.changes != self._saved_changes:
                await asyncio.to_thread(self._write, self._state, self._snapshot())

    def _snapshot(self) -> list[tuple[str, str]]:
        self._saved_changes = self._tree.changes
        return list(self._tree.texts())

    def _write(self, state: Path, texts: list[tuple[str, str]]) -> None:
        # The standard library's encoder: a message may hold half a surrogate pair, which others refuse.
        body = json.dumps({"format": _FORMAT, "templates": texts}).encode()
        try:
            with self._writing:  # the last `save` comes after what `run` had begun
                write_atomically(state, body, durable=False)
        except OSError as error:
            log.warning("templates_not_saved", error=type(error).__name__, errno=error.errno)

    def _message(self, event: Event) -> str:
        for field in self._settings.fields:
            value = event.get(field)
            if type(value) is str and value and not value.isspace():
                return value
        return ""

    def _load(self) -> None:
        if self._state is None or not self._state.is_file():
            return
        try:
            state = json.loads(self._state.read_bytes())
            texts = state["templates"] if state["format"] == _FORMAT else []
            self._tree.learn((str(text), str(owner)) for text, owner in texts[-self._settings.templates_max :])
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.warning("templates_not_loaded", error=type(error).__name__)
            return
        log.info("templates_loaded", templates=self._tree.count)
