"""RunVerdict: what the run has to say of itself, while it is under way and after its end."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events.run_events import RunEnded, RunEvent, RunStarted, VerdictChanged
from engine.events.verdicts import Finding
from gui.pages.shared.verdict_list import VerdictList
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

WIDTH = 36 * SPACING


class RunVerdict(QWidget):
    """A heading and the findings; its room is always kept.

    Signals:
        place_picked(Place | None): Where the finding that was picked shows.
    """

    place_picked = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumWidth(WIDTH)
        heading = Label(self.tr("Verdict"))
        set_role(heading, "heading")
        self.list = VerdictList()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(heading)
        column.addWidget(self.list, 1)
        self.list.place_picked.connect(self.place_picked)
        self.clear()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown."""
        return self.list.findings

    def add(self, event: RunEvent) -> None:
        """Takes an event of the run; most say nothing here."""
        if isinstance(event, RunStarted):
            self.list.set_empty_text(self.tr("Nothing speaks against this run so far."))
            self.list.clear()
        elif isinstance(event, VerdictChanged):
            self.list.set_findings(event.findings)
        elif isinstance(event, RunEnded) and (event.findings or not event.state.is_broken):
            # Of a run that broke off, what it said last stays.
            self.list.set_empty_text(self.tr("The run ended too early to say anything of it."))
            self.list.set_findings(event.findings)

    def clear(self) -> None:
        """Forgets the run before."""
        self.list.set_empty_text(
            self.tr("What the run has to say of itself appears here: does it learn, and how well?")
        )
        self.list.clear()
