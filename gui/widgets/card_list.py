"""CardList: a list of things to pick from, as cards in groups; and a field that filters it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRectF,
    QSize,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QStandardItem,
    QStandardItemModel,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from engine.devices.console.escaping import escaped
from gui.formatting.plain_text import titled_tip
from gui.style.icons import icon
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, blend, current_theme, text_font
from gui.widgets.text_lines import wrapped

Index = QModelIndex | QPersistentModelIndex

CARD_ROLE: Final = Qt.ItemDataRole.UserRole + 1
GROUP_HEIGHT: Final = 4 * SPACING
ICON_EDGE: Final = 20
_GAP: Final = SPACING // 2


@dataclass(frozen=True)
class Card:
    """One thing to pick.

    Attributes:
        name: What it is known by; unique in the list.
        title: What people read first.
        text: What it is.
        icon: Name of its icon; may be empty.
        badge: A word or two at the right; may be empty.
        group: Heading under which it stands; cards of a group are given in a row.
        obstacle: Why it cannot be picked; empty where it can.
        is_marked: The badge stands out.
    """

    name: str
    title: str
    text: str = ""
    icon: str = ""
    badge: str = ""
    group: str = ""
    obstacle: str = ""
    is_marked: bool = False


class CardList(QListView):
    """Cards, one of which is picked, by mouse or by arrow keys.

    Signals:
        picked(str): The person picked the card of that name.
        menu_asked(str, QPoint): The person asked what else can be done with the card of that name;
            and the place on the screen.

    Args:
        max_lines: Most lines of text on a card.
    """

    picked = Signal(str)
    menu_asked = Signal(str, QPoint)

    def __init__(self, max_lines: int = 2, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: tuple[Card, ...] = ()
        self._filter = ""
        self._is_setting = False
        self.setObjectName("cards")
        self.setModel(QStandardItemModel(self))
        self.setItemDelegate(_CardDelegate(max_lines, self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.setStyleSheet("#cards { background: transparent; border: none; }")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._on_menu)
        self.selectionModel().currentChanged.connect(self._on_current_changed)
        current_theme().changed.connect(self.viewport().update)

    @property
    def cards(self) -> tuple[Card, ...]:
        """All cards, shown or not."""
        return self._cards

    @property
    def shown_names(self) -> tuple[str, ...]:
        """Names of the cards that pass the filter."""
        found = []
        for row in range(self.model().rowCount()):
            card = self.model().index(row, 0).data(CARD_ROLE)
            if isinstance(card, Card) and not self.isRowHidden(row):
                found.append(card.name)
        return tuple(found)

    @property
    def current_name(self) -> str:
        """Name of the picked card; empty: none."""
        card = self.currentIndex().data(CARD_ROLE)
        return card.name if isinstance(card, Card) else ""

    def set_cards(self, cards: Iterable[Card]) -> None:
        """Replaces all cards; the picked one stays picked where it is still there."""
        cards = tuple(map(_plain, cards))
        if cards == self._cards:
            return
        current = self.current_name
        self._cards = cards
        self._is_setting = True
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        model.clear()
        group = ""
        for card in cards:
            if card.group != group:
                group = card.group
                model.appendRow(_group_item(group))
            model.appendRow(_card_item(card))
        self._is_setting = False
        self._apply_filter()
        self.select(current)

    def select(self, name: str) -> None:
        """Shows a card as picked; emits nothing. An unknown name picks none."""
        index = self._index_of(name)
        if index.isValid() and index == self.currentIndex():
            return  # whoever has scrolled elsewhere stays there
        self._is_setting = True
        if index.isValid():
            self.setCurrentIndex(index)
            # The heading above a first card belongs on screen with it.
            self.scrollTo(index.siblingAtRow(0) if index.row() == 1 else index)
        else:
            self.setCurrentIndex(QModelIndex())
            self.clearSelection()
        self._is_setting = False

    @Slot(str)
    def set_filter(self, text: str) -> None:
        """Shows only cards whose words contain every word of `text`."""
        self._filter = text
        self._apply_filter()

    def _apply_filter(self) -> None:
        words = self._filter.lower().split()
        header, n_under = -1, 0
        for row in range(self.model().rowCount()):
            card = self.model().index(row, 0).data(CARD_ROLE)
            if isinstance(card, Card):
                text = f"{card.name} {card.title} {card.text} {card.badge} {card.group}".lower()
                is_shown = all(word in text for word in words)
                self.setRowHidden(row, not is_shown)
                n_under += is_shown
                continue
            if header >= 0:
                self.setRowHidden(header, n_under == 0)
            header, n_under = row, 0
        if header >= 0:
            self.setRowHidden(header, n_under == 0)

    def _index_of(self, name: str) -> QModelIndex:
        for row in range(self.model().rowCount()):
            index = self.model().index(row, 0)
            card = index.data(CARD_ROLE)
            if isinstance(card, Card) and card.name == name:
                return index
        return QModelIndex()

    @Slot(QModelIndex, QModelIndex)
    def _on_current_changed(self, current: QModelIndex, _previous: QModelIndex) -> None:
        card = current.data(CARD_ROLE)
        if not self._is_setting and isinstance(card, Card) and not card.obstacle:
            self.picked.emit(card.name)

    @Slot(QPoint)
    def _on_menu(self, place: QPoint) -> None:
        card = self.indexAt(place).data(CARD_ROLE)
        if isinstance(card, Card):
            self.menu_asked.emit(card.name, self.viewport().mapToGlobal(place))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton:
            event.accept()  # asks for the menu of a card, and picks none
        else:
            super().mousePressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.scheduleDelayedItemsLayout()


def _plain(card: Card) -> Card:
    """A card as it may be shown; its name is never shown."""
    return replace(
        card,
        title=escaped(card.title),
        text=escaped(card.text),
        badge=escaped(card.badge),
        group=escaped(card.group),
        obstacle=escaped(card.obstacle),
    )


def _group_item(title: str) -> QStandardItem:
    item = QStandardItem(title)
    item.setFlags(Qt.ItemFlag.NoItemFlags)
    return item


def _card_item(card: Card) -> QStandardItem:
    item = QStandardItem(card.title)
    item.setData(card, CARD_ROLE)
    text = card.obstacle or card.text
    item.setToolTip(titled_tip(card.title, text))
    item.setData(f"{card.title}. {card.badge}", Qt.ItemDataRole.AccessibleTextRole)
    item.setData(text, Qt.ItemDataRole.AccessibleDescriptionRole)
    flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
    item.setFlags(Qt.ItemFlag.NoItemFlags if card.obstacle else flags)
    return item


class _CardDelegate(QStyledItemDelegate):
    """Measures and paints cards and group headings."""

    def __init__(self, max_lines: int, view: CardList) -> None:
        super().__init__(view)
        self._view = view
        self._max_lines = max_lines
        self._lines: dict[tuple[str, int], list[str]] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        card = index.data(CARD_ROLE)
        width = self._view.viewport().width()
        if not isinstance(card, Card):
            return QSize(width, GROUP_HEIGHT - (SPACING if index.row() == 0 else 0))
        title = QFontMetrics(text_font(TEXT_NORMAL, bold=True)).height()
        line = QFontMetrics(text_font(TEXT_SMALL)).height()
        n_lines = len(self._text_lines(card, width))
        height = title + n_lines * line + 2 * SPACING + _GAP + (2 if n_lines else 0)
        if self._badge_is_below(card, width):
            height += line + _GAP + 2
        return QSize(width, height)

    def _badge_is_below(self, card: Card, width: int) -> bool:
        """The title needs the whole width, so the badge gets a line of its own."""
        if not card.badge:
            return False
        title = QFontMetrics(text_font(TEXT_NORMAL, bold=True)).horizontalAdvance(card.title)
        return self._text_left(card) + title + _badge_width(card) + 2 * SPACING > width

    def _text_left(self, card: Card) -> int:
        return SPACING + (ICON_EDGE + SPACING if card.icon else 0)

    def _text_lines(self, card: Card, width: int) -> list[str]:
        text = card.obstacle or card.text
        key = (text, width)
        if key not in self._lines:
            if len(self._lines) > 500:
                self._lines.clear()
            room = width - self._text_left(card) - SPACING
            n_lines = self._max_lines + 1 if card.obstacle else self._max_lines
            self._lines[key] = wrapped(text, text_font(TEXT_SMALL), room, n_lines) if text else []
        return self._lines[key]

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        card = index.data(CARD_ROLE)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if isinstance(card, Card):
            self._paint_card(painter, option, card)
        else:
            painter.setFont(text_font(TEXT_SMALL, bold=True))
            painter.setPen(QColor(current_theme().palette.muted))
            rect = option.rect.adjusted(SPACING, 0, -SPACING, -SPACING // 2)
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(rect, flags, str(index.data()))
        painter.restore()

    def _paint_card(self, painter: QPainter, option: QStyleOptionViewItem, card: Card) -> None:
        palette = current_theme().palette
        state = option.state
        is_picked = bool(state & QStyle.StateFlag.State_Selected)
        is_hovered = bool(state & QStyle.StateFlag.State_MouseOver) and not card.obstacle
        rect = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5 - _GAP)
        ground, line = palette.surface, palette.border
        if is_picked:
            ground, line = blend(palette.surface, palette.accent, 0.12), palette.accent
        elif is_hovered:
            ground = blend(palette.surface, palette.raised, 0.5)
        elif card.obstacle:
            ground = palette.window
        width = 2.0 if is_picked and self._view.hasFocus() else 1.0
        painter.setPen(QPen(QColor(line), width))
        painter.setBrush(QColor(ground))
        painter.drawRoundedRect(rect, 6, 6)

        left = option.rect.left() + self._text_left(card)
        right = option.rect.right() - SPACING
        top = option.rect.top() + SPACING
        if card.icon:
            role = "accent" if is_picked else "muted"
            picture = icon(card.icon, role)
            at = QPoint(option.rect.left() + SPACING, top)
            picture.paint(painter, at.x(), at.y() - 1, ICON_EDGE, ICON_EDGE)
        title_font = text_font(TEXT_NORMAL, bold=True)
        metrics = QFontMetrics(title_font)
        is_below = self._badge_is_below(card, option.rect.width())
        badge_width = 0
        if card.badge and not is_below:
            badge_width = _badge_width(card) + SPACING
            self._paint_badge(painter, card, right - _badge_width(card), top)
        painter.setFont(title_font)
        painter.setPen(QColor(palette.muted if card.obstacle else palette.text))
        room = right - left - badge_width
        title = metrics.elidedText(card.title, Qt.TextElideMode.ElideRight, room)
        painter.drawText(left, top + metrics.ascent(), title)

        small = text_font(TEXT_SMALL)
        small_metrics = QFontMetrics(small)
        painter.setFont(small)
        painter.setPen(QColor(palette.muted))
        y = top + metrics.height() + 2 + small_metrics.ascent()
        for text in self._text_lines(card, option.rect.width()):
            painter.drawText(left, y, text)
            y += small_metrics.height()
        if is_below:
            self._paint_badge(painter, card, left, y - small_metrics.ascent() + _GAP)

    def _paint_badge(self, painter: QPainter, card: Card, left: int, top: int) -> None:
        palette = current_theme().palette
        font = text_font(TEXT_SMALL)
        rect = QRectF(left, top - 1, _badge_width(card), QFontMetrics(font).height() + 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(palette.accent if card.is_marked else palette.raised))
        painter.drawRoundedRect(rect, rect.height() / 2, rect.height() / 2)
        painter.setFont(font)
        painter.setPen(QColor(palette.on_accent if card.is_marked else palette.muted))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, card.badge)


def _badge_width(card: Card) -> int:
    return QFontMetrics(text_font(TEXT_SMALL)).horizontalAdvance(card.badge) + 2 * SPACING
