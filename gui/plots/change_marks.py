"""ChangeMarks: thin upright lines where something was changed while a model was training."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QWidget

from gui.formatting.plain_text import plain_tip
from gui.formatting.run_rule_words import ChangeMark
from gui.plots.area import PlotArea
from gui.plots.view import PlotView
from gui.style.theme import SPACING, TEXT_SMALL, Palette, blend, text_font

MOST_MARKS: Final = 50
"""Of more, the last ones are drawn."""
NEAR_PX: Final = 6
"""A mark is read out from this far away."""


class ChangeMarks:
    """The marks of one plot; drawing more of them costs no new items.

    Args:
        area: The plot they are drawn in.
    """

    def __init__(self, area: PlotArea) -> None:
        self.marks: list[ChangeMark] = []
        self._area = area
        self._lines: list[pg.InfiniteLine] = []
        self._places: npt.NDArray[np.float64] = np.empty(0)
        self._pen = pg.mkPen("#808080")
        self._color = QColor("#808080")
        self._fill = QColor(0, 0, 0, 0)
        self._font = text_font(TEXT_SMALL)

    def add(self, mark: ChangeMark) -> None:
        """Adds a mark; one that is there already is not added again."""
        if mark not in self.marks:
            self.marks.append(mark)

    def rewind(self, step: int) -> None:
        """Forgets marks behind a step."""
        self.marks = [mark for mark in self.marks if mark.step <= step]

    def clear(self) -> None:
        """Forgets every mark."""
        self.marks.clear()

    @property
    def labels(self) -> list[str]:
        """What is written beside the lines now."""
        return [line.label.toPlainText() for line in self._lines if line.isVisible()]

    def text_near(self, x: float, distance: float) -> str:
        """Returns what was changed at a place on the horizontal axis, a line for each change."""
        near = [
            mark.text
            for mark, place in zip(self._shown, self._places, strict=False)
            if abs(place - x) <= distance
        ]
        return "\n".join(near)

    def point_at(self, x: float | None, pixel: float, plot: QWidget) -> None:
        """Lets the tooltip tell the mark under the cursor.

        Args:
            x: Where the cursor is on the horizontal axis; None: elsewhere.
            pixel: Units of that axis in one pixel.
            plot: Gets the tooltip.
        """
        text = plain_tip(self.text_near(x, NEAR_PX * pixel)) if x is not None else ""
        if text != plot.toolTip():
            plot.setToolTip(text)

    @property
    def _shown(self) -> list[ChangeMark]:
        return self.marks[-MOST_MARKS:]

    def draw(self, places: npt.NDArray[np.float64], view: PlotView) -> None:
        """Puts the lines where they belong, each with its label where that covers no other.

        Args:
            places: Of each mark on the horizontal axis, (marks,).
            view: What is seen of the axes.
        """
        low, high = view.viewRange()[0]
        pixels = view.width() / (high - low) if high > low else 0.0
        self._places = np.asarray(places, np.float64)[-MOST_MARKS:]
        while len(self._lines) < len(self._places):
            self._lines.append(self._new_line())
        metrics = QFontMetricsF(self._font)
        for index, line in enumerate(self._lines):
            is_shown = index < len(self._places) and bool(np.isfinite(self._places[index]))
            line.setVisible(is_shown)
            if not is_shown:
                continue
            place, label = float(self._places[index]), self._shown[index].label
            needed = metrics.horizontalAdvance(label) + 2 * SPACING
            others = self._places[np.isfinite(self._places) & (self._places != place)]
            right = min([high, *others[others > place]])
            left = max([low, *others[others < place]])
            is_first = index == int(np.flatnonzero(self._places == place)[0])
            side = 0 if (right - place) * pixels >= needed else 1
            behind = 2 * needed if left > low else needed  # with the label of the mark before
            has_room = side == 0 or (place - left) * pixels >= behind
            self._show_label(line, label if is_first and has_room else "", side)
            line.setValue(place)

    @staticmethod
    def _show_label(line: pg.InfiniteLine, label: str, side: int) -> None:
        """Writes beside a line: at its right (0), or its left (1) where the plot ends."""
        if line.label.toPlainText() != label:
            line.label.setText(label)
        if line.label.anchors[0][0] != side:
            line.label.anchors = [pg.Point(side, 0)] * 2
            line.label.setAnchor(line.label.anchors[0])

    def dress(self, colors: Palette) -> None:
        """Takes the theme's colours."""
        self._color = QColor(colors.muted)
        color = blend(colors.surface, colors.muted, 0.7)
        self._pen = pg.mkPen(color, width=1, style=Qt.PenStyle.DotLine)
        self._fill = QColor(colors.surface)
        self._fill.setAlpha(200)  # legible where a curve passes under it
        for line in self._lines:
            self._dress_line(line)

    def _new_line(self) -> pg.InfiniteLine:
        # The label stands at the right of its line, near the top.
        options = {"position": 0.96, "anchors": [(0, 0), (0, 0)]}
        line = pg.InfiniteLine(angle=90, movable=False, label="", labelOpts=options)
        line.setZValue(20)  # its label lies above the curves
        line.label.setFont(self._font)
        self._dress_line(line)
        self._area.add(line)
        return line

    def _dress_line(self, line: pg.InfiniteLine) -> None:
        line.setPen(self._pen)
        line.label.setColor(self._color)
        line.label.fill = pg.mkBrush(self._fill)
