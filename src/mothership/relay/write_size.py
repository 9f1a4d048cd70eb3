"""How much is written to a sink at once, where it is slow: what was too much in one write is too much in the next."""

QUICK_SHARE = 0.25
"""Of a write's time. Twice as much as what took no longer is through in half of it."""
QUICK_WRITES = 20
"""So many in a row, and as much is tried again as was too much before."""


class WriteSize:
    """Of one sink. Half as much after a write that was not through in time, twice as much after quick ones."""

    def __init__(self, full_rows: int, write_seconds: float) -> None:
        self._full_rows, self._write_seconds = full_rows, write_seconds
        self._rows: int | None = None
        self._too_many = 0
        """So many were not through in time, and have not been since; 0: not known of any number."""
        self._quick_writes = 0

    @property
    def rows(self) -> int:
        """Most rows of one write of several batches."""
        return self._full_rows if self._rows is None else min(self._rows, self._full_rows)

    def is_too_much(self, rows: int) -> bool:
        """Whether even a batch of so many rows is to be written in parts."""
        return self._rows is not None and rows > self._rows

    def record_timeout(self, rows: int) -> None:
        """A write of so many was not through in time."""
        half = max(1, rows // 2)
        self._rows = half if self._rows is None else min(half, self._rows)
        self._too_many, self._quick_writes = rows, 0

    def record_success(self, rows: int, seconds: float) -> None:
        """A write of so many took so long. One that was far from being full says nothing."""
        if self._rows is None or 2 * rows < self._rows:
            return
        if rows >= self._too_many:
            self._too_many = 0
        self._quick_writes = self._quick_writes + 1 if seconds <= self._write_seconds * QUICK_SHARE else 0
        if self._quick_writes >= (QUICK_WRITES if 2 * self._rows >= self._too_many > 0 else 1):
            self._rows, self._quick_writes = 2 * self._rows, 0
            if self._rows >= max(self._full_rows, self._too_many):
                self._rows = None
