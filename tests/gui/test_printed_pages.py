"""Pages of a report: what belongs together stands on one of them."""

import pytest
from PySide6.QtCore import QSizeF
from PySide6.QtGui import QGuiApplication

from engine.service.reports.document import Document, Heading, Paragraph, Picture
from engine.service.reports.svg import Drawing
from gui.printing.document import _laid_out, _page_of

PAGE = QSizeF(600, 800)
TALL = Picture(Drawing(300, 250).svg(), 300, 250, "a picture")


@pytest.mark.parametrize("n_before", range(20, 46, 2))
def test_a_picture_stands_on_the_page_of_its_heading(qapp: QGuiApplication, n_before: int) -> None:
    filler = [Paragraph(f"line {n}") for n in range(n_before)]
    below = [Heading("Here", 3), Paragraph("first"), Paragraph("second"), TALL]
    document = _laid_out(Document("t", "s", "en", (*filler, *below)), PAGE)
    pages = {}
    block = document.begin()
    while block.isValid():
        pages[block.text()] = _page_of(document, block)
        block = block.next()
    assert pages["Here"] == pages["first"] == pages["second"]
    assert pages["Here"] == pages["\N{OBJECT REPLACEMENT CHARACTER}"]
