"""DataSettings: what can be set about the data: its own parameters, the target, the parts."""

from __future__ import annotations

from typing import Any

from pydantic import create_model
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QLabel, QVBoxLayout, QWidget

from engine.datasets import DATASETS
from engine.errors import Problem
from engine.parameters import Parameters
from engine.problem import Task
from engine.spec import RunSpec, SplitSpec
from gui.controller import Controller
from gui.draft import Draft
from gui.theme import SPACING, set_role
from gui.widgets.parameter_form import ParameterForm

# The seed as a group of its own: `RunSpec` itself cannot be checked without data and model.
SeedSpec: type[Parameters] = create_model(
    "SeedSpec", __base__=Parameters, seed=(int, RunSpec.model_fields["seed"])
)


class DataSettings(QWidget):
    """Forms that edit the data side of the draft.

    Signals:
        target_picked(str): The person picked another column to predict.
    """

    target_picked = Signal(str)

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._source: str | None = None
        self.form: ParameterForm | None = None
        self._form_title = _heading(self.tr("Dataset"), self)
        self._form_place = QVBoxLayout()
        self.target = QComboBox(self)
        self.task = QComboBox(self)
        self._target_part = self._build_target_part()
        self.split_form = ParameterForm(SplitSpec, "split", self)
        self.seed_form = ParameterForm(SeedSpec, "", self)
        self.split_form.values_changed.connect(self._on_split)
        self.seed_form.values_changed.connect(self._on_seed)
        self._build()

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._target_part)
        column.addWidget(self._form_title)
        column.addLayout(self._form_place)
        column.addWidget(_heading(self.tr("Kept aside"), self))
        column.addWidget(self.split_form)
        column.addWidget(self.seed_form)
        column.addStretch(1)

    def _build_target_part(self) -> QWidget:
        part = QWidget(self)
        column = QVBoxLayout(part)
        column.setContentsMargins(0, 0, 0, SPACING)
        column.setSpacing(SPACING)
        column.addWidget(_heading(self.tr("Column to predict"), part))
        self.target.setAccessibleName(self.tr("Column to predict"))
        self.target.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.target.setMinimumContentsLength(6)
        self.target.activated.connect(self._on_target)
        column.addWidget(self.target)
        self.task.setAccessibleName(self.tr("What the column holds"))
        self.task.setToolTip(
            self.tr("Classes are told apart, numbers are estimated. Automatic looks at the values.")
        )
        self.task.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.task.setMinimumContentsLength(6)
        self.task.addItem(self.tr("read as: automatic"), None)
        self.task.addItem(self.tr("read as classes"), Task.CLASSIFICATION.value)
        self.task.addItem(self.tr("read as numbers"), Task.REGRESSION.value)
        self.task.activated.connect(self._on_task)
        column.addWidget(self.task)
        part.hide()
        return part

    def show_draft(self, draft: Draft) -> None:
        """Shows what the draft says."""
        if draft.source != self._source:
            self._source = draft.source
            self._replace_form(draft)
        if self.form is not None:
            self.form.set_values(draft.data_parameters)
        self._target_part.setVisible(draft.has_data and draft.source not in DATASETS)
        self.task.setCurrentIndex(max(0, self.task.findData(draft.task)))
        self._show_target(draft.target)
        self.split_form.set_values(draft.split)
        self.seed_form.set_values({"seed": draft.seed})

    def set_columns(self, columns: tuple[str, ...]) -> None:
        """Offers the columns of a file as targets."""
        self.target.clear()
        self.target.addItems(list(columns))
        self._show_target(self._controller.draft.target)

    def show_problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Shows findings at their fields; returns those that belong to none."""
        for form in (self.form, self.split_form, self.seed_form):
            if form is not None:
                problems = form.set_problems(problems)
        return problems

    def _show_target(self, target: str | None) -> None:
        index = self.target.findText(target or "")
        self.target.setCurrentIndex(index)

    def _replace_form(self, draft: Draft) -> None:
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if draft.source in DATASETS:
            form = ParameterForm(DATASETS[draft.source].parameters, "data.parameters", self)
            if form.is_empty:
                form.deleteLater()
            else:
                form.values_changed.connect(self._on_data_parameters)
                self._form_place.addWidget(form)
                self.form = form
        self._form_title.setVisible(self.form is not None)

    @Slot(object)
    def _on_data_parameters(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_data_parameters(values))

    @Slot(object)
    def _on_split(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_split(values))

    @Slot(object)
    def _on_seed(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_seed(values.get("seed", 0)))

    @Slot(int)
    def _on_target(self, index: int) -> None:
        target = self.target.itemText(index)
        # Another column may hold something else; what was chosen for the last one is forgotten.
        self._controller.set_draft(self._controller.draft.with_target(target))
        self.target_picked.emit(target)

    @Slot(int)
    def _on_task(self, index: int) -> None:
        draft = self._controller.draft
        self._controller.set_draft(draft.with_target(draft.target, self.task.itemData(index)))


def _heading(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    set_role(label, "heading")
    return label
