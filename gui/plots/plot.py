"""Plot: the base of the plots on pyqtgraph. Theme, legend, view, crosshair, throttle."""

from __future__ import annotations

import math
from typing import Any, Final

import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Slot
from PySide6.QtGui import QColor, QPen, QShowEvent
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from gui.plots.area import PlotArea
from gui.plots.axis import NumberAxis
from gui.plots.legend import LegendBar
from gui.plots.saving import Columns, PlotSaver
from gui.plots.throttle import Throttle
from gui.plots.view import PlotView
from gui.style.label import Label
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, current_theme, text_font

AXIS_ROOM: Final = 0.04
"""Share of the data's extent that an axis leaves free at each end."""
HEADROOM: Final = 0.15
"""Share by which an axis grows when data leaves it, so that it does not grow at each redraw."""


class Plot(QWidget):
    """A plot in the theme's colours, which subclasses fill in `_draw`.

    Args:
        title: Read above it; empty for none.
        parent: Owner.
        has_crosshair: A vertical line follows the cursor and the legend shows values there.
    """

    def __init__(
        self, title: str = "", parent: QWidget | None = None, has_crosshair: bool = False
    ) -> None:
        super().__init__(parent)
        self._has_crosshair = has_crosshair
        self.cursor_x: float | None = None
        self._ranges: dict[str, tuple[float, float]] = {}
        self._x_is_auto = self._y_is_auto = True
        self.axis_x = NumberAxis("bottom")
        self.axis_y = NumberAxis("left")
        self.view = PlotView()
        self.area = PlotArea(self.view, self.axis_x, self.axis_y)
        self.graphics = pg.GraphicsView()
        self.graphics.setCentralItem(self.area)
        self.legend = LegendBar()
        self._title = Label(title)
        self._title.setProperty("role", "heading")
        self._title.setVisible(bool(title))
        self._empty = Label("", self.graphics)
        self._build()
        self.throttle = Throttle(self)
        self.throttle.due.connect(self.redraw)
        self._crosshair = pg.InfiniteLine(angle=90, movable=False)
        self._crosshair.setZValue(50)
        self._crosshair.hide()
        self.area.add(self._crosshair)
        if title:
            self.setAccessibleName(title)
        self.saver = PlotSaver(self, self.columns)
        current_theme().changed.connect(self._recolor)
        self._dress()

    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(SPACING // 2)
        layout.addWidget(self._title)
        layout.addWidget(self.legend)
        layout.addWidget(self.graphics, 1)
        self.graphics.setFrameShape(QFrame.Shape.NoFrame)
        self.graphics.setAntialiasing(False)
        self.graphics.setMinimumSize(120, 80)
        # The page scrolls with the wheel and moves the focus with Tab; a plot stops neither.
        self.graphics.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.graphics.enableMouse(False)  # the view answers the mouse, not the whole scene
        self.area.set_margins(0, SPACING, 2 * SPACING, SPACING // 2)
        self.view.disableAutoRange()
        self.view.reset_asked.connect(self.reset_view)
        self.view.sigRangeChangedManually.connect(self._zoomed)
        self.view.sigResized.connect(self._resized)
        self._empty.setProperty("role", "muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.graphics.installEventFilter(self)
        self.graphics.viewport().installEventFilter(self)
        self.graphics.setMouseTracking(True)

    # ---- for subclasses

    def _draw(self) -> None:
        """Gives the items their newest data. Called at most ten times a second."""

    def _recolor_items(self) -> None:
        """Gives the items the theme's colours."""

    def _is_empty(self) -> bool:
        """Says whether there is nothing to draw."""
        return False

    def columns(self) -> Columns:
        """Returns the numbers that are shown, by the names of their columns, to be saved."""
        return {}

    # ---- what callers use

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""
        self._empty.setText(text)
        self.request_redraw()

    @property
    def empty_text(self) -> str:
        """What is read now instead of curves; empty where there are curves."""
        return self._empty.text() if self._empty.isVisibleTo(self) else ""

    def request_redraw(self) -> None:
        """Asks for a redraw soon."""
        self.throttle.request()

    def follow(self) -> None:
        """Asks for a redraw in its turn, because a training went on."""
        self.throttle.follow()

    @Slot()
    def redraw(self) -> None:
        """Draws what there is now, even while hidden."""
        is_empty = self._is_empty()
        self._empty.setVisible(is_empty and bool(self._empty.text()))
        self.area.setVisible(not is_empty)
        self.legend.setVisible(not is_empty)
        self._draw()

    @Slot()
    def reset_view(self) -> None:
        """Shows everything again after zooming."""
        self._x_is_auto = self._y_is_auto = True
        self._ranges.clear()
        self.request_redraw()

    # ---- the view

    def visible_x(self) -> tuple[float, float] | None:
        """Returns what part of the horizontal axis someone zoomed to; None for all of it."""
        if self._x_is_auto:
            return None
        low, high = self.view.viewRange()[0]
        return float(low), float(high)

    def fit_x(self, low: float, high: float, calm: bool = False) -> None:
        """Lets the horizontal axis reach over the data, unless someone zoomed."""
        if self._x_is_auto:
            self._fit("x", low, high, calm)

    def fit_y(self, low: float, high: float, calm: bool = False) -> None:
        """Lets the vertical axis reach over the data, unless someone zoomed.

        Args:
            low, high: Extent of the data; not finite for none.
            calm: Keep the range while the data fills most of it: redrawing an axis costs more
                than redrawing the curves, and axes that twitch are hard to read.
        """
        if self._y_is_auto:
            self._fit("y", low, high, calm)

    def _fit(self, axis: str, low: float, high: float, calm: bool) -> None:
        if not (math.isfinite(low) and math.isfinite(high)):
            return
        if high <= low:
            room = abs(low) * 0.05 or 0.5
            low, high = low - room, high + room
        size = high - low
        old = self._ranges.get(axis)
        if calm and old is not None:
            fits = old[0] <= low and high <= old[1]
            if fits and size > 0.6 * (old[1] - old[0]):
                return
        if calm and axis == "x":
            wanted = (low, high + (HEADROOM * size if old is not None else 0.02 * size))
        else:
            wanted = (low - AXIS_ROOM * size, high + AXIS_ROOM * size)
        if old == wanted:
            return
        self._ranges[axis] = wanted
        if axis == "x":
            self.view.setXRange(*wanted, padding=0)
        else:
            self.view.setYRange(*wanted, padding=0)

    @Slot(object)
    def _zoomed(self, _axes: object) -> None:
        self._x_is_auto = self._y_is_auto = False
        self.request_redraw()

    @Slot()
    def _resized(self) -> None:
        self.request_redraw()

    # ---- the crosshair

    def _point_at(self, position: QPointF) -> None:
        area = self.view.sceneBoundingRect()
        inside = area.contains(position)
        x = float(self.view.mapSceneToView(position).x()) if inside else None
        self._set_cursor(x)

    def _set_cursor(self, x: float | None) -> None:
        if x == self.cursor_x:
            return
        self.cursor_x = x
        self._crosshair.setVisible(x is not None and not self._is_empty())
        if x is not None:
            self._crosshair.setValue(x)
        self._update_legend()

    def _update_legend(self) -> None:
        """Shows the values at the cursor, or the last ones."""

    # ---- events

    def eventFilter(self, watched: Any, event: QEvent) -> bool:
        kind = event.type()
        if watched is self.graphics and kind == QEvent.Type.Resize:
            self._empty.setGeometry(
                self.graphics.rect().adjusted(2 * SPACING, SPACING, -2 * SPACING, -SPACING)
            )
        elif self._has_crosshair and watched is self.graphics.viewport():
            if kind == QEvent.Type.MouseMove:
                self._point_at(self.graphics.mapToScene(event.position().toPoint()))  # type: ignore[attr-defined]
            elif kind == QEvent.Type.Leave:
                self._set_cursor(None)
        return super().eventFilter(watched, event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.throttle.shown()

    # ---- colours

    @Slot()
    def _recolor(self) -> None:
        self._dress()
        self.request_redraw()

    def _dress(self) -> None:
        colors = current_theme().palette
        self.graphics.setBackground(QColor(colors.surface))
        for axis in (self.axis_x, self.axis_y):
            axis.dress(colors, text_font(TEXT_SMALL))
        self._crosshair.setPen(cosmetic_pen(colors.muted, 1, Qt.PenStyle.DashLine))
        self.view.dress(colors)
        self._empty.setFont(text_font(TEXT_NORMAL))
        self._recolor_items()


def cosmetic_pen(color: str, width: float = 1, style: Qt.PenStyle = Qt.PenStyle.SolidLine) -> QPen:
    """Returns a pen whose width does not change with the zoom."""
    pen: QPen = pg.mkPen(color, width=width, style=style)
    return pen
