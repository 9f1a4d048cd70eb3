"""Metric labels whose values come from outside, with a bound on how many there are."""

OTHER = "other"


class BoundedLabels:
    """Keeps the first so many values; later ones become `other`."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._known: set[str] = set()

    def __call__(self, value: str) -> str:
        """Return the value, or `other`."""
        if value not in self._known:
            if len(self._known) >= self._most:
                return OTHER
            self._known.add(value)
        return value
