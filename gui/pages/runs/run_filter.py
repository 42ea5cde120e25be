"""RunFilter: which runs are listed: all of them, those in one state, or the deleted ones."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QWidget

from engine.events.run_events import RunState
from engine.runs.record import KEPT_DAYS
from gui.formatting.numbers import count_text
from gui.formatting.run_words import state_text
from gui.style.theme import SPACING
from gui.widgets.choice_box import ChoiceBox

ALL: Final = "all"
DELETED: Final = "deleted"
_ACTIVE: Final = "active"
_ENDED: Final = (RunState.FINISHED, RunState.STOPPED, RunState.FAILED, RunState.INTERRUPTED)


class RunFilter(ChoiceBox):
    """A choice of states beside the search field.

    Signals:
        chosen(): Other runs are wanted.
    """

    chosen = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Which runs are listed"))
        self.setToolTip(
            self.tr("Which runs are listed. Deleted ones can be brought back for {n} days.").format(
                n=KEPT_DAYS
            )
        )
        self.setFixedWidth(17 * SPACING)
        self.addItem(self.tr("All runs"), ALL)
        self.addItem(self.tr("Under way"), _ACTIVE)
        for state in _ENDED:
            self.addItem(state_text(state), state.value)
        self.insertSeparator(self.count())
        self.addItem("", DELETED)
        self.show_deleted_count(0)
        self.currentIndexChanged.connect(self._on_index)

    @property
    def is_deleted(self) -> bool:
        """The deleted runs are wanted."""
        return bool(self.currentData() == DELETED)

    @property
    def states(self) -> frozenset[RunState]:
        """The states of which runs are wanted."""
        name = self.currentData()
        if name in (ALL, DELETED):
            return frozenset(RunState)
        if name == _ACTIVE:
            return frozenset(state for state in RunState if state.is_active)
        return frozenset({RunState(name)})

    def choose(self, name: str) -> None:
        """Chooses `ALL`, `DELETED` or a state by its value."""
        self.setCurrentIndex(self.findData(name))

    def show_deleted_count(self, n: int) -> None:
        """Says how many deleted runs there are."""
        text = self.tr("Deleted ({n})").format(n=count_text(n)) if n else self.tr("Deleted")
        self.setItemText(self.findData(DELETED), text)

    @Slot(int)
    def _on_index(self, _index: int) -> None:
        self.chosen.emit()
