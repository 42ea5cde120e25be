"""ScoreView: scores of anomaly as bars, and the most unusual examples by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout, QWidget

from gui.formatting.numbers import number_text
from gui.plots.score_plot import ScorePlot
from gui.style.theme import SPACING
from gui.widgets.text_table import TextTable

if TYPE_CHECKING:
    from engine.inference.evaluation.evaluation import Evaluation


class ScoreView(QWidget):
    """Plot and list side by side.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.plot = ScorePlot(self)
        self.examples = TextTable(self.tr("The most unusual examples"), self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(3 * SPACING)
        row.addWidget(self.plot, 3)
        row.addWidget(self.examples, 2)

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
