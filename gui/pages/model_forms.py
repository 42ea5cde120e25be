"""ModelForms: the settings of the architecture, of training, and of scaling, as one column."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.defaults import LOSSES
from engine.errors import Problem
from engine.problem import Kind, Output
from engine.spec import PreprocessingSpec, RunSpec, TrainingSpec
from gui.controller import Controller
from gui.draft import SHAPING_SETTINGS, Draft
from gui.theme import SPACING, set_role
from gui.widgets.parameter_form import ParameterForm


class ModelForms(QWidget):
    """Forms that edit the model side of the draft."""

    def __init__(self, controller: Controller, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._controller = controller
        self._model: str | None = None
        self.form: ParameterForm | None = None
        self._form_title = _heading(self.tr("Architecture"), self)
        self._form_place = QVBoxLayout()
        self.training_form = ParameterForm(TrainingSpec, "training", self)
        self.preprocessing_form = ParameterForm(PreprocessingSpec, "preprocessing", self)
        self.training_form.values_changed.connect(self._on_training)
        self.preprocessing_form.values_changed.connect(self._on_preprocessing)
        for name in SHAPING_SETTINGS:  # beside the data, on its page
            self.preprocessing_form.set_row_shown(name, False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._form_title)
        column.addLayout(self._form_place)
        self._preprocessing_title = _heading(self.tr("Preparing the numbers"), self)
        for title, form in (
            (_heading(self.tr("Training"), self), self.training_form),
            (self._preprocessing_title, self.preprocessing_form),
        ):
            column.addSpacing(SPACING)
            column.addWidget(title)
            column.addWidget(form)
        column.addStretch(1)

    def show_draft(self, draft: Draft) -> None:
        """Shows what the draft says."""
        if draft.model != self._model:
            self._model = draft.model
            self._replace_form(draft.model)
        if self.form is not None:
            self.form.set_values(draft.model_parameters)
        self.training_form.set_values(draft.training)
        self.preprocessing_form.set_values(draft.preprocessing)

    def show_kind(self, kind: Kind, output: Output) -> None:
        """Offers only what makes sense for what comes in and what is predicted."""
        has_numbers = kind is not Kind.TEXT  # the numbers of tokens are no amounts
        self.preprocessing_form.set_row_shown("scaling", has_numbers)
        self.preprocessing_form.set_row_shown("target_scaling", output is Output.NUMBERS)
        for part in (self._preprocessing_title, self.preprocessing_form):
            part.setVisible(has_numbers or output is Output.NUMBERS)
        self.training_form.set_row_shown("class_weights", output is Output.CLASSES)
        self.training_form.set_choices("loss", LOSSES[output])

    def show_resolved(self, spec: RunSpec | None) -> None:
        """Shows what the choices left open mean for this data and model."""
        values = spec.to_dict() if spec is not None else {}
        if self.form is not None:
            self.form.set_resolved(values.get("model", {}).get("parameters", {}))
        self.training_form.set_resolved(values.get("training", {}))

    def show_problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Shows findings at their fields; returns those that belong to none."""
        for form in (self.form, self.training_form, self.preprocessing_form):
            if form is not None:
                problems = form.set_problems(problems)
        return problems

    def _replace_form(self, model: str) -> None:
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if model in ARCHITECTURES:
            form = ParameterForm(ARCHITECTURES[model].parameters, "model.parameters", self)
            if form.is_empty:
                form.deleteLater()
            else:
                form.values_changed.connect(self._on_model_parameters)
                self._form_place.addWidget(form)
                self.form = form
        self._form_title.setVisible(self.form is not None)

    @Slot(object)
    def _on_model_parameters(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_model_parameters(values))

    @Slot(object)
    def _on_training(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_training(values))

    @Slot(object)
    def _on_preprocessing(self, values: dict[str, Any]) -> None:
        self._controller.set_draft(self._controller.draft.with_preprocessing(values))


def _heading(text: str, parent: QWidget) -> QLabel:
    label = QLabel(text, parent)
    set_role(label, "heading")
    return label
