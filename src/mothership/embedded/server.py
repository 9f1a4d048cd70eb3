"""One cluster and its server process: made, tidied, started, stopped."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping

from mothership.data_directory import fault
from mothership.data_directory_lock import LockedDataDir
from mothership.embedded.account import account_for
from mothership.embedded.cluster import Cluster, cluster_path, error_line, remove_in
from mothership.embedded.endpoint import dsn_for, environment, socket_dir_for
from mothership.embedded.processes import postmaster_lines, postmaster_pid, send, server_processes
from mothership.embedded.programs import programs_for

START_SECONDS = 60.0
"""Longest wait for the server to accept connections: a recovery after a crash comes first."""
STOP_SECONDS = 20.0
"""Longest wait for an orderly stop before a hard one."""
PROBE_SECONDS = 0.02
STOP_PROBE_SECONDS = 0.05
"""A look at every process of the machine costs some milliseconds."""
SOCKET_LOCK = ".s.PGSQL.5432.lock"
LOG_LIMIT_BYTES = 1_000_000
LOG_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC

TUNING = {
    "shared_buffers": "128MB",
    "max_connections": "200",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "pglz",
    "gin_pending_list_limit": "1MB",
    "jit": "off",
    "io_workers": "2",
    "max_parallel_workers_per_gather": "1",
    "autovacuum_max_workers": "2",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Its log must not quote events: no statements, no details, no context.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
}
"""For a small machine that does other things, too. `fsync` and `synchronous_commit` stay on."""


class PostgresServer:
    """One cluster and its server process. `start` and `stop` for synchronous callers; `postgres` for the service.

    `superuser` gives the service's role every right: for tests and benchmarks, which make databases and roles.
    """

    def __init__(self, locked: LockedDataDir, *, tuning: Mapping[str, str] = TUNING, superuser: bool = False) -> None:
        self._home = locked.data_dir
        self._tuning = tuning
        self._superuser = superuser
        self._path = cluster_path(self._home)
        self._log = self._home / "postgres.log"
        self._cluster: Cluster | None = None
        self._socket_dir = self._home / "postgres-socket"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def dsn(self) -> str:
        """Where it listens."""
        return dsn_for(self._socket_dir)

    def start(self) -> str:
        """Make the cluster if it isn't there, start the server, wait until it answers; returns the DSN."""
        self.prepare()
        self.launch()
        deadline = time.monotonic() + START_SECONDS
        while not self.ready(late=time.monotonic() > deadline):
            time.sleep(PROBE_SECONDS)
        return self.dsn

    def prepare(self) -> None:
        """Tidy what an earlier run left, and make the cluster if there is none. Takes a second or two."""
        self.stop()
        account = account_for(self._path)
        try:
            self._socket_dir = socket_dir_for(self._home, account)
            self._cluster = Cluster(self._home, account, programs_for(account, self._home))
            self._cluster.prepare(superuser=self._superuser)
            if self._log.exists() and self._log.stat().st_size > LOG_LIMIT_BYTES:
                self._log.replace(self._log.with_suffix(".log.1"))
        except OSError as error:
            where = error.filename or self._home
            raise fault(f"the embedded PostgreSQL can't be set up: {error.strerror}: {where}") from error

    def launch(self) -> None:
        """Start the server process. Quick; the calling thread must outlive the server."""
        cluster = self._cluster
        assert cluster is not None  # noqa: S101 - `prepare` comes first
        # Nobody is there; the numbers in these may belong to strangers by now.
        remove_in(cluster.path, "postmaster.pid")
        remove_in(self._socket_dir, SOCKET_LOCK)
        settings = {
            **self._tuning,
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{self._socket_dir}"',
            "unix_socket_permissions": "0700",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        directory = cluster.open()
        try:
            with os.fdopen(os.open(self._log, LOG_FLAGS, 0o600), "ab") as out:
                os.fchmod(out.fileno(), 0o600)
                arguments = ("-D", cluster.argument, *options)
                self._process = subprocess.Popen(  # noqa: S603 - our own programs
                    cluster.command("postgres", *arguments, death_signal=signal.SIGINT, directory=directory),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    cwd="/",
                    pass_fds=[directory],
                    env=environment(),
                    start_new_session=True,
                )
        except OSError as error:
            where = error.filename or self._home
            raise fault(f"the embedded PostgreSQL can't be started: {error.strerror}: {where}") from error
        finally:
            os.close(directory)

    def ready(self, *, late: bool = False) -> bool:
        """Whether it accepts connections. Raises `ConfigurationError` when it ended, or when it is `late`."""
        if not self.running():
            raise fault(f"the embedded PostgreSQL did not start: {self._log_tail()}")
        if postmaster_lines(self._path)[7:8] == ["ready"]:
            return True
        if late:
            raise fault(f"the embedded PostgreSQL is not ready after {START_SECONDS:g} s")
        return False

    def running(self) -> bool:
        """Whether the process that `launch` started lives."""
        return self._process is not None and self._process.poll() is None

    def status(self) -> int | None:
        """Exit status of the server process."""
        return self._process.poll() if self._process else None

    def stop(self) -> None:
        """End every server process of this cluster, whoever started it: orderly, then hard."""
        for death, patience_seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 10.0)):
            if not self._end(death, patience_seconds):
                break
        self._process = None
        if self._socket_dir.parent != self._home:  # a directory for the time being
            with contextlib.suppress(OSError):
                remove_in(self._socket_dir, SOCKET_LOCK)
                remove_in(self._socket_dir, SOCKET_LOCK.removesuffix(".lock"))
                self._socket_dir.rmdir()

    def _end(self, death: signal.Signals, patience_seconds: float) -> list[int]:
        """Ask by this signal; returns who is still there when patience ends."""
        deadline = time.monotonic() + patience_seconds
        asked: set[int] = set()
        while left := server_processes(self._path):
            head = postmaster_pid(self._path)
            for pid in left:
                # The head passes SIGINT and SIGQUIT on to its children, in the right order.
                if pid not in asked and (pid == head or head not in left or death == signal.SIGKILL):
                    asked.add(pid)
                    send(pid, death)
                send(pid, signal.SIGCONT)  # it may be stopped, and then it hears nothing
            if self._process:
                self._process.poll()
            if time.monotonic() > deadline:
                return left
            time.sleep(STOP_PROBE_SECONDS)
        if self._process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(1.0)
        return []

    def _log_tail(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - 2000))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        return error_line("\n".join(reversed(lines))) or f"see {self._log}"
