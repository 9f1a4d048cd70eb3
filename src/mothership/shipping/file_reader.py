"""One file's bytes → batches of events: encoding, lines, JSON, stack traces, in one go and without waiting."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mothership.shipping import journal
from mothership.shipping.batches import BATCH_BYTES_MAX, Batcher, OutgoingBatch
from mothership.shipping.events import BLANK, EventEncoder, EventOptions, decoded, holds_events
from mothership.shipping.lines import Line, LineSplitter
from mothership.shipping.multiline import EntryGrouper, MultilineEntry
from mothership.shipping.text import UTF_8, Encoding

_BEGINS_DOCUMENT = re.compile(rb"""[\[{]\s*(?:["{\[].*[,{\[])?""", re.DOTALL)
"""The first line of JSON that goes on: `[`, `[{`, `{"messages": [`; but not `[Sun Dec 04 04:47:44 2005] [notice]`."""
DOCUMENT_BYTES_MAX = 64 * 1024 * 1024
"""A longer file is no JSON document: its lines are read one by one."""
_JOURNAL_BYTES_MAX = 8 * 1024 * 1024


def begins_document(head: bytes) -> bool:
    """Whether the first line is that of JSON which goes on."""
    first = next((line for line in head.split(b"\n") if line.strip(BLANK)), b"")
    return bool(_BEGINS_DOCUMENT.fullmatch(first.strip(BLANK)))


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How files become batches."""

    events: EventOptions = field(default_factory=EventOptions)
    batch: int = 100
    bytes_max: int = BATCH_BYTES_MAX
    multiline: bool = True
    may_be_document: bool = True
    """Whether a file may be one JSON document over many lines, which is read as a whole."""


class FileReader:
    """Takes a file's bytes in pieces, from `start` on, and gives the batches that are full."""

    def __init__(
        self, path: str, origin: bytes, options: ReadOptions, *, encoding: Encoding = UTF_8, start: int = 0
    ) -> None:
        self._options = options
        self._encoding = encoding
        self._encoder = EventEncoder(options.events, path)
        self._skip = max(0, encoding.bom - start)
        start = max(start, encoding.bom)
        self._splitter = LineSplitter(encoding, start)
        self._grouper = EntryGrouper(enabled=options.multiline)
        self._batcher = Batcher(origin, options.batch, options.bytes_max, start)
        self._document: list[Line] | None = [] if options.may_be_document and start == encoding.bom else None
        self._document_bytes = 0
        self._journal: list[Line] = []
        self.cut_lines = 0
        """Lines that were longer than is shipped."""

    @property
    def waits(self) -> bool:
        """Whether whole lines wait for others."""
        return self._batcher.holds or self._grouper.holds or bool(self._journal)

    @property
    def half_line_bytes(self) -> int:
        """How much of a line without an end is held."""
        return self._splitter.half_line_bytes

    def feed(self, data: bytes) -> Iterator[OutgoingBatch]:
        """Take a piece."""
        if self._skip:
            data, self._skip = data[self._skip :], max(0, self._skip - len(data))
        for line in self._splitter.feed(data):
            yield from self._take(line)

    def flush(self) -> Iterator[OutgoingBatch]:
        """Give what waits; half a line stays."""
        if self._document:
            return  # it can be told only as a whole
        yield from self._end_journal()
        for entry in self._grouper.flush():
            yield from self._give(entry)
        yield from self._batcher.flush()

    def finish(self) -> Iterator[OutgoingBatch]:
        """Give all that is left."""
        for line in self._splitter.finish():
            yield from self._take(line)
        yield from self._end_document()
        yield from self.flush()

    def abandon(self) -> Iterator[OutgoingBatch]:
        """Give what is whole, where the file can't be read on: half a line is none."""
        yield from self._end_document()
        yield from self.flush()

    def _take(self, line: Line) -> Iterator[OutgoingBatch]:
        self.cut_lines += line.is_cut
        if self._encoding.unit > 1:
            line = line._replace(data=self._encoding.text(line.data).encode(errors="surrogatepass"))
        if self._document is not None:
            if not self._document:
                if not line.data.strip(BLANK):
                    return
                if not _BEGINS_DOCUMENT.fullmatch(line.data.strip(BLANK)):
                    self._document = None
            if self._document is not None:
                self._document.append(line)
                self._document_bytes += len(line.data)
                if self._document_bytes > DOCUMENT_BYTES_MAX:
                    yield from self._end_document(is_one=False)
                return
        yield from self._sort(line)

    def _sort(self, line: Line) -> Iterator[OutgoingBatch]:
        """An entry of the journal, an empty line, a JSON object, or text."""
        if self._journal or line.data.startswith(journal.BEGINS):
            yield from self._take_journal(line)
            return
        stripped = line.data.strip(BLANK)
        if not stripped:
            if self._grouper.wants_blank():
                yield from self._entries(line)
            return
        if stripped[:1] in (b"{", b"["):
            document, text = decoded(line.data.strip(b"\0"))
            if holds_events(document):
                for entry in self._grouper.flush():
                    yield from self._give(entry)
                yield from self._batcher.add(list(self._encoder.document(document, text)), line.data, line.end)
                return
        yield from self._entries(line)

    def _entries(self, line: Line) -> Iterator[OutgoingBatch]:
        for entry in self._grouper.add(line):
            yield from self._give(entry)

    def _give(self, entry: MultilineEntry) -> Iterator[OutgoingBatch]:
        raw = b"\n".join(line.data.removesuffix(b"\r") for line in entry.lines).rstrip(b"\n")
        text = UTF_8.text(raw) if len(entry.lines) == 1 else "\n".join(map(UTF_8.text, raw.split(b"\n")))
        yield from self._batcher.add([self._encoder.plain(text)], raw, entry.end)

    def _take_journal(self, line: Line) -> Iterator[OutgoingBatch]:
        if line.data or (self._journal and journal.entry_of(self._block()) is None and self._has_room()):
            self._journal.append(line)
            return
        yield from self._end_journal()

    def _has_room(self) -> bool:
        return sum(len(line.data) for line in self._journal) < _JOURNAL_BYTES_MAX

    def _end_journal(self) -> Iterator[OutgoingBatch]:
        if not self._journal:
            return
        block, end = self._block(), self._journal[-1].end
        self._journal = []
        fields = journal.entry_of(block)
        event = self._encoder.plain(UTF_8.text(block)) if fields is None else self._encoder.fields(fields)
        yield from self._batcher.add([event], block, end)

    def _block(self) -> bytes:
        return b"\n".join(line.data for line in self._journal)

    def _end_document(self, *, is_one: bool = True) -> Iterator[OutgoingBatch]:
        lines, self._document = self._document, None
        if not lines:
            return
        document, text = decoded(b"\n".join(line.data for line in lines)) if is_one else (None, b"")
        if document is None:
            for line in lines:
                yield from self._sort(line)
            return
        # Its parts have no place of their own in the file: they are counted.
        for number, event in enumerate(self._encoder.document(document, text)):
            yield from self._batcher.add([event], event, lines[0].start + number + 1)
