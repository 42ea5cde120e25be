"""VerdictList: what a run has to say of itself, a calm row for each finding, the gravest first."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from engine.events.verdicts import Finding
from gui.formatting.verdict_words import (
    evidence_text,
    severity_icon,
    severity_role,
    severity_text,
)
from gui.style.icons import icon_pixmap
from gui.style.label import Label
from gui.style.theme import SPACING, blend, current_theme, set_role

_ICON = 16
_KEYS = (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
RADIUS = 6.0


class VerdictList(QScrollArea):
    """Findings below each other, which scroll where there are many.

    Signals:
        place_picked(Place | None): Where the finding that was picked shows; None: picked no more.

    Args:
        parent: Owner.
        scrolls: It scrolls itself; else it is as high as its rows, in a page that does.
    """

    place_picked = Signal(object)

    def __init__(self, parent: QWidget | None = None, scrolls: bool = True) -> None:
        super().__init__(parent)
        self.rows: list[FindingRow] = []
        self._scrolls = scrolls
        self._content = QWidget()
        self._column = QVBoxLayout(self._content)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING // 2)
        self.empty = Label()
        self.empty.setWordWrap(True)
        set_role(self.empty, "muted")
        self._column.addWidget(self.empty)
        self._column.addStretch(1)
        self.setWidget(self._content)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        if not scrolls:
            self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self._content.setAutoFillBackground(False)
        self.setAccessibleName(self.tr("What the run has to say of itself"))

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is shown."""
        return tuple(row.finding for row in self.rows)

    def set_empty_text(self, text: str) -> None:
        """Sets what is read while there is nothing to say."""
        self.empty.setText(text)

    def set_findings(self, findings: Sequence[Finding]) -> None:
        """Shows findings; the one that was picked stays so while it is among them."""
        if tuple(findings) == self.findings:
            return
        picked = next((row.finding for row in self.rows if row.is_picked), None)
        for row in self.rows:
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = [FindingRow(finding, self._content) for finding in findings]
        for place, row in enumerate(self.rows):
            row.activated.connect(self._on_activated)
            self._column.insertWidget(place, row)
        self.empty.setVisible(not findings)
        same = [row for row in self.rows if picked is not None and row.finding.kind is picked.kind]
        for row in same:
            row.set_picked(True)
        if picked is not None:
            self.place_picked.emit(same[0].finding.place if same else None)
        self._fit()

    def forget_pick(self) -> None:
        """No finding is picked any more; nobody is told."""
        for row in self.rows:
            row.set_picked(False)

    def clear(self) -> None:
        """Shows none."""
        self.set_findings(())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where the page scrolls, takes the room that its rows need."""
        if not self._scrolls:
            self.setFixedHeight(max(1, self._column.heightForWidth(max(1, self.width()))))

    @Slot()
    def _on_activated(self) -> None:
        chosen = self.sender()
        for row in self.rows:
            row.set_picked(row is chosen and not row.is_picked)
        picked = next((row for row in self.rows if row.is_picked), None)
        self.place_picked.emit(picked.finding.place if picked is not None else None)


class FindingRow(QWidget):
    """One finding: its colour, its sentence, and the numbers it rests on.

    Signals:
        activated(): It was clicked, or a key pressed on it.

    Args:
        finding: What was found.
    """

    activated = Signal()

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        self.is_picked = False
        self._icon = Label(self)
        self.text = Label(finding.text, self)
        self.evidence = Label(evidence_text(finding.evidence), self)
        words = QVBoxLayout()
        words.setSpacing(0)
        for label in (self.text, self.evidence):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            words.addWidget(label)
        set_role(self.evidence, "small")
        self.evidence.setVisible(bool(finding.evidence))
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACING, SPACING // 2, SPACING, SPACING // 2)
        row.setSpacing(SPACING)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.setAccessibleName(f"{severity_text(finding.severity)}: {finding.text}")
        self.setAccessibleDescription(self.evidence.text())
        if self.can_show:
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setToolTip(self.tr("Click to see where"))
        current_theme().changed.connect(self._recolor)
        self._recolor()

    @property
    def can_show(self) -> bool:
        """There is a place at which it shows."""
        return self.finding.place is not None

    def set_picked(self, is_picked: bool) -> None:
        """Where it shows is marked, or no longer."""
        self.is_picked = is_picked
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Takes the press, so that the release comes here, too."""

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self.can_show and self.rect().contains(event.position().toPoint()):
            self.activated.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.can_show and event.key() in _KEYS:
            self.activated.emit()
            return
        super().keyPressEvent(event)

    @Slot()
    def _recolor(self) -> None:
        severity = self.finding.severity
        pixmap = icon_pixmap(severity_icon(severity), _ICON, severity_role(severity))
        self._icon.setPixmap(pixmap)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draws what says that it is picked, or has the keyboard."""
        if not self.is_picked and not self.hasFocus():
            return
        palette = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(palette.accent), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
        if self.is_picked:
            painter.setBrush(QColor(blend(palette.window, palette.accent, 0.12)))
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(box, RADIUS, RADIUS)
