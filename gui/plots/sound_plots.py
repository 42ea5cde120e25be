"""WavePlot and SpectrogramPlot: a recording over time, as air pressure and as pitches."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QWidget

from gui.plots.colors import scale_colors
from gui.plots.plot import Plot, cosmetic_pen
from gui.plots.saving import Columns
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]

MOST_POINTS = 2_000


class WavePlot(Plot):
    """The samples of a recording; more than fit are drawn as the range they reach.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._times = self._wave = np.empty(0)
        super().__init__("", parent)

    def _build(self) -> None:
        super()._build()
        self.curve = pg.PlotCurveItem()
        self.playhead = pg.InfiniteLine(angle=90, movable=False)
        self.playhead.hide()
        for item in (self.curve, self.playhead):
            self.area.add(item)
        self.legend.hide()
        self.axis_x.set_kind("time")

    def set_wave(self, wave: npt.NDArray[np.int16], rate: int) -> None:
        """Shows a recording, (samples,) at so many a second."""
        self._times, self._wave = envelope(wave / 32_768.0, rate)
        self.playhead.hide()
        self.reset_view()

    def set_time(self, seconds: float | None) -> None:
        """Marks the moment that is heard; None: none is."""
        self.playhead.setVisible(seconds is not None)
        if seconds is not None:
            self.playhead.setValue(seconds)

    def redraw(self) -> None:
        super().redraw()
        self.legend.hide()

    def columns(self) -> Columns:
        return {"seconds": self._times, "amplitude": self._wave}

    def _is_empty(self) -> bool:
        return not len(self._wave)

    def _draw(self) -> None:
        self.curve.setData(self._times, self._wave)
        if len(self._times):
            self.fit_x(0.0, float(self._times[-1]))
            top = max(0.01, float(np.abs(self._wave).max()))
            self.fit_y(-top, top)

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        self.curve.setPen(cosmetic_pen(colors.series[0]))
        self.playhead.setPen(cosmetic_pen(colors.accent, 2))


class SpectrogramPlot(Plot):
    """Energy by time and mel band, dark for quiet, bright for loud.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._values = np.empty((0, 0))
        self._seconds = 0.0
        super().__init__("", parent)

    def _build(self) -> None:
        super()._build()
        self.image = pg.ImageItem(axisOrder="row-major")
        self.area.add(self.image)
        self.legend.hide()
        self.axis_x.set_kind("time")
        self.axis_x.setGrid(False)
        self.axis_y.setGrid(False)
        self.axis_y.set_kind("count")
        self.axis_y.set_text(self.tr("Mel band"))

    def set_spectrogram(self, values: npt.NDArray[np.floating], seconds: float) -> None:
        """Shows a spectrogram.

        Args:
            values: Logarithm of the energy, (frames, bands).
            seconds: How long it lasts.
        """
        self._values, self._seconds = np.asarray(values, np.float64), seconds
        if values.size:
            colors = scale_colors(self._values.T, *visible_range(self._values))
            self.image.setImage(colors, autoLevels=False)
            self.image.setRect(QRectF(0.0, 0.0, seconds, float(values.shape[1])))
        self.reset_view()

    def redraw(self) -> None:
        super().redraw()
        self.legend.hide()

    def _is_empty(self) -> bool:
        return not self._values.size

    def _draw(self) -> None:
        if self._values.size:
            self.fit_x(0.0, self._seconds)
            self.fit_y(0.0, float(self._values.shape[1]))


def envelope(wave: Floats, rate: int) -> tuple[Floats, Floats]:
    """Returns points that draw a recording: itself, or the lowest and highest of each stretch.

    Args:
        wave: (samples,).
        rate: Samples a second.

    Returns:
        Seconds and values, each (points,), at most about `MOST_POINTS`.
    """
    if len(wave) <= MOST_POINTS:
        return np.arange(len(wave)) / rate, wave
    size = -(-len(wave) * 2 // MOST_POINTS)
    n = len(wave) // size
    stretches = wave[: n * size].reshape(n, size)
    values = np.stack([stretches.min(axis=1), stretches.max(axis=1)], axis=1).reshape(-1)
    return np.repeat(np.arange(n) * size / rate, 2), values


def visible_range(values: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Returns the ends of a colour scale: a silent frame must not make all others look alike."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return 0.0, 1.0
    low, high = np.quantile(finite, [0.05, 0.995])
    return float(low), float(high)
