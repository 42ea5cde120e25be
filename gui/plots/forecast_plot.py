"""ForecastPlot: a window of a series, what came after it, and what was forecast."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from engine.events.insights import Forecast
from gui.formatting.numbers import data_text
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

_PAST, _TRUTH, _FORECAST = range(3)


class ForecastPlot(Plot):
    """Past, truth and forecast over steps; step 0 is the last that the model sees.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._window: Forecast | None = None
        super().__init__("", parent, has_crosshair=True)
        self.axis_x.set_kind("count")
        self.axis_x.set_text(self.tr("steps from now"))
        self.set_empty_text(self.tr("The first forecast appears here after the first epoch."))

    def _build(self) -> None:
        super()._build()
        self.now = pg.InfiniteLine(pos=0, angle=90, movable=False)
        self.area.add(self.now)
        self.curves = [pg.PlotCurveItem(connect="finite", antialias=True) for _ in range(3)]
        self.dots = [pg.ScatterPlotItem(pxMode=True, symbol=shape) for shape in ("o", "t")]
        for place, item in enumerate((*self.curves, *self.dots)):
            item.setZValue(10 + place)
            self.area.add(item)

    def show_window(self, window: Forecast, target: str) -> None:
        """Shows a window.

        Args:
            window: Past, truth and forecast.
            target: What is forecast.
        """
        self._window = window
        self.axis_y.set_text(target)
        self.request_redraw()

    def clear(self) -> None:
        """Shows nothing."""
        self._window = None
        self.request_redraw()

    def columns(self) -> Columns:
        window = self._window
        if window is None:
            return {}
        n_past, n_ahead = len(window.past), len(window.truth)
        unknown = [""] * n_past
        return {
            "step": np.arange(1 - n_past, n_ahead + 1),
            "past": window.past,
            "truth": [*unknown, *window.truth],
            "forecast": [*unknown, *window.forecast],
        }

    def _is_empty(self) -> bool:
        return self._window is None

    def _draw(self) -> None:
        window = self._window
        if window is None:
            return
        past = np.asarray(window.past, np.float64)
        truth, forecast = (np.asarray(v, np.float64) for v in (window.truth, window.forecast))
        steps = np.arange(1, len(truth) + 1, dtype=np.float64)
        self.curves[_PAST].setData(np.arange(1 - len(past), 1, dtype=np.float64), past)
        # The line begins at the last step that was seen, so that one step ahead is a line, too.
        for curve, values in zip(self.curves[1:], (truth, forecast), strict=True):
            joined = np.concatenate([past[-1:], values])
            curve.setData(np.concatenate([[0.0][: len(past[-1:])], steps]), joined)
        for dots, values in zip(self.dots, (truth, forecast), strict=True):
            dots.setData(steps, values)
        self.fit_x(float(1 - len(past)), float(len(truth)))
        self.fit_y(*finite_extent(past, truth, forecast))
        self._update_legend()

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        tones = (colors.muted, colors.series[0], colors.series[1])
        for curve, tone in zip(self.curves, tones, strict=True):
            curve.setPen(cosmetic_pen(tone, 1.5))
        for dots, tone in zip(self.dots, tones[1:], strict=True):
            dots.setBrush(pg.mkBrush(tone))
            dots.setPen(pg.mkPen(None))
            dots.setSize(7)
        self.now.setPen(cosmetic_pen(colors.border))
        self._update_legend()

    def _update_legend(self) -> None:
        window = self._window
        if window is None:
            return
        colors = current_theme().palette
        truth, forecast = self._at_cursor(window)
        self.legend.set_entries(
            (
                LegendEntry(self.tr("Past"), colors.muted),
                LegendEntry(self.tr("Truth"), colors.series[0], truth, mark="dot"),
                LegendEntry(self.tr("Forecast"), colors.series[1], forecast, mark="shape:t"),
            )
        )

    def _at_cursor(self, window: Forecast) -> tuple[str, str]:
        """Truth and forecast in words, of the step under the cursor or the last one."""
        place = len(window.truth) - 1
        if self.cursor_x is not None:
            place = int(np.clip(round(self.cursor_x) - 1, 0, place))
        return data_text(float(window.truth[place])), data_text(float(window.forecast[place]))
