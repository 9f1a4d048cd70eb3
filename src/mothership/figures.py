"""Numbers, sizes and spans of time as people read them, on a page and in a terminal."""

KIBI = 1024


def number(value: float) -> str:
    """`12,345`, `0.25`."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.3g}" if abs(value) < 100 else f"{value:,.0f}"  # noqa: PLR2004 - three figures are enough


def size(value: float) -> str:
    """`12.3 MiB`."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < KIBI:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.3g} {unit}"
        value /= KIBI
    return f"{value:.3g} TiB"


def duration(seconds: float) -> str:
    """`40 ms`, `12 s`, `3 min`, `5 h`, `2 days`."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms"
    for most, length, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < most:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 86400:,.0f} days"
