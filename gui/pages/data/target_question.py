"""TargetQuestion: asks which column is predicted, where none says so of itself."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.events.findings import DataFinding, Remedy
from gui.style.theme import SPACING, set_role


class TargetQuestion(QFrame):
    """The likely columns as buttons, each with what speaks for it; hidden where nothing is asked.

    Signals:
        answered(Remedy): The person picked a column.
        others_wanted(): The person wants to see all columns.
    """

    answered = Signal(object)
    others_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.buttons: list[QPushButton] = []
        self._finding: DataFinding | None = None
        self.heading = QLabel(self.tr("Which column shall be predicted?"), self)
        set_role(self.heading, "heading")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(*(2 * SPACING, SPACING) * 2)
        self._column.setSpacing(SPACING // 2)
        self._column.addWidget(self.heading)
        self.hide()

    def show_finding(self, finding: DataFinding | None) -> None:
        """Asks a question, or none."""
        if finding == self._finding:
            return
        self._finding = finding
        for button in self.buttons:
            self._column.removeWidget(button)
            button.hide()
            button.deleteLater()
        self.buttons.clear()
        self.setVisible(finding is not None)
        for remedy in finding.remedies if finding is not None else ():
            button = self._button(remedy.label)
            button.clicked.connect(partial(self._on_answer, remedy))
        if finding is not None:
            self._button(self.tr("Another column…")).clicked.connect(self.others_wanted)

    def _button(self, text: str) -> QPushButton:
        button = QPushButton(text, self)
        self._column.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        self.buttons.append(button)
        return button

    def _on_answer(self, remedy: Remedy, _is_checked: bool = False) -> None:
        self.answered.emit(remedy)
