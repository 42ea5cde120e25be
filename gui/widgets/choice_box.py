"""ChoiceBox: a list to choose from that takes the room it gets; long choices end in an ellipsis."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import (
    QComboBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QWidget,
)

from engine.devices.console.escaping import escaped
from gui.style.box_delegate import BoxDelegate
from gui.style.theme import SPACING
from gui.style.wheel import wheel_needs_focus

WIDEST_LIST: Final = 60 * SPACING


class ChoiceBox(QComboBox):
    """A combo box for narrow columns; the wheel changes it only where it has the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setItemDelegate(BoxDelegate(self))
        self.setMinimumContentsLength(6)
        self.setMinimumWidth(9 * SPACING)
        wheel_needs_focus(self)

    @property
    def shown_text(self) -> str:
        """The current choice as it fits."""
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        field = self.style().subControlRect(
            QStyle.ComplexControl.CC_ComboBox,
            option,
            QStyle.SubControl.SC_ComboBoxEditField,
            self,
        )
        room = max(0, field.width() - 2)
        text = escaped(self.currentText())
        return self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room)

    def showPopup(self) -> None:
        # The list is as wide as its longest choice, however narrow the box.
        view = self.view()
        view.setMinimumWidth(min(view.sizeHintForColumn(0) + 4 * SPACING, WIDEST_LIST))
        super().showPopup()

    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionComboBox()
        self.initStyleOption(option)
        option.currentText = self.shown_text
        painter = QStylePainter(self)
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)
