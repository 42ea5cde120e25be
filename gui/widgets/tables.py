"""Tables of the Data page: what they share, and the one of sample rows."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Slot,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHeaderView,
    QTableView,
    QWidget,
)

from engine.devices.console.escaping import escaped
from engine.events.profile import Profile
from engine.spec.signature import Output
from gui.formatting.numbers import value_text
from gui.formatting.plain_text import plain_tip
from gui.formatting.profile_words import category_names, cell_text, target_columns, target_text
from gui.style.theme import SPACING, current_theme, text_font

Index = QModelIndex | QPersistentModelIndex

ROW_HEIGHT: Final = 3 * SPACING + 4
_NUMBER = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_WORDS = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class TableModel(QAbstractTableModel):
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
                is_tip = role == Qt.ItemDataRole.ToolTipRole
                return (
                    plain_tip(self.headings[section]) if is_tip else escaped(self.headings[section])
                )
            if role == Qt.ItemDataRole.TextAlignmentRole:
                return _WORDS if self.is_text(section) else _NUMBER
        if orientation is Qt.Orientation.Vertical and role == Qt.ItemDataRole.DisplayRole:
            return section + 1
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return escaped(self.text_at(index.row(), index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _WORDS if self.is_text(index.column()) else _NUMBER
        return None

    def text_at(self, row: int, column: int) -> str:
        """What a cell says."""
        raise NotImplementedError

    def is_text(self, column: int) -> bool:
        """The column holds words, not numbers."""
        raise NotImplementedError


class SampleModel(TableModel):
    """One row for each sample: what is predicted, then its features."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._profile: Profile | None = None
        self._n_targets = 1

    def set_profile(self, profile: Profile) -> None:
        """Shows the samples of a profile."""
        self.beginResetModel()
        self._profile = profile
        targets = target_columns(profile)
        self._n_targets = len(targets)
        self.headings = (*targets, *profile.feature_names)
        self.n_rows = len(profile.sample_x)
        self.endResetModel()

    def text_at(self, row: int, column: int) -> str:
        assert self._profile is not None
        if column >= self._n_targets:
            place = column - self._n_targets
            return cell_text(self._profile, place, float(self._profile.sample_x[row, place]))
        target = self._profile.sample_y[row]
        if self._n_targets > 1:
            return value_text(float(target[column]))
        return target_text(target, self._profile.class_names)

    def is_text(self, column: int) -> bool:
        if self._profile is None:
            return False
        if column < self._n_targets:
            return self._profile.signature.output is not Output.NUMBERS
        return bool(category_names(self._profile, column - self._n_targets))


class Table(QTableView):
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

    def fit_columns(self, at_most: int) -> None:
        """Makes columns as wide as what they show, within bounds."""
        header = self.horizontalHeader()
        # Hundreds of columns are measured as they come into view by hand; the first ones suffice.
        for column in range(min(header.count(), 40)):
            wanted = max(self.sizeHintForColumn(column), header.sectionSizeHint(column))
            self.setColumnWidth(column, min(wanted + SPACING, at_most))


class SampleTable(Table):
    """The first rows of a table."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = SampleModel(self)
        self.setModel(self._model)
        self.setAccessibleName(self.tr("Rows of the table"))

    def set_profile(self, profile: Profile) -> None:
        """Shows the samples of a table."""
        self._model.set_profile(profile)
        self.fit_columns(22 * SPACING)
        self.scrollToTop()
