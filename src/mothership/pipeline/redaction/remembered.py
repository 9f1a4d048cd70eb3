"""What is remembered has room for so much and no more."""

from itertools import islice
from typing import Any


def make_room(known: dict[Any, Any], most: int) -> None:
    """Forget the older half of what is remembered when there is no room for more."""
    if len(known) >= most:
        for key in list(islice(known, most // 2)):
            del known[key]
