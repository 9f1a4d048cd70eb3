"""Whose fault is it? Every failure of the database, sorted: transient, paused, or the rows' own."""

import ssl

import asyncpg

from mothership.errors import Paused, SinkError, TimedOut, Transient, Unencodable
from mothership.sinks.tsdb.connection_target import ConnectionTarget
from mothership.sinks.tsdb.sql_files import migrations

DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, Unencodable)
"""What the driver and the encoder raise."""

ROW_ERROR_CLASSES = frozenset({"0A", "21", "22", "23", "2F", "38", "39", "44", "54", "HV", "P0"})
"""Data exceptions, constraints, limits, and what triggers raise: probably the fault of a row in the write."""
ROW_ERROR_STATES = frozenset({"XX000"})
"""Internal errors, such as a value too big to be allocated."""
PAUSED_CLASSES = frozenset({"28", "3D", "3F", "42", "F0"})
PAUSED_STATES = frozenset({"57P04", "XX001", "XX002"})
"""Dropped database, corrupted data, corrupted index."""

STATEMENT_TIMED_OUT = "57014"
TRANSIENT_STATES = frozenset({"40001", "40P01", "55006", "55P03", STATEMENT_TIMED_OUT, "XX000"})
"""Of a change of the schema: locks, deadlocks, and what others change at the same time."""

OWN_TABLES = [
    "mothership_migrations",
    *dict.fromkeys(table for step in migrations() for table in step.tables() if table != "events"),
]
"""What Mothership keeps beside the events."""
NO_TLS = "rejected SSL upgrade"
"""What the driver says of a server without TLS."""
BEHIND_A_POOLER = "as behind a PgBouncer that pools transactions: set database.statement_cache_size to 0"

REFUSAL_REASONS = {
    "22P05": "data holds \\u0000, which JSONB can't store",
    "22021": "text is no valid UTF-8, or holds a NUL character",
    "22P02": "data is no JSON that the database can read",
    "22P03": "data has no valid binary form",
    "22003": "data holds a number beyond what the database can store",
    "22008": "the time is beyond what the database can store",
    "54000": "a value is too long for the database or an index",
    "54001": "data is nested deeper than the database can read",
    "23514": "a check constraint on the table refuses it",
}
ADVICE = {
    "28P01": "the database refuses the password: correct database.password or database.dsn",
    "28000": "the database refuses the role or the host: see its pg_hba.conf",
    "3D000": "the database does not exist: create it, or correct its name",
    "42501": "the role lacks a right: it needs CREATE in the schema once, then INSERT and SELECT on events (DELETE for "
    "retention without TimescaleDB), USAGE on events_id_seq, and INSERT, SELECT, UPDATE and DELETE on "
    f"{', '.join(OWN_TABLES[:-1])} and {OWN_TABLES[-1]}",
    "42P01": "a table is missing and could not be made",
    "42P05": f"the database mixes up prepared statements, {BEHIND_A_POOLER}",
    "26000": f"the database lost a prepared statement, {BEHIND_A_POOLER}",
    "57P04": "the database was dropped",
    "25006": "the database is read-only (a standby, or protected)",
    "53100": "the database's disk is full",
    "53300": "the database has no connection left",
    STATEMENT_TIMED_OUT: "the database took longer than database.statement_timeout_seconds",
    "57P03": "the database is starting up or shutting down",
    "57P01": "the database closed the connection",
}


def may_be_row_error(error: BaseException) -> bool:
    """Whether a row of the write may be to blame, so that it is worth looking for it."""
    state = sqlstate(error)
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return False
    return isinstance(error, Unencodable) or state[:2] in ROW_ERROR_CLASSES or state in ROW_ERROR_STATES


def is_transient(error: BaseException) -> bool:
    """Whether a change of the schema that failed like this is worth another try soon."""
    state = sqlstate(error)
    return state in TRANSIENT_STATES or state[:2] == "53"


def refusal_reason(error: BaseException) -> str:
    """Why a row is refused, in words that quote nothing of it."""
    if isinstance(error, Unencodable):
        return REFUSAL_REASONS["22008"]
    state = sqlstate(error)
    return f"{REFUSAL_REASONS.get(state, 'the database refuses the row')} (SQLSTATE {state})"


def classify(error: BaseException) -> SinkError:
    """The failure of a whole write, as `Transient`, `TimedOut` or `Paused`."""
    state = sqlstate(error)
    if state and state[:2] != "08":
        reason = f"{ADVICE.get(state, 'the database failed')} (SQLSTATE {state})"
        paused = state[:2] in PAUSED_CLASSES or state in PAUSED_STATES
        timed_out = state == STATEMENT_TIMED_OUT
        return Paused(reason) if paused else TimedOut(reason) if timed_out else Transient(reason)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Paused("the database's certificate is not trusted: see sslmode and sslrootcert in database.dsn")
    if isinstance(error, asyncpg.ClientConfigurationError):
        return Paused("database.dsn can't be used")
    if isinstance(error, TimeoutError):  # a server that is only slow ends the statement before that, and says so
        return Transient("the database did not answer in time")
    if isinstance(error, OSError):
        return Transient(f"the database can't be reached ({type(error).__name__})")
    return Transient(f"the connection to the database broke ({type(error).__name__})")


def connection_failure(error: BaseException, target: ConnectionTarget) -> SinkError:
    """The failure to connect, with the place, and the parameter where one is to blame."""
    state = sqlstate(error)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Paused(
            f"the certificate of the database at {target} is not trusted: see sslrootcert and sslmode in database.dsn"
        )
    if isinstance(error, ConnectionError) and NO_TLS in str(error):
        return Paused(f"the database at {target} has no TLS, and database.dsn says sslmode={target.ssl_mode}")
    if state in {"42704", "22023", "55P02", "42602"} and target.session:
        names = ", ".join(sorted(target.session))
        return Paused(f"the database at {target} does not take a setting of database.dsn ({names}; SQLSTATE {state})")
    if isinstance(error, asyncpg.TargetServerAttributeNotMatched):
        wanted = target.parameters.get("target_session_attrs", "any")
        return Transient(f"no server at {target} is what database.dsn wants: target_session_attrs={wanted}")
    if isinstance(error, OSError) and not isinstance(error, TimeoutError | ssl.SSLError):
        return Transient(f"the database at {target} can't be reached ({type(error).__name__})")
    translated = classify(error)
    kind = Transient if isinstance(translated, TimedOut) else type(translated)  # nothing was too much yet
    return kind(f"{translated.reason}; it is at {target}")


def sqlstate(error: BaseException) -> str:
    """The server's five characters, or nothing."""
    state = getattr(error, "sqlstate", None)
    return state if isinstance(state, str) else ""
