"""LayerForm: everything that can be set of one layer: name, inputs, and the type's parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from engine.errors import Problem
from engine.graph.layer_graph import LayerNode
from engine.graph.layer_types import LAYER_TYPES, Group, LayerType
from engine.spec.parameters import describe
from gui.editor.inputs_field import InputsField
from gui.state.own_model import FORM_PREFIX
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.parameter_form import LABEL_WIDTH, ParameterForm

UNKNOWN_TYPE: Final = LayerType("", Group.OPERATION, "", max_inputs=None)
"""In place of a type that this version does not know."""


class LayerForm(QWidget):
    """Edits one layer at a time.

    Signals:
        renamed(str, str): The layer of the first name is to have the second one.
        inputs_changed(str, tuple[str, ...]): The layer of that name takes other inputs.
        parameters_changed(str, dict): The layer of that name has other settings.
    """

    renamed = Signal(str, str)
    inputs_changed = Signal(str, object)
    parameters_changed = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._node: LayerNode | None = None
        self.form: ParameterForm | None = None
        self.title = _label("heading", self)
        self.summary = _label("muted", self)
        self.problem = _label("danger", self)
        self.name = QLineEdit(self)
        self.inputs = InputsField(self)
        self._form_place = QVBoxLayout()
        self.name.editingFinished.connect(self._on_name)
        self.inputs.inputs_changed.connect(self._on_inputs)
        self._build()
        self.show_layer(None, (), ())

    def _build(self) -> None:
        label = Label(self.tr("Name"), self)
        label.setFixedWidth(LABEL_WIDTH)
        label.setBuddy(self.name)
        self.name.setAccessibleName(self.tr("Name of the layer"))
        self.name.setToolTip(
            self.tr("What it is called in the list, in the code and in the saved model.")
        )
        self._name_row = QWidget(self)
        row = QHBoxLayout(self._name_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(SPACING)
        row.addWidget(label)
        row.addWidget(self.name, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(2 * SPACING, SPACING, 2 * SPACING, 2 * SPACING)
        column.setSpacing(SPACING)
        for part in (self.title, self.summary, self.problem, self._name_row, self.inputs):
            column.addWidget(part)
        column.addLayout(self._form_place)
        column.addStretch(1)

    @property
    def layer(self) -> LayerNode | None:
        """The layer on show."""
        return self._node

    @Slot()
    def flush(self) -> None:
        """Says what was typed now, without waiting for the person to pause."""
        if self.form is not None:
            self.form.flush()
        if self.name.isModified():
            self._on_name()

    def show_layer(
        self, node: LayerNode | None, choices: Sequence[str], problems: Sequence[Problem]
    ) -> None:
        """Shows a layer. Emits nothing.

        Args:
            node: The layer; None: none is picked.
            choices: The layers that it can take its inputs from.
            problems: What is wrong with it; fields begin with `FORM_PREFIX`.
        """
        before, self._node = self._node, node
        if node is None:
            self._show_nothing()
            return
        if before is None or self.form is None or (before.name, before.type) != _what(node):
            self._replace_form(node)
        is_known = node.type in LAYER_TYPES
        kind = LAYER_TYPES[node.type] if is_known else UNKNOWN_TYPE
        self.title.setText(kind.title if is_known else node.type)
        self.summary.setText(kind.help)
        self.summary.setVisible(bool(self.summary.text()))
        self._name_row.show()
        if before is None or before.name != node.name or not self.name.isModified():
            self.name.setText(node.name)
        self.inputs.setVisible(kind.max_inputs != 0)
        self.inputs.show_inputs(node.inputs, choices, kind.min_inputs, kind.max_inputs)
        rest = tuple(problems)
        if self.form is not None:
            self.form.set_values(node.parameters)
            rest = self.form.set_problems(rest)
        self.problem.setText("\n".join(f"{item.message} {item.hint}".strip() for item in rest))
        self.problem.setVisible(bool(self.problem.text()))

    def _show_nothing(self) -> None:
        self.title.setText(self.tr("No layer is picked"))
        self.summary.setText(self.tr("Pick one in the list to see what can be set."))
        self.summary.show()
        for part in (self.problem, self._name_row, self.inputs):
            part.hide()
        self._drop_form()

    def _drop_form(self) -> None:
        if self.form is not None:
            self.form.values_changed.disconnect(self._on_values)  # it is of another layer
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None

    def _replace_form(self, node: LayerNode) -> None:
        self._drop_form()
        if node.type in LAYER_TYPES:
            self.form = ParameterForm(
                LAYER_TYPES[node.type].parameters, f"{FORM_PREFIX}.parameters", self
            )
            self.form.values_changed.connect(self._on_values)
            self._form_place.addWidget(self.form)

    @Slot()
    def _on_name(self) -> None:
        name, self_name = self.name.text().strip(), self._node.name if self._node else ""
        self.name.setModified(False)
        if self_name and name != self_name:
            self.renamed.emit(self_name, name)

    @Slot(object)
    def _on_inputs(self, inputs: tuple[str, ...]) -> None:
        if self._node is not None:
            self.inputs_changed.emit(self._node.name, inputs)

    @Slot(object)
    def _on_values(self, values: dict[str, Any]) -> None:
        if self._node is None or self._node.type not in LAYER_TYPES:
            return
        # What has no field, because it is of no kind that a form knows, is kept.
        shown = {item.name for item in describe(LAYER_TYPES[self._node.type].parameters)}
        kept = {key: value for key, value in self._node.parameters.items() if key not in shown}
        self.parameters_changed.emit(self._node.name, {**kept, **values})


def _what(node: LayerNode) -> tuple[str, str]:
    return node.name, node.type


def _label(role: str, parent: QWidget) -> Label:
    label = Label(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    set_role(label, role)
    return label
