"""ExampleFetcher: the examples of a run as they are in the data, fetched as they are looked at."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QObject, Signal, Slot

from engine.events.messages import Rejected
from engine.events.results import ExamplesShown, ResultCommand, ShowExamples, ShownExample
from gui.state.result_controller import ResultController

KEY: Final = "results/examples"
FIRST: Final = 24
"""So many fill the list; they are asked for first, so that something is seen soon."""
MOST: Final = 96
KEPT_BYTES: Final = 96 << 20


class ExampleFetcher(QObject):
    """Asks for one page at a time, what was wanted last first; keeps what was looked at lately.

    Signals:
        arrived(tuple[int, ...]): Examples of these rows are there.
        failed(Rejected): They cannot be fetched, in words.

    Args:
        results: Answers.
        key: Of its questions, which no other fetcher has: of one key the newest alone is
            answered.
    """

    arrived = Signal(object)
    failed = Signal(object)

    def __init__(
        self, results: ResultController, parent: QObject | None = None, key: str = KEY
    ) -> None:
        super().__init__(parent)
        self._key = key
        self._results = results
        self._run = ""
        self._wanted: list[int] = []
        self._asked: ShowExamples | None = None
        self._bytes = 0
        self._kept: OrderedDict[int, ShownExample] = OrderedDict()
        self._unreadable: set[int] = set()
        self.kind = ""
        self.rate = 0.0
        self.columns: tuple[str, ...] = ()
        self.problem: Rejected | None = None
        results.answered.connect(self._on_answered)
        results.refused.connect(self._on_refused)

    def set_run(self, run: str) -> None:
        """Begins with another run, or anew with the same."""
        if self._asked is not None:
            self._results.cancel(self._key)
        self._run, self._asked, self._bytes = run, None, 0
        self._wanted = []
        self._kept.clear()
        self._unreadable.clear()
        self.problem = None
        self.kind, self.rate, self.columns = "", 0.0, ()

    def get(self, row: int) -> ShownExample | None:
        """An example, where it is there."""
        found = self._kept.get(row)
        if found is not None:
            self._kept.move_to_end(row)
        return found

    def is_unreadable(self, row: int) -> bool:
        """It was asked for, and cannot be read."""
        return row in self._unreadable

    def want(self, rows: Sequence[int], is_new: bool = False) -> None:
        """Fetches examples.

        Args:
            rows: Of the data.
            is_new: What was wanted before is not wanted any more.
        """
        lacking = [row for row in rows if row not in self._kept and row not in self._unreadable]
        if is_new:
            self._wanted = []
        self._wanted += [row for row in lacking if row not in self._wanted]
        self._ask()

    def want_first(self, row: int) -> None:
        """Fetches an example before all others."""
        if row not in self._kept and row not in self._unreadable:
            self._wanted = [row, *(other for other in self._wanted if other != row)]
            self._ask()

    def _ask(self) -> None:
        if self._asked is not None or not self._wanted or not self._run or self.problem:
            return
        n = MOST if self._kept else FIRST
        rows, self._wanted = tuple(self._wanted[:n]), self._wanted[n:]
        self._asked = ShowExamples(self._run, rows, self._key)
        self._results.ask(self._asked, self._key)

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        asked = self._asked
        if not isinstance(answer, ExamplesShown) or asked is None or answer.run != self._run:
            return
        rows = tuple(example.row for example in answer.examples)
        if answer.key != self._key:
            return  # somebody else asked for these
        if not set(rows) <= set(asked.rows) or not (rows or answer.problems):
            return
        self._asked = None
        self.kind, self.rate, self.columns = answer.kind, answer.rate, answer.columns
        for example in answer.examples:
            self._keep(example)
        self._unreadable |= set(asked.rows) - set(rows)
        self.arrived.emit(rows)
        self._ask()

    def _keep(self, example: ShownExample) -> None:
        self._kept[example.row] = example
        self._bytes += _size(example)
        while self._bytes > KEPT_BYTES and len(self._kept) > MOST:
            _, old = self._kept.popitem(last=False)
            self._bytes -= _size(old)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if command is not self._asked:
            return
        self._asked, self._wanted, self.problem = None, [], problem
        self.failed.emit(problem)


def _size(example: ShownExample) -> int:
    content = example.content
    return len(content) if isinstance(content, str) else int(content.nbytes)
