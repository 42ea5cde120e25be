"""Leaving: the end of a process that computes, whatever its threads are doing."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading


def leave(code: int) -> int:
    """Ends the process with this exit code at once if a thread is left behind in it.

    A compilation, or the tracing of a graph, cannot be cancelled. A thread in the middle of one
    that Python ends on its own way out is unwound through C++, which aborts the process.

    Returns:
        The exit code, if no thread is left: the process may end in the usual way.
    """
    if any(thread.daemon for thread in threading.enumerate()):
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):  # nobody may be reading any more
                stream.flush()
        os._exit(code)
    return code
