"""RunList: the table of runs on screen: its columns, its order, and what is selected."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QModelIndex, QPoint, QSignalBlocker, Qt, Signal, Slot
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QWidget

from gui.pages.runs.run_columns import KEPT_FOR, differing
from gui.pages.runs.run_table import ID_ROLE, RunsModel, RunsProxy
from gui.state.settings import Settings
from gui.style.theme import SPACING

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

WIDTHS: Final = {
    "name": 28,
    "state": 15,
    KEPT_FOR: 11,
    "data": 17,
    "model": 13,
    "note": 8,
    "validation": 11,
    "test": 11,
    "epochs": 11,
    "duration": 13,
    "started": 14,
}
"""Of the columns at first, in steps of the grid; 9 for the others."""
SETTING_WIDTH: Final = 13
MOST_SETTINGS: Final = 4
"""Settings that are shown by themselves; the menu of the head shows more."""


class RunList(QTableView):
    """A table of runs, sorted as the person left it.

    Signals:
        open_asked(): The person wants to see the results of the selected run.

    Args:
        model: The runs.
        proxy: Sorts and filters them.
        settings: Remembers the order.
    """

    open_asked = Signal()

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
        self._fixed = frozenset(column.name for column in model.columns)
        self.setModel(proxy)
        self.setAccessibleName(self.tr("Runs"))
        self._set_up()
        self._sort()
        header = self.horizontalHeader()
        header.sortIndicatorChanged.connect(self._on_sorted)
        header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        header.customContextMenuRequested.connect(self._on_header_menu)
        enter = QAction(self.tr("Open the results"), self)
        enter.setShortcuts([QKeySequence("Return"), QKeySequence("Enter")])
        enter.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        enter.triggered.connect(self.open_asked)
        self.addAction(enter)
        self.doubleClicked.connect(self.open_asked)

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
        self._hide_columns()

    @Slot()
    def show_settings(self) -> None:
        """Shows the settings in which the runs of the list differ; the person's choice holds."""
        settings = differing(self._runs.records)
        known = [column.name for column in self._runs.columns]
        if [column.name for column in settings] != [
            name for name in known if name not in self._fixed
        ]:
            order = self._sorted_by()
            self._runs.set_settings(settings)
            for column in settings:
                position = self._runs.position(column.name)
                self.setColumnWidth(position, SETTING_WIDTH * SPACING)
            self._sort_by(*order)
        self._hide_columns()

    @property
    def shown_columns(self) -> tuple[str, ...]:
        """Names of the columns on screen, in the order of the model."""
        return tuple(
            column.name
            for position, column in enumerate(self._runs.columns)
            if not self.isColumnHidden(position)
        )

    def choose_column(self, name: str, is_shown: bool | None) -> None:
        """Shows or hides a column from now on; None: as the runs differ."""
        choices = self._choices()
        if is_shown is None:
            choices.pop(name, None)
        else:
            choices[name] = is_shown
        self._settings.set("runs/columns", choices)
        self._hide_columns()

    def column_menu(self) -> QMenu:
        """Returns a new menu that chooses the columns."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        shown = self.shown_columns
        for column in self._runs.columns:
            if column.name in ("name", KEPT_FOR):
                continue
            action = menu.addAction(column.title)
            action.setCheckable(True)
            action.setChecked(column.name in shown)
            action.toggled.connect(partial(self.choose_column, column.name))
        menu.addSeparator()
        automatic = menu.addAction(self.tr("Choose by what differs"))
        automatic.setEnabled(bool(self._choices()))
        automatic.triggered.connect(self._forget_choices)
        return menu

    @Slot(QPoint)
    def _on_header_menu(self, place: QPoint) -> None:
        self.column_menu().popup(self.horizontalHeader().viewport().mapToGlobal(place))

    @Slot()
    def _forget_choices(self) -> None:
        self._settings.set("runs/columns", {})
        self._hide_columns()

    def _choices(self) -> dict[str, bool]:
        stored = self._settings.get("runs/columns", dict[str, bool]())
        return {name: is_shown for name, is_shown in stored.items() if isinstance(is_shown, bool)}

    def _hide_columns(self) -> None:
        choices, n_settings = self._choices(), 0
        for position, column in enumerate(self._runs.columns):
            is_setting = column.name not in self._fixed
            is_shown = not is_setting or n_settings < MOST_SETTINGS
            is_shown = choices.get(column.name, is_shown)
            n_settings += is_setting and is_shown
            if column.name == KEPT_FOR:
                is_shown = self._is_deleted
            self.setColumnHidden(position, not is_shown)

    def show_deleted(self, is_deleted: bool) -> None:
        """Says how long each run is kept, those deleted last first; or is as it was before."""
        if is_deleted is not self._is_deleted:
            self._is_deleted = is_deleted
            self._hide_columns()
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
        self._sort_by(*self._sorted_by())

    def _sorted_by(self) -> tuple[str, bool]:
        """The column that decides the order, and whether the largest come first."""
        if self._is_deleted:
            return KEPT_FOR, True
        name = self._settings.get("runs/sort", "started")
        return name, self._settings.get("runs/descending", True)

    def _sort_by(self, name: str, is_descending: bool) -> None:
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        with QSignalBlocker(self.horizontalHeader()):  # what the person chose is known
            self.horizontalHeader().setSortIndicator(self._runs.position(name), order)
        self.sortByColumn(self._runs.position(name), order)

    @Slot(int, Qt.SortOrder)
    def _on_sorted(self, position: int, order: Qt.SortOrder) -> None:
        if not self._is_deleted:
            self._settings.set("runs/sort", self._runs.columns[position].name)
            self._settings.set("runs/descending", order is Qt.SortOrder.DescendingOrder)
