"""RunScores: precision, recall and F1 of each class, sortable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from engine.spec.formatting import percent_text
from gui.formatting.numbers import count_text
from gui.formatting.translation import translate
from gui.style.theme import SPACING

if TYPE_CHECKING:
    from engine.inference.evaluation.evaluation import ClassScore

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_FIELDS = ("name", "precision", "recall", "f1", "support")


class ScoresModel(QAbstractTableModel):
    """One row per class."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._scores: tuple[ClassScore, ...] = ()
        self._titles = (
            translate("Class"),
            translate("Precision"),
            translate("Recall"),
            translate("F1"),
            translate("Examples"),
        )
        self._tips = (
            "",
            translate("Of those taken for this class, how many are"),
            translate("Of those of this class, how many were found"),
            translate("Harmonic mean of precision and recall"),
            translate("Examples of this class in the part measured"),
        )

    def set_scores(self, scores: Sequence[ClassScore]) -> None:
        """Replaces all rows."""
        self.beginResetModel()
        self._scores = tuple(scores)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._scores)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return len(_FIELDS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Role.DisplayRole:
            return self._titles[section]
        if role == Role.ToolTipRole:
            return self._tips[section]
        if role == Role.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        field = _FIELDS[index.column()]
        value = getattr(self._scores[index.row()], field)
        if role == Role.UserRole:
            return index.row() if field == "name" else value
        if role == Role.TextAlignmentRole:
            return _alignment(index.column())
        if role != Role.DisplayRole:
            return None
        if field == "name":
            return value
        return count_text(value) if field == "support" else percent_text(value, 1)


class RunScores(QTableView):
    """The table of classes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = ScoresModel(self)
        proxy = QSortFilterProxyModel(self)
        proxy.setSortRole(Role.UserRole)
        proxy.setSourceModel(self._model)
        self.setModel(proxy)
        self.setAccessibleName(self.tr("Precision, recall and F1 of each class"))
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(4 * SPACING)
        header = self.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setDefaultSectionSize(10 * SPACING)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.setMinimumWidth(54 * SPACING)

    def show_scores(self, scores: Sequence[ClassScore]) -> None:
        """Shows the scores of all classes."""
        self._model.set_scores(scores)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
