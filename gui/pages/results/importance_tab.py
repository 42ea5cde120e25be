"""ImportanceTab: what a model looks at as a whole, made when it is first asked for."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QStackedLayout, QWidget

from engine.events.explaining import ExplainModel, ModelExplained
from engine.events.messages import DataProgress, Rejected
from engine.events.results import ResultAnswer, ResultCommand
from gui.insights.model_explanation_view import ModelExplanationView
from gui.pages.results.shown_result import ResultTab, ShownResult
from gui.state.result_controller import ResultController
from gui.widgets.state_panel import StatePanel

_KEY = "results/importance"


class ImportanceTab(ResultTab):
    """Important columns and what they do.

    Args:
        results: Is asked.
    """

    def __init__(self, results: ResultController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._results = results
        self._run = ""
        self.panel = StatePanel()
        self.view = ModelExplanationView()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.panel)
        self._stack.addWidget(self.view)
        results.answered.connect(self._on_answered)
        results.progressed.connect(self._on_progressed)
        results.refused.connect(self._on_refused)

    def show_result(self, shown: ShownResult) -> None:
        """Asks about a run, unless it was asked about already."""
        if shown.record.id == self._run:
            return
        self._run = shown.record.id
        self.panel.show_state(
            "chart", self.tr("Shuffling one column after the other…"), is_busy=True
        )
        self._stack.setCurrentWidget(self.panel)
        self._results.ask(ExplainModel(self._run), _KEY)

    @Slot(object)
    def _on_answered(self, answer: ResultAnswer) -> None:
        if isinstance(answer, ModelExplained) and answer.run == self._run:
            self.view.show_explained(answer)
            self._stack.setCurrentWidget(self.view)

    @Slot(object, object)
    def _on_progressed(self, command: ResultCommand, progress: DataProgress) -> None:
        if isinstance(command, ExplainModel) and command.run == self._run and progress.total:
            self.panel.set_progress(progress.done, progress.total)

    @Slot(object, object)
    def _on_refused(self, command: ResultCommand, problem: Rejected) -> None:
        if isinstance(command, ExplainModel) and command.run == self._run:
            self._run = ""
            self.panel.show_state("warning", problem.message, problem.hint, is_error=True)
