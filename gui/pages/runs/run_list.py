"""RunList: the table of runs on screen: its columns, its order, and what is selected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, Qt, Slot
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from gui.pages.runs.run_table import ID_ROLE, KEPT_FOR, RunsModel, RunsProxy
from gui.state.settings import Settings
from gui.style.theme import SPACING

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

WIDTHS: Final = {
    "name": 20,
    "state": 15,
    KEPT_FOR: 11,
    "data": 12,
    "model": 13,
    "note": 8,
    "validation": 11,
    "test": 11,
    "epochs": 11,
    "started": 14,
}
"""Of the columns at first, in steps of the grid; 9 for the others."""


class RunList(QTableView):
    """A table of runs, sorted as the person left it.

    Args:
        model: The runs.
        proxy: Sorts and filters them.
        settings: Remembers the order.
    """

    def __init__(
        self,
        model: RunsModel,
        proxy: RunsProxy,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._runs = model
        self._settings = settings
        self._is_deleted = False
        self.setModel(proxy)
        self.setAccessibleName(self.tr("Runs"))
        self._set_up()
        self._sort()
        self.horizontalHeader().sortIndicatorChanged.connect(self._on_sorted)

    def _set_up(self) -> None:
        self.setSortingEnabled(True)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(4 * SPACING)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setStretchLastSection(True)
        header.setSectionsMovable(True)
        for position, column in enumerate(self._runs.columns):
            self.setColumnWidth(position, WIDTHS.get(column.name, 9) * SPACING)
        self.setColumnHidden(self._runs.position(KEPT_FOR), True)

    def show_deleted(self, is_deleted: bool) -> None:
        """Says how long each run is kept, those deleted last first; or is as it was before."""
        if is_deleted is not self._is_deleted:
            self._is_deleted = is_deleted
            self.setColumnHidden(self._runs.position(KEPT_FOR), not is_deleted)
            self._sort()

    def selected_records(self) -> list[RunRecord]:
        """Returns the selected runs, in the order of the table."""
        rows = self.selectionModel().selectedRows()
        runs = [row.data(ID_ROLE) for row in sorted(rows, key=QModelIndex.row)]
        return [record for run in runs if (record := self._runs.record(run)) is not None]

    def edit_selected(self, column: str) -> None:
        """Edits a cell of the selected run in place."""
        rows = self.selectionModel().selectedRows(self._runs.position(column))
        if len(rows) == 1:
            self.scrollTo(rows[0])
            self.setFocus()
            self.edit(rows[0])

    def _sort(self) -> None:
        name, is_descending = KEPT_FOR, True
        if not self._is_deleted:
            name = self._settings.get("runs/sort", "started")
            is_descending = self._settings.get("runs/descending", True)
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        self.sortByColumn(self._runs.position(name), order)

    @Slot(int, Qt.SortOrder)
    def _on_sorted(self, position: int, order: Qt.SortOrder) -> None:
        if not self._is_deleted:
            self._settings.set("runs/sort", self._runs.columns[position].name)
            self._settings.set("runs/descending", order is Qt.SortOrder.DescendingOrder)
