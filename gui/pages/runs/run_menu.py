"""RunMenu: what can be done with the selected runs, where they stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMenu, QTableView

from engine.runs.run_folders import run_folder
from gui.widgets.path_row import show_in_file_manager
from gui.widgets.shortcut_button import ShortcutButton

if TYPE_CHECKING:
    from engine.runs.record import RunRecord


class RunMenu(QObject):
    """The menu of the table of runs; its entries are those of the buttons above it.

    Args:
        table: The runs.
        buttons: What they do is offered while they are shown.
        selected: Returns the selected runs.
        workspace: Folder that holds the runs.
    """

    def __init__(
        self,
        table: QTableView,
        buttons: Sequence[ShortcutButton],
        selected: Callable[[], list[RunRecord]],
        workspace: Path,
    ) -> None:
        super().__init__(table)
        self._table = table
        self._buttons = buttons
        self._selected = selected
        self._workspace = workspace
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self.open)

    @Slot(QPoint)
    def open(self, place: QPoint) -> None:
        """Opens the menu at a place in the table; nothing is offered beside the runs."""
        if self._selected():
            self.menu().popup(self._table.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """Returns a new menu for what is selected."""
        menu = QMenu(self._table)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for button in self._buttons:
            if button.action.isEnabled():
                menu.addAction(button.action)
        runs = [record.id for record in self._selected()]
        menu.addSeparator()
        folder = menu.addAction(self.tr("Show the run's folder"))
        folder.triggered.connect(lambda: self._show_folder(runs[0]))
        folder.setEnabled(len(runs) == 1)
        ids = self.tr("Copy the id") if len(runs) == 1 else self.tr("Copy the ids")
        menu.addAction(ids).triggered.connect(
            lambda: QGuiApplication.clipboard().setText("\n".join(runs))
        )
        return menu

    def _show_folder(self, run: str) -> None:
        show_in_file_manager(run_folder(self._workspace, run))
