"""RunCurveControls: how curves are drawn: horizontal axis, logarithm, smoothing."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QHBoxLayout,
    QPushButton,
    QSlider,
    QWidget,
)

from gui.state.settings import Settings
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.style.wheel import wheel_needs_focus

X_AXES = ("step", "epoch", "time")


class RunCurveControls(QWidget):
    """Controls over the curves; their values are remembered by name.

    Signals:
        x_axis_changed(str): ``step``, ``epoch`` or ``time``.
        log_y_changed(bool): The vertical axis is logarithmic.
        smoothing_changed(float): From 0 (none) to 0.99.
        reset_requested(): Show everything again.

    Args:
        settings: Remembers the values.
        group: First part of the settings' names.
        with_smoothing: Whether there are batches to smooth.
        axis: The axis at first.
    """

    x_axis_changed = Signal(str)
    log_y_changed = Signal(bool)
    smoothing_changed = Signal(float)
    reset_requested = Signal()

    def __init__(
        self,
        settings: Settings,
        group: str,
        with_smoothing: bool = True,
        axis: str = "step",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._settings = settings
        self._group = group
        stored = settings.get(f"{group}/x_axis", axis)
        self._x_axis = stored if stored in X_AXES else axis
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(SPACING)
        self._add_axis_buttons()
        self.log_y = QCheckBox(self.tr("&Log"))
        self.log_y.setToolTip(self.tr("Draw the vertical axis of the loss logarithmically"))
        self.log_y.setAccessibleName(self.tr("Logarithmic loss axis"))
        self.log_y.setChecked(settings.get(f"{group}/log_y", False))
        self.log_y.toggled.connect(self._on_log_y)
        self._row.addWidget(self.log_y)
        self.smoothing = QSlider(Qt.Orientation.Horizontal)
        wheel_needs_focus(self.smoothing)
        self._smoothing_text = Label()
        if with_smoothing:
            self._add_smoothing()
        self._row.addStretch(1)
        self.reset = QPushButton(self.tr("Show all"))
        self.reset.setToolTip(self.tr("Undo zooming and moving in the plots"))
        set_role(self.reset, "flat")
        self.reset.clicked.connect(self.reset_requested)
        self._row.addWidget(self.reset)

    @property
    def x_axis(self) -> str:
        """What the horizontal axis counts."""
        return self._x_axis

    @property
    def strength(self) -> float:
        """Smoothing, from 0 to 0.99."""
        return self.smoothing.value() / 100

    def _add_axis_buttons(self) -> None:
        titles = (self.tr("Step"), self.tr("Epoch"), self.tr("Time"))
        self.axes: dict[str, QPushButton] = {}
        self._buttons = QButtonGroup(self)
        for name, title in zip(X_AXES, titles, strict=True):
            button = QPushButton(title)
            button.setCheckable(True)
            button.setChecked(name == self._x_axis)
            name_aloud = self.tr("Horizontal axis by {axis}").format(axis=title)
            button.setAccessibleName(name_aloud)
            button.setToolTip(name_aloud)
            self._buttons.addButton(button)
            self.axes[name] = button
            self._row.addWidget(button)
        self._buttons.buttonClicked.connect(self._on_axis)

    def _add_smoothing(self) -> None:
        label = Label(self.tr("&Smoothing"))
        set_role(label, "muted")
        label.setBuddy(self.smoothing)
        self.smoothing.setRange(0, 99)
        self.smoothing.setMinimumWidth(6 * SPACING)
        self.smoothing.setMaximumWidth(15 * SPACING)
        self.smoothing.setValue(round(100 * self._stored_smoothing()))
        self.smoothing.setToolTip(self.tr("Adds a smoothed line; the batches stay visible"))
        self.smoothing.setAccessibleName(self.tr("Smoothing"))
        self.smoothing.valueChanged.connect(self._on_smoothing)
        self._smoothing_text.setMinimumWidth(5 * SPACING)
        self._smoothing_text.setIndent(SPACING)
        self._row.addSpacing(SPACING)
        for widget in (label, self.smoothing, self._smoothing_text):
            self._row.addWidget(widget)
        self._show_smoothing()

    def _stored_smoothing(self) -> float:
        return min(0.99, max(0.0, self._settings.get(f"{self._group}/smoothing", 0.0)))

    def _show_smoothing(self) -> None:
        value = self.smoothing.value()
        self._smoothing_text.setText(f"{value / 100:.2f}" if value else self.tr("off"))

    @Slot(object)
    def _on_axis(self, button: QPushButton) -> None:
        self._x_axis = next(name for name, item in self.axes.items() if item is button)
        self._settings.set(f"{self._group}/x_axis", self._x_axis)
        self.x_axis_changed.emit(self._x_axis)

    @Slot(bool)
    def _on_log_y(self, on: bool) -> None:
        self._settings.set(f"{self._group}/log_y", on)
        self.log_y_changed.emit(on)

    @Slot(int)
    def _on_smoothing(self, value: int) -> None:
        self._show_smoothing()
        self._settings.set(f"{self._group}/smoothing", value / 100)
        self.smoothing_changed.emit(value / 100)
