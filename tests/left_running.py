"""What a test leaves running: threads and processes, named with where they were started.

Every start is recorded, all session long: to walk over the stack takes some ten microseconds.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing.process
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).parents[1]
PATIENCE_S = 120.0
"""What was told to end may take so long on a busy machine; what was not is not waited for twice."""

_LIBRARIES = str(Path(sys.prefix).resolve())
_MOST_FRAMES = 12

Place = tuple[tuple[str, int, str], ...]
"""File, line and function of each frame, the innermost first."""

_started: dict[psutil.Process, Place] = {}
"""Processes of the test under way."""


def here() -> Place:
    """Where the caller's caller is."""
    frames = []
    frame = sys._getframe(2)
    while frame is not None:
        frames.append((frame.f_code.co_filename, frame.f_lineno, frame.f_code.co_name))
        frame = frame.f_back  # type: ignore[assignment]
    return tuple(frames)


def in_words(place: Place | None) -> str:
    """The frames of a place in files of ours; the innermost ones where there is none."""
    if place is None:
        return "    started where nobody saw it"
    ours = [frame for frame in place if _is_ours(frame[0])] or list(place)
    lines = [f'    File "{file}", line {line}, in {name}' for file, line, name in ours]
    return "\n".join(reversed(lines[:_MOST_FRAMES]))


def _is_ours(file: str) -> bool:
    return file.startswith(str(ROOT)) and not file.startswith(_LIBRARIES)


def recorded(start: Callable[..., Any], note: Callable[[Any, Place], None]) -> Callable[..., Any]:
    """The same method, which notes from where it was called."""

    @functools.wraps(start)
    def started(self: Any, *args: Any, **kwargs: Any) -> Any:
        place = here()
        result = start(self, *args, **kwargs)
        note(self, place)
        return result

    return started


def record_starts() -> None:
    """From now on it is known where each thread and each process was started."""

    def note_thread(thread: threading.Thread, place: Place) -> None:
        thread._started_at = place  # type: ignore[attr-defined]

    def note_process(process: Any, place: Place) -> None:
        with contextlib.suppress(psutil.Error):  # it has ended already
            _started[psutil.Process(process.pid)] = place

    base = multiprocessing.process.BaseProcess
    threading.Thread.start = recorded(threading.Thread.start, note_thread)  # type: ignore[method-assign]
    base.start = recorded(base.start, note_process)  # type: ignore[method-assign]
    subprocess.Popen.__init__ = recorded(  # type: ignore[method-assign]
        subprocess.Popen.__init__, note_process
    )


class LeftRunning:
    """Notes what runs before a test; says what was started in it and runs after it."""

    def __init__(self) -> None:
        self._threads = set(threading.enumerate())
        _started.clear()

    def threads(self) -> list[str]:
        """Threads that do not end, in words."""
        found = []
        for thread in set(threading.enumerate()) - self._threads:
            if isinstance(thread, threading._DummyThread):  # of Qt, or of a library in C++
                continue
            thread.join(PATIENCE_S)
            if thread.is_alive():
                place = getattr(thread, "_started_at", None)
                found.append(f"The thread {thread.name!r}, started at\n{in_words(place)}")
        return found

    def processes(self) -> list[str]:
        """Processes that do not end, in words; they are ended."""
        left = [process for process in list(_started) if not _has_ended(process)]
        _, alive = psutil.wait_procs(left, timeout=PATIENCE_S)
        found = []
        for process in alive:
            place = in_words(_started[process])
            found.append(f"The process {process.pid} ({_command(process)}), started at\n{place}")
            process.kill()
        return found


def _has_ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE  # whoever started it has yet to notice
    except psutil.Error:
        return True


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:200]
    except psutil.Error:
        return ""
