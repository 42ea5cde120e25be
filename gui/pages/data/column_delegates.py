"""How cells of the table of columns are drawn, and how a choice is made in one."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QAbstractItemModel, QObject, QRect, QRectF, Qt, Slot
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import (
    QComboBox,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.devices.console.escaping import escaped
from gui.style.icons import icon
from gui.style.theme import SPACING, TEXT_SMALL, blend, current_theme, text_font
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.tables import Index

HISTOGRAM_ROLE: Final = Qt.ItemDataRole.UserRole + 1
CHOICES_ROLE: Final = Qt.ItemDataRole.UserRole + 2
VALUES_ROLE: Final = Qt.ItemDataRole.UserRole + 3
CONSTANT: Final = "constant"
"""The choice after which a value is typed."""
_ARROW: Final = 2 * SPACING
_EDITOR_WIDTH: Final = 16 * SPACING
_MOST_VALUES: Final = 6


class ChoiceDelegate(QStyledItemDelegate):
    """Shows a cell with choices as such, and offers them.

    Args:
        takes_text: What is typed instead of a choice is a constant.
    """

    def __init__(self, takes_text: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._takes_text = takes_text

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        if not index.data(CHOICES_ROLE):
            super().paint(painter, option, index)
            return
        inner = QStyleOptionViewItem(option)
        inner.rect = option.rect.adjusted(0, 0, -_ARROW, 0)
        super().paint(painter, inner, index)
        edge = SPACING + 4
        area = option.rect
        icon("down", "muted").paint(
            painter, area.right() - edge - 4, area.center().y() - edge // 2, edge, edge
        )

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = ChoiceBox(parent)
        for text, name in index.data(CHOICES_ROLE):
            box.addItem(text, name)
        if self._takes_text:
            box.setEditable(True)
            box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.activated.connect(self._on_activated)
        return box

    def updateEditorGeometry(
        self, editor: QWidget, option: QStyleOptionViewItem, index: Index
    ) -> None:
        area = QRect(option.rect)
        area.setWidth(max(area.width(), _EDITOR_WIDTH))
        editor.setGeometry(area)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(index.data(Qt.ItemDataRole.EditRole))))
            editor.showPopup()

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            text = editor.currentText().strip()
            place = editor.findText(text)
            chosen = editor.itemData(place) if place >= 0 else text
            if chosen and chosen != CONSTANT:
                model.setData(index, chosen)

    @Slot()
    def _on_activated(self) -> None:
        editor = self.sender()
        if not isinstance(editor, QComboBox):
            return
        line = editor.lineEdit()
        if line is not None and editor.currentData() == CONSTANT:
            line.clear()  # the value is typed next; Return or another cell takes it
            line.setPlaceholderText(self.tr("value"))
            line.setFocus()
            return
        self.commitData.emit(editor)
        self.closeEditor.emit(editor)


class DistributionDelegate(QStyledItemDelegate):
    """Paints a histogram, or the most frequent values as shares of a bar."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        counts = index.data(HISTOGRAM_ROLE)
        values = index.data(VALUES_ROLE)
        area = QRectF(option.rect).adjusted(SPACING, 4, -SPACING, -4)
        painter.save()
        if values:
            self._paint_values(painter, area, values)
        elif counts is not None and len(counts) and counts.max() > 0:
            self._paint_histogram(painter, area, counts.tolist())
        painter.restore()

    def _paint_histogram(self, painter: QPainter, area: QRectF, counts: list[int]) -> None:
        palette = current_theme().palette
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(blend(palette.surface, palette.series[0], 0.75)))
        width = area.width() / len(counts)
        for bin_number, count in enumerate(counts):
            height = area.height() * count / max(counts)
            left = area.left() + bin_number * width
            painter.drawRect(QRectF(left, area.bottom() - height, max(width - 1, 1), height))

    def _paint_values(
        self, painter: QPainter, area: QRectF, values: tuple[tuple[str, int], ...]
    ) -> None:
        """Each value has a part of the bar as long as its share, with its name where it fits."""
        palette = current_theme().palette
        total = max(1, sum(count for _, count in values))
        painter.setFont(text_font(TEXT_SMALL))
        left = area.left()
        for place, (name, count) in enumerate(values[:_MOST_VALUES]):
            width = area.width() * count / total
            part = QRectF(left, area.top(), max(width - 1, 1), area.height())
            ground = blend(palette.surface, palette.series[0], 0.45 - 0.06 * place)
            painter.fillRect(part, QColor(ground))
            painter.setPen(QColor(palette.text))
            shown = painter.fontMetrics().elidedText(
                escaped(name), Qt.TextElideMode.ElideRight, int(part.width()) - 6
            )
            if len(shown) > 1:
                inside = part.adjusted(3, 0, -3, 0)
                painter.drawText(inside, Qt.AlignmentFlag.AlignVCenter, shown)
            left += width
