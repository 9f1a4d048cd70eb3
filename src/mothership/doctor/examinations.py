"""Every examination in the order of the way of an event, and how they are run: one after the other, each in bounds."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

from mothership.config import file, load_all
from mothership.config.warnings import unwise
from mothership.doctor import access, database, disk, embedded, jetstream, llm, loki, port
from mothership.doctor.finding import Examination, Finding, Severity, error, ok, warning
from mothership.doctor.patient import Patient
from mothership.errors import ConfigurationError
from mothership.ports import Clock
from mothership.startup_checks import faults

EXAMINATIONS: dict[str, Examination] = {
    "disk": disk.examine,
    "access": access.examine,
    "port": port.examine,
    "embedded": embedded.examine,
    "jetstream": jetstream.examine,
    "database": database.examine,
    "loki": loki.examine,
    "llm": llm.examine,
}
SECONDS_MAX = 60.0
"""Longest one examination may take; each of its steps has a bound of its own."""
UNUSABLE_COST = "the service does not start"


async def examine(path: Path | None, *, clock: Clock = time.time) -> AsyncIterator[Finding]:
    """Everything that is found, as it is found."""
    try:
        loaded = load_all(path, look=faults)
    except ConfigurationError as unusable:
        for fault in unusable.faults:
            yield error("configuration", fault, cost=UNUSABLE_COST, remedy="correct it; `mothership check` names all")
        return
    yield ok("configuration", "can be used")
    for line in loaded.warnings:
        yield warning("configuration", line, cost="it is not what was meant", remedy="correct it")
    for each in unwise(loaded.settings):
        yield warning("configuration", f"{each.key}: {each.what}", cost=each.cost, remedy=each.remedy)
    patient = Patient(loaded.settings, file(path), clock)
    for part, examination in EXAMINATIONS.items():
        async for finding in _bounded(part, examination, patient):
            yield finding


async def _bounded(part: str, examination: Examination, patient: Patient) -> AsyncIterator[Finding]:
    """One examination that neither hangs nor ends the others."""
    findings = examination(patient).__aiter__()
    try:
        while True:
            try:
                async with asyncio.timeout(SECONDS_MAX):
                    found = await anext(findings)
            except StopAsyncIteration:
                return
            yield found
    except TimeoutError:
        yield error(
            part,
            f"the examination did not end within {SECONDS_MAX:g} s",
            cost="nobody knows how this part is",
            remedy="run it again with nothing else on this machine; if it stays so, please file an issue",
        )
    except Exception as failure:  # noqa: BLE001 - its text may hold a value; the other examinations are still wanted
        yield error(
            part,
            f"the examination failed ({type(failure).__name__})",
            cost="nobody knows how this part is",
            remedy="please file an issue with the version and this line",
        )


def worst(findings: Sequence[Finding]) -> Severity:
    """The severity of the gravest finding; `OK` without any."""
    return max((finding.severity for finding in findings), default=Severity.OK)
