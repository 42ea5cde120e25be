"""ExampleList: examples as small pictures or as lines, of which those in view are fetched."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    QTimer,
    Signal,
    Slot,
)
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPixmap, QResizeEvent
from PySide6.QtWidgets import (
    QFrame,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.devices.console.escaping import escaped
from engine.events.results import ShownExample
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from engine.spec.signature import Kind, Task
from gui.formatting.numbers import data_text, number_text
from gui.formatting.plain_text import plain_tip
from gui.formatting.translation import translate
from gui.pages.results.example_fetcher import ExampleFetcher
from gui.pages.results.shown_result import Places
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, blend, current_theme, text_font
from gui.widgets.curve_grid import curve_picture
from gui.widgets.image_grid import picture_of

Index = QModelIndex | QPersistentModelIndex

STEP: Final = 200
"""So many more are listed each time someone scrolls to the end."""
PICTURE: Final = 10 * SPACING
CURVE: Final = (15 * SPACING, 7 * SPACING)
LINE_HEIGHT: Final = 5 * SPACING + 4
MOST_PICTURES: Final = 2000
_PICTURED: Final = (Kind.IMAGE, Kind.VIDEO, Kind.SERIES)
_SNIPPET: Final = 120
_CELLS: Final = 8


class ExampleModel(QAbstractListModel):
    """The examples behind a mark, in order; they are listed step by step.

    Args:
        fetcher: Knows them as they are in the data.
    """

    def __init__(self, fetcher: ExampleFetcher, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.fetcher = fetcher
        self.scored: ScoredExamples | None = None
        self.kind = ""
        self.places: Places = np.zeros(0, np.int64)
        self.ratio = 1.0
        self._n_listed = 0
        self._pictures: dict[int, QPixmap] = {}
        fetcher.arrived.connect(self._on_arrived)
        current_theme().changed.connect(self._forget_pictures)

    def set_places(self, scored: ScoredExamples | None, kind: str, places: Places) -> None:
        """Lists other examples."""
        self.beginResetModel()
        if scored is not self.scored or kind != self.kind:
            self._pictures.clear()
        self.scored, self.kind, self.places = scored, kind, places
        self._n_listed = min(STEP, len(places))
        self.endResetModel()

    @property
    def are_pictures(self) -> bool:
        """They are looked at, not read."""
        return self.kind in _PICTURED

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self._n_listed

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self._n_listed < len(self.places)

    def fetchMore(self, parent: Index) -> None:
        """Lists some more."""
        more = min(STEP, len(self.places) - self._n_listed)
        if more > 0:
            self.beginInsertRows(QModelIndex(), self._n_listed, self._n_listed + more - 1)
            self._n_listed += more
            self.endInsertRows()

    def place_at(self, index: int) -> int:
        """Where an example is in its part."""
        return int(self.places[index])

    def row_at(self, index: int) -> int:
        """Which example of the data it is."""
        assert self.scored is not None
        return int(self.scored.predictions.rows[self.places[index]])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if self.scored is None or not index.isValid():
            return None
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole):
            return escaped(self.words(index.row()))
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(f"{self.name(index.row())}\n{self.words(index.row())}")
        return None

    # ---- in words

    def name(self, index: int) -> str:
        """What an example is called."""
        assert self.scored is not None
        return self.scored.predictions.name_of(self.place_at(index))

    def is_wrong(self, index: int) -> bool:
        """The model is wrong about it."""
        right = self.scored.is_right if self.scored is not None else None
        return right is not None and not right[self.places[index]]

    def words(self, index: int) -> str:
        """Truth and prediction of an example, in a line."""
        assert self.scored is not None
        place = self.place_at(index)
        truth, said = self.scored.truth_text(place), self.scored.predicted_text(place)
        if self.scored.predictions.is_anomaly:
            score = number_text(float(self.scored.confidence[place]))
            return f"{truth} · {score}" if truth else score
        text = f"{truth} → {said}"
        if self.scored.has_confidence and not self.are_pictures:
            text += f" · {percent_text(float(self.scored.confidence[place]))}"
        return text

    def snippet(self, index: int) -> str:
        """The example itself in a line, or what it is called until it is there."""
        example = self.fetcher.get(self.row_at(index))
        if example is None:
            return self.name(index)
        if example.cells:
            return ", ".join(f"{name} {value}" for name, value in example.cells)[:_SNIPPET]
        if isinstance(example.content, str):
            return " ".join(example.content[:_SNIPPET].split())
        columns, values = self.fetcher.columns, np.asarray(example.content).reshape(-1)
        if self.kind == Kind.TABLE and len(columns) == len(values):
            pairs = zip(columns[:_CELLS], values[:_CELLS].tolist(), strict=True)
            return ", ".join(f"{name} {data_text(float(value))}" for name, value in pairs)
        return self.name(index)

    # ---- pictures

    def picture(self, index: int) -> QPixmap | None:
        """The example as a small picture; None where it is not there yet."""
        place = self.place_at(index)
        if place not in self._pictures:
            example = self.fetcher.get(self.row_at(index))
            if example is None or isinstance(example.content, str):
                return None
            if len(self._pictures) > MOST_PICTURES:
                self._pictures.clear()
            self._pictures[place] = self._drawn(example, place)
        return self._pictures[place]

    def _drawn(self, example: ShownExample, place: int) -> QPixmap:
        content = np.asarray(example.content)
        if self.kind == Kind.IMAGE:
            return picture_of(content, PICTURE)
        if self.kind == Kind.VIDEO:
            return picture_of(content[0], PICTURE)
        after, said = forecast_of(self.scored, place)
        series = content.reshape(len(content), -1).astype(np.float64)
        return curve_picture(series, after, current_theme().palette, self.ratio, said, CURVE)

    @Slot(object)
    def _on_arrived(self, _rows: object) -> None:
        if self._n_listed:
            self.dataChanged.emit(self.index(0), self.index(self._n_listed - 1))

    @Slot()
    def _forget_pictures(self) -> None:
        self._pictures.clear()
        self._on_arrived(())


def forecast_of(scored: ScoredExamples | None, place: int) -> tuple[Any, Any]:
    """What came after a stretch of a series and what was said would; None where that is nothing."""
    if scored is None or scored.predictions.task is not Task.FORECASTING:
        return None, None
    found = scored.predictions
    return found.truth[place].reshape(-1), found.outputs[place].reshape(-1)


class _Delegate(QStyledItemDelegate):
    """Paints an example: its picture over a line, or two lines."""

    def __init__(self, model: ExampleModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model

    def cell(self) -> QSize:
        """The room of one."""
        if not self._model.are_pictures:
            return QSize(10 * SPACING, LINE_HEIGHT)
        line = QFontMetrics(text_font(TEXT_SMALL)).height()
        width, height = CURVE if self._model.kind == Kind.SERIES else (PICTURE, PICTURE)
        return QSize(width + SPACING, height + line + SPACING)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return self.cell()

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        colors = current_theme().palette
        rect: QRect = option.rect
        state = option.state
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(blend(colors.surface, colors.accent, 0.22)))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(colors.raised))
        if self._model.are_pictures:
            self._paint_picture(painter, rect, index.row())
        else:
            self._paint_lines(painter, rect, index.row())

    def _paint_picture(self, painter: QPainter, rect: QRect, row: int) -> None:
        colors = current_theme().palette
        font = text_font(TEXT_SMALL)
        metrics = QFontMetrics(font)
        inner = rect.adjusted(SPACING // 2, SPACING // 2, -SPACING // 2, -SPACING // 2)
        room = inner.adjusted(0, 0, 0, -metrics.height())
        picture = self._model.picture(row)
        if picture is None:
            painter.fillRect(room, QColor(colors.raised))
        else:
            size = picture.deviceIndependentSize().toSize()
            corner = room.center() - QPoint(size.width() // 2, size.height() // 2)
            painter.drawPixmap(corner, picture)
        painter.setFont(font)
        painter.setPen(QColor(colors.danger if self._model.is_wrong(row) else colors.muted))
        under = QRect(inner.left(), room.bottom() + 1, inner.width(), metrics.height())
        text = escaped(self._model.words(row))
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, under.width())
        painter.drawText(under, Qt.AlignmentFlag.AlignCenter, shown)

    def _paint_lines(self, painter: QPainter, rect: QRect, row: int) -> None:
        colors = current_theme().palette
        inner = rect.adjusted(SPACING, 3, -SPACING, -3)
        half = inner.height() // 2
        tone = colors.danger if self._model.is_wrong(row) else colors.muted
        lines = (
            (self._model.snippet(row), TEXT_NORMAL, colors.text, inner.top()),
            (self._model.words(row), TEXT_SMALL, tone, inner.top() + half),
        )
        for text, size, color, top in lines:
            font = text_font(size)
            painter.setFont(font)
            painter.setPen(QColor(color))
            shown = QFontMetrics(font).elidedText(
                escaped(text), Qt.TextElideMode.ElideRight, inner.width()
            )
            place = QRect(inner.left(), top, inner.width(), half)
            painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)


class ExampleList(QListView):
    """The list; it fetches what is in view.

    Signals:
        current_changed(int): The example at that place of the list is chosen; -1: none is.

    Args:
        fetcher: Knows the examples as they are in the data.
    """

    current_changed = Signal(int)

    def __init__(self, fetcher: ExampleFetcher, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.examples = ExampleModel(fetcher, self)
        self._fetcher = fetcher
        self._delegate = _Delegate(self.examples, self)
        self.setItemDelegate(self._delegate)
        self.setModel(self.examples)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setMovement(QListView.Movement.Static)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(translate("Examples"))
        self._timer = QTimer(self, singleShot=True, interval=30)
        self._timer.timeout.connect(self._fetch_shown)
        self.verticalScrollBar().valueChanged.connect(self._fetch_soon)
        self.examples.rowsInserted.connect(self._fetch_soon)
        self.selectionModel().currentChanged.connect(self._on_current)

    def show_places(self, scored: ScoredExamples | None, kind: str, places: Places) -> None:
        """Lists examples, and chooses the first."""
        self.examples.ratio = self.devicePixelRatioF()
        self.examples.set_places(scored, kind, places)
        is_grid = self.examples.are_pictures
        self.setViewMode(QListView.ViewMode.IconMode if is_grid else QListView.ViewMode.ListMode)
        self.setMovement(QListView.Movement.Static)  # the icon mode sets its own
        self.setGridSize(self._delegate.cell() if is_grid else QSize())
        self.scrollToTop()
        self._fetch_shown(is_new=True)
        if len(places):
            self.setCurrentIndex(self.examples.index(0))
        else:
            self.current_changed.emit(-1)

    @Slot()
    def _fetch_soon(self) -> None:
        self._timer.start()

    @Slot()
    def _fetch_shown(self, is_new: bool = False) -> None:
        """Fetches what is in view; what was wanted before and has been scrolled away is not."""
        n = self.examples.rowCount()
        if not n:
            return
        self._fetcher.want([self.examples.row_at(i) for i in self.shown_range()], is_new=True)

    def shown_range(self) -> range:
        """Which of the list are in view, and a few more."""
        n = self.examples.rowCount()
        cell, port = self._delegate.cell(), self.viewport().size()
        columns = max(1, port.width() // cell.width()) if self.examples.are_pictures else 1
        first = self.verticalScrollBar().value() // cell.height() * columns
        n_shown = (port.height() // cell.height() + 2) * columns
        return range(min(first, n), min(n, first + n_shown))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        self.current_changed.emit(current.row() if current.isValid() else -1)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fetch_soon()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        self.viewport().update()
