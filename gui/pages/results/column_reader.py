"""ColumnReader: columns of a run's data, read when someone wants to choose or draw by them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Signal, Slot

from engine.events.columns import ColumnRead, ReadColumn
from engine.events.messages import Rejected
from engine.events.results import ResultCommand
from engine.inference.evaluation.scored import ScoredExamples
from gui.state.result_controller import ResultController

KEY: Final = "results/column"


@dataclass(frozen=True, eq=False)
class ColumnValues:
    """A column for every example that is shown.

    Attributes:
        numbers: NaN in gaps; of categories their index, -1 in gaps, (n,).
        categories: Empty: it holds numbers.
    """

    numbers: npt.NDArray[np.float64]
    categories: tuple[str, ...] = ()


class ColumnReader(QObject):
    """Knows which columns there are, and the values of those that were asked for.

    Signals:
        names_read(): `names` are known.
        column_read(str): The values of that column are there.
        failed(str, Rejected): That column cannot be read, in words; empty: no names are known.

    Args:
        results: Answers.
        key: Of its questions, which no other reader has: of one key the newest alone is answered.
    """

    names_read = Signal()
    column_read = Signal(str)
    failed = Signal(str, object)

    def __init__(
        self, results: ResultController, parent: QObject | None = None, key: str = KEY
    ) -> None:
        super().__init__(parent)
        self._results = results
        self._key = key
        self._run = self._part = ""
        self._rows: npt.NDArray[np.int64] = np.zeros(0, np.int64)
        self._values: dict[str, ColumnValues] = {}
        self._asked: ReadColumn | None = None
        self.names: tuple[str, ...] | None = None
        results.answered.connect(self._on_answered)
        results.refused.connect(self._on_refused)

    def another(self, key: str, parent: QObject) -> ColumnReader:
        """Returns one for other examples, of the same or of another part."""
        return ColumnReader(self._results, parent, key)

    def set_examples(self, run: str, scored: ScoredExamples | None) -> None:
        """Begins with other examples."""
        if self._asked is not None:
            self._results.cancel(self._key)
        found = None if scored is None else scored.predictions
        self._run, self._part = run, "" if found is None else found.part
        self._rows = np.zeros(0, np.int64) if found is None else found.rows
        self._values.clear()
        self._asked, self.names = None, None

    def get(self, column: str) -> ColumnValues | None:
        """The values of a column; None where they are not there yet."""
        return self._values.get(column)

    def read_names(self) -> None:
        """Asks which columns there are; answered by `names_read`."""
        if self.names is None and self._asked is None:
            self._ask("")

    def read(self, column: str) -> None:
        """Asks for a column; answered by `column_read`."""
        if column in self._values:
            self.column_read.emit(column)
        else:
            self._ask(column)

    def _ask(self, column: str) -> None:
        if self._run and self._part:
            self._asked = ReadColumn(self._run, self._part, column)
            self._results.ask(self._asked, self._key)

    @Slot(object)
    def _on_answered(self, answer: object) -> None:
        if not isinstance(answer, ColumnRead) or answer.run != self._run:
            return
        if answer.part != self._part or self._asked is None or answer.column != self._asked.column:
            return  # what another reader asked for
        self._asked = None
        self.names = answer.columns
        if answer.column:
            self._values[answer.column] = self._aligned(answer)
        self.names_read.emit()
        if answer.column:
            self.column_read.emit(answer.column)

    def _aligned(self, answer: ColumnRead) -> ColumnValues:
        """A column in the order of what is shown, which may be fewer examples than it has."""
        order = np.argsort(answer.rows, kind="stable")
        known = answer.rows[order]
        at = np.minimum(np.searchsorted(known, self._rows), max(0, len(known) - 1))
        numbers = np.full(len(self._rows), -1.0 if answer.categories else np.nan)
        if len(known):
            is_there = known[at] == self._rows
            numbers[is_there] = answer.numbers[order[at[is_there]]]
        return ColumnValues(numbers, answer.categories)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        asked = self._asked
        if asked is not None and command is asked:
            self._asked = None
            self.failed.emit(asked.column, problem)
