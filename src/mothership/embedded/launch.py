"""Become an unprivileged user and turn into the given program. Run as a script, by path; never imported.

`python -I -S launch.py UID GID SIGNAL REACH PARENT PROGRAM ARGUMENT…`

PostgreSQL refuses to run as root, and a program started from Python's `preexec_fn` may deadlock in a process with
threads: hence this small step between the two. UID is -1 to stay who one is. SIGNAL arrives when the parent dies, so
no server is left behind by a `kill -9` of the service. REACH is 1 to keep the one right of root that lets the new
user pass closed directories (a clone under `/root`, mode 0700) on the way to its own.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 1 << 2
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


def main(arguments: list[str]) -> None:
    """Drop, tie to the parent, become the program."""
    uid, gid, death_signal, reach, parent = map(int, arguments[:5])
    program = arguments[5:]
    linux = sys.platform == "linux"
    libc = ctypes.CDLL(None, use_errno=True)
    if uid >= 0:
        if reach and linux:
            libc.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0)
            # Without it access(2), by which initdb looks for its programs, leaves the kept right out of account.
            libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if reach and linux:
            _keep_reach(libc)
    os.umask(0o077)
    if linux:
        libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execv(program[0], program)  # noqa: S606 - the whole point: no shell, the caller's own program


def _keep_reach(libc: ctypes.CDLL) -> None:
    """Keep one right that lets it pass closed directories: the one to read, or else the one to write as well."""
    for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
        bit = 1 << capability
        data = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
        if libc.capset(header, data) == 0 and (libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) == 0):
            return
    sys.exit("the container keeps root from lending the right to pass closed directories")


if __name__ == "__main__":
    main(sys.argv[1:])
