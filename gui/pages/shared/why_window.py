"""WhyWindow: why a model says what it says of an example, beside the window it was asked in."""

from __future__ import annotations

from typing import Final

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from gui.pages.shared.explanation_panel import ExplanationPanel
from gui.state.result_controller import ResultController
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

SIZE: Final = (88 * SPACING, 68 * SPACING)


class WhyWindow(QDialog):
    """Stays open while one example after the other is looked at.

    Args:
        results: Is asked.
    """

    def __init__(self, results: ResultController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Why?"))
        self.heading = Label()
        set_role(self.heading, "heading")
        self.panel = ExplanationPanel(results)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACING, 2 * SPACING, 2 * SPACING, 2 * SPACING)
        column.setSpacing(SPACING)
        column.addWidget(self.heading)
        column.addWidget(self.panel, 1)
        self.resize(*SIZE)
        self.finished.connect(self.panel.clear)

    def explain_row(self, run: str, row: int, name: str) -> None:
        """Explains an example of a run's data, by its index."""
        self.heading.setText(name)
        self.panel.explain_row(run, row)
        self.show()
        self.raise_()
