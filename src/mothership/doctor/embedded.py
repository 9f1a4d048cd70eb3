"""The embedded PostgreSQL: its programs, who may run it, and what it finds in the data directory."""

import os
import shutil
from collections.abc import AsyncIterator

from mothership.doctor.finding import Finding, error, note, ok
from mothership.doctor.patient import Patient
from mothership.embedded import programs
from mothership.embedded.cluster import cluster_path, read_in
from mothership.embedded.postgres import dsn_of
from mothership.errors import ConfigurationError

PART = "embedded"
DOES_NOT_START = "the service does not start"
USER_PROGRAMS = ("useradd", "adduser")


def is_used(patient: Patient) -> bool:
    """Whether this configuration uses it."""
    return patient.settings.sinks.timescaledb.enabled and not patient.settings.database.is_external


async def examine(patient: Patient) -> AsyncIterator[Finding]:
    """See the module."""
    if not is_used(patient):
        return
    try:
        programs.shipped()
        major = programs.major()
    except (ConfigurationError, OSError) as failure:
        reason = failure.faults[0] if isinstance(failure, ConfigurationError) else "PostgreSQL's programs don't run"
        yield error(PART, reason, cost=DOES_NOT_START, remedy="install it, or set database.dsn")
        return
    yield ok(PART, f"PostgreSQL {major} is there to be run")
    if os.geteuid() == 0 and not any(map(shutil.which, USER_PROGRAMS)):
        yield note(PART, "there is no program that makes a user for it: it must exist, as `mothership` or `postgres`")
    cluster = cluster_path(patient.data_dir)
    if not cluster.is_dir():
        yield note(PART, f"{cluster} is not there yet: the first start makes it")
        return
    made_by = read_in(cluster, "PG_VERSION").strip()
    if made_by and made_by != major:
        yield error(
            PART,
            f"{cluster} was made by PostgreSQL {made_by} and this is {major}",
            cost=DOES_NOT_START,
            remedy="restore a backup that the old version made (`mothership backup`, `mothership restore`)",
        )
    if not patient.is_running:
        yield note(PART, "it does not run, so what is in it was not looked at")
        return
    try:
        dsn_of(patient.data_dir)
    except ConfigurationError:
        yield error(
            PART,
            "the service runs, and its database does not",
            cost="events wait in the spool",
            remedy=f"see {patient.data_dir}/postgres.log; the service starts it again by itself",
        )
