"""ErrorsTab: how wrong the model is about how many, and the examples behind each bar."""

from __future__ import annotations

from functools import partial
from typing import Final

import numpy as np
from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.signature import Output
from gui.formatting.numbers import count_text, number_text
from gui.pages.results.error_sets import ErrorSet, error_sets, residuals_of
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.plots.histogram_plot import HistogramPlot
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.flexible import Flexible
from gui.widgets.tables import Table
from gui.widgets.text_table import TextModel

PLOT_HEIGHT: Final = 24 * SPACING
SETS_IN_ROW: Final = 3
MOST_TEXTS: Final = 200


class ErrorsTab(ResultTab):
    """Sets of examples as buttons over the distribution of confidence and loss."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scored: ScoredExamples | None = None
        self._marks: dict[str, np.ndarray] = {}
        self._listed: list[tuple[str, Places]] = []
        self.sets: list[QPushButton] = []
        self._buttons = QGridLayout()
        self.first = HistogramPlot()
        self.second = HistogramPlot()
        self.caption = Label()
        self.table = Table()
        self.model = TextModel(self)
        self._build()

    def _build(self) -> None:
        self._buttons.setSpacing(SPACING)
        room = Flexible()
        room.setMinimumHeight(PLOT_HEIGHT)
        plots = QHBoxLayout(room)
        plots.setContentsMargins(0, 0, 0, 0)
        plots.setSpacing(2 * SPACING)
        for plot, name in ((self.first, "first"), (self.second, "second")):
            plot.bar_clicked.connect(partial(self._on_bar, name))
            plots.addWidget(plot, 1)
        set_role(self.caption, "heading")
        self.table.setModel(self.model)
        self.table.setMinimumHeight(16 * SPACING)
        self.table.verticalHeader().hide()
        self.table.horizontalHeader().setStretchLastSection(True)
        self.table.clicked.connect(self._on_row)
        self.table.activated.connect(self._on_row)
        content = QWidget()
        inner = QVBoxLayout(content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(SPACING)
        inner.addLayout(self._buttons)
        inner.addWidget(room, 1)
        inner.addWidget(self.caption)
        inner.addWidget(self.table, 1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(area)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the errors of a run."""
        scored = self._scored = shown.scored
        if scored is None:
            return
        self._show_sets(error_sets(scored))
        found = scored.predictions
        if found.output is Output.NUMBERS and not found.is_anomaly:
            errors = residuals_of(scored)
            self._draw("first", errors, self.tr("Predicted less true"), None)
            self._draw("second", np.abs(errors), self.tr("Size of the error"), None)
        else:
            ends = None if found.is_anomaly or not scored.has_confidence else (0.0, 1.0)
            name = self.tr("Score") if found.is_anomaly else self.tr("Confidence")
            self._draw("first", scored.confidence, name, ends)
            loss = self.tr("Edits per character") if self._is_text else self.tr("Loss")
            self._draw("second", scored.losses, loss, None)
        self.first.setVisible(scored.has_confidence or found.output is Output.NUMBERS)
        self._show_list(scored)

    @property
    def _is_text(self) -> bool:
        return self._scored is not None and self._scored.predictions.output is Output.TOKENS

    def _show_sets(self, sets: list[ErrorSet]) -> None:
        for button in self.sets:
            self._buttons.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.sets = []
        for place, found in enumerate(sets):
            button = QPushButton(f"{found.title} {count_text(len(found.places))}")
            button.clicked.connect(partial(self._ask_set, found))
            self._buttons.addWidget(button, place // SETS_IN_ROW, place % SETS_IN_ROW)
            self.sets.append(button)

    def _ask_set(self, found: ErrorSet) -> None:
        self.examples_asked.emit(Selection(found.title, found.places, found.order))

    def _draw(
        self, name: str, values: np.ndarray, heading: str, ends: tuple[float, float] | None
    ) -> None:
        scored = self._scored
        assert scored is not None
        plot = self.first if name == "first" else self.second
        self._marks[name] = values
        plot.setAccessibleName(heading)
        if scored.is_right is None:
            plot.set_values((values,), (self.tr("Examples"),), heading, ends)
        else:
            parts = values[scored.is_right], values[~scored.is_right]
            plot.set_values(parts, (self.tr("Right"), self.tr("Wrong")), heading, ends)

    def _on_bar(self, name: str, low: float, high: float) -> None:
        plot = self.first if name == "first" else self.second
        values = self._marks[name]
        is_last = high >= float(plot.edges[-1])
        is_in = (values >= low) & ((values <= high) if is_last else (values < high))
        title = self.tr("{what} from {low} to {high}").format(
            what=plot.axis_x.text, low=number_text(low, 3), high=number_text(high, 3)
        )
        self.examples_asked.emit(Selection(title, np.flatnonzero(is_in)))

    # ---- the list: labels or texts

    def _show_list(self, scored: ScoredExamples) -> None:
        found = scored.predictions
        self._listed = []
        rows: list[tuple[str, ...]] = []
        headings: tuple[str, ...] = ()
        if found.output is Output.LABELS:
            self.caption.setText(self.tr("By label"))
            headings = (self.tr("Label"), self.tr("Missed"), self.tr("Said falsely"))
            for place, name in enumerate(found.class_names):
                true, said = found.truth[:, place] > 0, scored.predicted[:, place] > 0
                counts = count_text((true & ~said).sum()), count_text((said & ~true).sum())
                rows.append((name, *counts))
                self._listed.append((name, np.flatnonzero(true != said)))
        elif found.output is Output.TOKENS:
            self.caption.setText(self.tr("The worst texts"))
            headings = (self.tr("True"), self.tr("Predicted"))
            for place in scored.ordered(scored.everything, "loss")[:MOST_TEXTS].tolist():
                rows.append((scored.truth_text(place), scored.predicted_text(place)))
                self._listed.append((found.name_of(place), np.array([place])))
        self.model.set_rows(headings, rows, len(headings) if self._is_text else 1)
        for widget in (self.caption, self.table):
            widget.setVisible(bool(rows))
        if rows:
            self.table.setAccessibleName(self.caption.text())
            self.table.setColumnWidth(0, 26 * SPACING)

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        if 0 <= index.row() < len(self._listed):
            self.examples_asked.emit(Selection(*self._listed[index.row()]))
