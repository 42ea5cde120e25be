"""DrawingPanel: a canvas with a pen, an eraser, undo and clear."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from engine.events.trying import Given, ModelLookedAt
from gui.pages.tryit.drawing_canvas import DrawingCanvas
from gui.pages.tryit.input_panel import InputPanel
from gui.style.icons import icon
from gui.style.theme import SPACING
from gui.widgets.shortcut_button import ICON_SIZE


class DrawingPanel(InputPanel):
    """Each stroke is answered while it is drawn."""

    def __init__(self, look: ModelLookedAt, parent: QWidget | None = None) -> None:
        super().__init__(look, parent)
        self.canvas = DrawingCanvas(look.pen, look.is_dark)
        self.canvas.set_hint(self.tr("Draw here: the model answers while you draw."))
        self.pen = self._button(self.tr("Pen"), "rename", self.tr("Draw"))
        self.eraser = self._button(self.tr("Eraser"), "eraser", self.tr("Take away what you touch"))
        self.undo = self._button(self.tr("Undo"), "undo", self.tr("Take the last stroke away"))
        self.reset = self._button(self.tr("Clear"), "delete", self.tr("Take everything away"))
        tools = QButtonGroup(self)
        for button in (self.pen, self.eraser):
            button.setCheckable(True)
            tools.addButton(button)
        self.pen.setChecked(True)
        row = QHBoxLayout()
        row.setSpacing(SPACING)
        for button in (self.pen, self.eraser, self.undo, self.reset):
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(row)
        column.addWidget(self.canvas, 1)
        self.eraser.toggled.connect(self._on_eraser)
        self.undo.clicked.connect(self.canvas.undo)
        self.reset.clicked.connect(self.canvas.clear)
        self.canvas.changed.connect(self._on_changed)
        self._show_buttons()

    @property
    def title(self) -> str:
        return self.tr("Draw")

    @property
    def empty_text(self) -> str:
        return self.tr("Draw something: the model answers while you draw.")

    def clear(self) -> None:
        self.canvas.blockSignals(True)
        self.canvas.clear()
        self.canvas.blockSignals(False)
        self._show_buttons()

    def _button(self, text: str, icon_name: str, help_text: str) -> QPushButton:
        button = QPushButton(icon(icon_name), text)
        button.setIconSize(ICON_SIZE)
        button.setAccessibleName(text)
        button.setToolTip(help_text)
        return button

    @Slot(bool)
    def _on_eraser(self, is_on: bool) -> None:
        self.canvas.is_erasing = is_on

    @Slot()
    def _on_changed(self) -> None:
        self._show_buttons()
        is_empty = self.canvas.is_empty
        self.given.emit(None if is_empty else Given(strokes=self.canvas.strokes))

    def _show_buttons(self) -> None:
        for button in (self.undo, self.reset):
            button.setEnabled(not self.canvas.is_empty)
