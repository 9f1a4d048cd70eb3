"""Which of many finders have a literal in a text that they can't do without, found out for all of them at once."""

from collections.abc import Collection, Sequence

_GRAM = 3


class LiteralIndex:
    """Sets of literals, asked which of them have one in a text, in any case.

    It knows nothing of prefilters, nor of what they are made with.
    """

    def __init__(self, sets: Sequence[Collection[str]]) -> None:
        """Index; an empty set is in every text."""
        owners: dict[str, list[int]] = {}
        for number, each in enumerate(sets):
            for literal in each or ("",):
                owners.setdefault(_folded(literal), []).append(number)
        self._short: list[tuple[str, list[int]]] = []
        self._by_gram: dict[str, list[tuple[str, list[int]]]] = {}
        for literal, numbers in owners.items():
            together = self._short if len(literal) < _GRAM else self._by_gram.setdefault(literal[:_GRAM], [])
            together.append((literal, numbers))

    def found_in(self, text: str) -> list[int]:
        """Return the numbers of the sets of which a literal is in the text, in their order."""
        folded = _folded(text)
        grams = {folded[at : at + _GRAM] for at in range(len(folded) - _GRAM + 1)}
        likely = [*self._short, *(each for gram in grams & self._by_gram.keys() for each in self._by_gram[gram])]
        return sorted({number for literal, numbers in likely if literal in folded for number in numbers})


def _folded(text: str) -> str:
    """Make one of all that `re` takes for the same where it ignores case: what it folds, and no less."""
    return text.lower() if text.isascii() else text.translate(_BOTH_I).casefold()


_BOTH_I = {ord("\u0130"): "i", ord("\u0131"): "i"}
