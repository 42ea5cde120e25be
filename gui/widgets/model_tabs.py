"""ModelTabs: what there is to see of the chosen model, a tab for each way of looking at it.

To add a way: a widget that is a `ModelView`, and a line in `ModelTabs.__init__`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from engine.events import ModelDescribed
from gui.widgets.layer_view import LayerView


class ModelView(Protocol):
    """A widget that shows the chosen model in some way."""

    def show_architecture(self, name: str) -> None:
        """Shows what does not depend on the data; `name` may be of no architecture."""

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows a model; None: there is none, or it is being built."""


class ModelTabs(QTabWidget):
    """Tabs of which each is built when it is first shown, and told what is known then."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: ModelDescribed | None = None
        self._architecture = ""
        self._makers: list[Callable[[QWidget], QWidget]] = []
        self._views: dict[int, ModelView] = {}
        self.setDocumentMode(True)
        self.layers = LayerView(self)
        self.add_view(self.tr("Layers"), lambda parent: self.layers)
        self.currentChanged.connect(self._on_current)
        self._on_current(0)

    def add_view(self, title: str, make: Callable[[QWidget], QWidget]) -> None:
        """Adds a tab.

        Args:
            title: Its title.
            make: Makes its `ModelView`, given the parent, when it is first shown.
        """
        self._makers.append(make)
        place = QWidget(self)
        QVBoxLayout(place).setContentsMargins(0, 0, 0, 0)
        self.addTab(place, title)

    def show_architecture(self, name: str) -> None:
        """Tells every view which architecture is picked."""
        self._architecture = name
        for view in self._views.values():
            view.show_architecture(name)

    def show_model(self, model: ModelDescribed | None) -> None:
        """Tells every view what the model is."""
        self._model = model
        for view in self._views.values():
            view.show_model(model)

    @Slot(int)
    def _on_current(self, index: int) -> None:
        if index in self._views or not 0 <= index < len(self._makers):
            return
        place = self.widget(index)
        assert place is not None
        view = self._makers[index](place)
        layout = place.layout()
        assert layout is not None
        layout.addWidget(view)
        self._views[index] = view  # type: ignore[assignment]  # a widget that is a ModelView
        self._views[index].show_architecture(self._architecture)
        self._views[index].show_model(self._model)
