"""EditorFrame: the parts of the layer editor, and where each stands."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui.editor.editor_actions import EditorActions, action_button
from gui.editor.layer_form import LayerForm
from gui.editor.layer_list import LayerList, LayerListHeader
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

LEAST_LIST_HEIGHT: Final = 20 * SPACING
LEAST_FORM_HEIGHT: Final = 14 * SPACING


class EditorFrame(QWidget):
    """A title, buttons, a list of layers, and the settings of the one that is picked.

    Attributes:
        back_button: Leads back to the list of models.
        title: Of the model.
        layers: The list.
        actions_: What can be done to the layers, and to the model.
        notice: Why something cannot be done; hidden while there is nothing to say.
        form: The settings of a layer.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.back_button = QPushButton(self.tr("Models"), self)
        self.title = QLineEdit(self)
        self.layers = LayerList(self)
        self.actions_ = EditorActions(self.layers, self)
        self.notice = Label(self)
        self.form = LayerForm(self)
        self._build()
        self.setFocusProxy(self.layers)

    def _build(self) -> None:
        self.back_button.setIcon(icon("left"))
        self.back_button.setToolTip(self.tr("Back to the list of models; nothing is lost"))
        set_role(self.back_button, "flat")
        self.title.setPlaceholderText(self.tr("My model"))
        self.title.setAccessibleName(self.tr("Title of the model"))
        more = QToolButton(self)
        more.setText(self.tr("File"))
        more.setMenu(self.actions_.menu(more))
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        more.setAccessibleName(self.tr("Save, open and export"))
        self.notice.setWordWrap(True)
        self.notice.setTextFormat(Qt.TextFormat.PlainText)
        set_role(self.notice, "danger")
        head = QHBoxLayout()
        head.setSpacing(SPACING)
        head.addWidget(self.back_button)
        head.addWidget(self.title, 1)
        head.addWidget(action_button(self.actions_.save, self))
        head.addWidget(more)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addLayout(head)
        column.addWidget(self.actions_.toolbar(self))
        column.addWidget(self.notice)
        column.addWidget(self._build_parts(), 1)

    def _build_parts(self) -> QSplitter:
        upper = QWidget(self)
        column = QVBoxLayout(upper)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        column.addWidget(LayerListHeader(self.layers, upper))
        column.addWidget(self.layers, 1)
        area = QScrollArea(self)
        area.setWidget(self.form)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setProperty("card", True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.viewport().setAutoFillBackground(False)
        self.form.setAutoFillBackground(False)
        area.setMinimumHeight(LEAST_FORM_HEIGHT)
        upper.setMinimumHeight(LEAST_LIST_HEIGHT)
        parts = QSplitter(Qt.Orientation.Vertical, self)
        parts.setChildrenCollapsible(False)
        parts.setHandleWidth(SPACING)
        parts.addWidget(upper)
        parts.addWidget(area)
        parts.setStretchFactor(0, 1)
        parts.setStretchFactor(1, 1)
        parts.setSizes([40 * SPACING, 36 * SPACING])
        return parts

    def notify(self, text: str) -> None:
        """Says why something cannot be done; an empty text takes that back."""
        self.notice.setText(text)
        self.notice.setVisible(bool(text))
