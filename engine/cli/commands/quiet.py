"""Keeps what native code and libraries print off standard error, which is for people.

TensorFlow 2.21 prints its first lines whatever ``TF_CPP_MIN_LOG_LEVEL`` says.
"""

from __future__ import annotations

import contextlib
import faulthandler
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from engine.devices.console.streams import (
    LOG_FORM,
    LineFormatter,
    SafeStream,
    WordsFormatter,
    stream_on,
)
from engine.errors import DescentError
from engine.files.bounded import check_plain

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
    sys.stderr = stream_on(original, "standard error")
    # A crash in native code ends the process at once; this still says where it was.
    faulthandler.enable(file=original)
    show, warnings.showwarning = warnings.showwarning, _warn_in_log
    try:
        with _logging():
            yield
    finally:
        warnings.showwarning = show
        faulthandler.disable()
        sys.stderr.flush()
        sys.stderr = python_errors
        os.dup2(original, 2)
        os.close(original)


def _warn_in_log(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """What libraries tell programmers, of damaged images say, goes to the log."""
    text = warnings.formatwarning(message, category, filename, lineno, line)
    with contextlib.suppress(OSError):
        os.write(2, text.encode("utf-8", "backslashreplace"))


@contextmanager
def _logging() -> Iterator[None]:
    """Sends what is logged to where native code prints, and warnings as sentences to people."""
    log, people = logging.StreamHandler(stream_on(2)), logging.StreamHandler(sys.stderr)
    log.setFormatter(LineFormatter(LOG_FORM))
    people.setFormatter(WordsFormatter())
    people.setLevel(logging.WARNING)
    root = logging.getLogger()
    for handler in (log, people):
        root.addHandler(handler)
    try:
        yield
    except DescentError:
        raise
    except Exception:
        log.handle(
            root.makeRecord(__name__, logging.ERROR, __file__, 0, "Failed", (), sys.exc_info())
        )
        raise
    finally:
        for handler in (log, people):
            root.removeHandler(handler)


def _is_process_stream(stream: object) -> bool:
    with contextlib.suppress(OSError, ValueError):
        return isinstance(stream, io.TextIOWrapper | SafeStream) and stream.fileno() == 2
    return False


def _target(log: Path | None) -> tuple[str, int]:
    if log is not None:
        try:
            log.parent.mkdir(parents=True, exist_ok=True)
            check_plain(log)  # whoever opens a pipe waits for somebody to read it
            is_large = log.exists() and log.stat().st_size > _MAX_LOG_BYTES
            flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_large else os.O_APPEND)
            os.close(os.open(log, flags, 0o600))
            return str(log), flags
        except OSError:
            pass  # a disk that is full or read-only, or a folder or pipe in its place
    return os.devnull, os.O_WRONLY
