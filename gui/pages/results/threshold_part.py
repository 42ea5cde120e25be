"""ThresholdPart: what a threshold finds, misses and raises falsely, and what that costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.spec.formatting import NOTHING, percent_text
from gui.formatting.numbers import count_text, number_text
from gui.plots.curve_plot import CurvePlot, Line
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.style.wheel import wheel_needs_focus

Floats = npt.NDArray[np.float64]
_KINDS = ("hits", "alarms", "misses", "rest")


class ThresholdPart(QWidget):
    """A slider over two costs, four counts that open, and the curve of the cost.

    Signals:
        count_clicked(str, float): A count was opened: ``hits``, ``alarms``, ``misses`` or
            ``rest``, and the threshold.
    """

    count_clicked = Signal(str, float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: Floats = np.zeros((0, 5))
        self._own: float | None = None
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.value = Label()
        self.alarm_cost = self._cost(self.tr("Cost of a false alarm"))
        self.miss_cost = self._cost(self.tr("Cost of a miss"))
        self.cheapest = QPushButton(self.tr("Cheapest"))
        self.counts = {name: QPushButton() for name in _KINDS}
        self.facts = Label()
        self.plot = CurvePlot(self.tr("Cost by threshold"))
        self._build()

    def _cost(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setRange(0, 1e6)
        field.setDecimals(2)
        field.setValue(1.0)
        field.setAccessibleName(name)
        wheel_needs_focus(field)
        field.valueChanged.connect(self._on_costs)
        return field

    def _build(self) -> None:
        wheel_needs_focus(self.slider)
        self.slider.setAccessibleName(self.tr("Threshold"))
        self.slider.valueChanged.connect(self._show)
        self.cheapest.setToolTip(self.tr("Put the threshold where the cost is lowest"))
        self.cheapest.clicked.connect(self._on_cheapest)
        self.value.setMinimumWidth(8 * SPACING)
        line = QHBoxLayout()
        line.setSpacing(SPACING)
        line.addWidget(Label(self.tr("Threshold")))
        line.addWidget(self.slider, 1)
        line.addWidget(self.value)
        costs = QHBoxLayout()
        costs.setSpacing(SPACING)
        pairs = (
            (self.tr("A false alarm costs"), self.alarm_cost),
            (
                self.tr("a miss costs"),
                self.miss_cost,
            ),
        )
        for text, field in pairs:
            costs.addWidget(Label(text))
            costs.addWidget(field)
        costs.addWidget(self.cheapest)
        costs.addStretch(1)
        grid = QGridLayout()
        grid.setSpacing(SPACING)
        for place, name in enumerate(_KINDS):
            button = self.counts[name]
            button.setProperty("kind", name)
            button.clicked.connect(self._on_count)
            grid.addWidget(button, place // 2, place % 2)
        set_role(self.facts, "muted")
        self.facts.setWordWrap(True)
        self.plot.setMinimumHeight(20 * SPACING)
        self.plot.point_clicked.connect(self._on_point)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(line)
        column.addLayout(costs)
        column.addLayout(grid)
        column.addWidget(self.facts)
        column.addWidget(self.plot, 1)

    def set_table(self, rows: Sequence[Sequence[float]], threshold: float | None = None) -> None:
        """Shows thresholds, each with what lies above and below it.

        Those that are shown already stay as they are, and so does the slider.

        Args:
            rows: Threshold, hits, false alarms, misses and the rest, as
                `engine.inference.evaluation.curves.threshold_table` gives them.
            threshold: That of the model; None: one half.
        """
        table = np.asarray(rows, np.float64).reshape(-1, 5)
        is_same = np.array_equal(table, self._table) and threshold == self._own
        self._table, self._own = table, threshold
        n = len(self._table)
        self.slider.setRange(0, max(0, n - 1))
        self.slider.setEnabled(n > 1)
        if n and not is_same:
            wanted = 0.5 if threshold is None else threshold
            self.slider.setValue(int(np.argmin(np.abs(self._table[:, 0] - wanted))))
        self._on_costs()

    @property
    def costs(self) -> Floats:
        """What each threshold costs, (thresholds,)."""
        table = self._table
        alarms, misses = table[:, 2] * self.alarm_cost.value(), table[:, 3] * self.miss_cost.value()
        return np.asarray(alarms + misses)

    @Slot()
    def _on_costs(self) -> None:
        line = Line(self.tr("Cost"), self._table[:, 0], self.costs)
        self.plot.set_lines((line,), self.tr("Threshold"), self.tr("Cost"), is_unit=False)
        self._show()

    @Slot()
    def _on_cheapest(self) -> None:
        if len(self._table):
            self.slider.setValue(int(np.argmin(self.costs)))

    @Slot(int, int)
    def _on_point(self, _line: int, point: int) -> None:
        self.slider.setValue(point)

    @Slot()
    def _show(self) -> None:
        if not len(self._table):
            return
        cut, *counts = self._table[min(self.slider.value(), len(self._table) - 1)]
        self.value.setText(number_text(float(cut)))
        texts = (
            self.tr("{n} found"),
            self.tr("{n} false alarms"),
            self.tr("{n} missed"),
            self.tr("{n} rightly left"),
        )
        for name, text, n in zip(_KINDS, texts, counts, strict=True):
            self.counts[name].setText(text.format(n=count_text(n)))
        hits, alarms, misses, _ = counts
        precision = percent_text(hits / (hits + alarms), 1) if hits + alarms else NOTHING
        recall = percent_text(hits / (hits + misses), 1) if hits + misses else NOTHING
        cost = float(self.costs[min(self.slider.value(), len(self._table) - 1)])
        words = self.tr("Precision {precision}, recall {recall}, cost {cost}")
        self.facts.setText(words.format(precision=precision, recall=recall, cost=number_text(cost)))

    @Slot()
    def _on_count(self) -> None:
        button = self.sender()
        if button is not None and len(self._table):
            place = min(self.slider.value(), len(self._table) - 1)
            self.count_clicked.emit(str(button.property("kind")), float(self._table[place, 0]))
