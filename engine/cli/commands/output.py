"""What commands write: one JSON object a line with ``--json``, aligned text otherwise."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any, TextIO

import numpy as np
from pydantic import BaseModel

from engine.devices.console.escaping import escaped, escaped_json
from engine.devices.console.streams import SafeStream
from engine.errors import DescentError, SpecError


class Output:
    """What a command says: on standard output what it was asked for, on standard error the rest.

    This is the one door: texts from outside are escaped here, and a stream that cannot be written,
    or is read no longer (by `head`, say), is no error.

    Args:
        as_json: Nothing but JSON is written to standard output.
        stream: What stands for standard output; None: that of the process.
    """

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = _safe(stream or sys.stdout, "standard output")
        self._is_told = False

    @property
    def problem(self) -> str:
        """Why not everything was printed, in a sentence; empty: everything was."""
        return self._stream.problem

    def told_problem(self) -> str:
        """The same, for somebody who says so: it is said once."""
        said, self._is_told = "" if self._is_told else self.problem, True
        return said

    @property
    def is_left(self) -> bool:
        """Nobody reads any more, as `head` does once it has its lines."""
        return self._stream.is_left

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
        try:
            text.encode(self._stream.encoding)
        except UnicodeEncodeError:
            text = json.dumps(plain(values), allow_nan=False)
        self._write(escaped_json(text) + "\n")

    def lines(self, *lines: str) -> None:
        """Writes text for people, each a line; with ``--json``, nothing."""
        if not self.as_json:
            self._write("".join(f"{escaped(line)}\n" for line in lines))

    def rewrite(self, text: str, ends: bool = False) -> None:
        """Writes over the line under way, on a terminal.

        Args:
            text: What stands there from now on.
            ends: It stays; what comes next stands below it.
        """
        self._stream.rewrite(text)
        self._write("\n" if ends else "")

    def ask(self, question: str) -> None:
        """Writes a question to standard error; the answer comes behind it on its line."""
        self._note(escaped(question))

    def note(self, *lines: str) -> None:
        """Writes text for people to standard error, with ``--json``, too."""
        self._note("".join(f"{escaped(line)}\n" for line in lines))

    def flush(self) -> None:
        """Finds out whether everything could be printed."""
        self._stream.flush()

    def _note(self, text: str) -> None:
        notes = _safe(sys.stderr, "standard error")
        notes.write(text)
        notes.flush()

    def _write(self, text: str) -> None:
        """Writes and flushes, so that whoever listens is up to date."""
        self._stream.write(text)
        self._stream.flush()


def _safe(stream: TextIO | None, name: str) -> SafeStream:
    return stream if isinstance(stream, SafeStream) else SafeStream(stream, name)


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
    # Escaped before it is measured; the header may hold a column's name.
    shown = [[escaped(cell) for cell in row] for row in (header, *rows)]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
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


def error_lines(error: DescentError) -> list[str]:
    """An error for standard error: what and what was received, then what to do next."""
    if not isinstance(error, SpecError):
        typed = f" ({error.option})" if error.option else ""
        return _paragraph(
            error.message, f"{error.hint.removesuffix('.')}{typed}." if typed else error.hint
        )
    return [
        line
        for problem in error.problems
        for line in _paragraph(
            f"{problem.field}: {problem.message}" if problem.field else problem.message,
            problem.hint,
        )
    ]


def _paragraph(message: str, hint: str) -> list[str]:
    return [f"Error: {message}", *([f"  {hint}"] if hint else [])]
