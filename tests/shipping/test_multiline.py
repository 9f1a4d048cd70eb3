"""A stack trace and the line that it belongs to are one event; other lines are one each."""

import pytest

from mothership.shipping.lines import Line
from mothership.shipping.multiline import ENTRY_LINES_MAX, EntryGrouper, MultilineEntry

HEAD = "2026-11-29 10:00:00 ERROR app - failed"
JAVA = """java.lang.IllegalStateException: no
\tat org.example.A.b(A.java:7)
\tat org.example.A.c(A.java:9)
\t... 2 common frames omitted
Caused by: java.io.IOException: disk
\tat org.example.D.e(D.java:1)
\t... 12 more"""
PYTHON = """Traceback (most recent call last):
  File "a.py", line 1, in <module>
    f(
    ^^
  File "a.py", line 2, in f
    raise KeyError("x")
KeyError: 'x'"""
CHAINED = (
    PYTHON
    + "\n\nDuring handling of the above exception, another exception occurred:\n\n"
    + PYTHON.replace("KeyError", "app.Error")
)
GO = """panic: runtime error: index out of range [5]

goroutine 1 [running]:
main.main()
\t/src/main.go:12 +0x1d
exit status 2"""
NODE = """TypeError: x is not a function
    at run (/app/a.js:3:5)
    at async main (/app/b.js:1:1)"""
DOTNET = """System.InvalidOperationException: no
 ---> System.IO.IOException: disk
   at App.A() in A.cs:line 7
   --- End of inner exception stack trace ---
   at App.Main()"""
RUBY = """a.rb:1:in `f': no (RuntimeError)
\tfrom a.rb:5:in `<main>'"""
PHP = """PHP Fatal error:  Uncaught Exception: no in /a.php:3
Stack trace:
#0 /a.php(7): f()
#1 {main}
  thrown in /a.php on line 3"""
TRACES = {
    "java": JAVA,
    "python": PYTHON,
    "chained": CHAINED,
    "go": GO.rsplit("\n", 1)[0],
    "node": NODE,
    "ruby": RUBY,
    "php": PHP,
}


def grouped(text: str, *, enabled: bool = True) -> list[str]:
    grouper, at = EntryGrouper(enabled=enabled), 0
    entries: list[MultilineEntry] = []
    for line in text.encode().split(b"\n"):
        if line or grouper.wants_blank():
            entries += grouper.add(Line(line, at, at + len(line) + 1))
        at += len(line) + 1
    entries += grouper.flush()
    return ["\n".join(line.data.decode() for line in entry.lines).rstrip("\n") for entry in entries]


@pytest.mark.parametrize("trace", TRACES.values(), ids=TRACES.keys())
def test_a_trace_is_one_event(trace: str) -> None:
    """Between ordinary lines, and twice in a row."""
    alone = f"INFO before\n{trace}\nINFO after".split("\n", 1)
    assert grouped(alone[1]) == [trace, "INFO after"]
    assert grouped(f"INFO x failed with {trace}\nINFO x failed with {trace}\nINFO after") == [
        f"INFO x failed with {trace}",
        f"INFO x failed with {trace}",
        "INFO after",
    ]


@pytest.mark.parametrize("name", ["java", "python", "chained", "go", "node"])
def test_a_trace_belongs_to_the_line_before_it(name: str) -> None:
    """The line that says when and how bad it was."""
    trace = TRACES[name]
    assert grouped(f"INFO before\n{HEAD}\n{trace}\n{HEAD}") == ["INFO before", f"{HEAD}\n{trace}", HEAD]


def test_dotnet_and_its_inner_exceptions() -> None:
    """Its head of an inner exception is indented."""
    assert grouped(f"{HEAD}\n{DOTNET.replace(chr(10) + ' --->', ' --->')}\nINFO after") == [
        f"{HEAD}\n{DOTNET.replace(chr(10) + ' --->', ' --->')}",
        "INFO after",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "one\ntwo\n  indented\n\tby a tab",
        "ValueError: one\nValueError: two\nValueError: three",
        "ERROR failed\njava.lang.X: not a trace\nINFO next",
        "Error: a\n2026-11-29 b\nError: c",
        "panic: no goroutine follows\nnext",
        "Traceback is a word\n  it is not one",
    ],
)
def test_lines_that_only_look_like_one_stay_lines(text: str) -> None:
    """An exception's name alone is no trace."""
    assert grouped(text) == text.split("\n")


def test_it_can_be_switched_off() -> None:
    """Each line is one."""
    assert grouped(JAVA, enabled=False) == JAVA.split("\n")


def test_a_trace_without_end_has_one() -> None:
    """Memory has a bound."""
    text = "java.lang.XException: no\n" + "\tat a.b(c)\n" * (ENTRY_LINES_MAX + 500)
    entries = grouped(text.rstrip("\n"))
    assert len(entries[0].split("\n")) == ENTRY_LINES_MAX
    assert sum(len(entry.split("\n")) for entry in entries) == ENTRY_LINES_MAX + 501


def test_a_hostile_line_costs_little() -> None:
    """What the expressions begin to match and never end."""
    for piece in ("a.", "Error (", ".rb:1", "panic: ", "Exception", " at ", "\\S(", "#1", "[signal "):
        assert grouped(f"{HEAD} panic: x\n\ngoroutine 1 [running]:\n" + piece * 100_000)
