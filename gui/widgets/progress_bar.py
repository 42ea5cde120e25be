"""ProgressBar: a bar that moves only while nobody knows how far something is."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """A bar whose animation ends once it shows how far something is.

    Qt 6.11 goes on with it, behind a style sheet, as long as the part that is done is too short to
    be drawn: the page was painted thirty times a second for all of a long training.
    """

    def event(self, event: QEvent) -> bool:
        """Lets the style's animation go on only where there is one to see."""
        if event.type() == QEvent.Type.StyleAnimationUpdate and self.maximum() > self.minimum():
            event.ignore()  # which ends it
            return True
        return super().event(event)
