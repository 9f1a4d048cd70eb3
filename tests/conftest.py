"""What every test may ask for: a real PostgreSQL for the session, and a fresh database on it."""

import asyncio
import contextlib
import gc
import itertools
import logging
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog
from hypothesis import HealthCheck, settings
from tests.relay.nats_cluster import NatsCluster, cluster

import mothership.telemetry  # noqa: F401  # configures logging, which is looked up below
from mothership.data_directory_lock import lock_data_dir
from mothership.embedded.server import TUNING, PostgresServer

Databases = Callable[[], contextlib.AbstractContextManager[str]]

WORKER_BYTES = 3 * 1024**3
"""What a worker of the tests may need at once, with its services, its PostgreSQL and its browser."""

ALLOCATIONS_BETWEEN_COLLECTIONS = 5_000

_numbers = itertools.count(1)

# How long an example takes, or is made, is the machine's load and no fault.
settings.register_profile(
    "mothership", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("mothership")


def pytest_configure() -> None:
    """Let Ctrl-C reach the services that the tests start: in a shell's background job it is ignored, and inherited."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped proof should not go unnoticed."""
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if "no promtool here" in str(one.longrepr)]
    if skipped:
        message = f"{len(skipped)} tests of alert rules were SKIPPED: install Debian's package `prometheus`"
        terminalreporter.write_line(message, yellow=True, bold=True)


def pytest_xdist_auto_num_workers() -> int:
    """Twice as many as there are cores: where a test waits, for a time-out or for a process, another can work."""
    memory_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(2, min(2 * (os.cpu_count() or 1), memory_bytes // WORKER_BYTES))


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep tests together that share what their module starts, a service, a site, a wheel: it is started once.

    `--dist loadgroup` would give every worker some of them. Groups begin first, the greatest before the others. Three
    servers of NATS, which send each other heartbeats for as long as the tests go on, are enough, too.
    """
    for item in items:
        if isinstance(item, pytest.Function) and item.get_closest_marker("xdist_group") is None:
            definitions = [each[-1] for each in item._fixtureinfo.name2fixturedefs.values()]
            chosen = item.callspec.params.values() if hasattr(item, "callspec") else ()
            if "nats_cluster" in item.fixturenames or "jetstream" in chosen:
                item.add_marker(pytest.mark.xdist_group("nats"))
            elif any(each.scope == "module" for each in definitions):
                item.add_marker(pytest.mark.xdist_group(item.module.__name__))


def pytest_collection_finish(session: pytest.Session) -> None:
    """A group that is torn apart fails nothing: each worker starts what it needs once more, and nobody is told."""
    torn = [
        item
        for item in session.items
        if session.config.getoption("loadgroup", default=False)
        and item.get_closest_marker("xdist_group")
        and "@" not in item.nodeid.rpartition("]")[2]
    ]
    if torn:
        raise pytest.UsageError(f"this pytest-xdist keeps no groups with pytest {pytest.__version__}: {torn[0].nodeid}")


@pytest.hookimpl(tryfirst=True)  # others run the tests in it
def pytest_runtestloop() -> None:
    """Thousands of tests and all that they import stay: to look for garbage among them was a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(ALLOCATIONS_BETWEEN_COLLECTIONS)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """Logging that a test configures, or a command in it, is put back: its stream is closed."""
    root = logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    yield
    if structlog.get_config() != before:
        structlog.configure(**before)
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """A PostgreSQL server for the whole session: the very one that ships as the embedded default."""
    home = Path(tempfile.mkdtemp(prefix="mothership-test-"))
    home.chmod(0o711)
    try:
        with lock_data_dir(home) as locked:
            # It dies with the tests, and tells them when something was committed.
            tuning = {**TUNING, "fsync": "off", "track_commit_timestamp": "on"}
            server = PostgresServer(locked, tuning=tuning, superuser=True)
            try:
                yield server.start()
            finally:
                server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(postgres_dsn: str) -> Databases:
    """Make fresh, empty databases, each dropped after its block with whoever is still connected."""

    @contextlib.contextmanager
    def make() -> Iterator[str]:
        name = f"test_{os.getpid()}_{next(_numbers)}"
        # As files: through the log, as is usual, it takes four times the processor time.
        asyncio.run(_execute(postgres_dsn, f"CREATE DATABASE {name} STRATEGY file_copy"))
        parts = urlsplit(postgres_dsn)
        yield urlunsplit(parts._replace(path=f"/{name}"))
        asyncio.run(_execute(postgres_dsn, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))

    return make


@pytest.fixture
def database_dsn(new_database: Databases) -> Iterator[str]:
    """A fresh, empty database."""
    with new_database() as dsn:
        yield dsn


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def nats_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsCluster]:
    """Three NATS servers on loopback, for tests that leave them alone; each takes a stream of its own."""
    with cluster(tmp_path_factory.mktemp("nats")) as started:
        yield started
