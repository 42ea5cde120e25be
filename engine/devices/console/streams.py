"""Standard output and standard error that cannot harm the program, whatever becomes of them.

A full disk, a reader that has gone or a terminal that was closed makes every `print` raise, in
Python, in libraries and at the end of the process. Output is not the work: the first failure is
noted, and the rest is swallowed.
"""

from __future__ import annotations

import contextlib
import errno
import io
import logging
import os
import sys
from collections.abc import Iterable
from typing import Any, TextIO

from engine.devices.console.escaping import escaped, escaped_lines

LOG_FORM = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"
"""What a line of a log begins with."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_GONE = (errno.EPIPE, errno.ECONNRESET)


class SafeStream(io.TextIOBase):
    """A text stream that never raises, and shows no control characters but ends of lines.

    Args:
        stream: What is written to; None: it was closed when the program started.
        name: What people call it, such as ``standard output``.
    """

    def __init__(self, stream: TextIO | None, name: str) -> None:
        self._stream = stream
        self.name = name
        self._problem = "" if stream is not None else "it is closed"
        self._has_lost = False
        self.is_left = False

    @property
    def problem(self) -> str:
        """Why something that should have been printed was not, in a sentence; empty: it was."""
        if not self._has_lost:
            return ""
        return f"Not everything was printed: {self.name} could not be written, {self._problem}."

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a read-only attribute there
        return getattr(self._stream, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        self._put(escaped_lines(text))
        return len(text)

    def rewrite(self, text: str) -> None:
        """Writes over the line under way, on a terminal."""
        self._put("\r" + escaped(text))

    def writelines(self, lines: Iterable[str]) -> None:  # type: ignore[override]
        for line in lines:
            self.write(line)

    def _put(self, text: str) -> None:
        if self._problem or self._stream is None:
            self._has_lost = self._has_lost or bool(text)
            return
        try:
            self._stream.write(self._encodable(text))
        except (OSError, ValueError) as error:  # ValueError: somebody closed it
            self._give_up(error)
        except RuntimeError:  # a signal's handler writes in the middle of a write
            self._has_lost = True

    def _encodable(self, text: str) -> str:
        """What the encoding has of a text; that of a pipe under Windows has few characters."""
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError:
            return text.encode(self.encoding, "replace").decode(self.encoding)
        return text

    def flush(self) -> None:
        if self._problem or self._stream is None:
            return
        try:
            self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._has_lost = True
        self._problem = _words(error)
        self.is_left = getattr(error, "errno", None) in _GONE
        # What waits in its buffer is written once more at the end of Python, and would fail again.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            drain = os.open(os.devnull, os.O_WRONLY)
            os.dup2(drain, self.fileno())
            os.close(drain)

    def isatty(self) -> bool:
        try:
            return self._stream is not None and not self._problem and self._stream.isatty()
        except (OSError, ValueError):
            return False

    def fileno(self) -> int:
        if self._stream is None:
            raise io.UnsupportedOperation("fileno")
        return self._stream.fileno()

    def readable(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        self.flush()  # it is the process's, and stays open

    def __getattr__(self, name: str) -> Any:
        # What libraries ask a stream of the process for, such as `buffer`.
        return getattr(self.__dict__["_stream"], name)


def _words(error: Exception) -> str:
    number = getattr(error, "errno", None)
    if number in _FULL:
        return "its disk is full"
    if number in _GONE:
        return "whoever read it has gone"
    if number == errno.EBADF or isinstance(error, ValueError):
        return "it is closed"
    if number == errno.EIO:
        return "its terminal or disk is gone"
    return f"received: {escaped(getattr(error, 'strerror', None) or str(error))}"


def protect_standard_streams() -> None:
    """Makes the streams of this process safe. Before anything is opened; asked twice, it is done.

    A number that is closed would be given to the next file, into which everything printed would go
    from then on: a database, for example.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            _fill(number)
    if not isinstance(sys.stdout, SafeStream):
        sys.stdout = SafeStream(sys.stdout, "standard output")
    if not isinstance(sys.stderr, SafeStream):
        sys.stderr = SafeStream(sys.stderr, "standard error")


def _fill(number: int) -> None:
    found = os.open(os.devnull, os.O_RDWR)
    if found != number:
        os.dup2(found, number)
        os.close(found)
    os.set_inheritable(number, True)


def stream_on(number: int, name: str = "the log") -> SafeStream:
    """A safe stream on an open descriptor, which stays the caller's to close.

    Args:
        number: The descriptor.
        name: What people call it.
    """
    return SafeStream(
        open(number, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False),
        name,
    )


class WordsFormatter(logging.Formatter):
    """What is logged, as a sentence for people: without where it came from, and without traces."""

    def format(self, record: logging.LogRecord) -> str:
        return escaped(record.getMessage())


class LineFormatter(logging.Formatter):
    """Lines of a log in which nothing from outside begins another line, or moves a cursor."""

    def format(self, record: logging.LogRecord) -> str:
        return escaped_lines(super().format(record))

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = escaped(record.message)
        return super().formatMessage(record)
