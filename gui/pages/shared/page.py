"""Page: what the frame and every page of the workflow know of each other."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtWidgets import QScrollArea, QWidget

from gui.state.controller import Controller
from gui.state.messages import Messages
from gui.state.settings import Settings


class Page(QWidget):
    """One room of the workflow.

    A page is built once, in a turn of the event loop of its own and in less than 50 ms. Actions
    with a shortcut that it adds to itself (`addAction`) are listed by the shortcut sheet under
    the page's title, and work while the page is shown.

    Signals:
        page_requested(str): The person wants another page, by its name: ``data``, ``model``,
            ``train``, ``results``, ``try`` or ``runs``.
        hint_changed(str): What the workflow shows under the page's name; a few words.
        field_requested(str): The person wants to set something that may be on another page, by
            its path in a `RunSpec`.

    Args:
        controller: The engine's side of the window.
        messages: The one door for messages.
        settings: What is remembered between launches.
    """

    page_requested = Signal(str)
    hint_changed = Signal(str)
    field_requested = Signal(str)

    def __init__(
        self,
        controller: Controller,
        messages: Messages,
        settings: Settings,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.controller = controller
        self.messages = messages
        self.settings = settings
        self.hint = ""
        self.hint_changed.connect(self._remember_hint)

    def tab_parts(self) -> tuple[QWidget, ...]:
        """Returns the parts that are read one after the other, for the Tab key."""
        return (self,)

    def focus_field(self, path: str) -> bool:
        """Puts the cursor where something is set, by its path in a `RunSpec`.

        Returns:
            It is on this page, and shown.
        """
        return False

    def open_path(self, path: str) -> None:
        """Takes a file or folder that was dropped; here, nothing."""

    @Slot(str)
    def _remember_hint(self, hint: str) -> None:
        # What is said before anyone listens, while the page is being built, is not lost.
        self.hint = hint


def scroll_to(area: QScrollArea, widget: QWidget) -> bool:
    """Scrolls to a widget once what was just opened has its place; returns True."""
    QTimer.singleShot(0, widget, partial(area.ensureWidgetVisible, widget))
    return True
