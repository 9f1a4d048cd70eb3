"""How many lines of real files are read, and how right: python bench/parsing.py FILE…

For each file the share of lines whose format, time, host, program, process id and severity are found. For the systems
of Loghub (`*_2k.log`) the time is compared with what `strptime` makes of the place where that system writes it.
"""

import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from mothership.pipeline.parsing.facts import Facts
from mothership.pipeline.parsing.lines import read

LAYOUTS = {
    "Android": (r"^(\S+ \S+)", "%m-%d %H:%M:%S.%f"),
    "Apache": (r"^\[([^\]]+)\]", "%a %b %d %H:%M:%S %Y"),
    "BGL": (r"^\S+ \S+ \S+ \S+ (\S+)", "%Y-%m-%d-%H.%M.%S.%f"),
    "HDFS": (r"^(\d+ \d+)", "%y%m%d %H%M%S"),
    "HPC": (r"(?<= )(\d{9,10})(?= )", "epoch"),
    "Hadoop": (r"^(\S+ \S+)", "%Y-%m-%d %H:%M:%S,%f"),
    "HealthApp": (r"^([^|]+)", "%Y%m%d-%H:%M:%S:%f"),
    "Linux": (r"^(\w+ +\d+ \S+)", "%b %d %H:%M:%S"),
    "Mac": (r"^(\w+ +\d+ \S+)", "%b %d %H:%M:%S"),
    "OpenSSH": (r"^(\w+ +\d+ \S+)", "%b %d %H:%M:%S"),
    "OpenStack": (r"^\S+ (\S+ \S+)", "%Y-%m-%d %H:%M:%S.%f"),
    "Proxifier": (r"^\[([^\]]+)\]", "%m.%d %H:%M:%S"),
    "Spark": (r"^(\S+ \S+)", "%y/%m/%d %H:%M:%S"),
    "Thunderbird": (r"^\S+ (\d+)", "epoch-local"),
    "Windows": (r"^([^,]+),", "%Y-%m-%d %H:%M:%S"),
    "Zookeeper": (r"^(\S+ \S+)", "%Y-%m-%d %H:%M:%S,%f"),
}
"""Where each system of Loghub writes its time, and how."""
COLUMNS = ("file", "lines", "time", "right", "host", "program", "pid", "severity", "µs a line", "formats")


def expected(line: str, place: str, spelling: str, now: datetime) -> float | None:
    """The time by another way; None where the line has none."""
    found = re.search(place, line)
    if not found:
        return None
    if spelling == "epoch":
        return float(found[1])
    if spelling == "epoch-local":  # the words say the machine's local time: only minutes and seconds are comparable
        return float(found[1]) % 3600
    try:
        if "%y" in spelling.lower():
            return datetime.strptime(found[1], spelling).replace(tzinfo=UTC).timestamp()
        near = [
            datetime.strptime(f"{year} {found[1]}", f"%Y {spelling}").replace(tzinfo=UTC)
            for year in (now.year - 1, now.year, now.year + 1)
        ]
    except ValueError:
        return None
    return min(near, key=lambda each: abs(each - now)).timestamp()


def right(path: Path, lines: list[str], facts: list[Facts | None], now: datetime) -> str:
    """The share of lines with a time for which the right one was found."""
    place = LAYOUTS.get(path.name.partition("_")[0])
    if place is None:
        return "-"
    hits = total = 0
    for line, found in zip(lines, facts, strict=True):
        wanted = expected(line, *place, now)
        if wanted is None:
            continue
        total += 1
        if found and found.micros is not None:
            seconds = found.micros / 1e6
            hits += abs((seconds % 3600 if place[1] == "epoch-local" else seconds) - wanted) < 1e-3
    return f"{hits / total:.2%}" if total else "-"


def main() -> None:
    """Print the table as Markdown."""
    print("| " + " | ".join(COLUMNS) + " |")
    print("| " + " | ".join("---" for _ in COLUMNS) + " |")
    now = datetime.now(UTC)
    micros = int(now.timestamp() * 1_000_000)
    for path in map(Path, sys.argv[1:]):
        lines = [line for line in re.split(r"\r?\n", path.read_text("utf-8", "replace")) if line.strip()]
        start = time.thread_time()
        facts = [read(line, micros) for line in lines]
        seconds = time.thread_time() - start

        def share(has: Callable[[Facts], object], facts: list[Facts | None] = facts) -> str:
            return f"{sum(1 for each in facts if each and has(each)) / max(1, len(facts)):.1%}"

        formats = Counter(each.format if each else "none" for each in facts)
        cells = [
            path.name, str(len(lines)), share(lambda each: each.micros is not None), right(path, lines, facts, now),
            share(lambda each: each.hostname), share(lambda each: each.program), share(lambda each: each.pid),
            share(lambda each: each.severity), f"{seconds / max(1, len(lines)) * 1e6:.1f}",
            ", ".join(f"{name} {count}" for name, count in formats.most_common(4)),
        ]  # fmt: skip
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
