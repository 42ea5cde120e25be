"""OtherRuns: a button with the runs that a report can compare with."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from gui.formatting.numbers import counted
from gui.state.run_repository import RunRepository

_MOST: Final = 20
"""The newest runs; a longer menu could not be read."""


class OtherRuns(QPushButton):
    """Says how many were chosen; its menu has the newest runs that have ended.

    Args:
        repository: Knows the runs.
    """

    def __init__(self, repository: RunRepository, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._repository = repository
        self._menu = QMenu(self)
        self.setMenu(self._menu)
        self._run = ""
        self._menu.aboutToShow.connect(self._fill)
        self._say()

    @property
    def chosen(self) -> tuple[str, ...]:
        """Ids of the runs that were chosen."""
        return tuple(str(it.data()) for it in self._menu.actions() if it.isChecked())

    def show_beside(self, run: str) -> None:
        """Offers all but a run; what was chosen beside another one is forgotten."""
        if run != self._run:
            self._menu.clear()
        self._run = run
        self._say()

    @Slot()
    def _fill(self) -> None:
        """Lists the runs as they are now."""
        kept = set(self.chosen)
        self._menu.clear()
        ended = [it for it in self._repository.runs if not it.state.is_active]
        newest = sorted(ended, key=lambda it: it.created_at, reverse=True)
        for record in [it for it in newest if it.id != self._run][:_MOST]:
            action = self._menu.addAction(record.name.replace("&", "&&"))
            action.setData(record.id)
            action.setCheckable(True)
            action.setChecked(record.id in kept)
            action.toggled.connect(self._say)
        if self._menu.isEmpty():
            self._menu.addAction(self.tr("There is no other run")).setEnabled(False)

    @Slot()
    def _say(self) -> None:
        n = len(self.chosen)
        text = counted(n, self.tr("Beside {n} run"), self.tr("Beside {n} runs"))
        self.setText(text if n else self.tr("Compare with"))
