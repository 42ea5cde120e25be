"""ModelForms: the settings of the architecture, of its training, and of scaling, as one column."""

from __future__ import annotations

from typing import Any, Final

from PySide6.QtCore import QStringListModel, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCompleter,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from engine.architectures import ARCHITECTURES
from engine.errors import Problem
from engine.events.profile import Profile
from engine.spec.parameters import describe
from engine.spec.run_spec import PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Output, Task, output_of
from engine.spec.training_spec import ExecutionSpec, StartSpec, StoppingSpec, TrainingSpec
from engine.training.defaults import LOSSES
from gui.pages.model.schedule_form import ScheduleForm
from gui.state.draft import SHAPING_SETTINGS, Draft
from gui.state.draft_controller import DraftController
from gui.style.icons import icon
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.parameter_form import ParameterForm

FORMS: Final = (
    "model",
    "start",
    "training",
    "schedule",
    "stopping",
    "execution",
    "preprocessing",
)
"""Parts of a spec that are edited here."""


class ModelForms(QWidget):
    """Forms that edit the model side of the draft.

    Signals:
        layers_wanted(): The person wants to change the layers one by one.
        removal_wanted(): The model is to be taken out of the saved ones.
        rate_wanted(): A learning rate is to be found by trying.
    """

    layers_wanted = Signal()
    removal_wanted = Signal()
    rate_wanted = Signal()

    def __init__(self, drafts: DraftController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._model: tuple[str, bool] | None = None
        self._resolved: dict[str, Any] = {}
        self.form: ParameterForm | None = None
        self._form_title = _heading(self.tr("Architecture"), self)
        self._form_place = QVBoxLayout()
        self.layers_button = QPushButton(self.tr("Edit layers…"), self)
        self.layers_button.setIcon(icon("rename"))
        self.layers_button.clicked.connect(self.layers_wanted)
        self.remove_button = QPushButton(self.tr("Remove from your models"), self)
        self.remove_button.setIcon(icon("delete"))
        set_role(self.remove_button, "flat")
        self.remove_button.clicked.connect(self.removal_wanted)
        self.remove_button.hide()
        self.start_form = ParameterForm(StartSpec, "start", self)
        self._starts = self._make_starts()
        self.training_form = ParameterForm(TrainingSpec, "training", self)
        self.schedule_form = ScheduleForm(self)
        self.stopping_form = ParameterForm(StoppingSpec, "stopping", self)
        self.execution_form = ParameterForm(ExecutionSpec, "execution", self)
        self.preprocessing_form = ParameterForm(PreprocessingSpec, "preprocessing", self)
        drafts.leaving.connect(self.flush)
        self.start_form.values_changed.connect(self._on_start)
        self.training_form.values_changed.connect(self._on_training)
        self.schedule_form.values_changed.connect(self._on_schedule)
        self.stopping_form.values_changed.connect(self._on_stopping)
        self.execution_form.values_changed.connect(self._on_execution)
        self.preprocessing_form.values_changed.connect(self._on_preprocessing)
        for name in SHAPING_SETTINGS:  # beside the data, on its page
            self.preprocessing_form.set_row_shown(name, False)
        self.rate_button = self._make_rate_button()
        self.training_form.add_below("learning_rate", self.rate_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        row = QHBoxLayout()
        row.addWidget(self._form_title, 1)
        row.addWidget(self.layers_button)
        column.addLayout(row)
        column.addLayout(self._form_place)
        column.addWidget(self.remove_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._preprocessing_title = _heading(self.tr("Preparing the numbers"), self)
        self._start_title = _heading(self.tr("Start from what was learnt before"), self)
        for title, form in (
            (self._start_title, self.start_form),
            (_heading(self.tr("Training"), self), self.training_form),
            (_heading(self.tr("Learning-rate schedule"), self), self.schedule_form),
            (_heading(self.tr("Stopping"), self), self.stopping_form),
            (_heading(self.tr("Execution"), self), self.execution_form),
            (self._preprocessing_title, self.preprocessing_form),
        ):
            column.addSpacing(SPACING)
            column.addWidget(title)
            column.addWidget(form)
        column.addStretch(1)

    def _make_starts(self) -> QStringListModel:
        """What is offered below the field of a start."""
        names = QStringListModel(self)
        field = self.start_form.field("source")
        if isinstance(field, QLineEdit):
            completer = QCompleter(names, field)
            completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
            completer.setFilterMode(Qt.MatchFlag.MatchContains)
            field.setCompleter(completer)
            field.setPlaceholderText(self.tr("a run, or a model"))
        return names

    def _make_rate_button(self) -> QPushButton:
        button = QPushButton(self.tr("Find one by trying…"), self)
        button.setIcon(icon("search"))
        set_role(button, "flat")
        button.setToolTip(
            self.tr("Trains a copy of the model with small to large learning rates, for seconds")
        )
        button.setAccessibleName(self.tr("Find a learning rate by trying"))
        button.clicked.connect(self.rate_wanted)
        return button

    @property
    def forms(self) -> tuple[ParameterForm, ...]:
        """Every form, from top to bottom."""
        of_all = (
            self.start_form,
            self.training_form,
            self.schedule_form,
            self.stopping_form,
            self.execution_form,
            self.preprocessing_form,
        )
        return of_all if self.form is None else (self.form, *of_all)

    @Slot()
    def flush(self) -> None:
        """Says what was typed last, before another model takes its place."""
        for form in self.forms:
            form.flush()

    def show_draft(self, draft: Draft) -> None:
        """Shows what the draft says."""
        model = draft.model, draft.model in ARCHITECTURES  # of another package: known only later
        if model != self._model:
            self._model = model
            self._replace_form(draft.model)
        if self.form is not None:
            self.form.set_values(draft.model_parameters)
        self.layers_button.setVisible(draft.has_model)
        self._show_start(draft)
        self.training_form.set_values(draft.training)
        self.schedule_form.set_values(draft.schedule)
        self.stopping_form.set_values(draft.stopping)
        self.execution_form.set_values(draft.execution)
        self._show_rules(draft)
        self._show_schedule(draft)
        self.rate_button.setEnabled(draft.has_data and draft.has_model)
        self.preprocessing_form.set_values(draft.preprocessing)

    def _show_start(self, draft: Draft) -> None:
        """Offers to start from a run where the architecture can."""
        can_start = draft.model in ARCHITECTURES and ARCHITECTURES[draft.model].transfers
        self.start_form.set_values(draft.start)
        has_source = bool(draft.start.get("source"))
        for name in ("freeze", "freeze_up_to", "head"):
            self.start_form.set_row_shown(name, has_source)
        keeps = draft.start.get("freeze") == "body" or bool(draft.start.get("freeze_up_to"))
        thaws = draft.start.get("thaw_after") is not None  # shown wherever it is wrong, too
        self.start_form.set_row_shown("thaw_after", has_source and (keeps or thaws))
        self.start_form.set_row_shown("thaw_rate", has_source and thaws)
        for part in (self._start_title, self.start_form):
            part.setVisible(can_start)

    def _show_rules(self, draft: Draft) -> None:
        """Offers the details of early stopping where there is any."""
        left_open = self._resolved.get("stopping", {}).get("patience")
        stops = bool(draft.stopping.get("patience", left_open))
        reduces = draft.schedule.get("plateau_patience") is not None
        self.stopping_form.set_row_shown("min_delta", stops or reduces)
        self.stopping_form.set_row_shown("start_from", stops)

    def _show_schedule(self, draft: Draft) -> None:
        """Draws the schedule as far as its learning rate and length are known."""
        known = self._resolved.get("training", {})
        rate, epochs = (
            known.get(name) if draft.training.get(name) is None else draft.training[name]
            for name in ("learning_rate", "epochs")
        )
        self.schedule_form.show_curve(rate, epochs, _thaw(draft))

    def offer_starts(self, names: list[str]) -> None:
        """Offers what the model may start from, while a name is typed."""
        self._starts.setStringList(names)

    def show_data(self, profile: Profile | None, known: tuple[Kind, Task] | None) -> None:
        """Offers what makes sense for the data, as far as it is known.

        Args:
            profile: What inspection found.
            known: Kind of data and task, where that is known without inspection.
        """
        if profile is None and self.form is not None:
            self.form.set_fitted({})
        if profile is not None:
            self.show_kind(profile.signature.kind, profile.signature.output)
        elif known is not None:
            n_classes = 2 if known[1] is Task.CLASSIFICATION else 0
            self.show_kind(known[0], output_of(known[1], n_classes))

    def show_kind(self, kind: Kind, output: Output) -> None:
        """Offers only what makes sense for what comes in and what is predicted."""
        has_numbers = kind is not Kind.TEXT  # the numbers of tokens are no amounts
        self.preprocessing_form.set_row_shown("scaling", has_numbers)
        self.preprocessing_form.set_row_shown("target_scaling", output is Output.NUMBERS)
        for part in (self._preprocessing_title, self.preprocessing_form):
            part.setVisible(has_numbers or output is Output.NUMBERS)
        self.training_form.set_row_shown("class_weights", output is Output.CLASSES)
        has_crossentropy = output in (Output.CLASSES, Output.LABELS) or (
            output is Output.TOKENS and kind is not Kind.AUDIO
        )
        self.training_form.set_row_shown("label_smoothing", has_crossentropy)
        self.training_form.set_choices("loss", LOSSES[output])

    def show_resolved(self, spec: RunSpec | None) -> None:
        """Shows what the choices left open mean for this data and model."""
        values = self._resolved = spec.to_dict() if spec is not None else {}
        if self.form is not None:
            self.form.set_resolved(values.get("model", {}).get("parameters", {}))
            if spec is not None:
                self.form.set_fitted(_fitted(spec, self._drafts.draft))
        self.training_form.set_resolved(values.get("training", {}))
        self.stopping_form.set_resolved(values.get("stopping", {}))
        self._show_rules(self._drafts.draft)
        self._show_schedule(self._drafts.draft)

    def show_editable(self, is_editable: bool) -> None:
        """Says whether the layers of the model can be changed one by one."""
        self.layers_button.setEnabled(is_editable)
        self.layers_button.setToolTip(
            self.tr("Make it a model of your own: add, move, copy and remove layers")
            if is_editable
            else self.tr("The layers of this model can only be set as a whole, above")
        )

    def show_saved(self, is_saved: bool) -> None:
        """Says whether the model is one that the person has saved, unchanged."""
        self.remove_button.setVisible(is_saved)

    def show_problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Shows findings at their fields; returns those that belong to none."""
        for form in self.forms:
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
        self._form_title.setVisible(bool(model))

    @Slot(object)
    def _on_model_parameters(self, values: dict[str, Any]) -> None:
        draft = self._drafts.draft
        # What has no field, such as the layers of a model of one's own, is kept.
        declared = ARCHITECTURES[draft.model].parameters
        hidden = declared.model_fields.keys() - {item.name for item in describe(declared)}
        kept = {key: draft.model_parameters[key] for key in hidden & draft.model_parameters.keys()}
        self._drafts.set_draft(draft.with_model_parameters({**kept, **values}))

    @Slot(object)
    def _on_start(self, values: dict[str, Any]) -> None:
        source = values.get("source")
        kept = values if source else {}  # what is kept of nothing is no question
        self._drafts.set_draft(self._drafts.draft.with_start(kept))

    @Slot(object)
    def _on_training(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_training(values))

    @Slot(object)
    def _on_schedule(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_schedule(values))

    @Slot(object)
    def _on_stopping(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_stopping(values))

    @Slot(object)
    def _on_execution(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_execution(values))

    @Slot(object)
    def _on_preprocessing(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_preprocessing(values))


def _fitted(spec: RunSpec, draft: Draft) -> dict[str, Any]:
    """What a run takes instead of the architecture's defaults, as the data is too small for them.

    Args:
        spec: The draft, every open choice closed.
        draft: What the person chose.
    """
    if spec.model.name != draft.model or draft.model not in ARCHITECTURES:
        return {}
    architecture = ARCHITECTURES[draft.model]
    names = {name for smaller in architecture.smaller for name in smaller}
    usual = {item.name: item.default for item in describe(architecture.parameters)}
    taken = {name: spec.model.parameters[name] for name in names & usual.keys()}
    return {
        name: value
        for name, value in taken.items()
        if name not in draft.model_parameters and value != usual[name]
    }


def _thaw(draft: Draft) -> tuple[int, float] | None:
    """Epochs after which all layers learn, and at what share of the rate; None: all do at once."""
    try:
        start = StartSpec.model_validate(dict(draft.start))
    except ValueError:  # told at its field
        return None
    return None if start.thaw_after is None else (start.thaw_after, start.thaw_rate)


def _heading(text: str, parent: QWidget) -> Label:
    label = Label(text, parent)
    set_role(label, "heading")
    return label
