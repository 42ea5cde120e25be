"""CoefficientsView: the formula of a linear model and the numbers in it, live."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from engine.events.insights import CoefficientsUpdated
from gui.formatting.numbers import number_text
from gui.style.label import Label
from gui.style.theme import SPACING, set_role, text_font

REFRESH_MS = 100
MAX_ROWS_SHOWN = 6
ROW_HEIGHT = 7 * SPACING // 2
NARROWEST = 10 * SPACING
"""A column in which a number is read in full; where there is no room for all, they scroll."""


class CoefficientsView(QWidget):
    """A formula over a small table: one row per term, one column per output."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: CoefficientsUpdated | None = None
        self.formula = Label()
        self.formula.setTextFormat(Qt.TextFormat.PlainText)
        self.formula.setWordWrap(True)
        self.formula.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        set_role(self.formula, "heading")
        self.table = QTableWidget()
        self.table.setAccessibleName(self.tr("Coefficients"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setFont(text_font())
        self.table.setShowGrid(False)
        self.table.setTabKeyNavigation(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(ROW_HEIGHT)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setMinimumSectionSize(NARROWEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.formula)
        column.addWidget(self.table)
        column.addStretch(1)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REFRESH_MS)
        self._timer.timeout.connect(self._refresh)

    def set_formula(self, formula: str) -> None:
        """Shows the formula and forgets the numbers."""
        self._newest = None
        self.formula.setText(formula)
        self.table.setRowCount(0)
        self.table.hide()

    def update_coefficients(self, event: CoefficientsUpdated) -> None:
        """Takes new numbers; they are written at most ten times a second."""
        self._newest = event
        if not self._timer.isActive():
            self._timer.start()

    @Slot()
    def _refresh(self) -> None:
        event = self._newest
        if event is None:
            return
        self._shape(event)
        for row, values in enumerate(event.values):
            for column, value in enumerate(values):
                item = self.table.item(row, column + 1)
                if item is not None:
                    item.setText(number_text(float(value)))

    def _shape(self, event: CoefficientsUpdated) -> None:
        rows, columns = len(event.terms), len(event.outputs) + 1
        if (self.table.rowCount(), self.table.columnCount()) == (rows, columns):
            return
        self.table.setRowCount(rows)
        self.table.setColumnCount(columns)
        self.table.setHorizontalHeaderLabels([self.tr("Term"), *event.outputs])
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        for column in range(columns):
            header_item = self.table.horizontalHeaderItem(column)
            if header_item is not None:
                header_item.setTextAlignment(right if column else left)
        for row, term in enumerate(event.terms):
            name = self.tr("intercept") if row == 0 else term
            item = QTableWidgetItem(f"β{_subscript(row)}  {name}")
            item.setToolTip(name)
            self.table.setItem(row, 0, item)
            for column in range(1, columns):
                item = QTableWidgetItem()
                item.setTextAlignment(right)
                self.table.setItem(row, column, item)
        header = self.table.horizontalHeader().sizeHint().height()
        bar = self.table.horizontalScrollBar().sizeHint().height() if columns > 2 else 0
        self.table.setFixedHeight(header + bar + ROW_HEIGHT * min(rows, MAX_ROWS_SHOWN) + 4)
        self.table.show()


def _subscript(number: int) -> str:
    return str(number).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))
