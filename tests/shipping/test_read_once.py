"""Files of every kind become events."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from mothership.shipping.file_reader import ReadOptions
from mothership.shipping.read_once import InputReport, read_file


def read(path: Path) -> list[Any]:
    """Decode with a decoder that takes what Python writes."""
    report = InputReport(print)
    return [
        json.loads(event, parse_constant=str.lower)
        for batch in read_file(str(path), ReadOptions(), report)
        for event in batch.events
    ]


def test_plain_lines_become_what_a_file_tail_sends(tmp_path: Path) -> None:
    """Whatever ends the line and whatever is in it; blank lines are no events."""
    path = tmp_path / "app.log"
    path.write_bytes(b"[Sun Dec 04 04:47:44 2005] [notice] ok\r\n\r\ncaf\xe9 \xff\n  indented\rstays\n\nlast")
    events = read(path)
    assert [event["message"] for event in events] == [
        "[Sun Dec 04 04:47:44 2005] [notice] ok",
        "café ÿ",
        "  indented\rstays",
        "last",
    ]
    assert {event["file_path"] for event in events} == {str(path)}
    assert {event["type"] for event in events} == {"log"}
    assert all(event["observed_timestamp"].endswith("Z") and "timestamp" not in event for event in events)


def test_lines_that_look_like_lists_and_zeros_cost_no_line(tmp_path: Path) -> None:
    """`[]` was no event at all, `[2, 3]` two that are refused, and zeros made the whole file binary."""
    path = tmp_path / "app.log"
    path.write_bytes(b"[]\n[2, 3]\n[4]\n" + bytes(50) + b'after the power\n\0\0\n\0{"type":"a"}\n')
    events = read(path)
    assert [event.get("message") for event in events] == ["[]", "[2, 3]", "[4]", "after the power", None]
    assert events[-1] == {"type": "a"}


@pytest.mark.parametrize(
    ("content", "events"),
    [
        (b'{"type":"a","n":1}\n{"n":2}\n', [{"type": "a", "n": 1}, {"type": "log", "n": 2}]),
        (b'[{"type":"a"},{"n":2},7]', [{"type": "a"}, {"type": "log", "n": 2}, 7]),
        (b'{"messages":[{"type":"a"}],"batch_size":1,"source":"edgebot"}', [{"type": "a"}]),
        (b'{"messages":[{"type":"a"}]}\n{"messages":[{"type":"b"}]}\n', [{"type": "a"}, {"type": "b"}]),
        (b'{\n  "messages": [\n    {"type": "a"}\n  ]\n}\n', [{"type": "a"}]),
        (b'\n[\n{"type": "a"},\n{"type": "b"}\n]\n', [{"type": "a"}, {"type": "b"}]),
        (b'{"type":"a","m":"\xff"}\n', [{"type": "a", "m": "\ufffd"}]),
        (b'{"n":1e400}\n{"type":"a","n":NaN}\n', [{"type": "log", "n": float("inf")}, {"type": "a", "n": "nan"}]),
        (b'{"m":"\\ud800"}\n', [{"type": "log", "m": "\ud800"}]),
        (b"{}\n", [{"type": "log"}]),
        (b'{\n"type": "a",\n"n": 1\n}\n', [{"type": "a", "n": 1}]),
        (b"", []),
        (b"\n\n", []),
    ],
)
def test_json_files_of_every_shape_are_read(tmp_path: Path, content: bytes, events: list[Any]) -> None:
    """NDJSON, a list, an EdgeBot's payload, on one line or many, gzipped or not."""
    (tmp_path / "plain.json").write_bytes(content)
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(content))
    assert read(tmp_path / "plain.json") == events
    assert read(tmp_path / "packed.json.gz") == events


def test_lines_of_both_kinds_may_stand_in_one_file(tmp_path: Path) -> None:
    """A service logs JSON until it crashes in plain text."""
    path = tmp_path / "app.log"
    path.write_bytes(b'{"type":"a"}\nTraceback (most recent call last):\n{"broken\n{"n":1}\n')
    assert [event.get("message") for event in read(path)] == [
        None,
        "Traceback (most recent call last):",
        '{"broken',
        None,
    ]


def test_a_first_line_that_only_looks_like_json_is_a_line(tmp_path: Path) -> None:
    """Carriage returns inside don't make more lines of it."""
    path = tmp_path / "app.log"
    path.write_bytes(b"{not json\rat all\n[nor] this\r\n")
    assert [event["message"] for event in read(path)] == ["{not json\rat all", "[nor] this"]
