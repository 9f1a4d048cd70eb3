"""Bytes become lines, in every encoding, however they are cut into pieces."""

import pytest

from mothership.shipping import lines
from mothership.shipping.lines import LineSplitter
from mothership.shipping.text import UTF_8, Encoding, encoding_of

TEXT = "plain\r\ncafé ü\n\nਊ 日本 😀\nlast"


def split(data: bytes, encoding: Encoding, piece: int) -> list[tuple[str, int, int]]:
    splitter = LineSplitter(encoding, encoding.bom)
    data = data[encoding.bom :]
    found = [line for at in range(0, len(data), piece) for line in splitter.feed(data[at : at + piece])]
    found += splitter.finish()
    return [(encoding.text(line.data), line.start, line.end) for line in found]


@pytest.mark.parametrize("piece", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_lines_are_found_in_every_encoding(name: str, piece: int) -> None:
    """With a byte order mark or without. Their places tile the file."""
    data = TEXT.encode(name) if name != "utf-16-be" else "\ufeff".encode("utf-16-be") + TEXT.encode(name)
    encoding = encoding_of(data)
    assert encoding
    found = split(data, encoding, piece)
    assert [text for text, _, _ in found] == TEXT.split("\n")
    assert found[0][1] == encoding.bom
    assert found[-1][2] == len(data)
    assert [start for _, start, _ in found[1:]] == [end for _, _, end in found[:-1]]


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"plain\n", "utf-8"),
        (b"", "utf-8"),
        (b"caf\xe9\n", "utf-8"),
        ("2026-11-29 Windows said\r\n".encode("utf-16-le"), "utf-16-le"),
        ("2026-11-29 Windows said\r\n".encode("utf-16-be"), "utf-16-be"),
        (b"\x1b[31mred\x1b[0m and a bell\x08\n", "utf-8"),
        (b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0>\0\x01\0\0\0", None),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01", None),
        (bytes(range(256)) * 4, None),
        (b"\x01\x02\x03\x04\x05\x06 text", None),
        (b"Nov 29 10:00:00 half a li" + bytes(4000) + b"Nov 29 10:05:00 boot\ncaf\xc3\xa9", "utf-8"),
        (bytes(4000) + b"Nov 29 10:05:00 emptied under its writer\n", "utf-8"),
        (bytes(4000), None),
        (b"app.log".ljust(257, b"\0") + b"ustar\x0000" + bytes(248) + b"Nov 29 10:00:00 a line\n", None),
    ],
)
def test_what_is_no_text_is_told_from_what_is(head: bytes, encoding: str | None) -> None:
    """A database's file among the logs must not become events."""
    found = encoding_of(head)
    assert (found and found.name) == encoding


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (b"caf\xe9 \x80", "café €"),
        (b"\x81", "\x81"),
        ("café".encode(), "café"),
        ("日本".encode() + b"\xe6", "日本\\xe6"),
    ],
)
def test_a_line_that_is_no_utf_8_is_latin_1_unless_it_is_in_parts(line: bytes, text: str) -> None:
    """Half a character at the end of a cut line is no French word."""
    assert UTF_8.text(line) == text


def test_a_line_beyond_all_bounds_is_cut_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a token is one that no rule knows; memory has a bound."""
    monkeypatch.setattr(lines, "LINE_BYTES_MAX", 100)
    splitter = LineSplitter(UTF_8)
    found = [line for piece in (b"a " * 40, b"secret" * 10, b"x" * 50, b"\nnext\n") for line in splitter.feed(piece)]
    assert [(line.data.strip(), line.is_cut) for line in found] == [(b"a " * 39 + b"a", True), (b"next", False)]
    assert [(line.start, line.end) for line in found] == [(0, 191), (191, 196)]
