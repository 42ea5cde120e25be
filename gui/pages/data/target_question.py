"""TargetQuestion: asks which column is predicted, where none says so of itself."""

from __future__ import annotations

from functools import partial
from typing import Final

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.findings import DataFinding, Remedy
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.elided_button import ElidedButton

MOST: Final = 4
"""Columns that are offered; all others are one click further."""


class TargetQuestion(QFrame):
    """The likely columns as buttons, each with what speaks for it; hidden where nothing is asked.

    Signals:
        answered(Remedy): The person picked a column.
        others_wanted(): The person wants to see all columns.
        several_wanted(QPushButton): The person wants several columns together.
    """

    answered = Signal(object)
    others_wanted = Signal()
    several_wanted = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self.buttons: list[QPushButton] = []
        self._reasons: list[Label] = []
        self._asked: tuple[DataFinding | None, bool] = (None, False)
        self.heading = Label(self.tr("Which column shall be predicted?"), self)
        set_role(self.heading, "heading")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(SPACING)
        self._grid.setVerticalSpacing(SPACING // 2)
        self._grid.setColumnStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(2 * SPACING, SPACING) * 2)
        column.setSpacing(SPACING)
        column.addWidget(self.heading)
        column.addLayout(self._grid)
        self.hide()

    def show_finding(self, finding: DataFinding | None, may_be_several: bool = False) -> None:
        """Asks a question, or none.

        Args:
            finding: The question.
            may_be_several: Several columns could be the answer together.
        """
        if (finding, may_be_several) == self._asked:
            return
        self._asked = finding, may_be_several
        for widget in (*self.buttons, *self._reasons):
            self._grid.removeWidget(widget)
            widget.hide()
            widget.deleteLater()
        self.buttons.clear()
        self._reasons.clear()
        self.setVisible(finding is not None)
        if finding is None:
            return
        for remedy in finding.remedies[:MOST]:
            reason = remedy.label.partition(": ")[2]
            button = self._add_row(str(remedy.changes["data.target"]), reason)
            button.clicked.connect(partial(self._on_answer, remedy))
        others = self._add_row(self.tr("Another…"), self.tr("any column of the table"))
        others.clicked.connect(self.others_wanted)
        if may_be_several:
            several = self._add_row(self.tr("Several…"), self.tr("columns of 0 and 1, together"))
            several.clicked.connect(partial(self._on_several, several))

    def _add_row(self, name: str, reason: str) -> QPushButton:
        row = len(self.buttons)
        button = ElidedButton(name, self)
        button.setAccessibleName(f"{name}: {reason}")
        label = Label(reason, self)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)
        set_role(label, "muted")
        self._grid.addWidget(button, row, 0)
        self._grid.addWidget(label, row, 1)
        self.buttons.append(button)
        self._reasons.append(label)
        return button

    def _on_several(self, button: QPushButton, _is_checked: bool = False) -> None:
        self.several_wanted.emit(button)

    def _on_answer(self, remedy: Remedy, _is_checked: bool = False) -> None:
        self.answered.emit(remedy)
