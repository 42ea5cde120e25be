"""Keeps what TensorFlow's native code prints off standard error, which is for people.

TensorFlow 2.21 prints its first lines whatever ``TF_CPP_MIN_LOG_LEVEL`` says.
"""

from __future__ import annotations

import faulthandler
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MAX_LOG_BYTES = 1_000_000


@contextmanager
def quiet_native_code(log: Path | None) -> Iterator[None]:
    """Sends the process's standard error to a log, and Python's own to where it was.

    Args:
        log: A file to append to, begun anew when it is large; None throws the output away.
    """
    # Before TensorFlow is imported; versions that heed it have nothing to redirect.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    python_errors = sys.stderr
    if not _is_process_stream(python_errors):
        yield  # Someone else has redirected it already, as test runners do.
        return
    python_errors.flush()
    original = os.dup(2)
    target = os.open(*_target(log), 0o600)
    os.dup2(target, 2)
    os.close(target)
    sys.stderr = open(  # noqa: SIM115  open as long as the block runs
        original, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
    # A crash in native code ends the process at once; this still says where it was.
    faulthandler.enable(file=original)
    try:
        yield
    finally:
        faulthandler.disable()
        sys.stderr.flush()
        sys.stderr = python_errors
        os.dup2(original, 2)
        os.close(original)


def _is_process_stream(stream: object) -> bool:
    try:
        return isinstance(stream, io.TextIOWrapper) and stream.fileno() == 2
    except (OSError, ValueError):
        return False


def _target(log: Path | None) -> tuple[str, int]:
    if log is not None:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            if log.exists() and not log.is_file():
                return os.devnull, os.O_WRONLY  # a pipe, whose other end would be waited for
            is_large = log.exists() and log.stat().st_size > _MAX_LOG_BYTES
            flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_large else os.O_APPEND)
            os.close(os.open(log, flags, 0o600))
            return str(log), flags
        except OSError:
            pass  # a disk that is full or read-only, or a folder in its place
    return os.devnull, os.O_WRONLY
