"""`make faults`: every scenario on real processes, and a table of what became of the events.

tests/faults/run.py [--seconds N] [--only 1,4]      N: how long each scenario is under load
"""

import argparse
import asyncio
import os
import sys
import tempfile
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.faults.database import Database, database
from tests.faults.reconciliation import Reconciliation
from tests.faults.scenarios import SCENARIOS
from tests.starvation import PATIENCE_SECONDS

HEAD = f"{'scenario':<24}{'acked':>9}{'lost':>6}{'twice':>6}{'other':>6}{'slowest':>9}{'peak':>9}  answers; note"


def main() -> int:
    """Run them all; the exit status says whether every promise was kept."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--seconds", type=float, default=float(os.environ.get("FAULTS_SECONDS", "20")))
    options.add_argument("--only", default="", help="numbers of scenarios, with commas between")
    chosen = options.parse_args()
    numbers = [int(part) for part in chosen.only.split(",") if part] or range(1, len(SCENARIOS) + 1)
    print(HEAD, flush=True)  # noqa: T201 - a table is what it is for
    broken = 0
    with tempfile.TemporaryDirectory(prefix="mothership-faults-") as home, database() as server:
        for number in numbers:
            try:
                verdict = asyncio.run(one(server, Path(home) / str(number), number, chosen.seconds))
            except Exception:  # noqa: BLE001 - the others are still worth running
                traceback.print_exc()
                broken += 1
                continue
            print(line(verdict), flush=True)  # noqa: T201
            broken += not verdict.holds
    return 1 if broken else 0


async def one(server: Database, home: Path, number: int, seconds: float) -> Reconciliation:
    """One scenario on a fresh database."""
    await server.renew()
    async with asyncio.timeout(2 * PATIENCE_SECONDS + 4 * seconds):
        return await SCENARIOS[number - 1](server, home, seconds)


def line(verdict: Reconciliation) -> str:
    """As a row of the table."""
    other = verdict.invented + verdict.altered
    return (
        f"{verdict.scenario:<24}{verdict.acknowledged:>9}{verdict.lost:>6}{verdict.duplicated:>6}{other:>6}"
        f"{verdict.slowest_seconds:>8.2f}s{verdict.peak_mib:>6.0f}MiB  {verdict.answers}; {verdict.note}"
    )


if __name__ == "__main__":
    sys.exit(main())
