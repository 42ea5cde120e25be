"""RunFacts: short facts in a row, each a caption above a value, in figures of one width."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from engine.spec.formatting import NOTHING
from gui.formatting.plain_text import plain_tip
from gui.style.label import Label
from gui.style.theme import SPACING, set_role, text_font

_SPACING: Final = 4 * SPACING
_NARROWEST: Final = 3 * SPACING // 2
"""Between two facts where there is room, and where there is little."""


class Fact(QWidget):
    """A caption and a value.

    Args:
        caption: What the value is.
        is_large: Whether the value is what the page is about.
    """

    def __init__(self, caption: str, is_large: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = Label(caption)
        self.value = Label(NOTHING)
        set_role(self.caption, "small")
        self.value.setFont(text_font())
        set_role(self.value, "title" if is_large else "")
        self.value.setTextFormat(Qt.TextFormat.PlainText)
        self.value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.caption)
        column.addWidget(self.value)

    def set_value(self, text: str, tip: str = "") -> None:
        """Sets the value; does nothing where it is the same."""
        if text != self.value.text():
            self.value.setText(text)
            # It keeps its widest room, so that what stands beside it does not move.
            widest = max(self.value.minimumWidth(), self.value.sizeHint().width())
            self.value.setMinimumWidth(widest)
            self.setAccessibleName(f"{self.caption.text()}: {text}")
        tip = plain_tip(tip)
        if tip != self.toolTip():
            self.setToolTip(tip)


class RunFacts(QWidget):
    """Several facts side by side.

    Args:
        captions: Key and caption of each, in order.
        is_large: Whether the values are what the page is about.
        expendable: Keys of those that go where there is no room for all, the first one first.
    """

    def __init__(
        self,
        captions: dict[str, str],
        is_large: bool = False,
        expendable: tuple[str, ...] = (),
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._expendable = expendable
        self.facts: dict[str, Fact] = {}
        self._is_large = is_large
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(_SPACING)
        self._row.addStretch(1)
        self._row.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self.set_captions(captions)

    def set_captions(self, captions: dict[str, str]) -> None:
        """Replaces the facts by others, without values."""
        for fact in self.facts.values():
            self._row.removeWidget(fact)
            fact.hide()
            fact.deleteLater()
        self.facts = {key: Fact(caption, self._is_large, self) for key, caption in captions.items()}
        for position, fact in enumerate(self.facts.values()):
            self._row.insertWidget(position, fact)

    def set_value(self, key: str, text: str, tip: str = "") -> None:
        """Sets the value of one fact."""
        before = self.facts[key].sizeHint().width()
        self.facts[key].set_value(text, tip)
        if self.facts[key].sizeHint().width() > before:
            self._make_room()

    def minimumSizeHint(self) -> QSize:
        """Room for those that always stay."""
        stays = [fact for key, fact in self.facts.items() if key not in self._expendable]
        return QSize(self._needed(stays, _NARROWEST), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Hides what there is no room for; the others come nearer to each other."""
        shown = dict(self.facts)
        for key in self._expendable:
            if self._needed(shown.values()) <= self.width():
                break
            shown.pop(key, None)
        for key in self._expendable:
            if key in self.facts:
                self.facts[key].setVisible(key in shown)
        lacking = max(0, self._needed(shown.values()) - self.width())
        nearer = -(-lacking // max(1, len(shown) - 1))
        self._row.setSpacing(max(_NARROWEST, _SPACING - nearer))

    def _needed(self, facts: Iterable[Fact], spacing: int = _SPACING) -> int:
        widths = [fact.sizeHint().width() + spacing for fact in facts]
        return max(0, sum(widths) - spacing)
