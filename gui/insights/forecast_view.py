"""ForecastView: forecasts of the same few windows, epoch by epoch."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QWidget

from engine.events.insights import ForecastsMade, Insight
from gui.formatting.numbers import number_text
from gui.insights.insight_view import InsightView, set_choices
from gui.plots.forecast_plot import ForecastPlot


class ForecastView(InsightView):
    """A plot of one window, chosen above it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: ForecastsMade | None = None
        self.window_choice = self.add_choice(self.tr("Window"))
        self.plot = ForecastPlot()
        self.column.addWidget(self.note)
        self.column.addWidget(self.plot, 1)

    def show_insight(self, insight: Insight) -> None:
        if isinstance(insight, ForecastsMade):
            self._newest = insight
            self.throttle.request()

    def refresh(self) -> None:
        newest = self._newest
        if newest is None or not newest.windows:
            return
        text = self.tr("Window {name}")
        set_choices(self.window_choice, [text.format(name=one.name) for one in newest.windows])
        window = newest.windows[max(0, self.window_choice.currentIndex())]
        self.plot.show_window(window, newest.target)
        errors = [np.abs(one.forecast - one.truth).mean() for one in newest.windows]
        self.set_note(
            self.tr("After epoch {epoch}; off by {error} on average in these windows.").format(
                epoch=newest.epoch, error=number_text(float(np.mean(errors)))
            )
        )
