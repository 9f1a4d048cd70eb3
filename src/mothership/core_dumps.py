"""No core dumps: the memory of this process holds events as they came, keys and tokens."""

import ctypes
import resource
import sys

_PR_SET_DUMPABLE = 4


def forbid() -> None:
    """For this process and, as far as a limit goes, its children.

    On Linux the process is marked as well: a core file that is piped to a program heeds no limit, and a marked process
    can't be looked into by others of its user either.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
