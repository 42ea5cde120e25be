"""FindingsTab: all that a run has to say of itself, with the numbers it rests on."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui.pages.results.shown_result import ResultTab, ShownResult
from gui.pages.shared.verdict_list import VerdictList
from gui.style.theme import SPACING


class FindingsTab(ResultTab):
    """The gravest first.

    Signals:
        place_picked(Place | None): Where the finding that was picked shows.
    """

    place_picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = VerdictList()
        self.list.set_empty_text(self.tr("There is nothing to be said against this result."))
        self.list.place_picked.connect(self.place_picked)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(self.list)

    def show_result(self, shown: ShownResult) -> None:
        """Shows what is to be said of a run."""
        self.list.set_findings(shown.findings)
