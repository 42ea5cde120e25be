"""RunScores: precision, recall and F1 of each class or label, sortable."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from engine.devices.console.escaping import escaped
from engine.spec.formatting import percent_text
from gui.formatting.numbers import count_text, number_text
from gui.formatting.translation import translate
from gui.style.theme import SPACING

if TYPE_CHECKING:
    from engine.inference.evaluation.evaluation import ClassScore

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole

_FIELDS = ("name", "precision", "recall", "f1", "support", "threshold")


class ScoresModel(QAbstractTableModel):
    """One row per class, or per label, which has a threshold of its own."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._scores: tuple[ClassScore, ...] = ()
        self._thresholds: tuple[float, ...] = ()
        self._titles = (
            translate("Class"),
            translate("Precision"),
            translate("Recall"),
            translate("F1"),
            translate("Examples"),
            translate("Threshold"),
        )
        self._tips = (
            "",
            translate("Of those taken for this class, how many are"),
            translate("Of those of this class, how many were found"),
            translate("Harmonic mean of precision and recall"),
            translate("Examples of this class in the part measured"),
            translate(
                "Above this probability the label is said; F1 of validation is highest there"
            ),
        )

    def set_scores(self, scores: Sequence[ClassScore], thresholds: Sequence[float] = ()) -> None:
        """Replaces all rows; with thresholds, one for each, they are labels."""
        self.beginResetModel()
        self._scores, self._thresholds = tuple(scores), tuple(thresholds)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return 0 if parent.isValid() else len(self._scores)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 (Qt's signature)
        return len(_FIELDS) - (not self._thresholds)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole
    ) -> Any:
        if orientation is Qt.Orientation.Vertical:
            return None
        if role == Role.DisplayRole:
            is_label = section == 0 and bool(self._thresholds)
            return translate("Label") if is_label else self._titles[section]
        if role == Role.ToolTipRole:
            return self._tips[section]
        if role == Role.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        field = _FIELDS[index.column()]
        is_threshold = field == "threshold"
        row = index.row()
        value = self._thresholds[row] if is_threshold else getattr(self._scores[row], field)
        if role == Role.UserRole:
            return index.row() if field == "name" else value
        if role == Role.TextAlignmentRole:
            return _alignment(index.column())
        if role != Role.DisplayRole:
            return None
        if field == "name":
            return escaped(str(value))
        if is_threshold:
            return number_text(value)
        return count_text(value) if field == "support" else percent_text(value, 1)


class RunScores(QTableView):
    """The table of classes.

    Signals:
        class_asked(int): The examples of a class, by its index, are to be shown.
    """

    class_asked = Signal(int)

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
        header.setDefaultSectionSize(11 * SPACING)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        self.clicked.connect(self._on_row)
        self.activated.connect(self._on_row)

    def show_scores(self, scores: Sequence[ClassScore], thresholds: Sequence[float] = ()) -> None:
        """Shows the scores of all classes, or of all labels with their thresholds."""
        self._model.set_scores(scores, thresholds)

    @Slot(QModelIndex)
    def _on_row(self, index: QModelIndex) -> None:
        proxy = self.model()
        assert isinstance(proxy, QSortFilterProxyModel)
        if index.isValid():
            self.class_asked.emit(proxy.mapToSource(index).row())


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
