"""PlaceQuestion: asks at the terminal where a run shall go on whose workspace has vanished."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from engine.cli.commands.output import Output
from engine.events.commands import Control, MoveRun, Request
from engine.events.run_events import PlaceFound, PlaceLost

_MAX_BYTES = 65_536
_STOP = ("stop", "s", "q")


class PlaceQuestion:
    """A question on standard error, answered by a line on standard input.

    Args:
        output: With ``--json`` a program reads on, and nobody is asked.
    """

    def __init__(self, output: Output) -> None:
        self._output = output

    @property
    def can_be_asked(self) -> bool:
        """A person sits there who can answer."""
        try:
            return not self._output.as_json and sys.stdin.isatty() and sys.stderr.isatty()
        except (AttributeError, ValueError):  # it was closed
            return False

    def ask(self, lost: PlaceLost, request: Callable[[Request], None]) -> None:
        """Asks; returns at once. The answer is requested from a thread that nobody waits for."""
        hint = f"\n  {lost.hint}" if lost.hint else ""
        sys.stderr.write(
            f"\n{lost.message}{hint}\nThe training is paused. Where shall it go on?\n"
            "  A folder: in that one. Return: where it was, which is there again. stop: nowhere.\n"
            "> "
        )
        sys.stderr.flush()
        threading.Thread(target=self._read, args=(request,), name="question", daemon=True).start()

    def tell(self, found: PlaceFound) -> None:
        """Says where it goes on."""
        self._output.event("place_found", **vars(found))
        text = f"The training goes on in '{found.workspace}'."
        if not found.is_back:
            text += (
                " Every epoch is kept there; of those before now, the curves within them are lost."
            )
        self._output.lines(text)

    @staticmethod
    def _read(request: Callable[[Request], None]) -> None:
        # Not `input`: its lock would be held when the program ends meanwhile.
        try:
            line = os.read(sys.stdin.fileno(), _MAX_BYTES)
        except (OSError, ValueError):
            line = b""
        answer = line.decode(errors="replace").strip()
        if not line or answer.lower() in _STOP:
            request(Control.STOP)
        elif answer:
            request(MoveRun(str(Path(answer).expanduser().absolute())))
        else:
            request(MoveRun())
