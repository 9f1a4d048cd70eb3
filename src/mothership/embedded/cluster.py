"""The directory of one cluster: made, tidied, read and written, and no link in it is followed.

It belongs to the database's user. When root runs the service, root opens nothing in it by a path: each name is looked
up in the opened directory, links are refused, and what is written is written beside and moved into place.
"""

import contextlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from mothership.data_directory import check_private, fault, user_name
from mothership.embedded import drop_privileges
from mothership.embedded.account import NOBODY, Account, chown_tree
from mothership.embedded.endpoint import DATABASE, ROLE, SUPERUSER, environment
from mothership.embedded.programs import major
from mothership.telemetry import log

READ_BYTES_MAX = 10_000
HERE = "/proc/self/cwd"
"""How a program names the directory that it works in, when its path is closed to the program's user."""
RULES = f"local all {SUPERUSER} reject\nlocal all all peer map={ROLE}\n"
"""Over the socket, root and whoever runs the service, for whom the kernel vouches; nobody as superuser."""
FULL_DISK = "No space left on device"

MAKE_ROLE = f"CREATE ROLE {ROLE} LOGIN;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"
SPLIT_ROLE = (
    "CREATE ROLE mothership_upgrade SUPERUSER; SET SESSION AUTHORIZATION mothership_upgrade; "
    f"ALTER ROLE {ROLE} RENAME TO {SUPERUSER}; CREATE ROLE {ROLE} LOGIN; SET SESSION AUTHORIZATION {SUPERUSER}; "
    f"DROP ROLE mothership_upgrade; ALTER DATABASE {DATABASE} OWNER TO {ROLE};\n"
)
"""Clusters of Mothership 1.5 and before have the service's role as their superuser, which can't stop being one: it gets
another name, and the service another role. One line is one transaction."""
REASSIGN_OBJECTS = """
DO $$ DECLARE statement text; BEGIN
FOR statement IN
  SELECT format('ALTER SCHEMA %I OWNER TO mothership', nspname) FROM pg_namespace
  WHERE nspowner = 10 AND nspname !~ '^pg_' AND nspname <> 'information_schema'
  UNION ALL
  SELECT format('ALTER %s %s OWNER TO mothership', CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
    WHEN 'S' THEN 'SEQUENCE' WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END, c.oid::regclass)
  FROM pg_class c WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND c.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass
    AND d.deptype IN ('a', 'i', 'e'))
  UNION ALL
  SELECT format('ALTER ROUTINE %s OWNER TO mothership', p.oid::regprocedure) FROM pg_proc p
  WHERE proowner = 10 AND p.oid >= 16384
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.classid = 'pg_proc'::regclass
    AND d.deptype = 'e')
  UNION ALL
  SELECT format('ALTER TYPE %s OWNER TO mothership', t.oid::regtype) FROM pg_type t
  WHERE typowner = 10 AND t.oid >= 16384 AND typtype IN ('e', 'd', 'r')
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.classid = 'pg_type'::regclass
    AND d.deptype IN ('i', 'e'))
LOOP EXECUTE statement; END LOOP; END $$;
"""
ROLE_IS_SUPERUSER = f"SELECT 'oid ' || oid FROM pg_roles WHERE rolname = '{ROLE}' AND oid = 10;\n"  # noqa: S608 - a constant


class Cluster:
    """`<data_dir>/postgres`. `programs` is where initdb and postgres are, as the account can run them."""

    def __init__(self, home: Path, account: Account, programs: Path) -> None:
        self.path = cluster_path(home)
        self.account = account
        self._home = home
        self._programs = programs

    @property
    def argument(self) -> str:
        """How to name it to PostgreSQL."""
        return str(self.path) if self.account.can_traverse(self.path.parent) else HERE

    def prepare(self, *, superuser: bool = False) -> None:
        """Make it if it isn't there, bring it to this version's form, and say who may come in.

        `superuser` gives the service's role every right: for tests, which make databases and roles.
        """
        if not self._is_made():
            self._make()
        check_private(self.path.parent)
        made_by = self.read("PG_VERSION").strip()
        if made_by != major():
            raise fault(
                f"{self.path} was made by PostgreSQL {made_by} and this is {major()}: "
                "dump it with the old version and restore it with the new one, or use another data directory"
            )
        self._check_owner()
        remove_in(self.path, "postmaster.pid")  # nobody is there; its number may belong to a stranger by now
        if self.read("pg_hba.conf") != RULES:
            self._split_role()
        if superuser:
            self._sql("template1", f"ALTER ROLE {ROLE} SUPERUSER;\n")
        names = sorted({"root", pwd.getpwuid(os.geteuid()).pw_name})
        self.write("pg_ident.conf", "".join(f'{ROLE} "{name}" all\n' for name in names))
        self.write("pg_hba.conf", RULES)

    def read(self, name: str) -> str:
        """The start of a file that PostgreSQL wrote there; empty when there is none of its own by this name."""
        return read_in(self.path, name)

    def write(self, name: str, text: str) -> None:
        """Put a file there, in place of whatever has the name."""
        directory = _opened(self.path)
        draft = f"{name}.{os.urandom(6).hex()}"
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600, dir_fd=directory)
            try:
                os.write(descriptor, text.encode())
                if self.account.uid >= 0:
                    os.fchown(descriptor, *self.account)
            finally:
                os.close(descriptor)
            os.rename(draft, name, src_dir_fd=directory, dst_dir_fd=directory)
        finally:
            os.close(directory)

    def open(self) -> int:
        """A descriptor of the directory, for a program to work in. The caller closes it."""
        return _opened(self.path)

    def command(self, program: str, *arguments: str, death_signal: signal.Signals, directory: int) -> Sequence[str]:
        """What runs one of PostgreSQL's programs as the account, in the opened directory, without any right of ours."""
        launcher = [sys.executable, "-I", "-S", drop_privileges.__file__]
        rights = [self.account.uid, self.account.gid, int(death_signal), os.getpid(), directory]
        return [*launcher, *map(str, rights), str(self._programs / program), *arguments]

    def _is_made(self) -> bool:
        if not self.path.is_dir() or not os.listdir(self.path):  # noqa: PTH208 - is there anything?
            return False
        if not self.read("PG_VERSION"):
            raise fault(
                f"{self.path} is not empty and holds no PG_VERSION of PostgreSQL's: restore it from a backup, "
                "or move it away, and a new one is made"
            )
        return True

    def _check_owner(self) -> None:
        """A cluster that `nobody` has, from before, is given to the account; one that others can change is refused."""
        status = self.path.stat()
        if self.account.uid >= 0 and user_name(status.st_uid) == NOBODY:
            chown_tree(self.path, self.account)
            log.warning("embedded_postgres_changed_user", before=NOBODY, now=user_name(self.account.uid))
            status = self.path.stat()
        if status.st_uid != self.account.user_id:
            raise fault(
                f"{self.path} belongs to {user_name(status.st_uid)}, and the embedded PostgreSQL runs as "
                f"{user_name(self.account.user_id)}: run `chown -R {user_name(self.account.user_id)} {self.path}`"
            )
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise fault(f"other users may write to {self.path}: run `chmod 700 {self.path}`")

    def _make(self) -> None:
        """Build it beside its place and move it there whole: a crash in the middle leaves nothing that misleads."""
        draft = self._home / "postgres.new"
        shutil.rmtree(draft, ignore_errors=True)  # it follows no link
        draft.mkdir(mode=0o700)
        descriptor = _opened(draft)
        try:
            if self.account.uid >= 0:
                os.fchown(descriptor, *self.account)
        finally:
            os.close(descriptor)
        made = Cluster(self._home, self.account, self._programs)
        made.path = draft
        made._run(
            *("initdb", "-D", made.argument, "-U", SUPERUSER, "--auth=peer", "--encoding=UTF8", "--locale=C"),
            *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions", "--sync-method=syncfs")
            if sys.platform == "linux"
            else ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
        )
        made._sql("template1", MAKE_ROLE)
        made.write("pg_hba.conf", RULES)
        draft.rename(self.path)
        descriptor = _opened(self._home)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _split_role(self) -> None:
        """Take the superuser's rights from the service's role of a cluster that an older Mothership made."""
        if "oid 10" in self._sql("template1", ROLE_IS_SUPERUSER):
            self._sql("template1", SPLIT_ROLE)
            log.warning("embedded_postgres_role_is_no_superuser_any_more", role=ROLE, superuser=SUPERUSER)
        self._sql(DATABASE, " ".join(REASSIGN_OBJECTS.split()) + "\n")

    def _sql(self, database: str, statements: str) -> str:
        """Run these, one a line, while no server does. What PostgreSQL says of a failed one is the fault."""
        return self._run("postgres", "--single", "-D", self.argument, database, stdin=statements)

    def _run(self, program: str, *arguments: str, stdin: str = "") -> str:
        directory = self.open()
        try:
            result = subprocess.run(  # noqa: S603 - our own programs
                self.command(program, *arguments, death_signal=signal.SIGKILL, directory=directory),
                input=stdin,
                capture_output=True,
                text=True,
                cwd="/",
                pass_fds=[directory],
                env=environment(),
                start_new_session=True,
                check=False,
            )
        finally:
            os.close(directory)
        if result.returncode or "ERROR:" in result.stderr:
            reason = error_line(result.stderr).replace(HERE, str(self.path)) or f"exit status {result.returncode}"
            raise fault(f"{program} of the embedded PostgreSQL failed: {reason}")
        return result.stdout


def cluster_path(home: Path) -> Path:
    """Where the cluster is; a link of the operator's to another disk is followed."""
    return (home / "postgres").resolve()


def read_in(directory: Path, name: str) -> str:
    """The start of a regular file in a directory that another user may change; empty when there is none."""
    try:
        place = _opened(directory)
    except OSError:
        return ""
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=place)
    except OSError:
        return ""
    else:
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid not in {os.fstat(place).st_uid, os.geteuid()}:
                return ""
            if found.st_nlink > 1:
                return ""
            return os.read(descriptor, READ_BYTES_MAX).decode("utf-8", "replace")
        finally:
            os.close(descriptor)
    finally:
        os.close(place)


def remove_in(directory: Path, name: str) -> None:
    """Take a name away, whatever it is, from a directory that another user may change."""
    with contextlib.suppress(FileNotFoundError):
        place = _opened(directory)
        try:
            os.unlink(name, dir_fd=place)
        finally:
            os.close(place)


def error_line(text: str) -> str:
    """Of what a program wrote, the line that says why it failed."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for sign in (FULL_DISK, "FATAL:", "PANIC:", "ERROR:", "error:"):
        for line in lines:
            if sign in line:
                return line
    return lines[-1] if lines else ""


def _opened(directory: Path) -> int:
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
