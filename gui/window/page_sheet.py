"""PageSheet: what the page on screen is for, beside the window while one tries it."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, QUrl, Signal, Slot
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from gui.guide.controls import Situation
from gui.guide.guide_browser import GuideBrowser
from gui.guide.html import FIELD, PAGE
from gui.guide.pages import read_page
from gui.guide.words import chosen_language
from gui.state.settings import Settings
from gui.style.theme import SPACING

GUIDE_OF: Final = {
    "data": "data_page",
    "model": "model_page",
    "train": "steering",
    "results": "results_page",
    "try": "try_page",
    "runs": "runs_page",
}
"""The page of the guide about each page of the window."""


class PageSheet(QDialog):
    """One page of the guide; it follows the window from page to page.

    Signals:
        field_requested(str): The person wants to set something, by its path in a `RunSpec`.

    Args:
        settings: Know the language of the guide.
    """

    field_requested = Signal(str)

    def __init__(self, settings: Settings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.browser = GuideBrowser(self)
        self.browser.setAccessibleName(self.tr("About this page"))
        self.browser.anchorClicked.connect(self._on_link)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.browser)
        self.resize(64 * SPACING, 70 * SPACING)

    def show_page(self, name: str) -> None:
        """Explains a page of the window, by its name."""
        self._show_guide(GUIDE_OF[name])

    def _show_guide(self, name: str) -> None:
        page = read_page(name, chosen_language(self._settings)) or read_page(name, "en")
        if page is not None:
            self.setWindowTitle(page.title)
            self.browser.show_guide_page(page, Situation())

    @Slot(QUrl)
    def _on_link(self, url: QUrl) -> None:
        if url.scheme() == PAGE:
            self._show_guide(url.path())
        elif url.scheme() == FIELD:
            self.field_requested.emit(url.path())
