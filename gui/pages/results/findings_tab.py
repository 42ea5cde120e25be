"""FindingsTab: all that a run has to say of itself, with the numbers it rests on."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events.verdicts import Place
from gui.pages.results.shown_result import ResultTab, ShownResult
from gui.pages.shared.verdict_list import VerdictList
from gui.style.theme import SPACING


class FindingsTab(ResultTab):
    """The gravest first.

    Signals:
        place_picked(Place): Where the finding that was clicked shows.
    """

    place_picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = VerdictList()
        self.list.set_empty_text(self.tr("There is nothing to be said against this result."))
        self.list.place_picked.connect(self._on_picked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(self.list)

    def show_result(self, shown: ShownResult) -> None:
        """Shows what is to be said of a run."""
        self.list.forget_pick()
        self.list.set_findings(shown.findings)

    @Slot(object)
    def _on_picked(self, place: Place | None) -> None:
        """Leads there, and can be clicked again."""
        self.list.forget_pick()
        if place is not None:
            self.place_picked.emit(place)
