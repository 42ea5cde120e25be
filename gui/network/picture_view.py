"""PictureView: the graph of layers, to look at, zoom, move and walk through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import (
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget

from engine.events.messages import LayerInfo
from engine.graph.layer_graph import source_of
from gui.formatting.model_words import spoken
from gui.network.layout import Box, Layout, lay_out
from gui.network.picture_items import LayerBox, LineItem, box_size
from gui.style.theme import SPACING, current_theme

ZOOM_STEP: Final = 1.25
LEAST_ZOOM: Final = 0.005
MOST_ZOOM: Final = 4.0
MARGIN: Final = 2.0 * SPACING
START_ZOOM: Final = 0.6
"""A picture that would be smaller than this to be seen whole begins at its top."""
_WALKS: Final[dict[int, tuple[int, int]]] = {
    Qt.Key.Key_Down: (0, 1),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
}


class PictureView(QGraphicsView):
    """Layers from top to bottom.

    Ctrl and the wheel zoom, as + and - do; 0 shows everything; dragging moves. Arrow keys walk from
    layer to layer along the lines, and from branch to branch.

    Signals:
        layer_picked(str): Someone chose the layer of that name; empty: none.
    """

    layer_picked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers: tuple[LayerInfo, ...] = ()
        self._boxes: dict[str, LayerBox] = {}
        self._lines: list[LineItem] = []
        self._names: list[str] = []
        self._selected = ""
        self._is_started = False
        self._is_notifying = True
        self.setScene(QGraphicsScene(self))
        self.setObjectName("picture")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setDragMode(QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setAccessibleName(self.tr("Picture of the layers"))
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        self.scene().selectionChanged.connect(self._on_selection)
        current_theme().changed.connect(self._recolor)
        self._recolor()

    # ---- what is shown

    @property
    def boxes(self) -> dict[str, LayerBox]:
        """By name of the layer."""
        return self._boxes

    @property
    def lines(self) -> Sequence[LineItem]:
        """The lines between them."""
        return self._lines

    @property
    def selected(self) -> str:
        """Name of the chosen layer; empty: none."""
        return self._selected

    def set_layers(self, layers: Sequence[LayerInfo]) -> None:
        """Draws layers anew; the chosen one and the zoom stay, where there is one."""
        if tuple(layers) == self._layers:
            return
        self._layers = tuple(layers)
        kept = self._selected
        self._is_notifying = False
        self.scene().clear()
        self._boxes, self._lines = {}, []
        self._selected = ""
        layout = layout_of(layers)
        self._names = [layer.name for layer in layers]
        for layer, center in zip(layers, layout.centers, strict=True):
            box = LayerBox(layer)
            box.setPos(*center)
            self.scene().addItem(box)
            self._boxes[layer.name] = box
        for line in layout.lines:
            item = LineItem(line)
            self.scene().addItem(item)
            self._lines.append(item)
        area = QRectF(0, 0, layout.width, layout.height)
        self.scene().setSceneRect(area.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN))
        self._is_notifying = True
        self.select(kept)
        if not self._is_started:
            self._start()

    def select(self, name: str) -> None:
        """Chooses a layer and brings it into sight, without a signal; other names choose none."""
        self._is_notifying = False
        self.scene().clearSelection()
        if name in self._boxes:
            self._boxes[name].setSelected(True)
        self._is_notifying = True
        self._bring_into_sight()

    def _bring_into_sight(self) -> None:
        if self._selected in self._boxes and self.isVisible():
            self.ensureVisible(self._boxes[self._selected], 4 * SPACING, 4 * SPACING)

    @Slot()
    def _on_selection(self) -> None:
        chosen = [item for item in self.scene().selectedItems() if isinstance(item, LayerBox)]
        name = chosen[0].layer.name if chosen else ""
        if name == self._selected:
            return
        self._selected = name
        for item in self._lines:
            ends = (self._names[item.line.source], self._names[item.line.target])
            item.set_near(name in ends)
        self.setAccessibleDescription(spoken(chosen[0].layer) if chosen else "")
        if self._is_notifying:
            self.layer_picked.emit(name)

    @Slot()
    def _recolor(self) -> None:
        self.setBackgroundBrush(QColor(current_theme().palette.window))
        self.scene().update()

    # ---- zoom

    @property
    def zoom(self) -> float:
        """Pixels on screen for one of the picture."""
        return self.transform().m11()

    def zoom_by(self, factor: float) -> None:
        """Makes everything larger or smaller; the person's choice from then on."""
        self._is_started = True
        wanted = min(max(self.zoom * factor, LEAST_ZOOM), MOST_ZOOM)
        self.scale(wanted / self.zoom, wanted / self.zoom)

    @Slot()
    def zoom_in(self) -> None:
        self._zoom_at_middle(ZOOM_STEP)

    @Slot()
    def zoom_out(self) -> None:
        self._zoom_at_middle(1 / ZOOM_STEP)

    def _zoom_at_middle(self, factor: float) -> None:
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.zoom_by(factor)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)

    @Slot()
    def fit(self) -> None:
        """Shows everything, no larger than it is."""
        self._is_started = True
        self._set_zoom(min(1.0, self._zoom_for(True)))
        self.centerOn(self.sceneRect().center())

    def _start(self) -> None:
        """Shows everything where it can be read, else the top in the width there is."""
        if not self.isVisible() or self.sceneRect().isEmpty():
            return
        whole = self._zoom_for(True)
        if whole >= START_ZOOM:
            self._set_zoom(min(1.0, whole))
            self.centerOn(self.sceneRect().center())
            return
        self._set_zoom(min(1.0, max(START_ZOOM, self._zoom_for(False))))
        self._look_at_top()

    def _look_at_top(self) -> None:
        first = self._boxes[self._names[0]]
        self.centerOn(first.pos())
        self.verticalScrollBar().setValue(self.verticalScrollBar().minimum())

    def _zoom_for(self, whole: bool) -> float:
        area, room = self.sceneRect(), self.maximumViewportSize()
        if whole:
            return min(room.width() / area.width(), room.height() / area.height())
        return (room.width() - self.verticalScrollBar().sizeHint().width() - 2) / area.width()

    def _set_zoom(self, zoom: float) -> None:
        self.resetTransform()
        zoom = min(max(zoom, LEAST_ZOOM), MOST_ZOOM)
        self.scale(zoom, zoom)

    # ---- events

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_started:
            self._start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._selected:
            self._bring_into_sight()
        elif not self._is_started:
            self._start()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._is_started = True
        super().mousePressEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_by(ZOOM_STEP ** (event.angleDelta().y() / 120))
            event.accept()
            return
        self._is_started = True
        super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in _WALKS and event.modifiers() in (
            Qt.KeyboardModifier.NoModifier,
            Qt.KeyboardModifier.KeypadModifier,
        ):
            self._walk(*_WALKS[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._names:
            self._pick(self._names[0 if key == Qt.Key.Key_Home else -1])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def _walk(self, across: int, down: int) -> None:
        if not self._names:
            return
        if not self._selected:
            self._pick(self._names[0])
            return
        here = self._boxes[self._selected]
        if down:
            names = self._joined(self._selected, down > 0)
            others = [self._boxes[name] for name in names]
        else:
            y, x = here.pos().y(), here.pos().x()
            others = [
                box
                for box in self._boxes.values()
                if abs(box.pos().y() - y) < 1 and (box.pos().x() - x) * across > 1
            ]
        if others:
            nearest = min(others, key=lambda box: abs(box.pos().x() - here.pos().x()))
            self._pick(nearest.layer.name)

    def _joined(self, name: str, is_down: bool) -> list[str]:
        at = self._names.index(name)
        lines = [item.line for item in self._lines]
        if is_down:
            return [self._names[line.target] for line in lines if line.source == at]
        return [self._names[line.source] for line in lines if line.target == at]

    def _pick(self, name: str) -> None:
        if name == self._selected:
            return
        self.select(name)
        self.layer_picked.emit(name)


def layout_of(layers: Sequence[LayerInfo]) -> Layout:
    """Places layers; where none says what it takes, each takes the one before it."""
    places = {layer.name: at for at, layer in enumerate(layers)}
    has_inputs = any(layer.inputs for layer in layers)
    boxes = []
    for at, layer in enumerate(layers):
        if has_inputs:
            named = (places.get(source_of(name), at) for name in layer.inputs)
            inputs = tuple(source for source in dict.fromkeys(named) if source < at)
        else:
            inputs = (at - 1,) if at else ()
        boxes.append(Box(*box_size(layer), inputs))
    return lay_out(boxes)
