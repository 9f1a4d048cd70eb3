"""Compares what was acknowledged with what is stored, by id and by content."""

import json
from collections import Counter
from datetime import datetime
from typing import NamedTuple

from tests.faults.database import Database
from tests.faults.nodes import Ledger, Node, key
from tests.faults.service import Service


class Reconciliation(NamedTuple):
    """The row of the table."""

    scenario: str
    acknowledged: int
    lost: int
    duplicated: int
    invented: int
    altered: int
    slowest_seconds: float
    peak_mib: float
    answers: str
    note: str

    @property
    def holds(self) -> bool:
        """Was every promise kept?"""
        return not (self.lost or self.duplicated or self.invented or self.altered) and self.acknowledged > 0


async def reconcile(
    scenario: str, database: Database, ledger: Ledger, *services: Service, forgiven: int = 0, note: str = ""
) -> Reconciliation:
    """Wait until nothing is on its way, see a fresh event flow, and compare. `forgiven`: taken by damage."""
    for service in services:
        await service.drained()
        async with Node(f"fresh-{service.port}", [service.url], ledger, batch=3) as node:
            await node.send_next()
        await service.drained()
    stored, altered = await _stored(database, ledger)
    lost = sum(1 for name in ledger.acknowledged if name not in stored)
    if lost > forgiven:
        print("lost:", sorted(ledger.acknowledged - set(stored))[:5])  # noqa: T201 - for whoever looks for the reason
    twice = sorted(name for name, count in stored.items() if count > 1)
    for name in twice:
        if attempts := ledger.attempts.get(name):
            print("twice:", name, *attempts, sep="\n  ")  # noqa: T201 - here, too
    answers = " ".join(f"{status}:{count}" for status, count in sorted(ledger.answers.items()))
    return Reconciliation(
        scenario=scenario,
        acknowledged=len(ledger.acknowledged),
        lost=max(0, lost - forgiven),
        duplicated=sum(count - 1 for count in stored.values()),
        invented=sum(1 for name in stored if name not in ledger.sent),
        altered=altered,
        slowest_seconds=ledger.slowest_seconds,
        peak_mib=max((service.peak_bytes for service in services), default=0) / 2**20,
        answers=answers,
        note=note,
    )


async def _stored(database: Database, ledger: Ledger) -> tuple[Counter[str], int]:
    stored: Counter[str] = Counter()
    altered = 0
    async with database.session() as link, link.transaction():
        async for row in link.cursor("SELECT ts, type, source, data FROM events", prefetch=5000):
            data = json.loads(row["data"])
            name = key(data)
            stored[name] += 1
            sent = ledger.sent.get(name)
            if sent is None:
                continue
            same = all(data.get(part) == value for part, value in sent.items() if part != "timestamp")
            same = same and (row["type"], row["source"]) == (sent["type"], sent["source"])
            altered += not (same and row["ts"] == datetime.fromisoformat(sent["timestamp"]))
    return stored, altered
