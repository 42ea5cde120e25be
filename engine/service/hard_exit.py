"""Leaving: the end of a process that computes, whatever its threads are doing."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading


def leave(code: int, at_once: bool = False) -> int:
    """Ends the process with this exit code at once if a thread is left behind in it.

    A compilation, or the tracing of a graph, cannot be cancelled. A thread in the middle of one
    that Python ends on its own way out is unwound through C++, which aborts the process.

    Args:
        code: The exit code.
        at_once: Where none is left, too: something was interrupted that may be half begun.

    Returns:
        The exit code, if no thread is left: the process may end in the usual way.
    """
    if at_once or any(thread.daemon for thread in threading.enumerate()):
        logging.shutdown()
        for stream in (sys.stdout, sys.stderr):
            # Nobody may be reading any more; a window has none.
            with contextlib.suppress(OSError, ValueError, AttributeError):
                stream.flush()
        os._exit(code)
    return code
