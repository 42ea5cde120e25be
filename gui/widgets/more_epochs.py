"""MoreEpochs: asks for how many more epochs a run shall go on, beside the button pressed."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QWidget

from gui.theme import SPACING, set_role
from gui.widgets.run_words import count_text

MOST_EPOCHS = 100_000


class MoreEpochs(QFrame):
    """A small popup; Enter continues, Escape or a click elsewhere puts it away.

    Signals:
        chosen(int): Epochs in all.

    Args:
        epochs_done: Of the run so far.
        button: Beside which it opens.
    """

    chosen = Signal(int)

    def __init__(self, epochs_done: int, button: QWidget) -> None:
        super().__init__(button, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName(self.tr("Continue with more epochs"))
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._done = epochs_done
        self._button = button
        self.epochs = QSpinBox()
        self.epochs.setRange(1, max(1, MOST_EPOCHS - epochs_done))
        self.epochs.setValue(min(self.epochs.maximum(), max(1, epochs_done)))
        self.epochs.setAccessibleName(self.tr("More epochs"))
        self.epochs.setMinimumWidth(10 * SPACING)
        self.until = QLabel()
        set_role(self.until, "muted")
        self.go_on = QPushButton(self.tr("Continue"))
        self.go_on.setDefault(True)
        set_role(self.go_on, "primary")
        row = QHBoxLayout(self)
        row.setContentsMargins(*(2 * SPACING,) * 4)
        row.setSpacing(SPACING)
        label = QLabel(self.tr("More &epochs"))
        label.setBuddy(self.epochs)
        for widget in (label, self.epochs, self.until, self.go_on):
            row.addWidget(widget)
        self.epochs.valueChanged.connect(self._show_until)
        self.epochs.lineEdit().returnPressed.connect(self._on_chosen)
        self.go_on.clicked.connect(self._on_chosen)
        self._show_until()

    def open(self) -> None:
        """Opens below the button, inside its screen."""
        self.adjustSize()
        corner = self._button.mapToGlobal(QPoint(self._button.width(), self._button.height()))
        place = QPoint(corner.x() - self.width(), corner.y() + SPACING // 2)
        screen = self._button.screen()
        if screen is not None:
            place.setX(max(screen.availableGeometry().left(), place.x()))
        self.move(place)
        self.show()
        self.epochs.setFocus()
        self.epochs.selectAll()

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
