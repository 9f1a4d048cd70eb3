"""What a log line says of an exception: its type and the places it passed.

Never its message, for a foreign one may hold a value (`KeyError: 'a@b.c'`), and never the values around it, which
structlog shows on its own wherever rich is installed.
"""

import sys
import traceback
from collections.abc import Iterator, MutableMapping
from typing import Any

import structlog


def configure() -> None:
    """Let no logger show more, also in a command that configures none."""
    *before, last = structlog.get_config()["processors"]
    structlog.configure(processors=[*before, exception_without_message, last])


def exception_without_message(
    _logger: object, _method: str, fields: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace `exc_info` by the exception's type and the places it passed."""
    info = fields.pop("exc_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        leaves = list(_leaves(error))
        fields["exception"] = ", ".join(type(leaf).__qualname__ for leaf in leaves)
        fields["places"] = [
            f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} {frame.name}"
            for frame in traceback.extract_tb(leaves[0].__traceback__)
        ]
    return fields


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group; a lone one is its own."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error
