"""Augmentations: random changes of the training examples, Descent's own and other packages'."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from engine.errors import Problem
from engine.preprocessing.augmentation import (
    AUGMENTATIONS,
    PLUGINS_FIELD,
    Augmentation,
    settings_for,
)
from engine.spec.parameters import describe
from engine.spec.run_spec import AugmentationSpec
from engine.spec.signature import Kind
from gui.formatting.plain_text import plain_tip
from gui.style.theme import SPACING
from gui.widgets.parameter_form import ParameterForm


class Augmentations(QWidget):
    """One form for Descent's own settings, and a box to tick for each of another package.

    Signals:
        values_changed(dict): The person has edited; the values of an `AugmentationSpec`.

    Attributes:
        own: The form of Descent's own settings.
        others: Those of other packages, by name.
    """

    values_changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._kind: Kind | None = None
        self._values: dict[str, Any] = {}
        self.own = ParameterForm(AugmentationSpec, "augmentation", self)
        self.own.values_changed.connect(self._on_edited)
        self.others: dict[str, PluginAugmentation] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(SPACING)
        self._column.addWidget(self.own)
        self.offer_plugins()

    def offer_plugins(self) -> None:
        """Offers those of other packages that are there by now."""
        new = [item for item in AUGMENTATIONS if item.name not in self.others]
        for augmentation in new:
            other = self.others[augmentation.name] = PluginAugmentation(augmentation, self)
            other.edited.connect(self._on_edited)
            self._column.addWidget(other)
        if new:
            self.set_values(self._values)
            self.show_kind(self._kind)

    def show_kind(self, kind: Kind | None) -> None:
        """Offers what fits a kind of data; None: it is not known."""
        self._kind = kind
        if kind is None:
            return
        fitting = {item.name for item in settings_for(kind)}
        for item in describe(AugmentationSpec):
            self.own.set_row_shown(item.name, item.name in fitting)
        for other in self.others.values():
            other.setVisible(kind in other.augmentation.kinds)

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Shows values; emits nothing."""
        self._values = dict(values)
        self.own.set_values(values)
        used = _used(values)
        for name, other in self.others.items():
            other.set_values(used.get(name))

    def set_problems(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Shows findings at their fields; returns those that belong to none."""
        rest = tuple(problems)
        for other in self.others.values():
            rest = other.form.set_problems(rest)
        return self.own.set_problems(rest)

    def flush(self) -> None:
        """Says what was typed last, without waiting for the person to pause."""
        for form in (self.own, *(other.form for other in self.others.values())):
            form.flush()

    def focus_field(self, path: str) -> QWidget | None:
        """Puts the cursor into a field; returns its row, or None where it is not shown."""
        for other in self.others.values():
            row = other.form.focus_field(path)
            if row is not None:
                return row
        return self.own.focus_field(path)

    @Slot()
    @Slot(object)
    def _on_edited(self, _values: object = None) -> None:
        # What is set for a plug-in that is not there is kept.
        used = {name: item for name, item in _used(self._values).items() if name not in self.others}
        used |= {name: other.values() for name, other in self.others.items() if other.is_used}
        self._values = {**self.own.values(), **({PLUGINS_FIELD: used} if used else {})}
        self.values_changed.emit(self._values)


class PluginAugmentation(QWidget):
    """A box to tick, and what can be set while it is.

    Signals:
        edited(): It is used or not, or set in another way.

    Args:
        augmentation: Another package's.
    """

    edited = Signal()

    def __init__(self, augmentation: Augmentation, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.augmentation = augmentation
        self.box = QCheckBox(augmentation.title, self)
        self.box.setToolTip(plain_tip(augmentation.help))
        self.box.setAccessibleDescription(augmentation.help)
        prefix = f"augmentation.{PLUGINS_FIELD}.{augmentation.name}"
        self.form = ParameterForm(augmentation.parameters, prefix, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self.box)
        column.addWidget(self.form)
        self.form.hide()
        self.box.clicked.connect(self._on_clicked)
        self.form.values_changed.connect(self._on_values)

    @property
    def is_used(self) -> bool:
        """The box is ticked."""
        return self.box.isChecked()

    def values(self) -> dict[str, Any]:
        """Its settings, as far as they differ from the defaults."""
        return self.form.values()

    def set_values(self, values: Mapping[str, Any] | None) -> None:
        """Shows settings; None: it is not used. Emits nothing."""
        self.box.setChecked(values is not None)
        self.form.setVisible(values is not None and not self.form.is_empty)
        self.form.set_values(values or {})

    @Slot()
    def _on_clicked(self) -> None:
        self.form.setVisible(self.is_used and not self.form.is_empty)
        self.edited.emit()

    @Slot(object)
    def _on_values(self, _values: object) -> None:
        self.edited.emit()


def _used(values: Mapping[str, Any]) -> dict[str, Any]:
    """What is said of other packages' augmentations, by name; a draft may say it wrongly."""
    used = values.get(PLUGINS_FIELD)
    named = used if isinstance(used, Mapping) else {}
    return {str(name): item for name, item in named.items() if isinstance(item, Mapping)}
