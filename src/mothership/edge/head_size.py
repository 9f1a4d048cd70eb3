"""How large the head of a request is, while it comes: an endless one is refused before it fills memory."""

from mothership.edge.limit_settings import LimitSettings
from mothership.errors import HeadRefused


class HeadSize:
    """Of one connection, whose heads come one after another. What is too large raises `HeadRefused`."""

    def __init__(self, limits: LimitSettings) -> None:
        self._limits = limits
        self._received_bytes = 0
        self._headers_bytes = 0

    def await_next(self) -> None:
        """Nothing has been received of the next head."""
        self._received_bytes = 0

    def begin(self) -> None:
        """No header line of this head has been parsed."""
        self._headers_bytes = 0

    def receive(self, data: bytes) -> None:
        """Count what comes while the head has not ended."""
        self._received_bytes += len(data)

    def check_unfinished(self) -> None:
        """A head that has not ended may not be larger already."""
        self._check(self._received_bytes)

    def check_target(self, target: bytes) -> None:
        """A request line is part of the head, but has a status of its own."""
        if len(target) > self._limits.header_bytes:
            reason = f"the request line is longer than {self._limits.header_bytes} bytes (limits.header_bytes)"
            raise HeadRefused(414, reason)

    def add_header(self, before: int, name: bytes, value: bytes) -> None:
        """Count a header line, after so many."""
        if before >= self._limits.headers:
            raise HeadRefused(431, f"more than {self._limits.headers} header lines (limits.headers)")
        self._headers_bytes += len(name) + len(value) + 4

    def check_headers(self) -> None:
        """The head has ended; part of it may have come with a body before it, or with its own."""
        self._check(self._headers_bytes)

    def _check(self, size_bytes: int) -> None:
        if size_bytes > self._limits.header_bytes:
            raise HeadRefused(431, f"the head is larger than {self._limits.header_bytes} bytes (limits.header_bytes)")
