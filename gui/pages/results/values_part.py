"""ValuesPart: predicted against true numbers, and what is left over, over any column."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QSignalBlocker, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.events.messages import Rejected
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from gui.formatting.numbers import number_text
from gui.pages.results.column_reader import ColumnReader
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.plots.regression_plot import Box, RegressionPlot
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox

MOST_POINTS: Final = 4_000
MOST_WORST: Final = 500
KEY: Final = "results/residuals"


class ValuesPart(ResultTab):
    """Both plots; a click opens what lies near it.

    Args:
        columns: Reads columns of the data. The residuals' axis has another reader beside it, as
            the list of examples may have turned to another part.
    """

    def __init__(self, columns: ColumnReader, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._columns = columns.another(KEY, self)
        self._shown: ShownResult | None = None
        self._drawn: Places = np.zeros(0, np.int64)
        self._residual_x: np.ndarray | None = None
        self._problem = ""
        self.plot = RegressionPlot()
        self.value = ChoiceBox()
        self.axis = ChoiceBox()
        self.words = Label()
        self._build()

    def _build(self) -> None:
        self.value.setAccessibleName(self.tr("Which of the numbers"))
        self.axis.setAccessibleName(self.tr("Residuals over"))
        set_role(self.words, "muted")
        self.words.setWordWrap(True)
        over = Label(self.tr("Residuals over"))
        set_role(over, "muted")
        over.setBuddy(self.axis)
        self._over = over
        tools = QHBoxLayout()
        tools.setSpacing(SPACING)
        tools.addWidget(self.value)
        tools.addWidget(self.words, 1)
        tools.addWidget(over)
        tools.addWidget(self.axis)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(tools)
        column.addWidget(self.plot, 1)
        self.value.currentIndexChanged.connect(self._draw)
        self.axis.currentIndexChanged.connect(self._on_axis)
        self.plot.predicted_clicked.connect(self._on_predicted)
        self.plot.residuals_clicked.connect(self._on_residuals)
        self._columns.names_read.connect(self._fill_axes)
        self._columns.column_read.connect(self._on_column)
        self._columns.failed.connect(self._on_column_failed)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the numbers of a run; of the same run as before, what was chosen stays."""
        before, self._shown = self._shown, shown
        scored = shown.scored
        is_same = before is not None and before.record.id == shown.record.id
        value = self.value.currentData() if is_same else 0
        n_values = scored.predictions.truth.shape[1] if scored is not None else 1
        with QSignalBlocker(self.value):
            self.value.clear()
            for place in range(n_values if n_values > 1 else 0):
                step = self.tr("Step {n}") if shown.is_forecast else self.tr("Value {n}")
                self.value.addItem(step.format(n=place + 1), place)
            self.value.setCurrentIndex(max(0, self.value.findData(value)))
        self.value.setVisible(n_values > 1)
        if not is_same:
            with QSignalBlocker(self.axis):
                self.axis.clear()
                self.axis.addItem(self.tr("Prediction"), "")
        for widget in (self.axis, self._over):
            widget.setVisible(scored is not None)
        self.words.setText(self._interval_words())
        if not is_same or before is None or before.scored is not scored:
            self._residual_x, self._problem = None, ""
            self._columns.set_examples(shown.record.id, scored)
            if self.axis.currentData():
                self._columns.read(self.axis.currentData())
        if scored is not None:
            self._columns.read_names()
        self._draw()

    def _interval_words(self) -> str:
        """What half a width holds the truth as often as it says, by the validation part."""
        analysis = self._shown.analysis if self._shown is not None else None
        levels = analysis.extra.get("conformal", []) if analysis is not None else []
        for level in levels:
            halves = level.get("half_width")
            if halves and len(halves) == 1 and level.get("level") == 0.9:
                text = self.tr("Prediction ± {half} holds {level} of new cases; here {share}.")
                return text.format(
                    half=number_text(float(halves[0]), 3),
                    level=percent_text(0.9),
                    share=percent_text(float(level["coverage"]), 1),
                )
        return ""

    @property
    def _scored(self) -> ScoredExamples | None:
        return self._shown.scored if self._shown is not None else None

    def _pairs(self, scored: ScoredExamples) -> tuple[np.ndarray, np.ndarray]:
        """Truth and prediction of the chosen number, (n,)."""
        found, place = scored.predictions, self.value.currentData() or 0
        return found.truth[:, place], found.outputs[:, place]

    @Slot()
    def _draw(self) -> None:
        shown, scored = self._shown, self._scored
        if shown is None or shown.evaluation is None:
            return
        evaluation = shown.evaluation
        error = evaluation.metrics.get("mean_absolute_error")
        if scored is None:
            truth, said, n = evaluation.y_true, evaluation.y_pred, evaluation.n_samples
        else:
            truth, said = self._pairs(scored)
            n = len(scored)
            self._drawn = drawn_places(scored)
            truth, said = truth[self._drawn], said[self._drawn]
            if scored.predictions.truth.shape[1] > 1:
                error = None
        self.plot.set_predictions(truth, said, evaluation.target_name, error, n)
        self._draw_residuals()

    def _draw_residuals(self) -> None:
        """Draws them over the chosen column, or says why that cannot be."""
        scored = self._scored
        self.plot.residuals.set_empty_text(self._problem)
        if scored is None or (self._residual_x is None and not self._problem):
            return
        if self._residual_x is None:
            self.plot.set_residuals(np.zeros(0), np.zeros(0), self.axis.currentText())
            return
        truth, said = self._pairs(scored)
        errors = (said - truth)[self._drawn]
        self.plot.set_residuals(self._residual_x[self._drawn], errors, self.axis.currentText())

    # ---- the residuals' axis

    @Slot()
    def _fill_axes(self) -> None:
        names = self._columns.names or ()
        if not names or self.axis.count() == 1 + len(names):
            return
        with QSignalBlocker(self.axis):
            while self.axis.count() > 1:
                self.axis.removeItem(1)
            for name in names:
                self.axis.addItem(name, name)

    @Slot()
    def _on_axis(self) -> None:
        name = self.axis.currentData()
        self._residual_x, self._problem = None, ""
        self._draw()
        if name:
            self._columns.read(name)

    @Slot(str)
    def _on_column(self, name: str) -> None:
        values = self._columns.get(name)
        if values is not None and name == self.axis.currentData():
            self._residual_x, self._problem = values.numbers, ""
            self._draw_residuals()

    @Slot(str, object)
    def _on_column_failed(self, name: str, problem: Rejected) -> None:
        if name and name == self.axis.currentData():
            self._residual_x = None
            self._problem = f"{problem.message} {problem.hint}".strip()
            self._draw_residuals()

    # ---- opening

    @Slot(object)
    def _on_predicted(self, box: Box) -> None:
        scored = self._scored
        if scored is not None:
            truth, said = self._pairs(scored)
            title = self.tr("True near {true}, predicted near {said}").format(
                true=number_text((box.left + box.right) / 2, 3),
                said=number_text((box.bottom + box.top) / 2, 3),
            )
            self._ask(title, box.holds(truth, said))

    @Slot(object)
    def _on_residuals(self, box: Box) -> None:
        scored = self._scored
        if scored is not None:
            truth, said = self._pairs(scored)
            x = said if self._residual_x is None else self._residual_x
            middle = number_text((box.bottom + box.top) / 2, 3)
            title = self.tr("Error near {error}").format(error=middle)
            self._ask(title, box.holds(x, said - truth))

    def _ask(self, title: str, is_in: np.ndarray) -> None:
        places = np.flatnonzero(is_in)
        if len(places):  # beside the points a click means nothing
            self.examples_asked.emit(Selection(title, places, "loss"))


def drawn_places(scored: ScoredExamples) -> Places:
    """Of many examples some thousand, drawn evenly, and the worst of all."""
    n = len(scored)
    if n <= MOST_POINTS + MOST_WORST:
        return scored.everything
    evenly = np.linspace(0, n - 1, MOST_POINTS).astype(np.int64)
    losses = np.where(np.isnan(scored.losses), -np.inf, scored.losses)
    worst = np.argpartition(-losses, MOST_WORST)[:MOST_WORST]
    return np.unique(np.concatenate([evenly, worst]))
