"""ScoreView: scores of anomaly as bars, a threshold to be moved, and the most unusual by name."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt, Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSlider, QVBoxLayout, QWidget

from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from gui.formatting.numbers import counted, number_text
from gui.pages.results.shown_result import Places, ResultTab, Selection, ShownResult
from gui.plots.score_plot import ScorePlot
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.style.wheel import wheel_needs_focus
from gui.widgets.text_table import TextTable

STEPS: Final = 1000


class ScoreView(ResultTab):
    """Plot and list side by side, under a slider.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scored: ScoredExamples | None = None
        self._run = ""
        self._is_moved = False
        self._chosen_by = ""
        self._listed: Places = np.zeros(0, np.int64)
        self.plot = ScorePlot(self)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.above = QPushButton()
        self.words = Label()
        self.examples = TextTable(self.tr("The most unusual examples"), self)
        wheel_needs_focus(self.slider)
        self.slider.setRange(0, STEPS)
        self.slider.setAccessibleName(self.tr("Threshold"))
        self.slider.valueChanged.connect(self._on_moved)
        self.above.clicked.connect(self._on_above)
        self.plot.bar_clicked.connect(self._on_bar)
        self.examples.table.clicked.connect(self._on_row)
        self.examples.table.activated.connect(self._on_row)
        set_role(self.words, "muted")
        self.words.setWordWrap(True)
        # Room for two lines: what stands below must not move with the slider.
        self.words.setMinimumHeight(2 * self.words.fontMetrics().lineSpacing())
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._tools = QWidget()
        tools = QHBoxLayout(self._tools)
        tools.setContentsMargins(0, 0, 0, 0)
        tools.setSpacing(SPACING)
        tools.addWidget(Label(self.tr("Threshold")))
        tools.addWidget(self.slider, 1)
        tools.addWidget(self.above)
        row = QHBoxLayout()
        row.setSpacing(3 * SPACING)
        row.addWidget(self.plot, 3)
        row.addWidget(self.examples, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._tools)
        column.addWidget(self.words)
        column.addLayout(row, 1)

    def show_result(self, shown: ShownResult) -> None:
        """Shows what is unusual in a part of the data."""
        assert shown.evaluation is not None
        self.show_evaluation(shown.evaluation)
        self._chosen_by = shown.evaluation.threshold_by
        scored = self._scored = shown.scored
        if self._run != shown.record.id:
            self._run, self._is_moved = shown.record.id, False
        for widget in (self._tools, self.words):
            widget.setVisible(scored is not None and len(scored) > 0)
        if scored is None or not len(scored):
            return
        found, limit = scored.predictions, float(scored.predictions.thresholds[0])
        self.plot.set_scores(found.outputs, found.truth, limit if math.isfinite(limit) else None)
        self._listed = scored.ordered(scored.everything, "confidence")
        if self._is_moved:  # more was found out of the same run: the slider stays
            limit = self.threshold
        else:
            with QSignalBlocker(self.slider):
                self.slider.setValue(self._step_of(limit))
        self._show_threshold(limit)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Shows what an autoencoder makes of a part of the data."""
        self.plot.set_scores(
            evaluation.y_pred, evaluation.y_true, evaluation.threshold, evaluation.n_samples
        )
        has_truth = any(item.truth for item in evaluation.most_unusual)
        headings = [self.tr("Most unusual")]
        rows = []
        if has_truth:
            headings.append(evaluation.target_name)
        headings.append(self.tr("Score"))
        for item in evaluation.most_unusual:
            truth = [item.truth] if has_truth else []
            rows.append((item.name, *truth, number_text(item.score)))
        self.examples.set_rows(headings, rows, len(headings) - 1)

    # ---- the threshold

    @property
    def threshold(self) -> float:
        """Where the slider stands."""
        scored = self._scored
        if scored is None or not len(scored):
            return math.inf
        share = self.slider.value() / STEPS
        return float(np.quantile(scored.predictions.outputs, share))

    def _step_of(self, limit: float) -> int:
        assert self._scored is not None
        return round(STEPS * float((self._scored.predictions.outputs <= limit).mean()))

    @Slot()
    def _on_moved(self) -> None:
        self._is_moved = True
        self._show_threshold(self.threshold)

    def _show_threshold(self, limit: float) -> None:
        scored = self._scored
        if scored is None:
            return
        found, above = scored.predictions, scored.predictions.outputs > limit
        self.plot.set_threshold(limit)
        one, many = self.tr("{n} example above"), self.tr("{n} examples above")
        self.above.setText(counted(int(above.sum()), one, many))
        words = self.tr("Above {limit} an example is called unusual.")
        text = words.format(limit=number_text(limit))
        if not self._is_moved and (chosen := self._chosen_words()):
            text = f"{text} {chosen}"
        if (found.truth >= 0).all() and (found.truth == 1).any():
            hits = int((above & (found.truth == 1)).sum())
            precision = hits / max(1, int(above.sum()))
            recall = hits / int((found.truth == 1).sum())
            more = self.tr("Precision {precision}, recall {recall}.")
            shares = percent_text(precision, 1), percent_text(recall, 1)
            text = f"{text} {more.format(precision=shares[0], recall=shares[1])}"
        self.words.setText(text)

    def _chosen_words(self) -> str:
        """What the run's own threshold was chosen by; empty where that is not known."""
        match self._chosen_by:
            case "known":
                return self.tr("Chosen by examples known to be unusual that did not train.")
            case "tail":
                return self.tr("Chosen by the tail of the scores, for 1 false alarm in 100.")
            case "share":
                return self.tr("Chosen by the share of the training part below it.")
        return ""

    # ---- opening

    @Slot()
    def _on_above(self) -> None:
        if self._scored is not None:
            limit = self.threshold
            places = np.flatnonzero(self._scored.predictions.outputs > limit)
            title = self.tr("Above {limit}").format(limit=number_text(limit))
            self.examples_asked.emit(Selection(title, places, "confidence"))

    @Slot(float, float)
    def _on_bar(self, low: float, high: float) -> None:
        if self._scored is not None:
            scores = self._scored.predictions.outputs
            places = np.flatnonzero((scores >= low) & (scores <= high))
            title = self.tr("Score from {low} to {high}").format(
                low=number_text(low, 3), high=number_text(high, 3)
            )
            self.examples_asked.emit(Selection(title, places, "confidence"))

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        if self._scored is not None and 0 <= index.row() < len(self._listed):
            place = self._listed[index.row() : index.row() + 1]
            name = self._scored.predictions.name_of(int(place[0]))
            self.examples_asked.emit(Selection(name, place))
