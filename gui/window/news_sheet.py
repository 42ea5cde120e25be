"""NewsSheet: what each version of Descent brought to those who use it, and which one this is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

from engine.devices.versions import version_lines
from gui.guide.html import markdown_html, style_sheet
from gui.style.label import Label
from gui.style.theme import RESOURCES, SPACING, current_theme, set_role

CHANGELOG: Final = RESOURCES / "changelog.md"


class NewsSheet(QDialog):
    """The changelog, newest first, above the versions that are at work."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("What's new"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.browser = QTextBrowser()
        self.browser.setAccessibleName(self.windowTitle())
        self.browser.document().setDocumentMargin(2 * SPACING)
        self.browser.setFrameShape(QTextBrowser.Shape.NoFrame)
        self.versions = Label("\n".join(version_lines()))
        self.versions.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.versions.setAccessibleName(self.tr("Versions"))
        self.versions.setWordWrap(True)
        # In line with the text above, which has a frame and its padding around it.
        self.versions.setContentsMargins(2 * SPACING + 5, 0, 2 * SPACING, SPACING)
        set_role(self.versions, "small")
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACING, SPACING, SPACING, SPACING)
        column.setSpacing(SPACING)
        column.addWidget(self.browser, 1)
        column.addWidget(self.versions)
        current_theme().changed.connect(self._refresh)
        self._refresh()
        self.resize(70 * SPACING, 70 * SPACING)

    @Slot()
    def _refresh(self) -> None:
        place = self.browser.verticalScrollBar().value()
        self.browser.document().setDefaultStyleSheet(style_sheet(current_theme().palette))
        self.browser.setHtml(markdown_html(CHANGELOG.read_text(encoding="utf-8")))
        self.browser.verticalScrollBar().setValue(place)
