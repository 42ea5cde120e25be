"""ForecastTab: what came, what was said would come, and what is said to come after the data."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
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
    """The test part from its beginning to its end, so many steps ahead; or the time after it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shown: ShownResult | None = None
        self.when = ChoiceBox()
        self.step = ChoiceBox()
        self.words = Label()
        self.plot = BandPlot()
        self.when.setAccessibleName(self.tr("Which time"))
        self.step.setAccessibleName(self.tr("How many steps ahead"))
        set_role(self.words, "muted")
        self.words.setWordWrap(True)
        tools = QHBoxLayout()
        tools.setSpacing(SPACING)
        for box in (self.when, self.step):
            box.setMinimumContentsLength(16)
            tools.addWidget(box)
        tools.addWidget(self.words, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(tools)
        column.addWidget(self.plot, 1)
        self.when.currentIndexChanged.connect(self._draw)
        self.step.currentIndexChanged.connect(self._draw)
        self.plot.view.clicked.connect(self._on_clicked)

    def show_result(self, shown: ShownResult) -> None:
        """Shows the forecasts of a run."""
        is_same = self._shown is not None and self._shown.record.id == shown.record.id
        when, step = (box.currentData() if is_same else None for box in (self.when, self.step))
        self._shown = shown
        n = shown.scored.predictions.truth.shape[1] if shown.scored is not None else 0
        with QSignalBlocker(self.step):
            self.step.clear()
            for place in range(n):
                self.step.addItem(self.tr("Step {n} ahead").format(n=place + 1), place)
            self.step.setCurrentIndex(max(0, self.step.findData(step)))
        with QSignalBlocker(self.when):
            self.when.clear()
            self.when.addItem(self.tr("The test part"), None)
            for place, series in enumerate(self._future):
                name = series["series"]
                text = self.tr("What comes next: {name}") if name else self.tr("What comes next")
                self.when.addItem(text.format(name=name), place)
            self.when.setCurrentIndex(max(0, self.when.findData(when)))
        self.when.setEnabled(self.when.count() > 1)  # it is there from the first: nothing moves
        self._draw()

    @property
    def _future(self) -> list[dict[str, Any]]:
        """What is expected after the end of each series; none as long as it is not known."""
        analysis = self._shown.analysis if self._shown is not None else None
        return list(analysis.extra.get("future", ())) if analysis is not None else []

    def _half_widths(self) -> npt.NDArray[np.float64] | None:
        """Half the width of the band at each step ahead, (horizon,); None: it is not known."""
        analysis = self._shown.analysis if self._shown is not None else None
        for level in analysis.extra.get("conformal", []) if analysis is not None else []:
            if level.get("level") == LEVEL and level.get("half_width"):
                return np.array(level["half_width"], np.float64)
        return None

    @Slot()
    def _draw(self) -> None:
        place = self.when.currentData()
        n_steps = self.step.count()
        self.step.setVisible(place is None and n_steps > 1)
        if place is None:
            self._draw_test_part()
        else:
            self._draw_future(self._future[place])

    def _draw_test_part(self) -> None:
        shown = self._shown
        if shown is None or shown.scored is None:
            return
        found, step = shown.scored.predictions, self.step.currentData() or 0
        order = np.argsort(found.rows, kind="stable")
        truth, said = found.truth[order, step], found.outputs[order, step]
        halves = self._half_widths()
        half = float(halves[step]) if halves is not None and step < len(halves) else None
        self.plot.set_series(found.rows[order].astype(np.float64), truth, said, half)
        self.plot.axis_y.set_text(found.target_name)
        text = self.tr("{n} forecasts of the {part} part.")
        words = text.format(n=count_text(len(found)), part=found.part)
        self.words.setText(self._with_band(words, half is not None))

    def _draw_future(self, series: dict[str, Any]) -> None:
        """Draws the last window of a series and what is expected after it; nothing is known."""
        assert self._shown is not None
        past, said = (np.array(series[key], np.float64) for key in ("past", "forecast"))
        x = np.arange(1 - len(past), len(said) + 1, dtype=np.float64)
        # The forecast begins at the last value that is known, so that one step is a line, too.
        joined = np.concatenate([np.full(max(0, len(past) - 1), np.nan), past[-1:], said])
        truth = np.concatenate([past, np.full(len(said), np.nan)])
        halves = self._half_widths()
        half = None
        if halves is not None and len(halves) == len(said):
            half = np.concatenate([np.zeros(len(past)), halves])
        self.plot.set_series(x, truth, joined, half, self.tr("Steps after the data"))
        if self._shown.scored is not None:
            self.plot.axis_y.set_text(self._shown.scored.predictions.target_name)
        words = self.tr("{n} steps after the end of the data.").format(n=count_text(len(said)))
        self.words.setText(self._with_band(words, half is not None))

    def _with_band(self, words: str, has_band: bool) -> str:
        if not has_band:
            return words
        band = self.tr("The band holds {share} of new cases.")
        return f"{words} {band.format(share=percent_text(LEVEL))}"

    @Slot(object)
    def _on_clicked(self, place: QPointF) -> None:
        """Opens the stretches around the moment that was clicked."""
        scored = self._shown.scored if self._shown is not None else None
        if scored is None or self.when.currentData() is not None:
            return
        distances = np.abs(scored.predictions.rows - place.x())
        nearest = np.argsort(distances, kind="stable")[:NEAR]
        title = self.tr("Around row {n}").format(n=count_text(place.x() + 1))
        self.examples_asked.emit(Selection(title, nearest, "row"))
