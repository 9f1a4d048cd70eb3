"""One cluster and its server process: made, tidied, started, stopped."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from mothership.embedded import launch
from mothership.embedded.claim import Claim
from mothership.embedded.place import (
    DATABASE,
    ROLE,
    account_for,
    dsn_for,
    environment,
    fault,
    major,
    passable,
    programs,
    socket_dir_for,
)
from mothership.embedded.processes import postmaster_lines, postmaster_pid, send, server_processes

START_SECONDS = 60.0
"""Longest wait for the server to accept connections: a recovery after a crash comes first."""
STOP_SECONDS = 20.0
"""Longest wait for an orderly stop before a hard one."""
PROBE_SECONDS = 0.02
STOP_PROBE_SECONDS = 0.05
"""A look at every process of the machine costs some milliseconds."""
LOG_LIMIT_BYTES = 1_000_000

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


class Server:
    """One cluster and its server process. `start` and `stop` for synchronous callers; `postgres` for the service."""

    def __init__(self, claimed: Claim, *, tuning: Mapping[str, str] = TUNING) -> None:
        self._home = claimed.data_dir
        self._tuning = tuning
        self._cluster = self._home / "postgres"
        self._log = self._home / "postgres.log"
        self._account = account_for(self._home, self._cluster)
        self._reach = self._account.uid >= 0 and not all(
            passable(path, self._account) for path in (self._home, programs())
        )
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
        try:
            self._socket_dir = socket_dir_for(self._home, self._account)
            if not (self._cluster / "PG_VERSION").exists():
                self._make_cluster()
        except OSError as error:
            raise fault(f"the embedded PostgreSQL can't be set up: {error.strerror}: {error.filename}") from error
        made_by = (self._cluster / "PG_VERSION").read_text().strip()
        if made_by != major():
            raise fault(
                f"{self._cluster} was made by PostgreSQL {made_by} and this is {major()}: "
                "dump it with the old version and restore it with the new one, or use another data directory"
            )
        self._write_access_rules()
        if self._log.exists() and self._log.stat().st_size > LOG_LIMIT_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))

    def launch(self) -> None:
        """Start the server process. Quick; the calling thread must outlive the server."""
        # `stop` saw to it that nobody is there; the numbers in these may belong to strangers by now.
        for stale in (self._cluster / "postmaster.pid", self._socket_dir / ".s.PGSQL.5432.lock"):
            stale.unlink(missing_ok=True)
        settings = {
            **self._tuning,
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{self._socket_dir}"',
            "unix_socket_permissions": "0700",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with self._log.open("ab") as out:
            self._log.chmod(0o600)
            self._process = subprocess.Popen(  # noqa: S603 - our own programs
                self._command("postgres", "-D", str(self._cluster), *options, death_signal=signal.SIGINT),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
                env=environment(),
                start_new_session=True,
            )

    def ready(self, *, late: bool = False) -> bool:
        """Whether it accepts connections. Raises `ConfigurationError` when it ended, or when it is `late`."""
        if not self.running():
            raise fault(f"the embedded PostgreSQL did not start: {self._last_words()}")
        if postmaster_lines(self._cluster)[7:8] == ["ready"]:
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

    def _end(self, death: signal.Signals, patience_seconds: float) -> list[int]:
        """Ask by this signal; returns who is still there when patience ends."""
        deadline = time.monotonic() + patience_seconds
        asked: set[int] = set()
        while left := server_processes(self._cluster):
            head = postmaster_pid(self._cluster)
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

    def _make_cluster(self) -> None:
        """Build it beside its place and move it there whole: a crash in the middle leaves nothing that misleads."""
        draft = self._home / "postgres.new"
        for leftover in (draft, self._cluster):
            shutil.rmtree(leftover, ignore_errors=True)
        draft.mkdir(mode=0o700)
        if self._account.uid >= 0:
            os.chown(draft, *self._account)
        self._run(
            *("initdb", "-D", str(draft), "-U", ROLE, "--auth=peer", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", "--sync-method=syncfs")
            if sys.platform == "linux"
            else ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        )
        self._run("postgres", "--single", "-D", str(draft), "template1", stdin=f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self._cluster)
        descriptor = os.open(self._home, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _write_access_rules(self) -> None:
        """Let in, over the socket, root and whoever we are; the kernel vouches for them."""
        names = sorted({"root", pwd.getpwuid(os.geteuid()).pw_name})
        self._write("pg_hba.conf", f"local all all peer map={ROLE}\n")
        self._write("pg_ident.conf", "".join(f'{ROLE} "{name}" all\n' for name in names))

    def _write(self, name: str, text: str) -> None:
        path = self._cluster / name
        path.write_text(text)
        if self._account.uid >= 0:
            os.chown(path, *self._account)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> None:
        result = subprocess.run(  # noqa: S603 - our own programs
            self._command(program, *arguments, death_signal=signal.SIGKILL),
            input=stdin,
            capture_output=True,
            text=True,
            cwd="/",
            env=environment(),
            start_new_session=True,
            check=False,
        )
        if result.returncode:
            reason = _last_line(result.stderr) or f"exit status {result.returncode}"
            raise fault(f"{program} of the embedded PostgreSQL failed: {reason}")

    def _command(self, program: str, *arguments: str, death_signal: signal.Signals) -> Sequence[str]:
        launcher = [sys.executable, "-I", "-S", launch.__file__]
        rights = [self._account.uid, self._account.gid, int(death_signal), int(self._reach), os.getpid()]
        return [*launcher, *map(str, rights), str(programs() / program), *arguments]

    def _last_words(self) -> str:
        try:
            with self._log.open("rb") as file:
                file.seek(max(0, self._log.stat().st_size - 2000))
                lines = file.read().decode("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        return next((line for line in reversed(lines) if "FATAL" in line or "PANIC" in line), f"see {self._log}")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""
