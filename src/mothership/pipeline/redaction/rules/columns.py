"""Secrets that are named above or before them: columns of a CSV text and of an SQL `INSERT`, and pairs of arguments."""
# ruff: noqa: E501 - an expression reads best in one piece

import re
from collections.abc import Iterator, Sequence

from mothership.pipeline.redaction.credential_names import says_credential
from mothership.pipeline.redaction.rules.rule import QUOTE, REACH, CodeMatcher, Matcher, Span
from mothership.pipeline.redaction.rules.vocabulary import is_placeholder, says_words

ROWS_MAX = 1_000
COLUMNS_MAX = 100
VALUE_MIN = 4
_NAME = re.compile(
    r"[\s\"'`\[]*(?:[\w.-]*[_. -])?(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|secret[_-]?key|auth[_-]?key)[\s\"'`\]]*",
    re.IGNORECASE,
)
_NAMES = r"((?:[\w .\"-]{1,40}[,;|\t]){1,100}[\w .\"-]{1,40})(?:\r?\n|(?:\\r)?\\n)"
_FIRST_HEADING = re.compile(rf"\"?{_NAMES}")
_HEADING = re.compile(rf"(?:\r|\n|\\n){_NAMES}")
_SIGNS = (",", ";", "|", "\t")
_LINE = re.compile(r"[^\r\n\\]{1,4000}")
_LINE_END = re.compile(r"\r?\n|(?:\\r)?\\n")
_CELL = re.compile(r"\"[^\"\r\n]{0,1000}\"|[^,;|\t\r\n]{0,1000}")
_INSERT = re.compile(
    r"(?:insert|replace)\s(?:ignore\s)?into\s{1,4}[^\s(]{1,128}\s{0,4}\((?P<names>[^()]{1,4000})\)\s{0,8}values\s{0,8}(?=\()",
    re.IGNORECASE,
)
_VALUE = re.compile(
    r"\s{0,8}(?:(?:[NnEeBbXx]|_\w{1,12}\s?)?(?P<q>\\?['\"])(?P<quoted>(?:(?!(?P=q))[^\r\n]|''){0,2000})(?P=q)|(?P<plain>[^,()'\"]{1,200}(?:\([^()]{0,400}\))?))\s{0,8}(?P<next>[,)])"
)
_NEXT_ROW = re.compile(r"\s{0,8},\s{0,8}(?=\()")


def _named(names: Sequence[str]) -> list[int]:
    return [number for number, name in enumerate(names[:COLUMNS_MAX]) if _NAME.fullmatch(name)]


def _named_columns(names: Sequence[str]) -> list[int]:
    """Return which columns of a table are named as fields with a credential are."""
    return [
        number
        for number, name in enumerate(names[:COLUMNS_MAX])
        if _NAME.fullmatch(name) or says_credential(name.strip(" \t\r\n\"'`[]"))
    ]


def _says_something(value: str) -> bool:
    return len(value) >= VALUE_MIN and not is_placeholder(value) and not value.isdigit()


def _headings(text: str, start: int, end: int, last: int) -> Iterator["re.Match[str]"]:
    if all(text.find(sign, start, last) < 0 for sign in _SIGNS):
        return
    first = _FIRST_HEADING.match(text, 0, last) if start == 0 else None
    if first:
        yield first
    for heading in _HEADING.finditer(text, first.end() if first else start, last):
        if heading.start() >= end:
            return
        yield heading


def _csv(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find what stands below `password` in the lines under a heading."""
    last = min(len(text), end + REACH)
    for heading in _headings(text, start, end, last):
        sign = next(each for each in _SIGNS if each in heading[1])
        names = heading[1].split(sign)
        named = _named(names)
        yield None  # counts as a candidate even when no row follows
        if not named or len(names) > COLUMNS_MAX:
            continue
        at = heading.end()
        for _ in range(ROWS_MAX):
            row = _LINE.match(text, at, last)
            cells = list(_cells(row[0], at, sign)) if row else []
            if row is None or len(cells) != len(names):
                break
            for number in named:
                first, stop = cells[number]
                yield (first, stop) if _says_something(text[first:stop]) else None
            line_end = _LINE_END.match(text, row.end(), last)
            if line_end is None:
                break
            at = line_end.end()


def _cells(row: str, at: int, sign: str) -> Iterator[Span]:
    place = 0
    while place <= len(row):
        cell = _CELL.match(row, place) if row[place : place + 1] == '"' else None
        stop = cell.end() if cell else row.find(sign, place)
        stop = len(row) if stop < 0 else stop
        quoted = cell is not None and stop - place > 1
        yield at + place + quoted, at + stop - quoted
        place = stop + 1


def _insert(text: str, start: int, end: int) -> Iterator[Span | None]:
    """Find the values of columns that are named for secrets."""
    last = min(len(text), end + REACH)
    for head in _INSERT.finditer(text, start, last):
        if head.start() >= end:
            return
        yield None  # counts as a candidate even when no row follows
        named = _named_columns(head["names"].split(","))
        at = head.end()
        for _ in range(ROWS_MAX if named else 0):
            number = 0
            at += 1
            while value := _VALUE.match(text, at, last):
                group = "plain" if value["quoted"] is None else "quoted"
                if number in named:
                    yield value.span(group) if _says_something(value[group].strip()) else None
                at = value.end()
                number += 1
                if value["next"] == ")" or number > COLUMNS_MAX:
                    break
            more = _NEXT_ROW.match(text, at, last)
            if more is None:
                break
            at = more.end()


def _argument(text: str) -> bool:
    return _says_something(text) and not says_words(text) and (" " not in text or any(map(str.isdigit, text)))


PAIR = Matcher(
    rf"\(\s?{QUOTE}[\w.-]{{0,60}}(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|secret[_-]?key|access[_-]?key|auth[_-]?key|_salt){QUOTE}\s?,\s?{QUOTE}(?P<secret>[^\"'\\\r\n]{{4,512}}){QUOTE}\s?\)",
    _argument,
    ignore_case=True,
)
# WordPress: whoever has its keys and salts makes sessions for anybody. They are of any signs.
SALT = Matcher(
    r"define\(\s{0,4}['\"](?:(?:SECURE_)?AUTH|LOGGED_IN|NONCE|WP_CACHE)_(?:KEY(?:_SALT)?|SALT)['\"]\s{0,4},\s{0,24}(?P<q>['\"])(?P<secret>(?:(?!(?P=q))[^\r\n]){8,512})(?P=q)\s{0,4}\)",
    lambda text: "put your unique phrase" not in text and _says_something(text),
)

_NAMED_COLUMN = re.compile(
    r"(?:passw(?:or)?d|passphrase|pwd|secret|token|(?:api|access|secret|auth)[_-]?key)[\s\"'`\]]*"
    r"(?:[,;|\t][\w.,;|\t \"-]*)?(?:\r?\n|(?:\\r)?\\n)",
    re.IGNORECASE,
)

COLUMNS: tuple[Matcher | CodeMatcher, ...] = (
    CodeMatcher(_insert, (_INSERT,)),
    CodeMatcher(_csv, (_NAMED_COLUMN,), parted=False),
    PAIR,
    SALT,
)
