"""Text for a terminal, which must not command it.

Control characters move its cursor and set its title, direction characters reorder what is read.
An event's text is the text of whoever wrote the log line, also after redaction.
"""

import re

COMMANDS = r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
"""Such a character. Python and JavaScript read it alike: the console's scripts are given this one."""
_COMMANDS = re.compile(COMMANDS)

_HARMLESS = re.compile(rb"[\t -~]*")


def escaped(text: str) -> str:
    """Return the text with each such character as a backslash and its number; the line stays one line."""
    return _COMMANDS.sub(_escape, text)


def escaped_line(line: bytes) -> bytes:
    """The same for an encoded line; one of JSON means what it meant before."""
    return line if _HARMLESS.fullmatch(line) else escaped(line.decode()).encode()


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
