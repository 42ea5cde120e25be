"""One editor for each kind of parameter; each takes any value, right or wrong, and says it back.

Whether a value is right is decided by the declaration in the engine, not by an editor.
"""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QHBoxLayout,
    QLineEdit,
    QToolButton,
    QWidget,
)

from engine.spec.parameters import Parameter, ParameterKind
from gui.style.icons import icon
from gui.style.theme import SPACING
from gui.style.wheel import wheel_needs_focus
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.stepping import next_125, next_integer

StepFlag = QAbstractSpinBox.StepEnabledFlag


class NumberField(QAbstractSpinBox):
    """A number, typed or stepped; an empty field means "automatic" where that is allowed.

    Integers step by their leading digit (1, 2 … 9, 10, 20 …), numbers without an upper bound of 1
    by 1, 2, 5, 10, shares by 0.05: the sequences people try by hand.

    Signals:
        value_changed(): The value is another one.
    """

    value_changed = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameter = parameter
        self._is_integer = parameter.kind is ParameterKind.INTEGER
        self._resolved: Any = None
        self.setKeyboardTracking(True)
        wheel_needs_focus(self)
        self.setMinimumWidth(9 * SPACING)
        self.lineEdit().setTextMargins(SPACING - 2, 0, 0, 0)
        self.lineEdit().textChanged.connect(self._on_text)

    def value(self) -> Any:
        """Returns a number, None for automatic, or the text where it is no number."""
        text = self.lineEdit().text().strip()
        if not text:
            return None if self._parameter.nullable else self._parameter.default
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            return text
        if self._is_integer and math.isfinite(number) and number == int(number):
            return int(number)
        return number if math.isfinite(number) else text

    def set_value(self, value: Any) -> None:
        """Shows a value."""
        if value is None:
            text = ""
        elif isinstance(value, float):
            text = f"{value:.12g}"
        else:
            text = str(value)
        self.lineEdit().setText(text)

    def set_resolved(self, value: Any) -> None:
        """Shows what "automatic" means at present."""
        self._resolved = value
        if not self._parameter.nullable:
            return
        shown = f"{value:.12g}" if isinstance(value, float) else str(value)
        known = value is not None
        self.lineEdit().setPlaceholderText(
            self.tr("automatic: {value}").format(value=shown) if known else self.tr("automatic")
        )

    @Slot(str)
    def _on_text(self, _text: str) -> None:
        self.value_changed.emit()

    # ---- what QAbstractSpinBox asks

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        return QValidator.State.Acceptable, text, position

    def stepEnabled(self) -> StepFlag:
        return StepFlag.StepUpEnabled | StepFlag.StepDownEnabled

    def stepBy(self, steps: int) -> None:
        value = self.value()
        if value is None:
            value = self._resolved
        if isinstance(value, bool) or not isinstance(value, int | float):
            value = self._parameter.default
        if not isinstance(value, int | float):
            value = self._parameter.minimum or 0
        for _ in range(abs(steps)):
            value = self._stepped(value, up=steps > 0)
        self.set_value(value)
        self.selectAll()

    def _stepped(self, value: float, up: bool) -> float:
        parameter = self._parameter
        if self._is_integer:
            stepped: float = next_integer(int(value), up)
        elif parameter.maximum is not None and parameter.maximum <= 1:
            stepped = round(value + (0.05 if up else -0.05), 10)
        else:
            stepped = next_125(value, up)
        too_low = parameter.minimum is not None and (
            stepped < parameter.minimum
            or (parameter.minimum_excluded and stepped == parameter.minimum)
        )
        too_high = parameter.maximum is not None and (
            stepped > parameter.maximum
            or (parameter.maximum_excluded and stepped == parameter.maximum)
        )
        return value if too_low or too_high else stepped


class ChoiceField(ChoiceBox):
    """One of several names; "automatic" comes first where it is allowed.

    Signals:
        value_changed(): The value is another one.
    """

    value_changed = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nullable = parameter.nullable
        if parameter.nullable:
            self.addItem(self.tr("automatic"), None)
        if parameter.kind is ParameterKind.BOOLEAN:
            self.addItem(self.tr("yes"), True)
            self.addItem(self.tr("no"), False)
        self._n_fixed = self.count()
        for choice in parameter.choices:
            self.addItem(choice, choice)
        self.currentIndexChanged.connect(self._on_index)

    def value(self) -> Any:
        """Returns the chosen name, or None for automatic."""
        return self.currentData()

    def set_value(self, value: Any) -> None:
        """Shows a value; one that is not on the list is added, for the engine to refuse."""
        index = self._index_of(value)
        if index < 0:
            self.addItem(str(value), value)
            index = self.count() - 1
        self.setCurrentIndex(index)

    def offer(self, choices: tuple[str, ...]) -> None:
        """Offers only these; the value that is shown stays, for the engine to judge."""
        current = self.value()
        offered = [self.itemData(index) for index in range(self._n_fixed, self.count())]
        wanted = [*choices]
        if isinstance(current, str) and current not in wanted:
            wanted.append(current)
        if offered == wanted:
            return
        while self.count() > self._n_fixed:
            self.removeItem(self.count() - 1)
        for choice in wanted:
            self.addItem(choice, choice)
        self.set_value(current)

    def set_resolved(self, value: Any) -> None:
        """Shows what "automatic" means at present."""
        if self._nullable:
            known = value is not None
            text = self.tr("automatic: {value}") if known else self.tr("automatic")
            self.setItemText(0, text.format(value=value))

    def _index_of(self, value: Any) -> int:
        # findData compares None and strings by Qt's rules; these are ours.
        for index in range(self.count()):
            data = self.itemData(index)
            if data == value and type(data) is type(value):
                return index
        return -1

    @Slot(int)
    def _on_index(self, _index: int) -> None:
        self.value_changed.emit()


class SwitchField(QCheckBox):
    """Yes or no.

    Signals:
        value_changed(): The value is another one.
    """

    value_changed = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.toggled.connect(self._on_toggled)

    def value(self) -> Any:
        """Returns True or False."""
        return self.isChecked()

    def set_value(self, value: Any) -> None:
        """Shows a value."""
        self.setChecked(bool(value))

    def set_resolved(self, value: Any) -> None:
        """A switch has nothing automatic."""

    @Slot(bool)
    def _on_toggled(self, _checked: bool) -> None:
        self.value_changed.emit()


class TextField(QLineEdit):
    """A text.

    Signals:
        value_changed(): The value is another one.
    """

    value_changed = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._nullable = parameter.nullable
        self.setMinimumWidth(9 * SPACING)
        self.textChanged.connect(self._on_text)

    def value(self) -> Any:
        """Returns the text, or None where it is empty and that means automatic."""
        return None if self._nullable and not self.text() else self.text()

    def set_value(self, value: Any) -> None:
        """Shows a value."""
        text = "" if value is None else str(value)
        if text != self.text():
            self.setText(text)
            self.setCursorPosition(0)  # a long text shows its beginning

    def set_resolved(self, value: Any) -> None:
        """Shows what "automatic" means at present."""
        self.setPlaceholderText("" if value is None else str(value))

    @Slot(str)
    def _on_text(self, _text: str) -> None:
        self.value_changed.emit()


class TextListField(TextField):
    """Several names, parted by commas."""

    def value(self) -> Any:
        """Returns the names, or None where there are none and that means automatic."""
        names = [name.strip() for name in self.text().split(",") if name.strip()]
        return None if self._nullable and not names else names

    def set_value(self, value: Any) -> None:
        """Shows names."""
        super().set_value(None if value is None else ", ".join(map(str, value)))


class IntegerListField(QWidget):
    """Several integers, such as the units of each layer: typed with commas, or added and removed.

    Signals:
        value_changed(): The value is another one.
    """

    value_changed = Signal()

    def __init__(self, parameter: Parameter, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameter = parameter
        self._text = QLineEdit(self)
        self._text.setAccessibleName(parameter.label)
        self._text.textChanged.connect(self._on_text)
        self._remove = self._button("minus", self.tr("Remove the last one"))
        self._remove.clicked.connect(self._on_remove)
        self._add = self._button("add", self.tr("Add another like the last one"))
        self._add.clicked.connect(self._on_add)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING // 2)
        row.addWidget(self._text, 1)
        row.addWidget(self._remove)
        row.addWidget(self._add)
        self.setFocusProxy(self._text)

    def _button(self, name: str, text: str) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(icon(name))
        button.setToolTip(text)
        button.setAccessibleName(f"{self._parameter.label}: {text}")
        return button

    @property
    def line_edit(self) -> QLineEdit:
        """Where the numbers are typed."""
        return self._text

    def value(self) -> Any:
        """Returns a list of integers, None for automatic, or the text where it is no list."""
        text = self._text.text().strip().strip("[]()")
        if not text:
            return None if self._parameter.nullable else []
        try:
            return [int(part) for part in text.replace(";", ",").strip(", ").split(",")]
        except ValueError:
            return self._text.text()

    def set_value(self, value: Any) -> None:
        """Shows a value."""
        if value is None:
            text = ""
        elif isinstance(value, list | tuple):
            text = ", ".join(str(item) for item in value)
        else:
            text = str(value)
        self._text.setText(text)

    def set_resolved(self, value: Any) -> None:
        """Shows what "automatic" means at present."""
        if self._parameter.nullable and value is not None:
            self._text.setPlaceholderText(", ".join(str(item) for item in value))

    @Slot(str)
    def _on_text(self, _text: str) -> None:
        value = self.value()
        n_items = len(value) if isinstance(value, list) else 0
        self._remove.setEnabled(n_items > (self._parameter.min_length or 0))
        self._add.setEnabled(
            isinstance(value, list)
            and (self._parameter.max_length is None or n_items < self._parameter.max_length)
        )
        self.value_changed.emit()

    @Slot()
    def _on_remove(self) -> None:
        value = self.value()
        if isinstance(value, list):
            self.set_value(value[:-1])

    @Slot()
    def _on_add(self) -> None:
        value = self.value()
        if isinstance(value, list):
            last = value[-1] if value else (self._parameter.minimum or 1)
            self.set_value([*value, int(last)])


Field = NumberField | ChoiceField | SwitchField | TextField | IntegerListField


def make_field(parameter: Parameter, parent: QWidget | None = None) -> Field:
    """Returns the editor for a parameter."""
    match parameter.kind:
        case ParameterKind.INTEGER | ParameterKind.NUMBER:
            return NumberField(parameter, parent)
        case ParameterKind.BOOLEAN if not parameter.nullable:
            return SwitchField(parameter, parent)
        case ParameterKind.BOOLEAN | ParameterKind.CHOICE:
            return ChoiceField(parameter, parent)
        case ParameterKind.INTEGER_LIST:
            return IntegerListField(parameter, parent)
        case ParameterKind.TEXT_LIST:
            return TextListField(parameter, parent)
        case ParameterKind.TEXT:
            return TextField(parameter, parent)
