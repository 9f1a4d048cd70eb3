"""The optional rule for secrets inside base64."""

import re
from collections.abc import Callable, Iterator

from mothership.pipeline.redaction.rules.rule import REACH, CodeMatcher, Finder, Rule, Span
from mothership.pipeline.redaction.rules.validators import readable

_BASE64 = re.compile(r"(?<![0-9A-Za-z+/_=-])[0-9A-Za-z+/_-]{16,16384}={0,2}(?![0-9A-Za-z+/_=-])")


def base64_finder(unsafe: Callable[[str], bool]) -> Finder:
    """Find base64 whose text `unsafe` objects to."""

    def find(text: str, start: int, end: int) -> Iterator[Span | None]:
        for match in _BASE64.finditer(text, start, min(len(text), end + REACH)):
            if match.start() >= end:
                return
            plain = readable(match[0])
            yield match.span() if plain and unsafe(plain) else None

    return find


def _never(_text: str) -> bool:
    return False


BASE64 = Rule(
    name="base64",
    description="Base64 that decodes to a text in which another rule finds something (off by default: it costs more).",
    source="RFC 4648",
    matchers=(CodeMatcher(base64_finder(_never), (_BASE64.pattern,)),),
    positives=(("body cGFzc3dvcmQ9aHVudGVyMiBtYWlsPWFAYi5jbw== end", "cGFzc3dvcmQ9aHVudGVyMiBtYWlsPWFAYi5jbw=="),),
    negatives=("body aGVsbG8gd29ybGQsIGhlbGxvIGFnYWlu end",),
    default=False,
)
