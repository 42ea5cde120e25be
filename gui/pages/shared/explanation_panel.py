"""ExplanationPanel: asks why, and shows the answer; placed on a page with one line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy.typing as npt
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events.explaining import Explained, ExplainExample
from engine.events.messages import Rejected
from engine.events.results import ResultAnswer, ResultCommand
from gui.insights.explanation_view import ExplanationView
from gui.state.result_controller import ResultController


class ExplanationPanel(QWidget):
    """An `ExplanationView` that asks the controller itself, again where someone chooses.

    Args:
        results: Is asked.
        parent: Owner.
    """

    def __init__(self, results: ResultController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results = results
        self._command: ExplainExample | None = None
        self._key = f"why-{id(self)}"
        self._view: ExplanationView | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        results.answered.connect(self._take)
        results.refused.connect(self._tell)

    @property
    def view(self) -> ExplanationView:
        """What shows the answer; its plots are made for the first question, not with the page."""
        if self._view is None:
            self._view = ExplanationView(self)
            self._view.asked.connect(self._ask_again)
            self._column.addWidget(self._view)
        return self._view

    def explain_row(self, run: str, row: int) -> None:
        """Explains an example of a run's data, by its index."""
        self._ask(ExplainExample(run, row, key=self._key))

    def explain_new(self, run: str, x: npt.NDArray[Any] | str) -> None:
        """Explains a new example as one of `Examples.x`; a text as it is."""
        self._ask(ExplainExample(run, None, x, key=self._key))

    @Slot()
    def clear(self) -> None:
        """Forgets the example; an answer that is still to come is dropped."""
        self._command = None
        self._results.cancel(self._key)
        if self._view is not None:
            self._view.clear()

    def _ask(self, command: ExplainExample) -> None:
        self._command = command
        self.view.show_waiting()
        self._results.ask(command, self._key)

    @Slot(str, str)
    def _ask_again(self, target: str, method: str) -> None:
        if self._command is not None:
            self._ask(replace(self._command, target=target, method=method))

    @Slot(object)
    def _take(self, answer: ResultAnswer) -> None:
        if self._command is None or not isinstance(answer, Explained):
            return
        if answer.key == self._key:
            self.view.show_explained(answer)

    @Slot(object, object)
    def _tell(self, command: ResultCommand, why: Rejected) -> None:
        if command is self._command:
            self.view.show_problem(f"{why.message} {why.hint}".strip())
