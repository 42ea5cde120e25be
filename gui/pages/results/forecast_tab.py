"""ForecastTab: what came and what was said would come, over time, with the forecast's interval."""

from __future__ import annotations

from typing import Final

import numpy as np
from PySide6.QtCore import QPointF, QSignalBlocker, Slot
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.spec.formatting import percent_text
from gui.formatting.numbers import count_text
from gui.pages.results.shown_result import ResultTab, Selection, ShownResult
from gui.plots.band_plot import BandPlot
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox

LEVEL: Final = 0.9
NEAR: Final = 12


class ForecastTab(ResultTab):
    """The test part from its beginning to its end, so many steps ahead."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownResult | None = None
        self.step = ChoiceBox()
        self.words = Label()
        self.plot = BandPlot()
        self.step.setAccessibleName(self.tr("How many steps ahead"))
        set_role(self.words, "muted")
        self.words.setWordWrap(True)
        tools = QHBoxLayout()
        tools.setSpacing(SPACING)
        tools.addWidget(self.step)
        tools.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(tools)
        column.addWidget(self.plot, 1)
        self.step.currentIndexChanged.connect(self._draw)
        self.plot.view.clicked.connect(self._on_clicked)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the forecasts of a run."""
        is_same = self._shown is not None and self._shown.record.id == shown.record.id
        before = self.step.currentData() if is_same else 0
        self._shown = shown
        n = shown.scored.predictions.truth.shape[1] if shown.scored is not None else 0
        with QSignalBlocker(self.step):
            self.step.clear()
            for place in range(n):
                self.step.addItem(self.tr("Step {n} ahead").format(n=place + 1), place)
            self.step.setCurrentIndex(max(0, self.step.findData(before)))
        self.step.setVisible(n > 1)
        self._draw()

    def _half_width(self, step: int) -> float | None:
        analysis = self._shown.analysis if self._shown is not None else None
        for level in analysis.extra.get("conformal", []) if analysis is not None else []:
            halves = level.get("half_width")
            if level.get("level") == LEVEL and halves and step < len(halves):
                return float(halves[step])
        return None

    @Slot()
    def _draw(self) -> None:
        shown = self._shown
        if shown is None or shown.scored is None:
            return
        found, step = shown.scored.predictions, self.step.currentData() or 0
        order = np.argsort(found.rows, kind="stable")
        truth, said = found.truth[order, step], found.outputs[order, step]
        half = self._half_width(step)
        self.plot.set_series(found.rows[order].astype(np.float64), truth, said, half)
        self.plot.axis_y.set_text(found.target_name)
        text = self.tr("{n} forecasts of the {part} part.")
        words = text.format(n=count_text(len(found)), part=found.part)
        if half is not None:
            band = self.tr("The band holds {share} of new cases.")
            words = f"{words} {band.format(share=percent_text(LEVEL))}"
        self.words.setText(words)

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        """Opens the stretches around the moment that was clicked."""
        scored = self._shown.scored if self._shown is not None else None
        if scored is None:
            return
        distances = np.abs(scored.predictions.rows - place.x())
        nearest = np.argsort(distances, kind="stable")[:NEAR]
        title = self.tr("Around row {n}").format(n=count_text(place.x() + 1))
        self.examples_asked.emit(Selection(title, nearest, "row"))
