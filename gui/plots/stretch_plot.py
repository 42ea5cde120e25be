"""StretchPlot: a stretch of a series, and of a forecast what came and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtWidgets import QWidget

from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

MOST_CHANNELS: Final = 6
Floats = npt.NDArray[np.float64]


class StretchPlot(Plot):
    """Channels over steps; step 0 is the last that the model saw where something follows.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._series: Floats = np.zeros((0, 1))
        self._names: tuple[str, ...] = ()
        self._after: Floats | None = None
        self._said: Floats | None = None
        self.curves: list[pg.PlotCurveItem] = []
        super().__init__("", parent)
        self.axis_x.set_kind("count")
        self.axis_x.set_text(self.tr("Step"))

    def set_stretch(
        self,
        series: Floats,
        names: Sequence[str] = (),
        after: npt.NDArray[Any] | None = None,
        said: npt.NDArray[Any] | None = None,
    ) -> None:
        """Shows a stretch.

        Args:
            series: (steps, channels).
            names: Of the channels.
            after, said: Of a forecast of the first channel, (horizon,).
        """
        for curve in self.curves:
            self.area.remove(curve)
        self._series, self._names = series, tuple(names)
        self._after = None if after is None else np.asarray(after, np.float64)
        self._said = None if said is None else np.asarray(said, np.float64)
        n = min(MOST_CHANNELS, series.shape[1]) + sum(x is not None for x in (after, said))
        self.curves = [pg.PlotCurveItem(connect="finite", antialias=True) for _ in range(n)]
        for curve in self.curves:
            curve.setZValue(10)
            self.area.add(curve)
        self._recolor_items()
        self.reset_view()

    def columns(self) -> Columns:
        names = self._channel_names()
        return {name: self._series[:, place] for place, name in enumerate(names)}

    def _channel_names(self) -> list[str]:
        n = min(MOST_CHANNELS, self._series.shape[1])
        known = self._names if len(self._names) >= n else ()
        return [known[i] if known else self.tr("Channel {n}").format(n=i + 1) for i in range(n)]

    def _is_empty(self) -> bool:
        return not len(self._series)

    def _parts(self) -> list[tuple[str, Floats, Floats, str]]:
        """Name, steps, values and colour of every curve."""
        colors = current_theme().palette
        steps = np.arange(len(self._series), dtype=np.float64)
        if self._after is not None:
            steps -= len(steps) - 1
        tones = [colors.series[i] for i in (0, 2, 3, 4, 5, 6)]
        names = self._channel_names()
        if self._after is not None:
            tones = [colors.muted, *tones[1:]]
        found = [
            (name, steps, self._series[:, place], tones[place]) for place, name in enumerate(names)
        ]
        pairs = (self.tr("Truth"), self._after, 0), (self.tr("Forecast"), self._said, 1)
        for name, values, tone in pairs:
            if values is not None and len(self._series):
                joined = np.concatenate([self._series[-1:, 0], values])
                ahead = np.arange(len(joined), dtype=np.float64)
                found.append((name, ahead, joined, colors.series[tone]))
        return found

    def _draw(self) -> None:
        parts = self._parts()
        for curve, (_, steps, values, _tone) in zip(self.curves, parts, strict=True):
            curve.setData(steps, values, connect="finite")
        self.fit_x(*finite_extent(*(steps for _, steps, _, _ in parts)))
        self.fit_y(*finite_extent(*(values for _, _, values, _ in parts)))

    def _recolor_items(self) -> None:
        parts = self._parts() if len(self.curves) else []
        for curve, (_, _, _, tone) in zip(self.curves, parts, strict=False):
            curve.setPen(cosmetic_pen(tone, 1.5))
        self.legend.set_entries(tuple(LegendEntry(name, tone) for name, _, _, tone in parts))
