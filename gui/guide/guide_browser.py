"""GuideBrowser: shows a page of the guide, with formulas as sharp as the screen is."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QEvent, QSizeF, Qt, QTimer, QUrl, Slot
from PySide6.QtGui import QFont, QImage, QResizeEvent, QTextDocument
from PySide6.QtWidgets import QTextBrowser, QWidget

from gui.guide.controls import Situation
from gui.guide.formula import formula_image, formula_size
from gui.guide.html import page_html, style_sheet
from gui.guide.pages import GuidePage
from gui.style.theme import SPACING, current_theme, text_font

MARGIN: Final = 2 * SPACING
SMALLEST_SCALE: Final = 0.5
WIDTH_STEP: Final = 4 * SPACING
"""A window that is drawn larger fits its formulas anew in such steps."""

CHINESE_FONTS: Final = (
    "PingFang SC",
    "Microsoft YaHei UI",
    "Microsoft YaHei",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Micro Hei",
)
"""Fonts with the forms of characters that are used in mainland China, by the systems they come
with; left to itself a system may take the Japanese ones."""


class GuideBrowser(QTextBrowser):
    """A page that is read; links are announced by `anchorClicked`, and followed by nobody.

    A formula that is wider than the page is shown smaller.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._page: GuidePage | None = None
        self._situation = Situation()
        self._formulas: dict[str, tuple[str, float]] = {}
        self._n_shown = 0
        self._room = 0
        self.setOpenLinks(False)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(MARGIN)
        current_theme().changed.connect(self.refresh)

    @property
    def page(self) -> GuidePage | None:
        """What is shown."""
        return self._page

    def show_guide_page(self, page: GuidePage, situation: Situation) -> None:
        """Shows a page from its beginning; the page that is shown already stays where it is."""
        is_same = self._page is page
        self._page, self._situation = page, situation
        self.setAccessibleName(page.title)
        place = self.verticalScrollBar().value() if is_same else 0
        self.refresh()
        self.verticalScrollBar().setValue(place)

    @Slot()
    def refresh(self) -> None:
        """Shows the page in today's colours and width."""
        if self._page is None:
            return
        place = self.verticalScrollBar().value()
        self._room = self._present_room()
        self._formulas.clear()
        self._n_shown += 1
        self.document().setDefaultFont(_font(self._page.language))
        self.document().setDefaultStyleSheet(style_sheet(current_theme().palette))
        self.setHtml(page_html(self._page, self._situation, self._formula_markup))
        self.verticalScrollBar().setValue(place)

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """Draws the formulas, when they come into view."""
        url = name.toString() if isinstance(name, QUrl) else name
        if kind == QTextDocument.ResourceType.ImageResource.value and url in self._formulas:
            return self._image(url)
        return None

    def _image(self, url: str) -> QImage:
        latex, scale = self._formulas[url]
        return formula_image(latex, current_theme().palette.text, scale, self.devicePixelRatioF())

    def _formula_markup(self, latex: str) -> str:
        """Where a formula goes; its picture is asked for by the name of it."""
        size = formula_size(latex)
        room = max(1, self._room)
        scale = min(1.0, max(SMALLEST_SCALE, room / size.width()))
        # Qt keeps pictures by their names, so that each drawing has a name of its own.
        url = f"formula:{self._n_shown}-{len(self._formulas)}"
        self._formulas[url] = (latex, scale)
        shown = QSizeF(size * scale).toSize()
        return f'<img src="{url}" width="{shown.width()}" height="{shown.height()}">'

    def _present_room(self) -> int:
        """Width for a formula, in steps."""
        width = self.viewport().width() - 2 * MARGIN - 2 * SPACING
        return width // WIDTH_STEP * WIDTH_STEP

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._page is not None and self._present_room() != self._room:
            QTimer.singleShot(0, self, self._fit)

    @Slot()
    def _fit(self) -> None:
        if self._present_room() != self._room:
            self.refresh()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.refresh()
        return super().event(event)


def _font(language: str) -> QFont:
    """The window's font, followed by one for the characters of the language."""
    font = text_font()
    if language == "zh_CN":
        font.setFamilies([*font.families(), *CHINESE_FONTS])
    return font
