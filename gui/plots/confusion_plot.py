"""ConfusionPlot: how often each class was taken for which."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import percent_text
from gui.formatting.numbers import count_text
from gui.formatting.plain_text import plain_tip
from gui.plots.colors import readable_on
from gui.plots.saving import Columns, PlotSaver
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, blend, current_theme, text_font

_LARGEST_CELL: Final = 88.0
_LONGEST_NAME: Final = 112.0
_SMALLEST_CELL: Final = 10.0
"""Smaller cells are painted at once, as one picture: there may be a million of them."""
MODES: Final = ("counts", "rows", "columns")
_LEFT: Final = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTER: Final = Qt.AlignmentFlag.AlignCenter


class ConfusionPlot(QWidget):
    """A matrix of counts and percentages: what is true at the left, what was predicted below.

    A cell is the darker the larger its share of its row, or of its column. Where cells become too
    small for numbers, pointing at one says its count, its share and both classes. A cell is
    clicked, or reached with the arrow keys and opened with Return.

    Signals:
        cell_clicked(int, int): A cell was opened: its true and its predicted class, by index.

    Args:
        parent: Owner.
    """

    cell_clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mode = "rows"
        self._order: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._cursor: tuple[int, int] | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._counts: npt.NDArray[np.int64] = np.empty((0, 0), np.int64)
        self._names: tuple[str, ...] = ()
        self._shown: tuple[str, ...] = ()
        self._empty_text = self.tr("Run a test to see how often each class was taken for which.")
        self.setAccessibleName(self.tr("Confusion matrix"))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.saver = PlotSaver(self, self.columns)
        current_theme().changed.connect(self.update)

    # ---- data

    def columns(self) -> Columns:
        """Returns the counts, a row for each true class, to be saved."""
        if not self._names:
            return {}
        counts = {f"predicted {name}": self._counts[:, i] for i, name in enumerate(self._names)}
        return {"true": self._names, **counts}

    def set_matrix(self, counts: npt.NDArray[np.integer], class_names: Sequence[str]) -> None:
        """Shows counts.

        Args:
            counts: (true classes, predicted classes).
            class_names: In index order.

        Raises:
            ValueError: The shapes do not fit.
        """
        n = len(class_names)
        if np.shape(counts) != (n, n):
            raise ValueError(
                f"counts must be ({n}, {n}) for {n} class names. Received: {np.shape(counts)}"
            )
        self._counts = np.asarray(counts, np.int64)
        self._names = tuple(class_names)
        self._order, self._cursor = np.arange(n), None
        self._name_order()
        right, total = int(np.trace(self._counts)), int(self._counts.sum())
        self.setAccessibleDescription(
            self.tr("{0} of {1} right, {2} classes").format(right, total, n)
        )
        self.updateGeometry()
        self.update()

    def set_mode(self, mode: str) -> None:
        """Chooses what cells are written and shaded by: ``counts``, ``rows`` or ``columns``.

        Raises:
            ValueError: There is no such mode.
        """
        if mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}. Received: {mode!r}")
        self._mode = mode
        self.update()

    def set_order(self, order: Sequence[int] | npt.NDArray[np.integer]) -> None:
        """Chooses the order of the classes, by index.

        Raises:
            ValueError: It is no order of these classes.
        """
        wanted = np.asarray(order, np.int64)
        if sorted(wanted.tolist()) != list(range(len(self._names))):
            raise ValueError(f"order must hold each class once. Received: {order!r}")
        self._order = wanted
        self._name_order()
        self.update()

    def _name_order(self) -> None:
        self._shown = tuple(escaped(self._names[index]) for index in self._order)

    @property
    def _laid(self) -> npt.NDArray[np.int64]:
        """The counts in the order in which they are drawn."""
        return self._counts[np.ix_(self._order, self._order)]

    def shares(self) -> npt.NDArray[np.float64]:
        """Returns each count as a share of its row or column, (true, predicted); 0 of nothing.

        The classes are in their own order, not in that in which they are drawn.
        """
        axis = 0 if self._mode == "columns" else 1
        sums = self._counts.sum(axis=axis, keepdims=True)
        shares = np.zeros(self._counts.shape)
        np.divide(self._counts, sums, out=shares, where=sums > 0)
        return shares

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to draw."""
        self._empty_text = text
        self.update()

    @property
    def empty_text(self) -> str:
        """What is read now instead of the matrix; empty where there is one."""
        return "" if self._names else self._empty_text

    def clear(self) -> None:
        """Forgets the counts."""
        self._counts = np.empty((0, 0), np.int64)
        self._names = ()
        self.update()

    # ---- where things are

    def sizeHint(self) -> QSize:
        edge = int(min(640, 200 + 48 * len(self._names)))
        return QSize(edge, edge)

    def minimumSizeHint(self) -> QSize:
        return QSize(240, 240)

    def cell_rect(self, true: int, predicted: int) -> QRectF:
        """Returns where the cell of two classes lies in the widget."""
        left, top, edge = self._frame()
        row, column = (int(np.flatnonzero(self._order == index)[0]) for index in (true, predicted))
        return QRectF(left + column * edge, top + row * edge, edge, edge)

    def cell_at(self, position: QPointF) -> tuple[int, int] | None:
        """Returns the true and the predicted class at a place in the widget."""
        left, top, edge = self._frame()
        if edge <= 0 or not self._names:
            return None
        row = int((position.y() - top) // edge)
        column = int((position.x() - left) // edge)
        inside = 0 <= row < len(self._names) and 0 <= column < len(self._names)
        return (int(self._order[row]), int(self._order[column])) if inside else None

    def _frame(self) -> tuple[float, float, float]:
        """Returns left, top and the edge of a cell."""
        n = max(1, len(self._names))
        metrics = QFontMetricsF(text_font(TEXT_SMALL))
        line = metrics.height()
        name = min(
            _LONGEST_NAME,
            max((metrics.horizontalAdvance(text) for text in self._shown), default=0.0),
        )
        left = line + SPACING + name + SPACING
        below = line + SPACING + line + SPACING
        edge = min(
            (self.width() - left - SPACING) / n,
            (self.height() - below - SPACING) / n,
            _LARGEST_CELL,
        )
        # Names that are wider than a cell are written upright and need as much height.
        if edge < name + 4:
            edge = min(edge, (self.height() - line - name - 4 * SPACING) / n)
        if edge >= 8:
            edge = float(int(edge))
        left += max(0.0, (self.width() - left - SPACING - n * edge) / 2)
        return left, float(SPACING), max(1.0, edge)

    # ---- events

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(QPointF(event.pos()))
            if cell is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), plain_tip(self.describe(*cell)), self)
            return True
        return super().event(event)

    def describe(self, true: int, predicted: int) -> str:
        """Returns a cell in words."""
        share = self.shares()[true, predicted]
        sums = self._counts.sum(axis=0 if self._mode == "columns" else 1)
        return self.tr("True: {0}\nPredicted: {1}\n{2} of {3} ({4})").format(
            escaped(self._names[true]),
            escaped(self._names[predicted]),
            count_text(self._counts[true, predicted]),
            count_text(sums[predicted if self._mode == "columns" else true]),
            percent_text(share, 1),
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if cell is not None and event.button() is Qt.MouseButton.LeftButton:
            self._open(cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Moves from cell to cell with the arrow keys; Return opens one."""
        steps: dict[int, tuple[int, int]] = {
            Qt.Key.Key_Left: (0, -1),
            Qt.Key.Key_Right: (0, 1),
            Qt.Key.Key_Up: (-1, 0),
            Qt.Key.Key_Down: (1, 0),
        }
        key = event.key()
        n = len(self._names)
        if n and key in steps:
            row, column = 0, 0
            if self._cursor is not None:
                places = (int(np.flatnonzero(self._order == i)[0]) for i in self._cursor)
                row, column = (p + d for p, d in zip(places, steps[key], strict=True))
            row, column = min(n - 1, max(0, row)), min(n - 1, max(0, column))
            self._cursor = int(self._order[row]), int(self._order[column])
            self.setAccessibleDescription(self.describe(*self._cursor))
            self.update()
        elif self._cursor is not None and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self._cursor)
        else:
            super().keyPressEvent(event)

    def _open(self, cell: tuple[int, int]) -> None:
        self._cursor = cell
        self.update()
        self.cell_clicked.emit(*cell)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colors = current_theme().palette
        if not self._names:
            painter.setPen(QColor(colors.muted))
            painter.setFont(text_font(TEXT_NORMAL))
            area = QRectF(self.rect()).adjusted(2 * SPACING, SPACING, -2 * SPACING, -SPACING)
            painter.drawText(area, int(_CENTER | Qt.TextFlag.TextWordWrap), self._empty_text)
        else:
            if self._frame()[2] < _SMALLEST_CELL:
                self._paint_picture(painter)
            else:
                self._paint_cells(painter)
            if self._cursor is not None:
                painter.setPen(QPen(QColor(colors.text), 2))
                cell = self.cell_rect(*self._cursor)
                painter.drawRect(cell.adjusted(-1, -1, 1, 1))
            self._paint_names(painter)
        painter.end()

    def _shades(self) -> npt.NDArray[np.int64]:
        """How dark each cell is as it is drawn, 0 for nothing to 100."""
        laid = np.ix_(self._order, self._order)
        shares, counts = self.shares()[laid], self._counts[laid]
        # A share that rounds to nothing is still not nothing.
        return np.where(counts > 0, np.maximum(1, np.rint(shares * 100)), 0).astype(np.int64)

    def _paint_picture(self, painter: QPainter) -> None:
        """Paints all cells as the points of one picture."""
        left, top, edge = self._frame()
        n = len(self._names)
        grounds, _ = self._cell_colors()
        table = np.array([[shade.rgb() for shade in kind] for kind in grounds], np.uint32)
        shades = self._shades()
        points = table[1][shades]
        diagonal = np.arange(n)
        points[diagonal, diagonal] = table[0][shades[diagonal, diagonal]]
        image = QImage(points.data, n, n, 4 * n, QImage.Format.Format_RGB32)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, edge < 1)
        painter.drawImage(QRectF(left, top, n * edge, n * edge), image)

    def _paint_cells(self, painter: QPainter) -> None:
        left, top, edge = self._frame()
        counts, shades = self._laid, self._shades()
        normal, small = text_font(TEXT_NORMAL), text_font(TEXT_SMALL)
        widest = count_text(counts.max())
        has_counts = edge >= QFontMetricsF(small).horizontalAdvance(widest) + 4 and edge >= 16
        has_shares = edge >= 40 and self._mode != "counts"
        painter.setFont(normal if edge >= 40 else small)
        grounds, texts = self._cell_colors()
        gap = 0.5 if edge >= 12 else 0.0
        half = edge / 2
        for true, predicted in np.ndindex(counts.shape):
            rect = QRectF(left + predicted * edge, top + true * edge, edge, edge)
            count, shade = int(counts[true, predicted]), int(shades[true, predicted])
            kind = 0 if true == predicted else 1
            painter.fillRect(rect.adjusted(gap, gap, -gap, -gap), grounds[kind][shade])
            if not has_counts or not count:
                continue
            painter.setPen(texts[kind][shade])
            if not has_shares:
                painter.drawText(rect, _CENTER, count_text(count))
                continue
            painter.setFont(normal)
            painter.drawText(rect.adjusted(0, half - 18, 0, -half), _CENTER, count_text(count))
            painter.setFont(small)
            painter.drawText(
                rect.adjusted(0, half, 0, 16 - half), _CENTER, percent_text(shade / 100)
            )

    def _cell_colors(self) -> tuple[list[list[QColor]], list[list[QColor]]]:
        """Returns grounds and texts by kind (right, wrong) and by percent, 0 for an empty cell."""
        colors = current_theme().palette
        grounds: list[list[QColor]] = []
        texts: list[list[QColor]] = []
        empty = blend(colors.surface, colors.raised, 0.5)
        for tone in (colors.accent, colors.danger):
            # Below a line through zero small shares could not be told from none.
            shades = [
                blend(colors.surface, tone, 0.06 + 0.88 * (percent / 100) ** 0.7)
                for percent in range(1, 101)
            ]
            grounds.append([QColor(shade) for shade in (empty, *shades)])
            texts.append([QColor(readable_on(shade, colors)) for shade in (empty, *shades)])
        return grounds, texts

    def _paint_names(self, painter: QPainter) -> None:
        colors = current_theme().palette
        left, top, edge = self._frame()
        n = len(self._names)
        font = text_font(TEXT_SMALL)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        painter.setPen(QColor(colors.muted))
        # With less room than a line has, only every second or third name is written.
        every = max(1, int(np.ceil(metrics.height() / edge)))
        bottom = top + n * edge + SPACING / 2
        upright = any(metrics.horizontalAdvance(name) > edge - 4 for name in self._shown)
        for index in range(0, n, every):
            name = metrics.elidedText(
                self._shown[index], Qt.TextElideMode.ElideRight, _LONGEST_NAME
            )
            row = QRectF(left - _LONGEST_NAME - SPACING, top + index * edge, _LONGEST_NAME, edge)
            painter.drawText(row, _LEFT | Qt.TextFlag.TextDontClip, name)
            if upright:
                painter.save()
                painter.translate(left + (index + 0.5) * edge, bottom)
                painter.rotate(-90)
                place = QRectF(-_LONGEST_NAME, -edge / 2, _LONGEST_NAME, edge)
                painter.drawText(place, _LEFT | Qt.TextFlag.TextDontClip, name)
                painter.restore()
            else:
                column = QRectF(left + index * edge, bottom, edge, metrics.height())
                painter.drawText(column, _CENTER, name)
        names = [metrics.horizontalAdvance(name) for name in self._shown]
        depth = min(_LONGEST_NAME, max(names)) if upright else metrics.height()
        painter.setPen(QColor(colors.text))
        painter.drawText(
            QRectF(left, bottom + depth + SPACING / 2, n * edge, metrics.height() + 2),
            _CENTER | Qt.TextFlag.TextDontClip,
            self.tr("Predicted"),
        )
        width = min(_LONGEST_NAME, max(names))
        painter.translate(left - width - 2 * SPACING - metrics.height(), top + n * edge / 2)
        painter.rotate(-90)
        painter.drawText(QRectF(-100, 0, 200, metrics.height() + 2), _CENTER, self.tr("True"))
