"""Become an unprivileged user and turn into the given program. Run as a script, by path; never imported.

`python -I -S drop_privileges.py UID GID SIGNAL PARENT DIRECTORY PROGRAM ARGUMENT…`

PostgreSQL refuses to run as root, and a program started from Python's `preexec_fn` may deadlock in a process with
threads: hence this small step between the two. UID is -1 to stay who one is. SIGNAL arrives when the parent dies, so
no server is left behind by a `kill -9` of the service. DIRECTORY is the descriptor of the directory to work in: the
parent could open it, and its path may lead through directories that are closed to the user (a clone under `/root`,
mode 0700). No right of root is kept.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4


def main(arguments: list[str]) -> None:
    """Drop, tie to the parent, become the program."""
    uid, gid, death_signal, parent, directory = map(int, arguments[:5])
    program = arguments[5:]
    os.chdir(directory)
    if uid >= 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    os.umask(0o077)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)  # a unit may have lent us some, for a low port
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the whole point: no shell, the caller's own program


if __name__ == "__main__":
    main(sys.argv[1:])
