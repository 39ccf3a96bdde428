"""What becomes of the memory that a server with many threads has freed."""

from __future__ import annotations

import ctypes
import os
import sys

ARENAS = 2
_M_ARENA_MAX = -8  # of glibc's malloc.h


def share_freed_memory() -> None:
    """Let threads share glibc's arenas; call it before there are threads.

    By default each keeps what it freed in an arena of its own. With 20 visitors and 200 images a
    server grew by a tenth so, and does not with two arenas. Elsewhere, or where MALLOC_ARENA_MAX
    is set, nothing is done.
    """
    if "MALLOC_ARENA_MAX" not in os.environ:
        _call("mallopt", _M_ARENA_MAX, ARENAS)


def return_freed_memory() -> None:
    """Let the system have the pages that hold nothing any more; it takes some 20 ms.

    glibc keeps them, and as images, strings and arrays of many sizes come and go, ever more of
    them lie between what is in use.
    """
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    """Call a function of glibc; musl and other systems have none of that name."""
    function = getattr(ctypes.CDLL(None), name, None) if sys.platform == "linux" else None
    if function is not None:
        function(*arguments)
