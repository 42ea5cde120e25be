"""ModelTabs: what there is to see of the chosen model, a tab for each way of looking at it.

To add a way: a widget that is a `ModelView`, and a line in `ModelTabs.__init__`, or a call of
`add_view` where the widget needs what only the page has.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from engine.events.messages import ModelDescribed
from gui.network.layer_view import LayerView


class ModelView(Protocol):
    """A widget that shows the chosen model in some way."""

    def show_architecture(self, name: str) -> None:
        """Shows what does not depend on the data; `name` may be of no architecture."""

    def show_model(self, model: ModelDescribed | None) -> None:
        """Shows a model; None: there is none, or it is being built."""


@runtime_checkable
class LayerPicker(Protocol):
    """A view in which a layer can be picked, and one be marked as wrong."""

    layer_selected: ClassVar[Signal]

    def select(self, name: str) -> None:
        """Shows a layer as picked; emits nothing."""

    def mark(self, name: str, reason: str) -> None:
        """Shows what is wrong with a layer; an empty name clears it."""


class ModelTabs(QTabWidget):
    """Tabs of which each is built when it is first shown, and told what is known then.

    Where there is no model to show, a panel that says why covers the tabs that need one.

    Signals:
        layer_selected(str): The person picked the layer of that name in one of the tabs.
    """

    layer_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model: ModelDescribed | None = None
        self._architecture = ""
        self._makers: list[Callable[[QWidget], QWidget]] = []
        self._views: dict[int, ModelView] = {}
        self._needs_model: list[bool] = []
        self._cover: QWidget | None = None
        self._shown = False
        self._selected = ""
        self._marked = ("", "")
        self.setDocumentMode(True)
        self.layers = LayerView(self)
        self.add_view(self.tr("Layers"), lambda parent: self.layers)
        self.currentChanged.connect(self._on_current)
        self._on_current(0)

    def add_view(
        self, title: str, make: Callable[[QWidget], QWidget], needs_model: bool = True
    ) -> int:
        """Adds a tab.

        Args:
            title: Its title.
            make: Makes its `ModelView`, given the parent, when it is first shown.
            needs_model: Without a model there is nothing to see in it.

        Returns:
            Its place, as `setCurrentIndex` takes it.
        """
        self._makers.append(make)
        self._needs_model.append(needs_model)
        place = QWidget(self)
        QVBoxLayout(place).setContentsMargins(0, 0, 0, 0)
        return self.addTab(place, title)

    def cover(self, panel: QWidget) -> None:
        """Shows a panel in place of what needs a model, until `uncover`."""
        self._cover = panel
        self._place_cover()

    def uncover(self) -> None:
        """Shows every view again."""
        if self._cover is not None:
            self._cover.hide()
            self._cover = None
        self._place_cover()

    def _place_cover(self) -> None:
        """Puts the panel over the tab on screen, if that needs a model."""
        index = self.currentIndex()
        place, view = self.widget(index), self._views.get(index)
        if place is None or not isinstance(view, QWidget):
            return
        is_covered = self._cover is not None and self._needs_model[index]
        view.setVisible(not is_covered)
        if self._cover is None:
            return
        layout = place.layout()
        if is_covered and layout is not None and layout.indexOf(self._cover) < 0:
            layout.addWidget(self._cover)
        self._cover.setVisible(is_covered)

    def show_architecture(self, name: str) -> None:
        """Tells every view which architecture is picked."""
        self._architecture = name
        for view in self._views.values():
            view.show_architecture(name)

    def show_model(self, model: ModelDescribed | None) -> None:
        """Tells every view what the model is."""
        self._model = model
        self._shown = self._shown or model is not None
        for view in self._views.values():
            view.show_model(model)
            if model is not None and isinstance(view, LayerPicker):
                view.select(self._selected)  # it may be new

    @property
    def has_model(self) -> bool:
        """A model was shown, be it the one before."""
        return self._shown

    def select_layer(self, name: str) -> None:
        """Shows a layer as picked, wherever layers can be; emits nothing."""
        self._selected = name
        for view in self._views.values():
            if isinstance(view, LayerPicker):
                view.select(name)

    def mark_layer(self, name: str, reason: str) -> None:
        """Shows what is wrong with a layer; an empty name clears it."""
        self._marked = (name, reason)
        for view in self._views.values():
            if isinstance(view, LayerPicker):
                view.mark(name, reason)

    @Slot(int)
    def _on_current(self, index: int) -> None:
        if not 0 <= index < len(self._makers):
            return
        if index not in self._views:
            self._make_view(index)
        self._place_cover()

    def _make_view(self, index: int) -> None:
        place = self.widget(index)
        assert place is not None
        view = self._makers[index](place)
        layout = place.layout()
        assert layout is not None
        layout.addWidget(view)
        self._views[index] = view  # type: ignore[assignment]  # a widget that is a ModelView
        self._views[index].show_architecture(self._architecture)
        self._views[index].show_model(self._model)
        if isinstance(view, LayerPicker):
            view.select(self._selected)
            view.mark(*self._marked)
            view.layer_selected.connect(self._on_layer_selected)

    @Slot(str)
    def _on_layer_selected(self, name: str) -> None:
        self._selected = name
        self.layer_selected.emit(name)
