"""SurfacePlot: what a model on one or two features predicts, drawn over the data, live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from engine.events.insights import SurfaceUpdated
from engine.events.profile import Profile
from engine.spec.signature import Output
from gui.formatting.numbers import data_text
from gui.plots.colors import class_mix, scale_colors
from gui.plots.contour import zero_contour
from gui.plots.extents import finite_extent
from gui.plots.legend import LegendEntry
from gui.plots.plot import AXIS_ROOM, Plot, cosmetic_pen
from gui.plots.points import ClassPoints
from gui.style.theme import current_theme

Floats = npt.NDArray[np.float64]

RUG: Final = 0.06
"""How far below and above the probabilities the points of a class lie."""


class SurfacePlot(Plot):
    """Points of the data, and the fitted line, the probabilities or the decision boundary.

    One feature: the fitted line of a regression, or the probability of each class. Two features:
    the classes' colours mixed by their probabilities with a line where the most probable class
    changes, or the predicted value of a regression as a colour.

    Args:
        parent: Owner.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        self._x = np.empty((0, 0))
        self._y = np.empty(0)
        self._class_names: tuple[str, ...] = ()
        self._target_name = ""
        self._surface: SurfaceUpdated | None = None
        self.curves: list[pg.PlotCurveItem] = []
        super().__init__("", parent)
        self.set_empty_text(
            self.tr("What the model predicts appears here for data with one or two features.")
        )

    def _build(self) -> None:
        super()._build()
        self.image = pg.ImageItem(axisOrder="row-major")
        self.image.setZValue(-100)
        self.boundary = pg.PlotCurveItem(connect="pairs", antialias=True)
        self.boundary.setZValue(15)
        for part in (self.image, self.boundary):
            self.area.add(part)
        self.points = ClassPoints(self.area)

    # ---- data

    @staticmethod
    def can_show(profile: Profile | None) -> bool:
        """Says whether the data is a table of one or two features, and no labels overlap."""
        return (
            profile is not None
            and profile.signature.output is not Output.LABELS
            and np.asarray(profile.sample_x).ndim == 2
            and profile.sample_x.shape[1] in (1, 2)
        )

    def show_profile(self, profile: Profile) -> None:
        """Shows the sample rows of a profile; forgets the surface.

        Raises:
            ValueError: `can_show` says no.
        """
        if not self.can_show(profile):
            shape = profile.sample_x.shape
            raise ValueError(f"The data must be a table of one or two features. Received: {shape}")
        self.show_points(
            profile.sample_x,
            profile.sample_y,
            profile.class_names,
            profile.feature_names,
            profile.target_name,
        )

    def show_points(
        self,
        x: npt.NDArray[np.generic],
        y: npt.NDArray[np.generic],
        class_names: Sequence[str],
        feature_names: Sequence[str],
        target_name: str = "",
    ) -> None:
        """Shows points; forgets the surface.

        Args:
            x: Features, (samples, 1 or 2).
            y: Class indices, or numbers where `class_names` is empty, (samples,).
            class_names: Classes in index order.
            feature_names: One per column of `x`.
            target_name: What is predicted.
        """
        self._forget_surface()
        self._x = np.asarray(x, np.float64)
        self._y = np.asarray(y, np.float64)
        self._class_names = tuple(class_names)
        self._target_name = target_name
        names = [*feature_names, "", ""]
        self.axis_x.set_text(names[0])
        has_two = self._x.shape[1] == 2
        vertical = target_name if not class_names else self.tr("Probability")
        self.axis_y.set_text(names[1] if has_two else vertical)
        classes = self._y.astype(np.int64) if class_names else None
        height = self._x[:, 1] if has_two else self._heights()
        self.points.set_points(self._x[:, 0], height, classes, class_names)
        self._recolor_items()
        self.reset_view()

    def _heights(self) -> Floats:
        """Returns heights of points of one feature: their value, or beside probability 0 and 1."""
        if not self._class_names:
            return self._y
        if len(self._class_names) == 2:
            return np.where(self._y > 0, 1 + RUG, -RUG)
        return np.full(len(self._y), -RUG) - RUG * self._y / len(self._class_names)

    def update_surface(self, surface: SurfaceUpdated) -> None:
        """Draws what the model predicts now."""
        self._surface = surface
        self.request_redraw()

    def clear(self) -> None:
        """Forgets points and surface."""
        self._forget_surface()
        self._x, self._y = np.empty((0, 0)), np.empty(0)
        self._class_names = ()
        self.points.clear()
        self.axis_x.set_text("")
        self.axis_y.set_text("")
        self.reset_view()

    def _forget_surface(self) -> None:
        self._surface = None
        self.image.clear()
        self.boundary.setData([], [])
        for curve in self.curves:
            self.area.remove(curve)
        self.curves = []

    # ---- drawing

    def _is_empty(self) -> bool:
        return not len(self._y) and self._surface is None

    def _draw(self) -> None:
        surface = self._surface
        if surface is not None and len(surface.axes) == 1:
            self._draw_curves(surface)
        elif surface is not None and len(surface.axes) == 2:
            self._draw_image(surface)
        self._fit_view()
        self._update_legend()

    def _draw_curves(self, surface: SurfaceUpdated) -> None:
        x = np.asarray(surface.axes[0], np.float64)
        values = np.asarray(surface.values, np.float64).reshape(len(x), -1)
        binary = len(self._class_names) == 2
        if binary:
            values = values[:, -1:]
        while len(self.curves) < values.shape[1]:
            curve = pg.PlotCurveItem(connect="finite", antialias=True)
            curve.setZValue(30)
            self.curves.append(curve)
            self.area.add(curve)
            self._recolor_curves()
        for index, curve in enumerate(self.curves):
            curve.setData(x, values[:, index], connect="finite")
        if binary:
            crossing = _crossings(x, values[:, 0] - 0.5)
            self.boundary.setData(
                np.repeat(crossing, 2), np.tile([-2 * RUG, 1 + 2 * RUG], len(crossing))
            )

    def _draw_image(self, surface: SurfaceUpdated) -> None:
        x, y = (np.asarray(axis, np.float64) for axis in surface.axes)
        values = np.asarray(surface.values, np.float64).reshape(len(y), len(x), -1)
        colors = current_theme().palette
        if self._class_names:
            if values.shape[2] == 1:
                values = np.concatenate([1 - values, values], axis=2)
            self.image.setImage(class_mix(values, colors), autoLevels=False, autoRange=False)
            self.boundary.setData(*_boundaries(x, y, values), connect="pairs")
        else:
            picture = scale_colors(values[:, :, 0], *self._value_range())
            self.image.setImage(picture, autoLevels=False, autoRange=False)
        step_x = (x[-1] - x[0]) / max(1, len(x) - 1)
        step_y = (y[-1] - y[0]) / max(1, len(y) - 1)
        # A value stands for the middle of its cell.
        self.image.setRect(
            QRectF(
                x[0] - step_x / 2,
                y[0] - step_y / 2,
                x[-1] - x[0] + step_x,
                y[-1] - y[0] + step_y,
            )
        )

    def _value_range(self) -> tuple[float, float]:
        """Returns the extent of the targets: the colours keep their meaning while training."""
        if len(self._y):
            return finite_extent(self._y)
        assert self._surface is not None
        return finite_extent(np.asarray(self._surface.values, np.float64))

    def _fit_view(self) -> None:
        axes = [] if self._surface is None else [np.asarray(axis) for axis in self._surface.axes]
        n_features = self._x.shape[1] if self._x.size else len(axes)
        first = [self._x[:, 0]] if self._x.size else []
        low, high = finite_extent(*first, *axes[:1])
        self.fit_x(*_inset(low, high, bool(axes) and n_features == 2))
        if n_features == 2:
            second = [self._x[:, 1]] if self._x.size else []
            low, high = finite_extent(*second, *axes[1:])
            self.fit_y(*_inset(low, high, bool(axes)))
        elif self._class_names:
            below = RUG if len(self._class_names) == 2 else 2 * RUG
            self.fit_y(-below, 1 + RUG)
        else:
            # The data alone: a line that is far off at first would press it flat.
            self.fit_y(*finite_extent(self._y))

    # ---- colours

    def _recolor_items(self) -> None:
        colors = current_theme().palette
        brushes = None
        if not self._class_names and self._x.size and self._x.shape[1] == 2:
            shades = scale_colors(self._y, *finite_extent(self._y))
            finite = np.isfinite(self._x).all(axis=1)
            brushes = [pg.mkBrush(QColor(*map(int, shade))) for shade in shades[finite]]
        self.points.recolor(colors, brushes)
        self.boundary.setPen(cosmetic_pen(colors.text, 1.5))
        self._recolor_curves()
        self._update_legend()

    def _recolor_curves(self) -> None:
        colors = current_theme().palette
        n_classes = len(self._class_names)
        for index, curve in enumerate(self.curves):
            if n_classes > 2:
                color = colors.series[index % len(colors.series)]
            else:
                color = colors.series[1] if n_classes == 2 or not index else colors.series[index]
            curve.setPen(cosmetic_pen(color, 2))

    def _update_legend(self) -> None:
        colors = current_theme().palette
        entries = list(self.points.entries(colors))
        caption = ""
        if not self._class_names and self._x.size:
            if self._x.shape[1] == 1:
                entries.append(LegendEntry(self.tr("Data"), colors.series[0], mark="dot"))
                if self.curves:
                    entries.append(LegendEntry(self.tr("Model"), colors.series[1]))
            else:
                low, high = finite_extent(self._y)
                for value in (low, (low + high) / 2, high):
                    shade = scale_colors(np.array([value]), low, high)[0]
                    color = QColor(*map(int, shade)).name()
                    entries.append(LegendEntry("", color, data_text(value), "area"))
                caption = self._target_name
        elif self._surface is not None and len(self._class_names) == 2:
            caption = self.tr("line: both classes equally likely")
        elif self._surface is not None and len(self._surface.axes) == 2:
            caption = self.tr("line: the most likely class changes")
        self.legend.set_entries(tuple(entries), caption)


def _inset(low: float, high: float, has_image: bool) -> tuple[float, float]:
    """Returns an extent that, with the room an axis adds to it, ends where a picture ends."""
    room = AXIS_ROOM / (1 + 2 * AXIS_ROOM) * (high - low) if has_image else 0.0
    return low + room, high - room


def _crossings(x: Floats, values: Floats) -> Floats:
    """Returns where a line through points crosses zero."""
    change = np.nonzero(np.diff(values > 0))[0]
    a, b = values[change], values[change + 1]
    share = np.divide(a, a - b, out=np.full_like(a, 0.5), where=a != b)
    crossings: Floats = x[change] + share * (x[change + 1] - x[change])
    return crossings


def _boundaries(x: Floats, y: Floats, probabilities: Floats) -> tuple[Floats, Floats]:
    """Returns the segments along which the most probable class changes."""
    n_classes = probabilities.shape[2]
    if n_classes == 2:
        return zero_contour(x, y, probabilities[:, :, 1] - probabilities[:, :, 0])
    parts = []
    for index in range(n_classes):
        others = np.delete(probabilities, index, axis=2).max(axis=2)
        parts.append(zero_contour(x, y, probabilities[:, :, index] - others))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
