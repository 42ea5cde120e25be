"""MoreEpochs: asks for how many more epochs a run shall go on, beside the button pressed."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QPushButton,
    QSpinBox,
    QWidget,
)

from gui.formatting.numbers import count_text
from gui.style.label import Label
from gui.style.theme import SPACING, current_theme, set_role
from gui.style.wheel import wheel_needs_focus

MOST_EPOCHS = 100_000
RADIUS = 6.0


class MoreEpochs(QWidget):
    """A small strip over the page; Enter continues, Escape or going elsewhere puts it away.

    Signals:
        chosen(int): Epochs in all.

    Args:
        epochs_done: Of the run so far.
        button: Beside which it opens.
    """

    chosen = Signal(int)

    def __init__(self, epochs_done: int, button: QWidget) -> None:
        super().__init__(button.window())
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(self.tr("Continue with more epochs"))
        self._done = epochs_done
        self._button = button
        self.epochs = QSpinBox()
        self.epochs.setRange(1, max(1, MOST_EPOCHS - epochs_done))
        self.epochs.setValue(min(self.epochs.maximum(), max(1, epochs_done)))
        self.epochs.setAccessibleName(self.tr("More epochs"))
        self.epochs.setMinimumWidth(10 * SPACING)
        wheel_needs_focus(self.epochs)
        self.until = Label()
        set_role(self.until, "muted")
        self.go_on = QPushButton(self.tr("Continue"))
        self.go_on.setDefault(True)
        set_role(self.go_on, "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(*(2 * SPACING,) * 4)
        row.setSpacing(SPACING)
        label = Label(self.tr("More &epochs"))
        label.setBuddy(self.epochs)
        for widget in (label, self.epochs, self.until, self.go_on):
            row.addWidget(widget)
        self.epochs.valueChanged.connect(self._show_until)
        self.epochs.lineEdit().returnPressed.connect(self._on_chosen)
        self.go_on.clicked.connect(self._on_chosen)
        self._show_until()

    def open(self) -> None:
        """Opens below the button, inside its window."""
        window = self._button.window()
        self.adjustSize()
        below = self._button.mapTo(window, QPoint(0, self._button.height() + SPACING // 2))
        left = min(below.x(), window.width() - self.width() - 3 * SPACING)
        self.move(max(0, left), below.y())
        self.show()
        self.raise_()
        self.epochs.setFocus()
        self.epochs.selectAll()
        application = QApplication.instance()
        if isinstance(application, QApplication):
            application.focusChanged.connect(self._on_focus)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._put_away()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        palette = current_theme().palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(palette.border))
        painter.setBrush(QColor(palette.raised))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)

    def _put_away(self) -> None:
        had_focus = self.isAncestorOf(self.focusWidget() or self)
        self.close()
        if had_focus and self._button.isVisible():
            self._button.setFocus()

    @Slot(QWidget, QWidget)
    def _on_focus(self, _old: QWidget | None, new: QWidget | None) -> None:
        if new is not None and not self.isAncestorOf(new):
            self.close()

    @Slot()
    def _show_until(self) -> None:
        text = self.tr("up to epoch {n}")
        self.until.setText(text.format(n=count_text(self._done + self.epochs.value())))

    @Slot()
    def _on_chosen(self) -> None:
        self.epochs.interpretText()
        epochs = self._done + self.epochs.value()
        self.close()
        self.chosen.emit(epochs)
