"""LayerList: the layers of a network one under another, to be picked, dragged and looked over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QDropEvent, QFont, QFontMetrics, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from gui.editor.layer_rows import ROW_ROLE, Index, LayerRow, LayerRows
from gui.network.layer_view import family_color
from gui.style.label import Label
from gui.style.theme import (
    SPACING,
    TEXT_NORMAL,
    TEXT_SMALL,
    blend,
    current_theme,
    faded,
    set_role,
    text_font,
)
from gui.widgets.text_lines import wrapped

INDENT: Final = 2 * SPACING
DEEPEST: Final = 6
"""Levels of blocks that are told apart by their indentation; a deeper one stands there too."""
STRIPE: Final = 4
SHAPE_WIDTH: Final = 12 * SPACING
COUNT_WIDTH: Final = 10 * SPACING
MOST_REASON_LINES: Final = 4


class LayerList(QListView):
    """Rows of layers; several can be selected, one is the current one.

    Signals:
        current_changed(str): Another layer is the current one; empty: none.
        selection_changed(): Other layers are selected.
        moved(int): The person dragged the selected layers before the row of that number.
    """

    current_changed = Signal(str)
    selection_changed = Signal()
    moved = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows_model = LayerRows(self)
        self._is_setting = False
        self.setModel(self.rows_model)
        self.setItemDelegate(_RowDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.setDragDropOverwriteMode(False)
        self.setDropIndicatorShown(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMouseTracking(True)
        self.setAccessibleName(self.tr("Layers, from input to output"))
        self.selectionModel().currentChanged.connect(self._on_current)
        self.selectionModel().selectionChanged.connect(self._on_selection)
        current_theme().changed.connect(self.viewport().update)

    @property
    def rows(self) -> tuple[LayerRow, ...]:
        """The rows on screen."""
        return self.rows_model.rows

    @property
    def current_name(self) -> str:
        """Name of the current layer; empty: none."""
        row = self.currentIndex().data(ROW_ROLE)
        return row.name if isinstance(row, LayerRow) else ""

    @property
    def selected_names(self) -> tuple[str, ...]:
        """Names of the selected layers, in their order."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        return tuple(self.rows[row].name for row in rows)

    def set_rows(self, rows: Sequence[LayerRow]) -> None:
        """Shows other rows; what was selected stays so where it is still there. Emits nothing."""
        selected, current = self.selected_names, self.current_name
        position = self.verticalScrollBar().value()
        if self.rows_model.set_rows(rows):
            self.select(selected, current)
            self.verticalScrollBar().setValue(position)
        else:
            self.scheduleDelayedItemsLayout()  # a reason takes room

    def select(self, names: Iterable[str], current: str = "") -> None:
        """Selects layers, and makes one the current one. Emits nothing.

        Args:
            names: The layers; unknown ones are left out.
            current: The current one; the last of `names` unless given.
        """
        rows = [row for row in map(self.rows_model.row_of, names) if row >= 0]
        picked = QItemSelection()
        for row in rows:
            index = self.rows_model.index(row)
            picked.select(index, index)
        at = self.rows_model.row_of(current)
        if at < 0 and rows:
            at = rows[-1]
        index = self.rows_model.index(at) if at >= 0 else QModelIndex()
        self._is_setting = True
        model = self.selectionModel()
        model.setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
        model.select(picked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self._is_setting = False
        if index.isValid():
            self.scrollTo(index)

    def scroll_to(self, name: str) -> None:
        """Brings a layer into view."""
        row = self.rows_model.row_of(name)
        if row >= 0:
            self.executeDelayedItemsLayout()  # a reason that has just come takes room
            self.scrollTo(self.rows_model.index(row))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        if not self._is_setting:
            self.current_changed.emit(self.current_name)

    @Slot(QItemSelection, QItemSelection)
    def _on_selection(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        if not self._is_setting:
            self.selection_changed.emit()

    def dropEvent(self, event: QDropEvent) -> None:
        if event.source() is not self:
            event.ignore()
            return
        index = self.indexAt(event.position().toPoint())
        below = QAbstractItemView.DropIndicatorPosition.BelowItem
        row = len(self.rows)
        if index.isValid():
            row = index.row() + (self.dropIndicatorPosition() is below)
        # The rows follow the graph; the view itself moves nothing.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.stopAutoScroll()
        self.setState(QAbstractItemView.State.NoState)
        self.viewport().update()
        self.moved.emit(row)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.scheduleDelayedItemsLayout()  # reasons wrap anew


class LayerListHeader(QWidget):
    """What the columns of a list are."""

    def __init__(self, layers: LayerList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = layers.verticalScrollBar()
        self._bar.rangeChanged.connect(self._on_range)
        row = self._row = QHBoxLayout(self)
        row.setSpacing(0)
        self._on_range(0, 0)
        for text, width in (
            (self.tr("Layer"), 0),
            (self.tr("Output"), SHAPE_WIDTH),
            (self.tr("Parameters"), COUNT_WIDTH),
        ):
            label = Label(text, self)
            set_role(label, "small")
            if width:
                label.setFixedWidth(width)
                label.setAlignment(Qt.AlignmentFlag.AlignRight)
            row.addWidget(label, 0 if width else 1)

    @Slot(int, int)
    def _on_range(self, _least: int, most: int) -> None:
        """Keeps the words over their columns, which make room for the scroll bar."""
        room = self._bar.sizeHint().width() if most > 0 else 0
        left, right = SPACING + STRIPE + SPACING, SPACING + SPACING // 2 + room
        self._row.setContentsMargins(left, 0, right, 0)


class _RowDelegate(QStyledItemDelegate):
    def __init__(self, view: LayerList) -> None:
        super().__init__(view)
        self._view = view

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        row = index.data(ROW_ROLE)
        width = self._view.viewport().width()
        if not isinstance(row, LayerRow):
            return QSize(width, 0)
        small = QFontMetrics(text_font(TEXT_SMALL)).height()
        n_small = bool(row.note) + len(self._reason_lines(row, width))
        height = QFontMetrics(text_font(TEXT_NORMAL)).height() + SPACING + n_small * small
        return QSize(width, height + (SPACING // 2 if n_small else 0))

    def _left(self, row: LayerRow) -> int:
        return SPACING + min(row.depth, DEEPEST) * INDENT + STRIPE + SPACING

    def _reason_lines(self, row: LayerRow, width: int) -> list[str]:
        if not row.reason:
            return []
        room = width - self._left(row) - SPACING
        return wrapped(row.reason, text_font(TEXT_SMALL), room, MOST_REASON_LINES)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, LayerRow):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rect = QRectF(option.rect)
        self._paint_ground(painter, option, rect, row, index.row())
        self._paint_guides(painter, rect, row)
        self._paint_words(painter, rect, row)
        painter.restore()

    def _paint_ground(
        self, painter: QPainter, option: QStyleOptionViewItem, rect: QRectF, row: LayerRow, at: int
    ) -> None:
        palette = current_theme().palette
        is_picked = bool(option.state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        ground = ""
        if is_picked:
            ground = blend(palette.surface, palette.accent, 0.22 if palette.is_dark else 0.12)
        elif row.reason:
            ground = blend(palette.surface, palette.danger, 0.10)
        elif is_hovered:
            ground = blend(palette.surface, palette.raised, 0.5)
        painter.setPen(Qt.PenStyle.NoPen)
        if ground:
            painter.setBrush(QColor(ground))
            painter.drawRoundedRect(rect.adjusted(2, 1, -2, -1), 4, 4)
        is_current = at == self._view.currentIndex().row() and self._view.hasFocus()
        if is_current or row.reason:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(palette.danger if row.reason else palette.accent), 1.5))
            painter.drawRoundedRect(rect.adjusted(2, 1, -2, -1), 4, 4)

    def _paint_guides(self, painter: QPainter, rect: QRectF, row: LayerRow) -> None:
        palette = current_theme().palette
        painter.setPen(QPen(QColor(palette.border), 1))
        for level in range(min(row.depth, DEEPEST)):
            x = rect.left() + SPACING + level * INDENT + STRIPE / 2
            painter.drawLine(QPointF(x, rect.top()), QPointF(x, rect.bottom()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.series[family_color(row.type)]))
        left = rect.left() + self._left(row) - SPACING - STRIPE
        stripe = QRectF(left, rect.top() + 5, STRIPE, rect.height() - 10)
        painter.drawRoundedRect(stripe, 2, 2)

    def _paint_words(self, painter: QPainter, rect: QRectF, row: LayerRow) -> None:
        palette = current_theme().palette
        bold, normal, small = text_font(TEXT_NORMAL, True), text_font(), text_font(TEXT_SMALL)
        left, right = rect.left() + self._left(row), rect.right() - SPACING
        baseline = rect.top() + SPACING // 2 + QFontMetrics(bold).ascent()
        color = faded(palette) if row.is_stale else palette.muted
        _right(painter, row.count, right, COUNT_WIDTH, baseline, normal, color)
        right -= COUNT_WIDTH
        color = faded(palette) if row.is_stale else palette.text
        _right(painter, row.shape, right, SHAPE_WIDTH, baseline, normal, color)
        right -= SHAPE_WIDTH
        width = _left(painter, row.title, left, right, baseline, bold, palette.text)
        _left(painter, row.name, left + width + SPACING, right, baseline, normal, palette.muted)
        height = QFontMetrics(small).height()
        baseline += height
        if row.note:
            room = rect.right() - SPACING
            _left(painter, row.note, left, room, baseline, small, palette.muted)
            baseline += height
        for line in self._reason_lines(row, int(rect.width())):
            _left(painter, line, left, rect.right(), baseline, small, palette.danger)
            baseline += height


def _right(
    painter: QPainter,
    text: str,
    right: float,
    width: float,
    baseline: float,
    font: QFont,
    color: str,
) -> None:
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideLeft, int(width) - SPACING // 2)
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(int(right - metrics.horizontalAdvance(shown)), int(baseline), shown)


def _left(
    painter: QPainter,
    text: str,
    left: float,
    right: float,
    baseline: float,
    font: QFont,
    color: str,
) -> float:
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, int(right - left)))
    painter.setFont(font)
    painter.setPen(QColor(color))
    painter.drawText(int(left), int(baseline), shown)
    return float(metrics.horizontalAdvance(shown))
