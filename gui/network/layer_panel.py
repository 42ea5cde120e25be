"""LayerPanel: what one layer is, what it costs and sees, and the code that makes it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.events.messages import LayerInfo
from engine.spec.formatting import bytes_text, shape_text
from gui.formatting.model_words import explanation, field_text
from gui.formatting.numbers import count_text, short_count
from gui.state.messages import Messages
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

COLUMNS: Final = 2
PAIRED: Final = 4
"""So many facts stand side by side; the others may be long, and have a line each."""


class LayerPanel(QScrollArea):
    """Shows one layer.

    Args:
        messages: Says that the code was copied.
    """

    def __init__(self, messages: Messages, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._messages = messages
        self._code = ""
        self._content = QWidget(self)
        self.heading = Label(self._content)
        self.help = Label(self._content)
        self.reason = Label(self._content)
        self.code = Label(self._content)
        self.copy_button = QPushButton(icon("copy"), self.tr("Copy"), self._content)
        self._names = (
            self.tr("Output"),
            self.tr("Parameters"),
            self.tr("Multiply-adds"),
            self.tr("Memory"),
            self.tr("Sees"),
            self.tr("From"),
        )
        self.values = [Label(self._content) for _ in self._names]
        self._captions = [Label(f"{name}:", self._content) for name in self._names]
        self._code_row = QWidget(self._content)
        self._build()
        self.show_layer(None, ())

    def _build(self) -> None:
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("The chosen layer"))
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        set_role(self.heading, "heading")
        set_role(self.reason, "danger")
        selectable = Qt.TextInteractionFlag.TextSelectableByMouse
        for label in (self.heading, self.help, self.reason, self.code, *self.values):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setTextInteractionFlags(selectable)
        self._dress_code()
        tips = {
            2: self.tr("Products that are summed, for one example."),
            3: self.tr("Of what the layer puts out for one example."),
            4: self.tr("How much of the input one value of the output depends on."),
        }
        grid = QGridLayout()
        grid.setHorizontalSpacing(SPACING)
        grid.setVerticalSpacing(SPACING // 2)
        for at, (caption, value) in enumerate(zip(self._captions, self.values, strict=True)):
            set_role(caption, "muted")
            for label in (caption, value):
                label.setToolTip(tips.get(at, ""))
            value.setAccessibleName(self._names[at])
            value.setAlignment(Qt.AlignmentFlag.AlignTop)
            row, column = divmod(at, COLUMNS) if at < PAIRED else (at, 0)
            span = 1 if at < PAIRED else 2 * COLUMNS - 1
            grid.addWidget(caption, row, 2 * column, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(value, row, 2 * column + 1, 1, span)
        for column in range(COLUMNS):
            grid.setColumnStretch(2 * column + 1, 1)
        stack = QVBoxLayout(self._content)
        stack.setContentsMargins(0, SPACING, SPACING, SPACING)
        stack.setSpacing(SPACING)
        stack.addWidget(self.heading)
        stack.addWidget(self.reason)
        stack.addWidget(self.help)
        stack.addLayout(grid)
        stack.addWidget(self._code_row)
        stack.addStretch(1)
        self.setWidget(self._content)

    def _dress_code(self) -> None:
        from gui.widgets.code_view import code_font

        self.code.setFont(code_font())
        self.code.setAccessibleName(self.tr("Code of the layer"))
        self.copy_button.setAccessibleName(self.tr("Copy the code of the layer"))
        self.copy_button.clicked.connect(self.copy_code)
        row = QHBoxLayout(self._code_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(self.code, 1)
        row.addWidget(self.copy_button, 0, Qt.AlignmentFlag.AlignTop)

    def show_layer(
        self, layer: LayerInfo | None, input_shape: tuple[int, ...], reason: str = ""
    ) -> None:
        """Shows a layer.

        Args:
            layer: None: none is chosen.
            input_shape: Of the model, to say how much of it a value sees.
            reason: What is wrong with the layer; empty: nothing.
        """
        self.reason.setText(reason)
        self.reason.setVisible(bool(reason))
        self._code = layer.code if layer is not None else ""
        self.code.setText(self._code)
        self._code_row.setVisible(bool(self._code))
        if layer is None:
            self.heading.setText("")
            self.help.setText("")
            return
        self.heading.setText(f"{layer.type} · {layer.name}")
        words = explanation(layer.type)
        self.help.setText(words)
        self.help.setVisible(bool(words))
        texts = (
            shape_text(layer.output_shape),
            count_text(layer.n_parameters),
            short_count(layer.n_macs),
            bytes_text(layer.activation_bytes),
            field_text(layer, input_shape),
            ", ".join(layer.inputs) or self.tr("the data"),
        )
        for value, text in zip(self.values, texts, strict=True):
            value.setText(text)

    @Slot()
    def copy_code(self) -> None:
        """Puts the layer's line of code on the clipboard."""
        QGuiApplication.clipboard().setText(self._code)
        self._messages.show_info(self.tr("The code is on the clipboard."))
