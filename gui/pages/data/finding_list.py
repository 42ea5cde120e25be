"""FindingList: what is wrong with the data, each with its names and its remedies as buttons."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from engine.events.findings import DataFinding, Remedy, Trouble
from gui.formatting.numbers import count_text
from gui.style.icons import icon, icon_pixmap
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.widgets.elided_button import ElidedButton
from gui.widgets.fold import Fold
from gui.widgets.shortcut_button import ICON_SIZE

MOST_SHOWN: Final = 60
_NAME_LINES: Final = 8
_BUTTON_ROOM: Final = 32 * SPACING
# In this order: what spoils a result, what is lost, what is good to know.
_ORDER: Final = (
    Trouble.QUESTION,
    Trouble.LEAK,
    Trouble.ACROSS_PARTS,
    Trouble.UNREADABLE,
    Trouble.MISSING,
    Trouble.DUPLICATE,
    Trouble.IMBALANCE,
    Trouble.CONSTANT,
    Trouble.LEFT_OUT,
    Trouble.UNDERSTOOD,
)
_HARMLESS: Final = frozenset({Trouble.QUESTION, Trouble.LEFT_OUT, Trouble.UNDERSTOOD})
_GRAVE: Final = frozenset({Trouble.LEAK, Trouble.ACROSS_PARTS, Trouble.UNREADABLE})


def n_problems(findings: Sequence[DataFinding]) -> int:
    """How many findings ask for attention; what was merely understood or left out does not."""
    return sum(finding.trouble not in _HARMLESS for finding in findings)


def has_grave(findings: Sequence[DataFinding]) -> bool:
    """Whether something is among them that spoils the result."""
    return any(finding.trouble in _GRAVE for finding in findings)


class FindingList(QScrollArea):
    """Cards, the gravest first.

    Signals:
        remedy_chosen(Remedy): The person wants this change.
    """

    remedy_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[FindingCard] = []
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, SPACING, SPACING, SPACING)
        self._column.setSpacing(SPACING)
        self.empty = Label(self.tr("Nothing was found that speaks against this data."))
        set_role(self.empty, "muted")
        self.rest = Label()
        set_role(self.rest, "muted")
        self._column.addWidget(self.empty)
        self._column.addWidget(self.rest)
        self._column.addStretch(1)
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.setAccessibleName(self.tr("Problems found in the data"))

    def set_findings(self, findings: Sequence[DataFinding]) -> None:
        """Shows findings; forgets those before."""
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        ordered = sorted(findings, key=lambda finding: _ORDER.index(finding.trouble))
        self.cards = [FindingCard(finding, self._content) for finding in ordered[:MOST_SHOWN]]
        for place, card in enumerate(self.cards):
            card.remedy_chosen.connect(self.remedy_chosen)
            self._column.insertWidget(place, card)
        n_more = len(findings) - len(self.cards)
        self.rest.setText(self.tr("And {n} more.").format(n=count_text(n_more)))
        self.rest.setVisible(n_more > 0)
        self.empty.setVisible(not findings)
        self.verticalScrollBar().setValue(0)


class FindingCard(QFrame):
    """One finding.

    Signals:
        remedy_chosen(Remedy): One of its buttons was pressed.

    Args:
        finding: What was found.
    """

    remedy_chosen = Signal(object)

    def __init__(self, finding: DataFinding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self.setProperty("card", True)
        self._icon = Label(self)
        self.text = Label(finding.text, self)
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.buttons = [
            self._button(remedy, place) for place, remedy in enumerate(finding.remedies)
        ]
        self.names: QPlainTextEdit | None = None
        self.fold: Fold | None = None
        head = QHBoxLayout()
        head.setSpacing(SPACING)
        head.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(self.text, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACING, SPACING, 2 * SPACING, SPACING)
        column.setSpacing(SPACING)
        column.addLayout(head)
        if finding.names:
            self.fold = self._names()
            column.addWidget(self.fold)
        if self.buttons:
            column.addLayout(self._button_rows())
        current_theme().changed.connect(self._recolor)
        self._recolor()

    def _button_rows(self) -> QGridLayout:
        """Side by side where they are short."""
        widths = [button.sizeHint().width() + SPACING for button in self.buttons]
        n_columns = len(widths) if sum(widths) <= _BUTTON_ROOM else 1
        grid = QGridLayout()
        grid.setSpacing(SPACING)
        grid.setColumnStretch(n_columns, 1)
        for place, button in enumerate(self.buttons):
            row, column = divmod(place, n_columns)
            grid.addWidget(button, row, column, Qt.AlignmentFlag.AlignLeft)
        return grid

    def _button(self, remedy: Remedy, place: int) -> QPushButton:
        button = ElidedButton(remedy.label, self)
        button.setProperty("remedy", place)
        button.clicked.connect(self._on_remedy)
        return button

    def _names(self) -> Fold:
        finding = self.finding
        self.names = QPlainTextEdit("\n".join(finding.names))
        self.names.setReadOnly(True)
        self.names.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.names.setAccessibleName(self.tr("Names concerned"))
        line = self.names.fontMetrics().lineSpacing()
        self.names.setFixedHeight(min(len(finding.names), _NAME_LINES) * line + 3 * SPACING)
        copy = QPushButton(icon("copy"), self.tr("Copy"))
        copy.setIconSize(ICON_SIZE)
        copy.clicked.connect(self._on_copy)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.names)
        column.addWidget(copy, 0, Qt.AlignmentFlag.AlignLeft)
        shown, n_all = len(finding.names), max(finding.count, len(finding.names))
        if shown < n_all:
            title = self.tr("The first {n} of {all} names").format(
                n=count_text(shown), all=count_text(n_all)
            )
        else:
            title = self.tr("{n} names").format(n=shown) if shown > 1 else self.tr("Its name")
        return Fold(title, inner, self)

    @Slot()
    def _on_remedy(self) -> None:
        button = self.sender()
        if isinstance(button, QPushButton):
            self.remedy_chosen.emit(self.finding.remedies[int(button.property("remedy"))])

    @Slot()
    def _on_copy(self) -> None:
        QGuiApplication.clipboard().setText("\n".join(self.finding.names))

    @Slot()
    def _recolor(self) -> None:
        trouble = self.finding.trouble
        if trouble in _HARMLESS:
            name, role = "info", "muted"
        else:
            name, role = "warning", "danger" if trouble in _GRAVE else "warning"
        self._icon.setPixmap(icon_pixmap(name, 18, role))
