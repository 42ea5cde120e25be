"""Where the threads of a worker are, asked from outside while it is stuck.

The worker offers it once; the session asks. A thread of the worker writes the stacks, with Python's
lock held, so that none of them changes meanwhile. Where it does not answer, something holds that
lock in native code; then, on Linux and macOS, a signal makes the process write them all the same.
Sent to a process whose threads run Python, that signal can crash it: it reads what they change.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import psutil

PATIENCE_S = 2.0
"""How long to wait for what a signal brings; it comes within milliseconds, or not at all."""
ANSWER_S = 2.0
"""How long to wait for a thread of the worker, before it gets a signal."""
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
_HALTED = (_STATES[psutil.STATUS_STOPPED], _STATES[psutil.STATUS_TRACING_STOP])


def offer() -> None:
    """Lets this process write its stacks to standard error: on a signal, and when it crashes.

    Call it before the log of the process exists: a session takes the log for the sign that the
    signal is safe to send.
    """
    faulthandler.enable(_STANDARD_ERROR, all_threads=True)
    if _SIGNAL is not None:
        faulthandler.register(_SIGNAL, file=_STANDARD_ERROR, all_threads=True)


def write() -> None:
    """Writes the stacks of all threads of this process to standard error, from any of them."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    lines: list[str] = []
    for ident, frame in sys._current_frames().items():
        lines.append(f"Thread {ident:#x} [{names.get(ident, '?')}] (most recent call first):")
        calls = traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)
        lines += [f'  File "{it.filename}", line {it.lineno} in {it.name}' for it in calls]
    os.write(_STANDARD_ERROR, ("\n".join(lines) + "\n").encode("utf-8", errors="replace"))


def take(pid: int, log: Path, ask: Callable[[], None]) -> str:
    """Returns what a process says of its threads, and what the system says of the process.

    Args:
        pid: The process, which has called `offer`.
        log: Where its standard error goes.
        ask: Asks it to call `write`.
    """
    state = _state_of(pid)
    # A halted one cannot answer now; a signal would wait until its threads run again.
    parts = [state, "" if state in _HALTED else _stacks_of(pid, log, ask)]
    return "\n\n".join(part for part in parts if part)


def _state_of(pid: int) -> str:
    try:
        return _STATES.get(psutil.Process(pid).status(), "")
    except psutil.Error:
        return ""


def _stacks_of(pid: int, log: Path, ask: Callable[[], None]) -> str:
    try:
        before = log.stat().st_size
        if not psutil.pid_exists(pid):
            return ""
        ask()
        if not _grows(log, before, ANSWER_S) and _SIGNAL is not None:
            os.kill(pid, _SIGNAL)
            _grows(log, before, PATIENCE_S)
        with log.open("rb") as file:
            file.seek(before)
            return file.read().decode("utf-8", errors="replace").strip()
    except OSError:  # the process has ended, or never had a log
        return ""


def _grows(log: Path, before: int, patience_s: float) -> bool:
    """Waits until something was written and no more comes, or patience ends."""
    deadline = time.monotonic() + patience_s
    size, grown_at = before, 0.0
    while time.monotonic() < deadline:
        time.sleep(0.05)
        last, size = size, log.stat().st_size
        if size != last:
            grown_at = time.monotonic()
        elif size > before and time.monotonic() - grown_at >= QUIET_S:
            return True
    return size > before
