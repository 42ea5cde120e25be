"""Lays a report out on pages with Qt, and writes it as PDF.

Run by `engine.service.reports.printing` in a process of its own, which has no display and no
window. Text goes into a QTextDocument as text, never as HTML; pictures are drawn as the lines that
they are, so that they are sharp at any size.
"""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QBrush,
    QColor,
    QFont,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPyTextObject,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
    QTextTableCellFormat,
    QTextTableFormat,
)
from PySide6.QtSvg import QSvgRenderer

from engine.service.reports.document import (
    COLORS,
    FULL_MARK,
    MARKS,
    Document,
    Heading,
    MarkedText,
    Paragraph,
    Picture,
    Table,
    on_paper,
)

_DPI: Final = 96
"""Lengths below are in pixels of 1/96 inch, as those of pictures."""
_MARGIN_MM: Final = 16.0
_FOOT: Final = 28.0
_PICTURE: Final = QTextFormat.ObjectTypes.UserObject.value + 1
_SVG: Final = QTextFormat.Property.UserProperty.value + 1
_SIZES: Final = {0: 20.0, 1: 17.0, 2: 14.0, 3: 10.5}
"""Of headings by level, in points."""
_TEXT_PT: Final = 9.5
_FAMILIES: Final = ("Noto Sans", "Segoe UI", "Helvetica Neue", "DejaVu Sans", "Arial",
                    "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei")  # fmt: skip
_DRAWN: Final = "\N{OBJECT REPLACEMENT CHARACTER}"
"""Where a picture stands in the text."""
_NEAR: Final = 4
"""Blocks below a heading among which a picture is its own."""
_ROLES: Final = ("good", "note", "warning", "fault")


def pdf_of(document: Document) -> bytes:
    """Writes a report as PDF.

    Args:
        document: Its texts may hold anything.

    Returns:
        The PDF: A4, with fonts and pictures inside.
    """
    application = QGuiApplication.instance() or QGuiApplication(["descent"])
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(_DPI * 10)
    writer.setTitle(document.title)
    writer.setCreator("Descent")
    margins = QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM)
    layout = QPageLayout(
        QPageSize(QPageSize.PageSizeId.A4),
        QPageLayout.Orientation.Portrait,
        margins,
        QPageLayout.Unit.Millimeter,
    )
    writer.setPageLayout(layout)
    room = layout.paintRectPixels(_DPI)
    page = QSizeF(room.width(), room.height() - _FOOT)
    text = _laid_out(document, page)
    _paint(text, writer, page, document.title)
    buffer.close()
    del application
    return bytes(content.data())


def _paint(text: QTextDocument, writer: QPdfWriter, page: QSizeF, title: str) -> None:
    painter = QPainter(writer)
    scale = writer.resolution() / _DPI
    painter.scale(scale, scale)
    n_pages = text.pageCount()
    for number in range(n_pages):
        if number:
            writer.newPage()
        painter.save()
        painter.translate(0, -number * page.height())
        part = QRectF(0, number * page.height(), page.width(), page.height())
        painter.setClipRect(part.adjusted(0, 0, 0, -1))  # a picture on the next page begins there
        context = QAbstractTextDocumentLayout.PaintContext()
        context.clip = part
        text.documentLayout().draw(painter, context)
        painter.restore()
        painter.setPen(QColor(COLORS["muted"]))
        painter.setFont(_font(8))
        foot = QRectF(0, page.height() + _FOOT / 2, page.width(), _FOOT / 2)
        metrics = painter.fontMetrics()
        shown = metrics.elidedText(title, Qt.TextElideMode.ElideRight, int(page.width() * 0.8))
        painter.drawText(foot, Qt.AlignmentFlag.AlignLeft, shown)
        painter.drawText(foot, Qt.AlignmentFlag.AlignRight, f"{number + 1} / {n_pages}")
    painter.end()


def _font(points: float, bold: bool = False) -> QFont:
    font = QFont(list(_FAMILIES))
    font.setPixelSize(round(points * _DPI / 72))
    font.setBold(bold)
    return font


class _Drawn(QPyTextObject):
    """A picture between lines of text; its SVG is a property of the format."""

    def intrinsicSize(self, doc: QTextDocument, posInDocument: int, format: QTextFormat) -> QSizeF:
        size = QSvgRenderer(QByteArray(format.property(_SVG))).viewBoxF().size()
        room = doc.pageSize().width() - 2
        scale = min(1.0, room / max(size.width(), 1.0))
        scale = min(scale, (doc.pageSize().height() - 40) / max(size.height(), 1.0))
        return size * scale

    def drawObject(
        self,
        painter: QPainter,
        rect: QRectF | QRect,
        doc: QTextDocument,
        posInDocument: int,
        format: QTextFormat,
    ) -> None:
        QSvgRenderer(QByteArray(format.property(_SVG))).render(painter, QRectF(rect))


def _laid_out(document: Document, page: QSizeF) -> QTextDocument:
    text = QTextDocument()
    text.setUseDesignMetrics(True)
    text.setDocumentMargin(0)
    text.setDefaultFont(_font(_TEXT_PT))
    drawn = _Drawn(text)
    text.documentLayout().registerHandler(_PICTURE, drawn)
    text.setPageSize(page)
    edit = QTextCursor(text)
    edit.beginEditBlock()  # else all is laid out anew with each cell
    pages = _Writer(text)
    pages.heading(document.title, 0)
    pages.paragraph(Paragraph(document.subtitle, "muted"))
    for block in document.blocks:
        match block:
            case Heading():
                pages.heading(block.text, block.level)
            case Paragraph():
                pages.paragraph(block)
            case Table():
                pages.table(block)
            case Picture():
                pages.picture(block)
            case MarkedText():
                pages.marked(block)
    pages.paragraph(Paragraph(document.foot, "muted"))
    edit.endEditBlock()
    _keep_headings(text)
    return text


def _keep_headings(text: QTextDocument) -> None:
    """No heading stands at the end of a page, its text or the picture below it on the next."""
    block = text.begin()
    while block.isValid():
        is_heading = block.blockFormat().headingLevel() > 1 and block.next().isValid()
        if is_heading and _page_of(text, _belonging(block)) > _page_of(text, block):
            style = block.blockFormat()
            style.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
            QTextCursor(block).setBlockFormat(style)
        block = block.next()


def _belonging(heading: QTextBlock) -> QTextBlock:
    """What shall stand on the page of a heading: a picture soon below it, else its first text."""
    first, block = None, heading.next()
    for _ in range(_NEAR):
        if not block.isValid() or block.blockFormat().headingLevel():
            break
        if block.text() == _DRAWN:
            return block
        first = block if first is None and block.text() else first
        block = block.next()
    if first is not None:
        return first
    while not _is_text(block) and block.next().isValid():  # another heading, or an empty line
        block = block.next()
    return block


def _is_text(block: QTextBlock) -> bool:
    """It is what a heading is of: neither another one, nor the empty line before a table."""
    return bool(block.text()) and not block.blockFormat().headingLevel()


def _page_of(text: QTextDocument, block: QTextBlock) -> int:
    box = text.documentLayout().blockBoundingRect(block)
    lines = block.layout()
    if lines.lineCount():  # of a block that begins on one page, its first line may be on the next
        first = lines.lineAt(0)
        return int((box.top() + first.y() + first.height() - 1) // text.pageSize().height())
    return int(box.top() // text.pageSize().height())


class _Writer:
    """Appends blocks to a document.

    Args:
        text: The document, which is empty.
    """

    def __init__(self, text: QTextDocument) -> None:
        self._text = text
        self._cursor = QTextCursor(text)
        self._is_first = True

    def heading(self, text: str, level: int) -> None:
        """A title."""
        block = QTextBlockFormat()
        block.setTopMargin(0 if level == 0 else 18 if level < 3 else 10)
        block.setBottomMargin(4)
        block.setHeadingLevel(level + 1)
        if level == 1:
            block.setPageBreakPolicy(QTextFormat.PageBreakFlag.PageBreak_AlwaysBefore)
        self._begin(block)
        self._cursor.insertText(_plain(text), _format("text", _SIZES[level], bold=True))

    def paragraph(self, said: Paragraph) -> None:
        """Text, its lead in bold and in the colour of its role."""
        block = QTextBlockFormat()
        block.setTopMargin(3)
        block.setBottomMargin(3)
        if said.role in _ROLES:
            block.setLeftMargin(12)
        self._begin(block)
        if said.lead:
            role = said.role if said.role in _ROLES else "text"
            self._cursor.insertText(f"{_plain(said.lead)}  ", _format(role, bold=True))
        color = "muted" if said.role == "muted" else "text"
        self._cursor.insertText(_plain(said.text), _format(color))

    def picture(self, picture: Picture) -> None:
        """A picture on a line of its own."""
        block = QTextBlockFormat()
        block.setTopMargin(6)
        block.setBottomMargin(6)
        self._begin(block)
        style = QTextCharFormat()
        style.setObjectType(_PICTURE)
        style.setProperty(_SVG, on_paper(picture.svg).encode())
        self._cursor.insertText(_DRAWN, style)
        if picture.caption:
            self.paragraph(Paragraph(picture.caption, "muted"))

    def marked(self, marked: MarkedText) -> None:
        """Text, each part on the colour of its mark."""
        block = QTextBlockFormat()
        block.setTopMargin(3)
        block.setBottomMargin(3)
        self._begin(block)
        for text, strength in zip(marked.parts, marked.strengths, strict=True):
            style = _format("text")
            tone = QColor(COLORS[MARKS[strength > 0]])
            tone.setAlphaF(FULL_MARK * min(1.0, abs(strength)))
            style.setBackground(QBrush(tone))
            self._cursor.insertText(_plain(text), style)
        self._cursor.insertText(_plain(marked.rest), _format("muted"))

    def table(self, table: Table) -> None:
        """Rows of cells, whose header is repeated on each page."""
        n_columns = len(table.header) or max(map(len, table.rows), default=0)
        n_rows = len(table.rows) + bool(table.header)
        if not n_columns or not n_rows:
            return
        self._begin(QTextBlockFormat())
        made = self._cursor.insertTable(n_rows, n_columns, _table_format(table, n_columns))
        rows = [table.header, *table.rows] if table.header else table.rows
        for place, row in enumerate(rows):
            is_head = bool(table.header) and place == 0
            for column, cell in enumerate(row[:n_columns]):
                is_label = not table.header and column == 0
                color = "muted" if is_label else "text"
                _fill(made, place, column, cell, color, is_head, column in table.numbers)
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        if table.caption:
            self.paragraph(Paragraph(table.caption, "muted"))

    def _begin(self, block: QTextBlockFormat) -> None:
        self._cursor.movePosition(QTextCursor.MoveOperation.End)
        if self._is_first:
            self._cursor.setBlockFormat(block)
            self._is_first = False
        else:
            self._cursor.insertBlock(block, _format("text"))


def _table_format(table: Table, n_columns: int) -> QTextTableFormat:
    style = QTextTableFormat()
    style.setCellPadding(2.5)
    style.setCellSpacing(0)
    style.setBorder(0)
    style.setBorderCollapse(True)
    style.setTopMargin(4)
    style.setBottomMargin(8)
    style.setHeaderRowCount(1 if table.header else 0)
    longest = max((len(cell) for row in table.rows for cell in row), default=0)
    if longest > 60 or n_columns > 6:  # else Qt would let long words stick out of the page
        style.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    return style


def _fill(
    made: QTextTable, row: int, column: int, text: str, color: str, bold: bool, is_number: bool
) -> None:
    cell = made.cellAt(row, column)
    style = QTextTableCellFormat()
    style.setRightPadding(12)
    style.setBottomBorder(1.0 if bold else 0.5)
    style.setBottomBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    style.setBottomBorderBrush(QBrush(QColor(COLORS["border"])))
    cell.setFormat(style)
    cursor = cell.firstCursorPosition()
    if is_number:
        block = QTextBlockFormat()
        block.setAlignment(Qt.AlignmentFlag.AlignRight)
        cursor.setBlockFormat(block)
    cursor.insertText(_breakable(_plain(text)), _format(color, _TEXT_PT - 1, bold))


def _format(color: str, points: float = _TEXT_PT, bold: bool = False) -> QTextCharFormat:
    style = QTextCharFormat()
    style.setFont(_font(points, bold))
    style.setForeground(QBrush(QColor(COLORS[color])))
    return style


def _plain(text: str) -> str:
    """Text in one line: a sign of Qt's own in it would be a picture or a paragraph."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("\ufffc", " ")


def _breakable(text: str) -> str:
    """Long words may be broken where there is no room, after every few letters."""
    words = []
    for word in text.split(" "):
        pieces = [word[start : start + 24] for start in range(0, len(word), 24)]
        words.append("\u200b".join(pieces))
    return " ".join(words)
