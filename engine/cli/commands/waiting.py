"""How far something is that takes a while: a bar on a terminal, rewritten in place."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager

from engine.cli.commands.output import Output
from engine.datasets.base import Progress
from engine.devices.console.escaping import escaped
from engine.spec.formatting import percent_text

_BAR_WIDTH = 24
_REDRAW_S = 0.1


@contextmanager
def waiting(output: Output) -> Iterator[Progress]:
    """Gives what is to be told how far it is; leaves an empty line for what follows.

    Args:
        output: Where it is shown; silent with ``--json`` and where there is no terminal.
    """
    bar = _Bar(output)
    try:
        yield bar.tell
    finally:
        bar.clear()


class _Bar:
    """How far it is, rewritten in place on a terminal."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._drawn_at = 0.0
        self._is_drawn = False

    def tell(self, what: str, done: int, total: int) -> None:
        now = time.monotonic()
        is_quiet = self._output.as_json or not self._output.is_terminal
        if is_quiet or now - self._drawn_at < _REDRAW_S:
            return
        self._drawn_at, self._is_drawn = now, True
        text = f"{what}: {done:,}"
        if total:
            share = min(1.0, done / total)
            filled = round(_BAR_WIDTH * share)
            bar = "#" * filled + "-" * (_BAR_WIDTH - filled)
            text = f"{what}  [{bar}] {percent_text(share):>5}"
        width = shutil.get_terminal_size().columns - 1
        self._output.rewrite(escaped(text)[:width].ljust(width))

    def clear(self) -> None:
        """Leaves an empty line for what follows."""
        if self._is_drawn:
            width = shutil.get_terminal_size().columns - 1
            self._output.rewrite(" " * width)
            self._output.rewrite("")
