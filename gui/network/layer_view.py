"""LayerView: the layers of a model from input to output, with shapes and parameter counts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPen,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.events.messages import LayerInfo, ModelDescribed
from engine.spec.formatting import NOTHING, percent_text, shape_text
from gui.formatting.numbers import count_text
from gui.formatting.plain_text import titled_tip
from gui.style.theme import (
    SPACING,
    TEXT_NORMAL,
    TEXT_SMALL,
    blend,
    current_theme,
    set_role,
    text_font,
)
from gui.widgets.painted_text import paint_left, paint_right

Index = QModelIndex | QPersistentModelIndex

LAYER_ROLE: Final = Qt.ItemDataRole.UserRole + 1
SHARE_ROLE: Final = Qt.ItemDataRole.UserRole + 2
ARROW: Final = 2 * SPACING
"""Gap between two layers, in which the line that joins them is drawn."""
STRIPE: Final = 4

# Layers of one family have one colour: a position in the palette's series.
_FAMILIES: Final = (
    ("Input", 7),
    ("Conv", 0),
    ("Pool", 5),
    ("Dense", 2),
    ("Normalization", 3),
    ("Dropout", 4),
    ("Activation", 4),
    ("LSTM", 1),
    ("GRU", 1),
    ("RNN", 1),
    ("Bidirectional", 1),
    ("Attention", 8),
    ("Embedding", 9),
)


def takes_from(following: LayerInfo, layer: LayerInfo) -> bool:
    """Whether an arrow leads from a layer to the one below it: branches stand side by side."""
    return not following.inputs or layer.name in following.inputs


class LayerView(QListView):
    """One box for each layer, joined by lines."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[LayerInfo, ...] = ()
        self._items = QStandardItemModel(self)
        self.setObjectName("layers")
        self.setModel(self._items)
        self.setItemDelegate(_LayerDelegate(self))
        set_role(self, "page")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setAccessibleName(self.tr("Layers of the model, from input to output"))
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("#layers { background: transparent; }")
        current_theme().changed.connect(self._repaint)

    @property
    def layers(self) -> tuple[LayerInfo, ...]:
        """The layers on screen."""
        return self._layers

    def show_architecture(self, name: str) -> None:
        """Nothing here depends on the architecture alone."""

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows the layers of a model; those before stay while the next is built."""
        if model is not None:
            self.set_layers(model.layers)

    def set_layers(self, layers: Sequence[LayerInfo]) -> None:
        """Shows layers, from input to output."""
        if tuple(layers) == self._layers:
            return
        self._layers = tuple(layers)
        self._items.clear()
        total = sum(layer.n_parameters for layer in layers)
        for layer in layers:
            share = layer.n_parameters / total if total else 0.0
            self._items.appendRow(self._item(layer, share))

    def _item(self, layer: LayerInfo, share: float) -> QStandardItem:
        item = QStandardItem(layer.type)
        item.setData(layer, LAYER_ROLE)
        item.setData(share, SHARE_ROLE)
        words = self.tr("{type} {name}: output {shape}, {n} parameters").format(
            type=layer.type,
            name=layer.name,
            shape=shape_text(layer.output_shape),
            n=count_text(layer.n_parameters),
        )
        item.setData(words, Qt.ItemDataRole.AccessibleTextRole)
        percent = f" ({percent_text(share)})" if layer.n_parameters else ""
        item.setToolTip(titled_tip(layer.name, layer.details, f"{words}{percent}"))
        return item

    @Slot()
    def _repaint(self) -> None:
        self.viewport().update()


class _LayerDelegate(QStyledItemDelegate):
    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        normal = QFontMetrics(text_font(TEXT_NORMAL)).height()
        small = QFontMetrics(text_font(TEXT_SMALL)).height()
        return QSize(20 * SPACING, normal + small + 2 * SPACING + 2 + ARROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        layer = index.data(LAYER_ROLE)
        palette = current_theme().palette
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5 - ARROW)
        is_picked = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.setPen(QPen(QColor(palette.accent if is_picked else palette.border), 1))
        painter.setBrush(QColor(palette.surface))
        painter.drawRoundedRect(box, 6, 6)
        color = QColor(palette.series[family_color(layer.type)])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        stripe = QRectF(box.left() + SPACING, box.top() + SPACING, STRIPE, box.height() - 16)
        painter.drawRoundedRect(stripe, 2, 2)
        self._paint_words(painter, box, layer, index.data(SHARE_ROLE))
        following = index.sibling(index.row() + 1, 0).data(LAYER_ROLE)
        if following is not None and takes_from(following, layer):
            _paint_arrow(painter, QPointF(box.center().x(), box.bottom()), palette.muted)
        painter.restore()

    def _paint_words(self, painter: QPainter, box: QRectF, layer: LayerInfo, share: float) -> None:
        palette = current_theme().palette
        bold, normal, small = text_font(TEXT_NORMAL, True), text_font(), text_font(TEXT_SMALL)
        left = box.left() + 2 * SPACING + STRIPE
        right = box.right() - 2 * SPACING
        upper = box.top() + SPACING + QFontMetrics(bold).ascent()
        lower = box.bottom() - SPACING - QFontMetrics(small).descent()
        shape = shape_text(layer.output_shape)
        shape_width = paint_right(painter, shape, right, upper, normal, palette.text)
        n_parameters = layer.n_parameters
        count = self.tr("{n} parameters").format(n=count_text(n_parameters))
        count_width = paint_right(
            painter, count if n_parameters else NOTHING, right, lower, small, palette.muted
        )
        paint_left(painter, layer.type, left, upper, right - shape_width, bold, palette.text)
        details = layer.details or layer.name
        paint_left(painter, details, left, lower, right - count_width, small, palette.muted)
        if share:
            # How much of the model sits here, as a line along the lower edge.
            width = (box.width() - 2 * SPACING) * share
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(blend(palette.surface, palette.accent, 0.6)))
            line = QRectF(box.left() + SPACING, box.bottom() - 2.5, max(width, 2.0), 2)
            painter.drawRoundedRect(line, 1, 1)


def _paint_arrow(painter: QPainter, top: QPointF, color: str) -> None:
    painter.setPen(QPen(QColor(color), 1))
    end = top + QPointF(0, ARROW - 3)
    painter.drawLine(top + QPointF(0, 2), end)
    painter.drawLine(end, end + QPointF(-3, -3))
    painter.drawLine(end, end + QPointF(3, -3))


def family_color(layer_type: str) -> int:
    """Position in the palette's series of the colour of a layer's family."""
    return next((color for word, color in _FAMILIES if word in layer_type), 6)
