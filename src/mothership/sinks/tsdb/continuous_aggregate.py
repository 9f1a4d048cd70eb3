"""`events_per_minute`, the continuous aggregate: made, filled with what is there, refreshed as far back as may be."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import asyncpg

from mothership.sinks.tsdb.connection_pool import Connection
from mothership.sinks.tsdb.database_state import DatabaseState
from mothership.sinks.tsdb.failures import is_transient
from mothership.sinks.tsdb.policy_jobs import REFRESH, RETENTION, PolicyJobs
from mothership.sinks.tsdb.settings import DatabaseSettings
from mothership.sinks.tsdb.sql_files import TIMESCALE
from mothership.sinks.tsdb.timescale_steps import Step, TimescaleSteps, statement

BACKFILL_TRIES = 20
BACKFILL_PAUSE_SECONDS = 0.25
DROPPED_MARGIN = timedelta(minutes=10)
"""How old the note of what was dropped may be: twice the time between two looks."""
REACH_TOLERANCE = timedelta(days=1)
"""How much shorter than possible a refresh may reach before its policy is made anew."""


async def backfill(connection: Connection, state: DatabaseState) -> None:
    """Count all that is in the table into the aggregate. Until then no refresh runs: the view counts when asked."""
    await connection.execute(statement("fill_aggregate", state))
    await connection.execute(TIMESCALE["record_filled"])


class ContinuousAggregate:
    """Held to what is configured, as `Timescale` does with the rest."""

    def __init__(
        self, steps: TimescaleSteps, jobs: PolicyJobs, settings: DatabaseSettings, schema: str, *, is_small: bool
    ) -> None:
        self._steps, self._jobs, self._settings = steps, jobs, settings
        self._connection, self._state = steps.connection, steps.state
        self._schema, self._is_small = schema, is_small

    async def keep(self) -> None:
        """Make it as configured: there or not, filled, refreshed."""
        is_there = await self._has_aggregate()
        if not self._settings.continuous_aggregate:
            if is_there:
                await self._steps.attempt("database.continuous_aggregate", self._stop_refresh)
            return
        is_taken = not is_there and await self._connection.fetchval(TIMESCALE["is_name_taken"])
        # Asked again: another instance may just have made it.
        is_there = is_there or (is_taken and await self._has_aggregate())
        if is_taken and not is_there:
            self._state.note_unsupported(
                "database.continuous_aggregate: something else is called events_per_minute; rename it, or set the key "
                "to false"
            )
            return
        is_there = is_there or await self._steps.attempt("database.continuous_aggregate", self._create_aggregate)
        if is_there and await self._is_backfilled():
            await self._steps.attempt("database.continuous_aggregate", self._set_refresh)

    async def _create_aggregate(self) -> Sequence[Step]:
        return (
            []
            if await self._has_aggregate()
            else [
                ("forget_policy", ("filled",)),
                ("create_aggregate", ()),
                ("share_aggregate", ()),
            ]
        )

    async def _has_aggregate(self) -> bool:
        return bool(await self._connection.fetchval(TIMESCALE["has_aggregate"], self._schema))

    async def _is_backfilled(self) -> bool:
        """Whether the aggregate holds all of the table. What a small table has is counted at once."""
        if await self._jobs.noted_at("filled"):
            return True
        job = await self._jobs.job(REFRESH)
        if job is not None and not await self._jobs.is_ours(job):
            return True
        if not self._is_small:
            self._state.needs_backfill = True
            self._state.note_unsupported(
                "database.continuous_aggregate: events_per_minute is being filled with what is there"
            )
            return False
        for _ in range(BACKFILL_TRIES):
            try:
                await backfill(self._connection, self._state)
            except asyncpg.LockNotAvailableError as error:
                # Another instance is at it.
                last: asyncpg.PostgresError = error
                await asyncio.sleep(BACKFILL_PAUSE_SECONDS)
                if await self._jobs.noted_at("filled"):
                    return True
            except asyncpg.PostgresConnectionError:
                raise
            except asyncpg.PostgresError as error:
                last = error
                break
            else:
                return True
        self._state.needs_recheck = is_transient(last)
        self._state.note_unsupported(
            f"database.continuous_aggregate: {self._steps.remedy(last, [('fill_aggregate', ())])}"
        )
        return False

    async def _set_refresh(self) -> Sequence[Step]:
        job = await self._jobs.job(REFRESH)
        reach = await self._reach()
        if job is not None:
            if _reaches(job["start_offset"], reach):
                return []
            if not await self._jobs.is_ours(job):
                fault = _reach_words(job["start_offset"], reach)
                remedy = statement("remove_refresh", self._state).rstrip(";")
                self._state.note_unsupported(
                    "database.continuous_aggregate: events_per_minute is refreshed by a policy made by hand (job "
                    f"{job['job_id']}), which {fault}; to leave it to Mothership, run: {remedy}"
                )
                return []
        remove: list[Step] = [("remove_refresh", ())] if job is not None else []
        record: Step = ("record_policy", (REFRESH.key, self._schema, REFRESH.procedure))
        add = "add_refresh_without_batches" if await self._steps.fetchval("has_batches") else "add_refresh"
        return [*remove, (add, (reach,)), record]

    async def _stop_refresh(self) -> Sequence[Step]:
        job = await self._jobs.job(REFRESH)
        drop = "to remove it with its counts run: DROP MATERIALIZED VIEW events_per_minute"
        if job is None or await self._jobs.is_ours(job):
            self._state.note_unsupported(
                f"database.continuous_aggregate is off: events_per_minute stays as it is and is not refreshed; {drop}"
            )
            gone: list[Step] = [("forget_policy", (REFRESH.key,)), ("forget_policy", ("filled",))]
            return [("remove_refresh", ()), *gone] if job is not None else []
        self._state.note_unsupported(
            f"database.continuous_aggregate is off, and events_per_minute is refreshed by a policy made by hand (job "
            f"{job['job_id']}); {drop}"
        )
        return []

    async def _reach(self) -> timedelta | None:
        """How far back a refresh may look without counting nothing where something was dropped; None: to the start."""
        job = await self._jobs.job(RETENTION)
        spans = [span for span in (self._settings.retention, job and job["after"]) if span]
        dropped = await self._jobs.noted_at("dropped")
        if dropped:
            age = datetime.now(UTC) - dropped
            if not spans or age < min(spans):
                spans.append(max(age - DROPPED_MARGIN, timedelta(hours=1)))
        return min(spans, default=None)


def _reaches(found: timedelta | None, wanted: timedelta | None) -> bool:
    """Whether a refresh reaches as far back as it can, and no further than it may."""
    if found is None or wanted is None:
        return found == wanted
    return found <= wanted < found + REACH_TOLERANCE


def _reach_words(found: timedelta | None, wanted: timedelta | None) -> str:
    if wanted is not None and (found is None or found > wanted):
        return "reaches back to what was dropped, where it would count nothing"
    return "never counts what comes later than that"
