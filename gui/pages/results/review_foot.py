"""ReviewFoot: the buttons under a review of labels, each only while it does something."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from engine.events.review import Decision, Review
from gui.style.theme import SPACING, set_role

N_LEFT = 3


class ReviewFoot(QWidget):
    """Left what leads through the review, right what becomes of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back = QPushButton(self.tr("Previous"))
        self.forward = QPushButton(self.tr("Next"))
        self.undo = QPushButton(self.tr("Undo"))
        self.more = QPushButton(self.tr("Review more"))
        self.export = QPushButton(self.tr("Export as CSV…"))
        self.train = QPushButton(self.tr("Train again with them"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        tips = {
            self.back: self.tr("The example before (Left)"),
            self.forward: self.tr("The next example (Right)"),
            self.undo: self.tr("Take the last answer back (Ctrl+Z)"),
            self.more: self.tr("Others that look wrong, once these are answered"),
            self.export: self.tr("All corrections of this data as a table"),
            self.train: self.tr(
                "The same settings and the same parts; compared on the same test examples"
            ),
        }
        for place, (button, tip) in enumerate(tips.items()):
            if place == N_LEFT:
                row.addStretch(1)
            button.setToolTip(tip)
            button.setAutoDefault(False)  # Enter belongs to the field of a correction
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            row.addWidget(button)
        set_role(self.train, "primary")

    def show_review(self, review: Review | None, may_train: bool) -> None:
        """Says what can be done where a review stands; None: there is none yet."""
        n = 0 if review is None else review.count(Decision.CORRECT) + review.count(Decision.EXCLUDE)
        place, last = (0, 0) if review is None else (review.place, len(review.items) - 1)
        self.back.setEnabled(place > 0)
        self.forward.setEnabled(place < last)
        self.undo.setEnabled(review is not None and bool(review.history))
        self.more.setEnabled(review is not None and review.is_over)
        self.export.setEnabled(n > 0)
        self.train.setEnabled(n > 0 and may_train)
