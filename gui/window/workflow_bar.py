"""WorkflowBar: the steps from data to runs, each with what it holds at present."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QSizePolicy, QVBoxLayout, QWidget

from gui.formatting.plain_text import plain_html
from gui.style.icons import icon
from gui.style.theme import SPACING, TEXT_NORMAL, TEXT_SMALL, blend, current_theme, text_font

STEP_HEIGHT: Final = 7 * SPACING
ICON_EDGE: Final = 22
LEFT: Final = SPACING + 4

TODO: Final = ""
DONE: Final = "done"
ACTIVE: Final = "active"
PROBLEM: Final = "problem"


@dataclass(frozen=True)
class Step:
    """One step.

    Attributes:
        name: What it is known by.
        title: What people read.
        icon: Name of its icon.
    """

    name: str
    title: str
    icon: str


class WorkflowBar(QWidget):
    """The steps, one under the other; exactly one is shown as current.

    Signals:
        step_picked(str): The person picked a step, by name.
    """

    step_picked = Signal(str)

    def __init__(self, steps: Iterable[Step], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        self._buttons: dict[str, StepButton] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING // 2)
        for number, step in enumerate(steps, start=1):
            button = StepButton(step, f"Ctrl+{number}")
            button.clicked.connect(self._on_clicked)
            self._group.addButton(button)
            self._buttons[step.name] = button
            column.addWidget(button)

    def button(self, name: str) -> StepButton:
        """Returns the button of a step."""
        return self._buttons[name]

    def set_folded(self, is_folded: bool) -> None:
        """Shows icons alone, or titles and hints beside them."""
        for button in self._buttons.values():
            button.set_folded(is_folded)

    def set_current(self, name: str) -> None:
        """Shows a step as the current one; emits nothing."""
        self._buttons[name].setChecked(True)

    def set_hint(self, name: str, hint: str) -> None:
        """Shows what a step holds, in a few words."""
        self._buttons[name].set_hint(hint)

    def set_mark(self, name: str, mark: str) -> None:
        """Shows where a step is: `TODO`, `DONE`, `ACTIVE` or `PROBLEM`."""
        self._buttons[name].set_mark(mark)

    @Slot()
    def _on_clicked(self) -> None:
        for name, button in self._buttons.items():
            if button is self.sender():
                self.step_picked.emit(name)


class StepButton(QAbstractButton):
    """Icon, title, hint and mark of one step."""

    def __init__(self, step: Step, keys: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._step = step
        self._hint = ""
        self._mark = TODO
        self._keys = keys
        self._is_folded = False
        self.setText(step.title)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        current_theme().changed.connect(self.update)
        self._describe()

    @property
    def hint(self) -> str:
        """What the step holds."""
        return self._hint

    @property
    def mark(self) -> str:
        """Where the step is."""
        return self._mark

    def set_folded(self, is_folded: bool) -> None:
        """Shows the icon alone, or the words beside it."""
        self._is_folded = is_folded
        self.updateGeometry()
        self.update()

    def set_hint(self, hint: str) -> None:
        """Shows what the step holds."""
        if hint != self._hint:
            self._hint = hint
            self._describe()
            self.update()

    def set_mark(self, mark: str) -> None:
        """Shows where the step is."""
        if mark != self._mark:
            self._mark = mark
            self._describe()
            self.update()

    def _describe(self) -> None:
        words = {
            TODO: "",
            DONE: self.tr("done"),
            ACTIVE: self.tr("under way"),
            PROBLEM: self.tr("has a problem"),
        }
        self.setAccessibleName(self._step.title)
        parts = [part for part in (self._hint, words[self._mark]) if part]
        self.setAccessibleDescription(", ".join(parts))
        hint = f"<p>{plain_html(self._hint)}</p>" if self._hint else ""
        self.setToolTip(f"<p><b>{self._step.title}</b> ({self._keys})</p>{hint}")

    def sizeHint(self) -> QSize:
        return QSize((5 if self._is_folded else 20) * SPACING, STEP_HEIGHT)

    def enterEvent(self, event: QEnterEvent) -> None:
        super().enterEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        palette = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        is_current = self.isChecked()
        box = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        if is_current or self.underMouse():
            tint = blend(palette.window, palette.accent, 0.14) if is_current else palette.raised
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(tint))
            painter.drawRoundedRect(box, 8, 8)
        if self.hasFocus():
            painter.setPen(QPen(QColor(palette.accent), 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 8, 8)
        picture = icon(self._step.icon, "accent" if is_current else "muted")
        top = (self.height() - ICON_EDGE) // 2
        left = (self.width() - ICON_EDGE) // 2 if self._is_folded else LEFT
        picture.paint(painter, QRect(left, top, ICON_EDGE, ICON_EDGE))
        if self._is_folded:
            self._paint_mark(painter, QPointF(self.width() - SPACING, SPACING + 2))
        else:
            self._paint_words(painter, is_current)
            self._paint_mark(painter, QPointF(self.width() - SPACING - 6, self.height() / 2))

    def _paint_words(self, painter: QPainter, is_current: bool) -> None:
        palette = current_theme().palette
        left = LEFT + ICON_EDGE + SPACING + 2
        room = self.width() - left - (3 * SPACING if self._mark else SPACING)
        title = text_font(TEXT_NORMAL, bold=is_current)
        small = text_font(TEXT_SMALL)
        title_height = QFontMetrics(title).height()
        hint_height = QFontMetrics(small).height() if self._hint else 0
        top = (self.height() - title_height - hint_height) // 2
        painter.setFont(title)
        painter.setPen(QColor(palette.text))
        painter.drawText(left, top + QFontMetrics(title).ascent(), self._step.title)
        if self._hint:
            metrics = QFontMetrics(small)
            painter.setFont(small)
            painter.setPen(QColor(palette.muted))
            hint = metrics.elidedText(self._hint, Qt.TextElideMode.ElideRight, room)
            painter.drawText(left, top + title_height + metrics.ascent(), hint)

    def _paint_mark(self, painter: QPainter, center: QPointF) -> None:
        if self._mark == TODO:
            return
        name, role = {
            DONE: ("check", "success"),
            ACTIVE: ("circle-fill", "accent"),
            PROBLEM: ("warning", "warning"),
        }[self._mark]
        edge = 10 if self._mark == ACTIVE else 16
        at = (center - QPointF(edge, edge) / 2).toPoint()
        if self._mark == ACTIVE:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(current_theme().palette.accent))
            painter.drawEllipse(center, 4, 4)
        else:
            icon(name, role).paint(painter, QRect(at, QSize(edge, edge)))
