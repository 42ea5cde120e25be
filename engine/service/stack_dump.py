"""Where the threads of a worker are, asked from outside while it is stuck.

The worker offers it once; the session asks. On Linux and macOS a signal makes even a process write
its stacks that holds Python's lock in native code; elsewhere a thread of the worker does it.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 2.0
"""How long to wait for the stacks; a worker writes them within milliseconds, or not at all."""
QUIET_S = 0.2
"""So long nothing more comes when all is written; a busy machine may interrupt the writing."""

_STANDARD_ERROR = 2
_SIGNAL: signal.Signals | None = getattr(signal, "SIGUSR1", None)
_STATES = {
    psutil.STATUS_STOPPED: "The process is halted (by SIGSTOP, Ctrl-Z or a debugger): it goes on "
    "when it gets SIGCONT.",
    psutil.STATUS_TRACING_STOP: "The process is halted by a debugger.",
    psutil.STATUS_DISK_SLEEP: "The process waits for the disk, the network or a device.",
    psutil.STATUS_RUNNING: "The process computes.",
    psutil.STATUS_SLEEPING: "The process waits for something.",
}


def offer() -> None:
    """Lets this process write its stacks to standard error: when asked, and when it crashes.

    Call it before the log of the process exists: a session takes the log for the sign that the
    signal is safe to send.
    """
    faulthandler.enable(_STANDARD_ERROR, all_threads=True)
    if _SIGNAL is not None:
        faulthandler.register(_SIGNAL, file=_STANDARD_ERROR, all_threads=True)


def write() -> None:
    """Writes the stacks of all threads of this process to standard error, from any of them."""
    faulthandler.dump_traceback(_STANDARD_ERROR, all_threads=True)


def take(pid: int, log: Path, ask: Callable[[], None]) -> str:
    """Returns what a process says of its threads, and what the system says of the process.

    Args:
        pid: The process, which has called `offer`.
        log: Where its standard error goes.
        ask: Asks it to call `write`, where there are no such signals.
    """
    parts = [_state_of(pid), _stacks_of(pid, log, ask)]
    return "\n\n".join(part for part in parts if part)


def _state_of(pid: int) -> str:
    try:
        return _STATES.get(psutil.Process(pid).status(), "")
    except psutil.Error:
        return ""


def _stacks_of(pid: int, log: Path, ask: Callable[[], None]) -> str:
    try:
        before = log.stat().st_size
        if _SIGNAL is None:
            ask()
        else:
            os.kill(pid, _SIGNAL)
        _await_growth(log, before)
        with log.open("rb") as file:
            file.seek(before)
            return file.read().decode("utf-8", errors="replace").strip()
    except OSError:  # the process has ended, or never had a log
        return ""


def _await_growth(log: Path, before: int) -> None:
    """Waits until something was written and no more comes, or patience ends."""
    deadline = time.monotonic() + PATIENCE_S
    size, grown_at = before, 0.0
    while time.monotonic() < deadline:
        time.sleep(0.05)
        last, size = size, log.stat().st_size
        if size != last:
            grown_at = time.monotonic()
        elif size > before and time.monotonic() - grown_at >= QUIET_S:
            return
