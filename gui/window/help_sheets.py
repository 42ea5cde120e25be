"""HelpSheets: the sheets of help that stay beside the window, and when what is new is offered."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDialog, QWidget

from engine import __version__
from gui.state.messages import Messages
from gui.state.settings import Settings
from gui.window.shortcut_sheet import ShortcutSheet

if TYPE_CHECKING:
    from gui.window.page_sheet import PageSheet

VERSION_SETTING = "window/version"

Groups = list[tuple[str, list[QAction]]]


class HelpSheets(QObject):
    """Shows each sheet once; asked again, puts it away.

    Attributes:
        open_sheets: Those on screen, by name.

    Args:
        window: What they stay beside.
        shortcut_groups: Gives the actions of the window and of its pages, each under its title.
        current_page: Gives the name of the page on screen.
        settings: Know the language of the guide.
        places: Folder that holds the runs, and the log file; None: there is none.

    Signals:
        field_requested(str): The person wants to set something, by its path in a `RunSpec`.
    """

    field_requested = Signal(str)

    def __init__(
        self,
        window: QWidget,
        shortcut_groups: Callable[[], Groups],
        current_page: Callable[[], str],
        settings: Settings,
        places: tuple[Path, Path | None],
    ) -> None:
        super().__init__(window)
        self.open_sheets: dict[str, QDialog] = {}
        self._window = window
        self._shortcut_groups = shortcut_groups
        self._current_page = current_page
        self._settings = settings
        self._places = places

    @Slot()
    def show_shortcuts(self) -> None:
        """Shows the list of keys."""
        self._toggle("shortcuts", lambda: ShortcutSheet(self._shortcut_groups(), self._window))

    @Slot()
    def show_news(self) -> None:
        """Shows what each version brought."""
        self._toggle("news", self._news_sheet)

    @Slot()
    def show_page_help(self) -> None:
        """Explains the page on screen, and follows to the next; asked again, puts it away."""
        self._toggle("page", self._page_sheet)

    def follow_page(self) -> None:
        """Another page is on screen."""
        sheet = self.open_sheets.get("page")
        if sheet is not None:
            cast("PageSheet", sheet).show_page(self._current_page())

    @Slot()
    def show_about(self) -> None:
        """Shows which Descent this is, and where it keeps what."""
        self._toggle("about", self._about_sheet)

    def offer_news(self, messages: Messages) -> None:
        """Says, the first time after an update, that there is something new to read.

        Args:
            messages: Where it is said.
        """
        settings = self._settings
        before = settings.get(VERSION_SETTING, "")
        settings.set(VERSION_SETTING, __version__)
        # A window that was closed has left its place; 0.1 left nothing else to know it by.
        was_here = bool(before) or not settings.get_bytes("window/geometry").isEmpty()
        if was_here and _number(before) < _number(__version__):
            text = self.tr("Descent was updated to version {version}.")
            messages.show_info(
                text.format(version=__version__), self.tr("What's new"), self.show_news
            )

    def _news_sheet(self) -> QDialog:
        # What turns texts into HTML is no part of opening a window.
        from gui.window.news_sheet import NewsSheet

        return NewsSheet(self._window)

    def _page_sheet(self) -> QDialog:
        # The guide is no part of opening a window.
        from gui.window.page_sheet import PageSheet

        sheet = PageSheet(self._settings, self._window)
        sheet.field_requested.connect(self.field_requested)
        sheet.show_page(self._current_page())
        return sheet

    def _about_sheet(self) -> QDialog:
        from gui.window.about_sheet import AboutSheet

        return AboutSheet(*self._places, self._window)

    def _toggle(self, name: str, make: Callable[[], QDialog]) -> None:
        if name in self.open_sheets:
            self.open_sheets[name].close()
            return
        sheet = make()
        sheet.finished.connect(partial(self._on_closed, name))
        self.open_sheets[name] = sheet
        sheet.show()

    def _on_closed(self, name: str, _result: int) -> None:
        self.open_sheets.pop(name, None)


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
