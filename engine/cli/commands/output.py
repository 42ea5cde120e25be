"""What commands write: one JSON object a line with ``--json``, aligned text otherwise."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
from pydantic import BaseModel

from engine.errors import DescentError, SpecError


class Output:
    """Standard output of a command.

    A reader that goes away, as `head` does, is no error: `is_broken` tells, and the rest is
    swallowed.

    Args:
        as_json: Nothing but JSON is written.
        stream: Where it goes; standard output where none is given.
    """

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self.is_broken = False
        self._stream = stream or sys.stdout
        self._encoding = getattr(self._stream, "encoding", None) or "utf-8"

    @property
    def is_terminal(self) -> bool:
        """A person looks on, so lines may be rewritten in place."""
        return self._stream.isatty()

    def event(self, event: str, **values: Any) -> None:
        """Writes one event; without ``--json``, nothing."""
        if self.as_json:
            self.object({"event": event, **values})

    def warn(self, event: str, problem: DescentError, **values: Any) -> None:
        """Says what is wrong with a part of what is shown: as an event, or on standard error."""
        if self.as_json:
            self.event(event, message=problem.message, hint=problem.hint, **values)
        else:
            hint = f"\n  {problem.hint}" if problem.hint else ""
            sys.stderr.write(f"Warning: {problem.message}{hint}\n")

    def object(self, values: Mapping[str, Any]) -> None:
        """Writes one JSON object on a line of its own."""
        text = json.dumps(plain(values), ensure_ascii=False, allow_nan=False)
        if not self._can_write(text):
            text = json.dumps(plain(values), allow_nan=False)
        self.write(text + "\n")

    def lines(self, *lines: str) -> None:
        """Writes text for people; with ``--json``, nothing."""
        if not self.as_json:
            self.write("".join(f"{line}\n" for line in lines))

    def write(self, text: str) -> None:
        """Writes and flushes, so that whoever listens is up to date."""
        if self.is_broken:
            return
        if not self._can_write(text):
            text = text.encode(self._encoding, errors="replace").decode(self._encoding)
        try:
            self._stream.write(text)
            self._stream.flush()
        except BrokenPipeError:
            self.is_broken = True
            # Python flushes once more at its end, which would fail again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def _can_write(self, text: str) -> bool:
        """The stream's encoding has all characters; that of a pipe under Windows has few."""
        try:
            text.encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True


def plain(value: Any) -> Any:
    """Turns a value into what JSON knows; numbers that are not finite become null."""
    match value:
        case BaseModel():
            return plain(value.model_dump(mode="json"))
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case np.ndarray() | np.generic():
            return plain(value.tolist())
        case list() | tuple():
            return [plain(item) for item in value]
        case float():
            return value if math.isfinite(value) else None
        case _:
            return value


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Aligns cells in columns, two spaces apart."""
    widths = [max(len(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]


def number(value: float | None) -> str:
    """A number for people, with four significant digits."""
    return "" if value is None else f"{value:.4g}"


def numbers(metrics: Mapping[str, float], averages: Mapping[str, str] | None = None) -> str:
    """Metrics on one line, those that are means with what they are: ``recall (macro) 0.5``."""
    means = {name: f" ({average})" for name, average in (averages or {}).items()}
    return "  ".join(
        f"{name}{means.get(name, '')} {number(value)}" for name, value in metrics.items()
    )


def error_text(error: DescentError) -> str:
    """An error for standard error: what and what was received, then what to do next."""
    if not isinstance(error, SpecError):
        return _paragraph(error.message, error.hint)
    return "\n".join(
        _paragraph(
            f"{problem.field}: {problem.message}" if problem.field else problem.message,
            problem.hint,
        )
        for problem in error.problems
    )


def _paragraph(message: str, hint: str) -> str:
    return f"Error: {message}" + (f"\n  {hint}" if hint else "")
