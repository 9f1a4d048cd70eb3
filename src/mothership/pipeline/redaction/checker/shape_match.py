"""A shape's match, as its validator is shown it."""

from typing import NamedTuple


class Context(NamedTuple):
    """A shape's match."""

    text: str
    start: int
    end: int
    """Of the value in the text."""

    @property
    def value(self) -> str:
        """The part of the text that may be a secret."""
        return self.text[self.start : self.end]

    def before(self, characters: int) -> str:
        """Return what stands before the value, in lower case."""
        return self.text[max(0, self.start - characters) : self.start].lower()

    def behind(self, characters: int) -> str:
        """Return what stands behind the value, in lower case."""
        return self.text[self.end : self.end + characters].lower()
