"""CurveGrid: stretches of series as small curves, what is to be predicted in another colour."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.style.theme import SPACING, Palette, blend, current_theme
from gui.widgets.image_grid import ImageGrid

WIDTH: Final = 26 * SPACING
HEIGHT: Final = 11 * SPACING
MOST_CHANNELS: Final = 6

Floats = npt.NDArray[np.float64]


class CurveGrid(QWidget):
    """Small multiples, each on a scale of its own."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = ImageGrid(self)
        self._inputs: Floats = np.zeros((0, 0, 0))
        self._targets: Floats | None = None
        self._labels: list[str] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(self.grid)
        current_theme().changed.connect(self._draw)

    def set_curves(
        self,
        inputs: npt.NDArray[Any],
        labels: Sequence[str],
        targets: npt.NDArray[Any] | None = None,
    ) -> None:
        """Shows stretches of series.

        Args:
            inputs: (n, steps, channels).
            labels: One for each.
            targets: What follows on the first channel, (n, horizon); None: it is not drawn.
        """
        self._inputs = np.asarray(inputs, np.float64)
        if self._inputs.ndim == 2:
            self._inputs = self._inputs[..., np.newaxis]
        self._targets = None if targets is None else np.asarray(targets, np.float64)
        self._labels = list(labels)
        self._draw()

    @Slot()
    def _draw(self) -> None:
        ratio = self.devicePixelRatioF()
        colors = current_theme().palette
        pictures = []
        for place, values in enumerate(self._inputs):
            after = None if self._targets is None else self._targets[place].reshape(-1)
            pictures.append(curve_picture(values, after, colors, ratio))
        self.grid.set_pictures(pictures, self._labels)


def curve_picture(
    values: Floats,
    after: Floats | None,
    colors: Palette,
    ratio: float,
    said: Floats | None = None,
    size: tuple[int, int] = (WIDTH, HEIGHT),
) -> QPixmap:
    """One stretch of a series as a picture.

    Args:
        values: (steps, channels).
        after: What follows on the first channel, (horizon,); None: it is not drawn.
        colors: Of the theme.
        ratio: Pixels of the screen for each of the window.
        said: What a model says will follow, (horizon,); then `after` goes on in the colour of the
            past. None: it is not drawn.
        size: Width and height.
    """
    width, height = size
    picture = QPixmap(round(width * ratio), round(height * ratio))
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(colors.surface))
    shown = values[:, :MOST_CHANNELS]
    ends = [part for part in (after, said) if part is not None]
    everything = np.concatenate([shown.reshape(-1), *ends])
    finite = everything[np.isfinite(everything)]
    if not finite.size:
        return picture
    low, high = float(finite.min()), float(finite.max())
    if high <= low:
        low, high = low - 0.5, high + 0.5
    n_after = max((len(part) for part in ends), default=0)
    area = QRectF(0, 0, width, height).adjusted(6, 6, -6, -6)
    points = partial(_points, area, max(2, len(shown) + n_after), (low, high))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for channel in range(shown.shape[1]):
        place = (0, 2, 3, 4, 5, 6)[channel]
        color = blend(colors.surface, colors.series[place], 1.0 if channel == 0 else 0.7)
        painter.setPen(QPen(QColor(color), 1.3))
        painter.drawPolyline(points(0, shown[:, channel]))
    tone = colors.series[1 if said is None else 0]
    for part, color in ((after, tone), (said, colors.series[1])):
        if part is None or not len(shown):
            continue
        painter.setPen(QPen(QColor(color), 1.8, Qt.PenStyle.SolidLine))
        line = points(len(shown) - 1, np.append(shown[-1:, 0], part))
        painter.drawPolyline(line)
        if len(part) == 1 and line.count():
            painter.setBrush(QColor(color))
            painter.drawEllipse(line.at(line.count() - 1), 2.5, 2.5)
    painter.end()
    return picture


def _points(
    area: QRectF, n_steps: int, ends: tuple[float, float], first: int, series: Floats
) -> QPolygonF:
    """A series on an area that is so many steps wide, from its step `first` on; without gaps."""
    low, high = ends
    return QPolygonF(
        [
            QPointF(
                area.left() + area.width() * (first + step) / (n_steps - 1),
                area.bottom() - area.height() * (value - low) / (high - low),
            )
            for step, value in enumerate(series.tolist())
            if np.isfinite(value)
        ]
    )
