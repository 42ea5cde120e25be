"""ShortcutSheet: every keyboard shortcut, made from the actions themselves."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from gui.style.label import Label
from gui.style.theme import SPACING, set_role


class ShortcutSheet(QDialog):
    """A list that stays beside the window while one tries the keys.

    Args:
        groups: A title and the actions under it; those without a shortcut are left out.
    """

    def __init__(
        self, groups: Iterable[tuple[str, Iterable[QAction]]], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.rows: list[tuple[str, str]] = []
        sheet = QWidget()
        self._grid = QGridLayout(sheet)
        self._grid.setContentsMargins(*(3 * SPACING,) * 4)
        self._grid.setHorizontalSpacing(4 * SPACING)
        self._grid.setVerticalSpacing(SPACING)
        for title, actions in groups:
            self._add_group(title, [action for action in actions if action.shortcuts()])
        self._add_group(
            self.tr("Everywhere"),
            [],
            (
                (self.tr("Next or previous control"), "Tab, Shift+Tab"),
                (self.tr("Pick a card, a row, a step"), self.tr("Arrow keys")),
                (self.tr("Change a number"), self.tr("Up, Down")),
            ),
        )
        self._grid.setRowStretch(self._grid.rowCount(), 1)
        area = QScrollArea()
        area.setWidget(sheet)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(area)
        self.resize(60 * SPACING, min(90 * SPACING, sheet.sizeHint().height() + SPACING))

    def _add_group(
        self, title: str, actions: list[QAction], more: Iterable[tuple[str, str]] = ()
    ) -> None:
        native = QKeySequence.SequenceFormat.NativeText
        rows = [
            (
                action.text().replace("&", ""),
                ", ".join(keys.toString(native) for keys in action.shortcuts()),
            )
            for action in actions
        ]
        rows += list(more)
        if not rows:
            return
        heading = Label(title)
        set_role(heading, "heading")
        row = self._grid.rowCount()
        if self.rows:
            self._grid.setRowMinimumHeight(row, 2 * SPACING)
            row += 1
        self._grid.addWidget(heading, row, 0, 1, 2)
        for text, keys in rows:
            row += 1
            self._grid.addWidget(Label(text), row, 0)
            label = Label(keys)
            set_role(label, "muted")
            self._grid.addWidget(label, row, 1, Qt.AlignmentFlag.AlignRight)
            self.rows.append((text, keys))
