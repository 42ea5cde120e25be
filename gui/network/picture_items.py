"""What the picture of a network is made of: boxes of layers, and the lines that join them."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QPainter,
    QPainterPath,
    QPainterPathStroker,
    QPen,
    QPolygonF,
)
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget

from engine.events.messages import LayerInfo
from engine.spec.formatting import shape_text
from gui.formatting.model_words import counts_text, explanation, is_small, merge_sign, spoken
from gui.formatting.plain_text import plain_html
from gui.network.layer_view import STRIPE, family_color
from gui.network.layout import Line
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, blend, current_theme, text_font
from gui.widgets.painted_text import paint_left, paint_right

BOX_WIDTH: Final = 33.0 * SPACING
BOX_HEIGHT: Final = 9.0 * SPACING
SMALL_WIDTH: Final = 28.0 * SPACING
SMALL_HEIGHT: Final = 4.0 * SPACING
ARROW: Final = 4.0
READABLE: Final = 0.5
"""Zoom below which text would be too small to read, and is not drawn."""


def box_size(layer: LayerInfo) -> tuple[float, float]:
    """Width and height of a layer's box in pixels; what has no settings to speak of is small."""
    return (SMALL_WIDTH, SMALL_HEIGHT) if is_small(layer.type) else (BOX_WIDTH, BOX_HEIGHT)


class LayerBox(QGraphicsItem):
    """One layer; its position is its middle."""

    def __init__(self, layer: LayerInfo) -> None:
        super().__init__()
        self.layer = layer
        self.reason = ""
        self._is_small = is_small(layer.type)
        width, height = box_size(layer)
        self._rect = QRectF(-width / 2, -height / 2, width, height)
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemIsSelectable)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._show_tip()

    def mark(self, reason: str) -> None:
        """Shows that something is wrong with the layer; without a reason nothing is."""
        self.reason = reason
        self._show_tip()
        self.update()

    def _show_tip(self) -> None:
        lines = [spoken(self.layer), explanation(self.layer.type), self.reason]
        self.setToolTip("".join(f"<p>{plain_html(line)}</p>" for line in lines if line))

    def boundingRect(self) -> QRectF:
        return self._rect.adjusted(-3, -3, 3, 3)

    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(self._rect)
        return path

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        palette = current_theme().palette
        color = palette.series[family_color(self.layer.type)]
        zoom = option.levelOfDetailFromTransform(painter.worldTransform())
        is_readable = zoom >= READABLE
        painter.setPen(self._edge())
        fill = blend(palette.surface, color, 0.06 if is_readable else 0.6)
        if self.reason:
            fill = blend(palette.surface, palette.danger, 0.12 if is_readable else 0.6)
        painter.setBrush(QColor(fill))
        radius = self._rect.height() / 2 if self._is_small else 6.0
        painter.drawRoundedRect(self._rect, radius, radius)
        if not is_readable:
            return
        if self._is_small:
            self._paint_small(painter, color)
        else:
            self._paint_layer(painter, color)

    def _edge(self) -> QPen:
        palette = current_theme().palette
        if self.isSelected():
            return QPen(QColor(palette.danger if self.reason else palette.accent), 2.5)
        if self.reason:
            return QPen(QColor(palette.danger), 2)
        return QPen(QColor(blend(palette.border, palette.muted, 0.4)), 1)

    def _paint_small(self, painter: QPainter, color: str) -> None:
        palette, rect = current_theme().palette, self._rect
        baseline = rect.center().y() + QFontMetricsF(text_font()).ascent() / 2 - 2
        right = rect.right() - 2 * SPACING
        shape, small = shape_text(self.layer.output_shape), text_font(TEXT_SMALL)
        used = paint_right(painter, shape, right, baseline, small, palette.text)
        words = f"{merge_sign(self.layer.type)} {self.layer.type}".strip()
        left = rect.left() + 2 * SPACING
        bold = text_font(TEXT_NORMAL, True)
        paint_left(painter, words, left, baseline, right - used, bold, palette.text)

    def _paint_layer(self, painter: QPainter, color: str) -> None:
        palette, rect, layer = current_theme().palette, self._rect, self.layer
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        stripe = QRectF(
            rect.left() + SPACING, rect.top() + SPACING, STRIPE, rect.height() - 2 * SPACING
        )
        painter.drawRoundedRect(stripe, 2, 2)
        bold, small = text_font(TEXT_NORMAL, True), text_font(TEXT_SMALL)
        step = QFontMetricsF(small).height() + 2
        left, right = rect.left() + 2 * SPACING + STRIPE, rect.right() - 1.5 * SPACING
        first = rect.top() + SPACING + QFontMetricsF(bold).ascent()
        shape = shape_text(layer.output_shape)
        used = paint_right(painter, shape, right, first, small, palette.text)
        paint_left(painter, layer.type, left, first, right - used, bold, palette.text)
        named = f"{layer.name} · {layer.details}" if layer.details else layer.name
        paint_left(painter, named, left, first + step, right, small, palette.muted)
        counts = counts_text(layer)
        paint_left(painter, counts, left, first + 2 * step, right, small, palette.muted)


class LineItem(QGraphicsItem):
    """The way from one layer to another, with an arrow."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self.line = line
        self._path = line_path(line)
        self._is_near = False
        self.setZValue(-1)

    def set_near(self, is_near: bool) -> None:
        """Whether it begins or ends at the selected layer."""
        if is_near != self._is_near:
            self._is_near = is_near
            self.setZValue(-0.5 if is_near else -1)
            self.update()

    def boundingRect(self) -> QRectF:
        return self._path.boundingRect().adjusted(-ARROW, -ARROW, ARROW, ARROW)

    def shape(self) -> QPainterPath:
        stroker = QPainterPathStroker()
        stroker.setWidth(2 * ARROW)
        return stroker.createStroke(self._path)

    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        palette = current_theme().palette
        color = QColor(palette.accent if self._is_near else palette.muted)
        painter.setPen(QPen(color, 2 if self._is_near else 1.2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(self._path)
        end = QPointF(*self.line.points[-1])
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        back = end.y() - 1.8 * ARROW
        sides = (QPointF(end.x() - ARROW, back), QPointF(end.x() + ARROW, back))
        painter.drawPolygon(QPolygonF([end, *sides]))


def line_path(line: Line) -> QPainterPath:
    """Straight through rows, and curved between them."""
    points = [QPointF(*point) for point in line.points]
    path = QPainterPath(points[0])
    for at in range(1, len(points)):
        before, here = points[at - 1], points[at]
        if at % 2 or abs(before.x() - here.x()) < 0.5:
            path.lineTo(here)
        else:
            middle = (before.y() + here.y()) / 2
            path.cubicTo(QPointF(before.x(), middle), QPointF(here.x(), middle), here)
    return path
