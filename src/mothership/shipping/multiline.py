"""Lines → entries: a stack trace and the line that it belongs to are one.

The rules are those of Google's `fluent-plugin-detect-exceptions`, by language: Java, Kotlin, Scala, .NET and
JavaScript; Python; Go; Ruby; PHP. A trace that begins without a line of its own belongs to the line before it.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mothership.shipping.lines import Line

LOOKED_AT_BYTES = 2048
"""Of a line, to tell whether it belongs to a trace."""
ENTRY_LINES_MAX = 1000
ENTRY_BYTES_MAX = 256 * 1024
"""What is longer goes on as an entry of its own."""

_FRAME = rb"[\t ]+(?:eval )?at [^\n]"
_RULES: dict[str, list[tuple[re.Pattern[bytes], str]]] = {}
for _states, _expression, _then in (
    # PHP
    ("start", rb"[^\n]*(?:PHP (?:Notice|Parse error|Fatal error|Warning):|exception '[^'\n]+' with message ')", "php"),
    ("php", rb"Stack trace:|#\d|\s+thrown in ", "php"),
    # Ruby
    ("start", rb"[^\n]*\.rb:\d{1,7}:in ", "ruby"),
    ("start", rb"[^\n]*Error \([^()\n]{0,200}\):$", "ruby"),
    ("ruby", rb"[\t ]{1,16}(?:from )?\S{1,512}:\d{1,7}:in ", "ruby"),
    # Java and its kin, .NET, JavaScript
    ("start", rb"[^\n]*(?:Exception|Error|Throwable)(?::|$| \()", "java_head"),
    ("java_head java_frames", _FRAME, "java_frames"),
    ("java_head java_frames", rb"[\t ]*(?:Caused by|Suppressed|nested exception is):", "java_frames"),
    ("java_head java_frames", rb"[\t ]*\.\.\. \d+ (?:more|common frames omitted)", "java_frames"),
    ("java_head java_frames", rb"[\t ]*--- End of (?:inner exception )?stack trace", "java_frames"),
    # Python
    ("start", rb"[^\n]*Traceback \(most recent call last\):$", "python"),
    ("python", rb"[\t ]+", "python"),
    ("python", rb"[A-Za-z_][\w.]{0,200}(?::|$)", "python_end"),
    ("python_end", rb"$", "python_between"),
    ("python_between", rb"(?:During handling of|The above exception was)", "python_next"),
    ("python_next", rb"$", "python_next"),
    ("python_next", rb"Traceback \(most recent call last\):$", "python"),
    # Go
    ("start", rb"(?:[^\n]*\s)?panic: ", "go_head"),
    ("start", rb"[^\n]*http: panic serving ", "go_goroutine"),
    ("go_head", rb"\[signal |panic: |\t?goroutine running", "go_head"),
    ("go_head", rb"$", "go_goroutine"),
    ("go_goroutine", rb"goroutine \d+ \[[^\]\n]{1,80}\]:$", "go_frames"),
    ("go_frames", rb"\S{1,512}\(|created by |\t|\.\.\.", "go_frames"),
    ("go_frames", rb"$", "go_between"),
    ("go_between", rb"goroutine \d+ \[[^\]\n]{1,80}\]:$", "go_frames"),
):  # fmt: skip
    for _state in _states.split():
        _RULES.setdefault(_state, []).append((re.compile(_expression), _then))

_BARE_HEAD = re.compile(
    rb"(?:Exception in thread |Unhandled exception|Traceback \(most recent call last\):$|panic: |fatal error: "
    rb"|(?:[A-Za-z_$][\w$]*[.])*[A-Za-z_$][\w$]*(?:Exception|Error|Throwable)(?::|$| \())"
)
"""A trace's first line that has nothing of a log's in front: it belongs to the line before it."""
_OPEN = frozenset({"java_frames", "python", "python_next", "go_frames", "ruby", "php"})


class MultilineEntry(NamedTuple):
    """One event's lines."""

    lines: tuple[Line, ...]

    @property
    def start(self) -> int:
        """Where it begins in the file."""
        return self.lines[0].start

    @property
    def end(self) -> int:
        """Where the next one begins."""
        return self.lines[-1].end


class EntryGrouper:
    """Takes lines in their order and gives entries, each as soon as the next line shows that it is whole."""

    def __init__(self, *, enabled: bool = True) -> None:
        self._enabled = enabled
        self._lines: list[Line] = []
        self._bytes = 0
        self._state = "start"
        self._mark = 0
        """How many lines of the entry surely belong together; the rest are there on trial."""

    def wants_blank(self) -> bool:
        """Whether an empty line would belong to the entry."""
        return self._enabled and bool(self._lines) and _next(self._state, b"") is not None

    @property
    def holds(self) -> bool:
        """Whether something waits for the next line."""
        return bool(self._lines)

    def add(self, line: Line, *, alone: bool = False) -> Iterator[MultilineEntry]:
        """Give the entries that this line ends. `alone`: it is an event of its own, such as a JSON object."""
        if alone or not self._enabled:
            yield from self.flush()
            yield MultilineEntry((line,))
            return
        text = _looked_at(line)
        if self._lines and self._bytes + len(text) <= ENTRY_BYTES_MAX and len(self._lines) < ENTRY_LINES_MAX:
            then = _next(self._state, text)
            if then is not None:
                self._append(line, then, sure=then in _OPEN or then == "python_end")
                return
            if self._mark < len(self._lines):
                yield from self._split()
                yield from self.add(line)
                return
            if _BARE_HEAD.match(text) and (start := _next("start", text)):
                self._append(line, start, sure=start in _OPEN)
                return
        yield from self.flush()
        self._append(line, _next("start", text) or "start", sure=True)

    def flush(self) -> Iterator[MultilineEntry]:
        """Give what is held."""
        while self._mark < len(self._lines):
            yield from self._split()
        if self._lines:
            yield MultilineEntry(tuple(self._lines))
        self._lines, self._bytes, self._state, self._mark = [], 0, "start", 0

    def _append(self, line: Line, state: str, *, sure: bool) -> None:
        self._lines.append(line)
        self._bytes += len(line.data)
        self._state = state
        if sure:
            self._mark = len(self._lines)

    def _split(self) -> Iterator[MultilineEntry]:
        """What was taken on trial is none of the entry: it begins anew with each of its lines."""
        sure, trial = self._lines[: self._mark], self._lines[self._mark :]
        self._lines, self._bytes, self._state, self._mark = [], 0, "start", 0
        if sure:
            yield MultilineEntry(tuple(sure))
        self._append(trial[0], _next("start", _looked_at(trial[0])) or "start", sure=True)
        for line in trial[1:]:
            yield from self.add(line)


def _looked_at(line: Line) -> bytes:
    return line.data.removesuffix(b"\r")[:LOOKED_AT_BYTES]


def _next(state: str, text: bytes) -> str | None:
    """The state behind a line that belongs to the entry; None when it doesn't."""
    return next((then for expression, then in _RULES.get(state, ()) if expression.match(text)), None)
