"""FlowPanel: the gradient flow of a stored run, folded away until someone wants to see it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QVBoxLayout, QWidget

from engine.events.insights import GradientFlow
from gui.style.theme import SPACING
from gui.widgets.fold import Fold

if TYPE_CHECKING:
    from gui.insights.flow_view import FlowView

HEIGHT = 48 * SPACING


class FlowPanel(QWidget):
    """A heading that opens to a heat map; it takes no room where nothing was measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.view: FlowView | None = None
        self._measurements: Sequence[GradientFlow] = ()
        self._room = QWidget()
        self._room.setFixedHeight(HEIGHT)
        self._inner = QVBoxLayout(self._room)
        self._inner.setContentsMargins(0, 0, 0, 0)
        self.fold = Fold(self.tr("Gradient flow"), self._room)
        self.fold.header.toggled.connect(self._draw)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.fold)
        self.hide()

    def show_run(self, measurements: Sequence[GradientFlow]) -> None:
        """Shows what was measured in a run, by step."""
        self._measurements = measurements
        self.setVisible(bool(measurements))
        self._draw()

    @Slot()
    def _draw(self) -> None:
        """Draws only what is looked at; most never is."""
        if not self.fold.is_open:
            return
        if self.view is None:
            from gui.insights.flow_view import FlowView

            self.view = FlowView()
            self._inner.addWidget(self.view)
            self.view.show()
        self.view.show_all(self._measurements)
