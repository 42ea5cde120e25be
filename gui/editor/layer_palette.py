"""LayerPalette: every kind of layer in groups, with what it does, and a search for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QEvent, QModelIndex, QObject, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QVBoxLayout, QWidget

from engine.graph.layer_types import LAYER_TYPES
from gui.style.theme import SPACING
from gui.widgets.card_list import CARD_ROLE, Card, CardList

SIZE: Final = QSize(46 * SPACING, 58 * SPACING)


class LayerPalette(QFrame):
    """A panel over the editor; it goes away when something is picked, by Esc, or by a click aside.

    Signals:
        picked(str): The person wants a layer of the type of that name.
        left(): It was closed with Esc.

    Args:
        cards: The types, grouped.
    """

    picked = Signal(str)
    left = Signal()

    def __init__(self, cards: Iterable[Card], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.hide()
        self.setObjectName("palette")
        self.setProperty("card", True)
        self.setAutoFillBackground(True)
        self.setAccessibleName(self.tr("Add a layer"))
        self.search = QLineEdit(self)
        self.cards = CardList(3, self)
        self.cards.set_cards(cards)
        self.cards.setAccessibleName(self.tr("Types of layers"))
        self.search.setPlaceholderText(self.tr("Search: conv, pooling, add…"))
        self.search.setAccessibleName(self.tr("Search the types of layers"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._on_text)
        self.search.returnPressed.connect(self._on_return)
        self.search.installEventFilter(self)
        self.cards.clicked.connect(self._on_card)
        self.cards.activated.connect(self._on_card)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(SPACING + SPACING // 2,) * 4)
        column.setSpacing(SPACING)
        column.addWidget(self.search)
        column.addWidget(self.cards, 1)
        QApplication.instance().focusChanged.connect(self._on_focus)  # type: ignore[union-attr]

    def show_over(self, place: QRect) -> None:
        """Opens over a part of the parent."""
        size = SIZE.boundedTo(place.size())
        self.setGeometry(QRect(place.topLeft(), size))
        self.search.clear()
        self.cards.select("")
        self.cards.scrollToTop()
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.PopupFocusReason)

    def event(self, event: QEvent) -> bool:
        # Before the window's own Esc, which dismisses a message.
        if event.type() is QEvent.Type.ShortcutOverride and _is_escape(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_escape(event):
            self._leave()
        else:
            super().keyPressEvent(event)

    def _leave(self) -> None:
        self.hide()
        self.left.emit()

    @Slot(QWidget, QWidget)
    def _on_focus(self, _before: QWidget | None, now: QWidget | None) -> None:
        if self.isVisible() and now is not None and not self.isAncestorOf(now):
            self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # From the field straight into the list, as people expect of a search.
        is_down = isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Down
        if watched is self.search and event.type() is QEvent.Type.KeyPress and is_down:
            self.cards.setFocus(Qt.FocusReason.TabFocusReason)
            if not self.cards.current_name and self.cards.shown_names:
                self.cards.select(self.cards.shown_names[0])
            return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _on_text(self, text: str) -> None:
        self.cards.set_filter(text)
        names = self.cards.shown_names
        self.cards.select(names[0] if text.strip() and names else "")

    @Slot()
    def _on_return(self) -> None:
        if self.cards.current_name:
            self._pick(self.cards.current_name)

    @Slot(QModelIndex)
    def _on_card(self, index: QModelIndex) -> None:
        card = index.data(CARD_ROLE)
        if isinstance(card, Card) and self.isVisible():
            self._pick(card.name)

    def _pick(self, name: str) -> None:
        self.hide()
        self.picked.emit(name)


def _is_escape(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape


def layer_cards() -> list[Card]:
    """The types of layers that can be added, in their groups."""
    return [
        Card(kind.name, kind.title, kind.help, group=kind.group.value)
        for kind in LAYER_TYPES
        if kind.is_editable and kind.max_inputs != 0
    ]
