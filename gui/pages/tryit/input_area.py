"""InputArea: the ways to give an input to a model, as tabs where there are several."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from engine.events.messages import DataProgress
from engine.events.trying import (
    ChangeFound,
    ExampleTaken,
    Given,
    InputTried,
    ModelLookedAt,
    PolicyDriven,
)
from gui.pages.tryit.input_panel import InputPanel
from gui.pages.tryit.trial import Trial
from gui.style.theme import SPACING


class InputArea(QWidget):
    """Holds the panels of a model; what is given by one takes the place of what another gave.

    Signals:
        given(Given | None): The input is this now; None: there is none.
        turned(): Another panel is on screen.

    Args:
        trial: Asks what panels want to know of the model.
    """

    given = Signal(object)
    turned = Signal()

    def __init__(self, trial: Trial, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.panels: list[InputPanel] = []
        self._trial = trial
        self._current: InputPanel | None = None
        self._tabs: QTabWidget | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        trial.change_found.connect(self._on_change)
        trial.change_progressed.connect(self._on_change_progress)
        trial.change_dropped.connect(self._on_change_dropped)
        trial.policy_driven.connect(self._on_driven)

    @property
    def empty_text(self) -> str:
        """What to do first."""
        return self._current.empty_text if self._current is not None else ""

    @property
    def shows_what_is_seen(self) -> bool:
        """What the model receives stands here."""
        return self._current is not None and self._current.shows_what_is_seen

    @property
    def begins_with_example(self) -> bool:
        """Its first panel is of more use with an example in it."""
        return bool(self.panels) and self.panels[0].begins_with_example

    def clear(self) -> None:
        """Takes the panels away."""
        while self._column.count():
            item = self._column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.panels, self._current, self._tabs = [], None, None

    def show_model(self, look: ModelLookedAt) -> None:
        """Makes the panels of a model."""
        # The panels of all kinds are no part of opening a window.
        from gui.pages.tryit.panels import panels_for

        self.clear()
        self.panels = panels_for(look, self._trial)
        for panel in self.panels:
            panel.given.connect(self._on_given)
        self._current = self.panels[0]
        if len(self.panels) == 1:
            self._column.addWidget(self._current)
            return
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        for panel in self.panels:
            panel.setContentsMargins(0, SPACING, 0, 0)
            self._tabs.addTab(panel, panel.title)
        self._tabs.currentChanged.connect(self._on_tab)
        self._column.addWidget(self._tabs)

    def show_example(self, taken: ExampleTaken) -> bool:
        """Shows an example in the first panel that can, which gives it; says whether one can."""
        for panel in self.panels:
            if type(panel).show_example is not InputPanel.show_example:
                if self._tabs is not None:
                    self._tabs.setCurrentWidget(panel)
                panel.show_example(taken)
                return True
        return False

    def show_answer(self, answer: InputTried) -> None:
        """Shows what of the answer belongs to the input."""
        if self._current is not None:
            self._current.show_answer(answer)

    def show_no_change(self, text: str) -> None:
        """Says why nothing that would change the answer can be looked for."""
        for panel in self.panels:
            panel.show_no_change(text)

    @Slot(object)
    def _on_given(self, given: Given | None) -> None:
        panel = self.sender()
        if isinstance(panel, InputPanel):
            self._current = panel
            for other in self.panels:
                if other is not panel:
                    other.clear()
        self.given.emit(given)

    @Slot(int)
    def _on_tab(self, index: int) -> None:
        self._current = self.panels[index]
        self.turned.emit()

    @Slot(object)
    def _on_change(self, found: ChangeFound) -> None:
        for panel in self.panels:
            panel.show_change(found)

    @Slot(object)
    def _on_change_progress(self, progress: DataProgress) -> None:
        for panel in self.panels:
            panel.show_change_progress(progress)

    @Slot()
    def _on_change_dropped(self) -> None:
        self.show_no_change("")

    @Slot(object)
    def _on_driven(self, driven: PolicyDriven) -> None:
        for panel in self.panels:
            panel.show_episode(driven.episode)
