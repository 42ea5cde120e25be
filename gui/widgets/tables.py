"""Tables of the Data page: the first rows as they are, and the columns with their distribution."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRectF,
    Qt,
    Slot,
)
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from engine.datasets.profile import ColumnProfile, Profile
from engine.problem import Task
from gui.theme import SPACING, blend, current_theme, text_font

Index = QModelIndex | QPersistentModelIndex

HISTOGRAM_ROLE: Final = Qt.ItemDataRole.UserRole + 1
ROW_HEIGHT: Final = 3 * SPACING + 4
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


def number_text(value: float) -> str:
    """A number in at most six significant figures."""
    return f"{value:.6g}"


class _TableModel(QAbstractTableModel):
    """What both models share: a number of rows, headings, and cells by their place."""

    headings: tuple[str, ...] = ()
    n_rows = 0

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else self.n_rows

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.headings)

    def headerData(
        self,
        section: int,
        orientation: Qt.Orientation,
        role: int = Qt.ItemDataRole.DisplayRole,
    ) -> Any:
        if orientation is Qt.Orientation.Horizontal and section < len(self.headings):
            if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
                return self.headings[section]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _WORDS if self.is_text(section) else _NUMBER
        if orientation is Qt.Orientation.Vertical and role == Qt.ItemDataRole.DisplayRole:
            return section + 1
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text_at(index.row(), index.column())
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _WORDS if self.is_text(index.column()) else _NUMBER
        return None

    def text_at(self, row: int, column: int) -> str:
        """What a cell says."""
        raise NotImplementedError

    def is_text(self, column: int) -> bool:
        """The column holds words, not numbers."""
        raise NotImplementedError


class SampleModel(_TableModel):
    """Rows of a table, the target first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None

    def set_profile(self, profile: Profile) -> None:
        """Shows the samples of a table."""
        self.beginResetModel()
        self._profile = profile
        self.headings = (profile.target_name, *profile.feature_names)
        self.n_rows = len(profile.sample_x)
        self.endResetModel()

    def text_at(self, row: int, column: int) -> str:
        assert self._profile is not None
        if column > 0:
            return number_text(float(self._profile.sample_x[row, column - 1]))
        target = self._profile.sample_y[row]
        if self._profile.class_names:
            return self._profile.class_names[int(target)]
        return number_text(float(target))

    def is_text(self, column: int) -> bool:
        is_class = self._profile and self._profile.signature.task is Task.CLASSIFICATION
        return column == 0 and bool(is_class)


class ColumnModel(_TableModel):
    """One row for each column: range, mean, deviation, distribution."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns: tuple[ColumnProfile, ...] = ()
        self._target = ""
        self.headings = (
            self.tr("Column"),
            self.tr("Distribution"),
            self.tr("Minimum"),
            self.tr("Maximum"),
            self.tr("Mean"),
            self.tr("Deviation"),
        )

    def set_profile(self, profile: Profile) -> None:
        """Shows the columns of a table."""
        self.beginResetModel()
        self._columns = profile.columns
        self._target = profile.target_name if not profile.class_names else ""
        self.n_rows = len(self._columns)
        self.endResetModel()

    def text_at(self, row: int, column: int) -> str:
        item = self._columns[row]
        match column:
            case 0:
                is_target = item.name == self._target and row == self.n_rows - 1
                return self.tr("{name} (target)").format(name=item.name) if is_target else item.name
            case 1:
                return ""
            case _:
                values = (item.minimum, item.maximum, item.mean, item.deviation)
                return number_text(values[column - 2])

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == HISTOGRAM_ROLE:
            return self._columns[index.row()].histogram if index.column() == 1 else None
        return super().data(index, role)

    def is_text(self, column: int) -> bool:
        return column < 2


class _HistogramDelegate(QStyledItemDelegate):
    """Paints a distribution into a cell."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        counts = index.data(HISTOGRAM_ROLE)
        if counts is None or not len(counts) or counts.max() == 0:
            return
        palette = current_theme().palette
        painter.save()
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blend(palette.surface, palette.series[0], 0.75)))
        area = QRectF(option.rect).adjusted(SPACING, 4, -SPACING, -4)
        width = area.width() / len(counts)
        for bin_number, count in enumerate(counts.tolist()):
            height = area.height() * count / int(counts.max())
            left = area.left() + bin_number * width
            painter.drawRect(QRectF(left, area.bottom() - height, max(width - 1, 1), height))
        painter.restore()


class _Table(QTableView):
    """A quiet table in tabular figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setShowGrid(False)
        self.setAlternatingRowColors(True)
        self.setWordWrap(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFont(text_font())
        self.setTabKeyNavigation(False)
        rows = self.verticalHeader()
        rows.setDefaultSectionSize(ROW_HEIGHT)
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setStyleSheet("QHeaderView::section { border: none; }")
        columns = self.horizontalHeader()
        columns.setHighlightSections(False)
        columns.setResizeContentsPrecision(20)  # rows; measuring them all would hold up the window
        current_theme().changed.connect(self._repaint)

    @Slot()
    def _repaint(self) -> None:
        self.viewport().update()

    def _fit_columns(self, at_most: int) -> None:
        header = self.horizontalHeader()
        # Hundreds of columns are measured as they come into view by hand; the first ones suffice.
        for column in range(min(header.count(), 40)):
            wanted = max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
            self.setColumnWidth(column, min(wanted + SPACING, at_most))


class SampleTable(_Table):
    """The first rows of a table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = SampleModel(self)
        self.setModel(self._model)
        self.setAccessibleName(self.tr("Rows of the table"))

    def set_profile(self, profile: Profile) -> None:
        """Shows the samples of a table."""
        self._model.set_profile(profile)
        self._fit_columns(22 * SPACING)
        self.scrollToTop()


class ColumnTable(_Table):
    """The columns of a table with their distribution."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ColumnModel(self)
        self.setModel(self._model)
        self.setItemDelegateForColumn(1, _HistogramDelegate(self))
        self.verticalHeader().hide()
        self.setAccessibleName(self.tr("Columns of the table"))

    def set_profile(self, profile: Profile) -> None:
        """Shows the columns of a table."""
        self._model.set_profile(profile)
        self._fit_columns(22 * SPACING)
        self.setColumnWidth(1, 15 * SPACING)
        self.scrollToTop()
