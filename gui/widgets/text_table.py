"""TextTable: texts with what is predicted of them, one a line; the chosen one in full below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt, Slot
from PySide6.QtWidgets import (
    QHeaderView,
    QPlainTextEdit,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from gui.style.theme import SPACING
from gui.widgets.tables import Index, Table, TableModel

LONGEST_CELL = 300
"""Letters of a text that a cell shows; drawing more would hold up the window."""
_LONGEST_LABEL = 26 * SPACING


class TextModel(TableModel):
    """Rows of texts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._rows: list[tuple[str, ...]] = []
        self._n_texts = 0

    def set_rows(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], n_texts: int | None = None
    ) -> None:
        """Replaces all rows; each has one text for each heading.

        Args:
            headings: Of the columns.
            rows: What they hold.
            n_texts: So many columns hold words, those after them numbers; None: all hold words.
        """
        self.beginResetModel()
        self._n_texts = len(headings) if n_texts is None else n_texts
        self.headings = tuple(headings)
        self._rows = [tuple(row) for row in rows]
        self.n_rows = len(self._rows)
        self.endResetModel()

    def text_at(self, row: int, column: int) -> str:
        text = self._rows[row][column]
        short = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]}…"
        return " ".join(short.split()) if "\n" in short or "\t" in short else short

    def full_text(self, row: int) -> str:
        """Returns what a row says, each cell in a line of its own."""
        return "\n".join(part for part in self._rows[row] if part)

    @property
    def is_all_text(self) -> bool:
        """No column holds numbers."""
        return self._n_texts == len(self.headings)

    def is_text(self, column: int) -> bool:
        return column < self._n_texts

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.ToolTipRole:
            return None  # the whole text is below
        return super().data(index, role)


class TextTable(QWidget):
    """A table of texts over the whole of the current one.

    Args:
        title: What it holds, for screen readers.
    """

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = TextModel(self)
        self.table = Table(self)
        self.table.setModel(self.model)
        self.table.setAccessibleName(title)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.full = QPlainTextEdit(self)
        self.full.setReadOnly(True)
        self.full.setAccessibleName(self.tr("The chosen text"))
        self.table.selectionModel().currentChanged.connect(self._on_current)
        splitter = QSplitter(Qt.Orientation.Vertical, self)
        splitter.addWidget(self.table)
        splitter.addWidget(self.full)
        splitter.setChildrenCollapsible(False)
        splitter.setStretchFactor(0, 4)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([44 * SPACING, 10 * SPACING])
        column = QVBoxLayout(self)
        column.setContentsMargins(0, SPACING, 0, 0)
        column.addWidget(splitter)

    def set_rows(
        self, headings: Sequence[str], rows: Sequence[Sequence[str]], n_texts: int | None = None
    ) -> None:
        """Shows texts, and the first one in full; see `TextModel.set_rows`."""
        self.model.set_rows(headings, rows, n_texts)
        self.full.setVisible(self.model.is_all_text)
        self._fit()
        self.table.scrollToTop()
        self.full.clear()
        if rows:
            self.table.setCurrentIndex(self.model.index(0, 0))

    def _fit(self) -> None:
        """Labels take what they need, texts share the rest."""
        header, n = self.table.horizontalHeader(), len(self.model.headings)
        for column in range(n):
            stretch, fixed = QHeaderView.ResizeMode.Stretch, QHeaderView.ResizeMode.Interactive
            wanted = max(self.table.sizeHintForColumn(column), header.sectionSizeHint(column))
            is_long = column == n - 1 or wanted > _LONGEST_LABEL
            if is_long and self.model.is_all_text:
                header.setSectionResizeMode(column, stretch)
            else:
                header.setSectionResizeMode(column, fixed)
                self.table.setColumnWidth(column, min(wanted + SPACING, _LONGEST_LABEL))

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, current: QModelIndex, _previous: QModelIndex) -> None:
        if current.isValid():
            self.full.setPlainText(self.model.full_text(current.row()))
