"""DataSettings: how data is read, what is predicted, how it is divided, cut and varied."""

from __future__ import annotations

from typing import Any

from pydantic import create_model
from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QListView, QVBoxLayout, QWidget

from engine.datasets import DATASETS, FORMATS
from engine.datasets.anomaly import KINDS as ANOMALY_KINDS
from engine.errors import Problem
from engine.events.profile import Profile
from engine.spec.parameters import Parameters
from engine.spec.run_spec import (
    AnomalySpec,
    PreprocessingSpec,
    RunSpec,
    SplitSpec,
)
from engine.spec.signature import Kind, Output, Signature, Task
from gui.formatting.plain_text import plain_tip
from gui.pages.data.augmentations import Augmentations
from gui.pages.data.column_choice import ColumnChoice
from gui.pages.data.fitting_formats import fitting_formats
from gui.pages.data.several_columns import (
    FEWEST,
    SeveralColumns,
    label_candidates,
    labels_of,
)
from gui.state.draft import SHAPING_SETTINGS, Draft
from gui.state.draft_controller import DraftController
from gui.style.label import Label
from gui.style.theme import SPACING, set_role
from gui.widgets.choice_box import ChoiceBox
from gui.widgets.fold import Fold
from gui.widgets.parameter_form import ParameterForm

# The seed as a group of its own: `RunSpec` itself cannot be checked without data and model.
SeedSpec: type[Parameters] = create_model(
    "SeedSpec", __base__=Parameters, seed=(int, RunSpec.model_fields["seed"])
)


class DataSettings(QWidget):
    """Forms that edit the data side of the draft."""

    def __init__(self, drafts: DraftController, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drafts = drafts
        self._source: str | None = None
        self._format = ""
        self._declared: type[Parameters] | None = None
        self._candidates: tuple[str, ...] = ()
        self.form: ParameterForm | None = None
        self._form_title = _heading(self.tr("Dataset"), self)
        self._form_place = QVBoxLayout()
        self._form_gap = QWidget(self)
        self._form_gap.setFixedHeight(1)
        self.format = ChoiceBox(self)
        self.target = ColumnChoice(self.tr("Column to predict"), self.tr("automatic"), self)
        self.task = ChoiceBox(self)
        self.weights = ColumnChoice(
            self.tr("Column of weights"), self.tr("all examples count alike"), self
        )
        self.split_form = ParameterForm(SplitSpec, "split", self)
        self.split_column = ColumnChoice(self.tr("Divide by column"), self.tr("by no column"), self)
        self.seed_form = ParameterForm(SeedSpec, "", self)
        self.anomaly_form = ParameterForm(AnomalySpec, "anomaly", self)
        self._anomaly_title = _heading(self.tr("Anomalies"), self)
        self.shaping_form = ParameterForm(PreprocessingSpec, "preprocessing", self)
        self.augmentations = Augmentations(self)
        self.augmentation = Fold(self.tr("Augmentation"), self.augmentations, self)
        self._shaping_title = _heading("", self)
        self._format_part = _part(self.tr("Read as"), self.format, self)
        self._target_part = _part(self.tr("Column to predict"), self.target, self)
        self._weights_part = _part(self.tr("Weights"), self.weights, self)
        self._build()
        self._connect()

    # ---- building

    def _build(self) -> None:
        self.format.setAccessibleName(self.tr("How the data is read"))
        self.task.setAccessibleName(self.tr("What the column holds"))
        self.task.setToolTip(
            self.tr("Classes are told apart, numbers are estimated. Automatic looks at the values.")
        )
        self.task.addItem(self.tr("read as: automatic"), None)
        self.task.addItem(self.tr("read as classes"), Task.CLASSIFICATION.value)
        self.task.addItem(self.tr("read as several labels at once"), Task.MULTILABEL.value)
        self.task.addItem(self.tr("read as numbers"), Task.REGRESSION.value)
        self.task.addItem(self.tr("find what is unusual"), Task.ANOMALY.value)
        place = self._target_part.layout()
        assert place is not None
        place.addWidget(self.task)
        self.split_form.set_row_shown("column", False)  # offered as a list of columns instead
        self.split_form.set_row_shown("leave_out", False)  # said by the remedy of a problem
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, SPACING, 0)
        column.setSpacing(SPACING)
        for part in (self._format_part, self._target_part, self._weights_part):
            column.addWidget(part)
            part.hide()
        column.addWidget(self._form_title)
        column.addLayout(self._form_place)
        column.addWidget(self._form_gap)
        column.addWidget(_heading(self.tr("Kept aside"), self))
        for widget in (self.split_form, self.split_column, self.seed_form):
            column.addWidget(widget)
        column.addSpacing(SPACING)
        anomaly = (self._anomaly_title, self.anomaly_form)
        for hidden in (*anomaly, self._shaping_title, self.shaping_form, self.augmentation):
            column.addWidget(hidden)
            hidden.hide()
        for waiting in (self._form_title, self._form_gap, self.split_column):
            waiting.hide()
        column.addStretch(1)

    def _connect(self) -> None:
        self._drafts.leaving.connect(self.flush)
        self.format.activated.connect(self._on_format)
        self.target.chosen.connect(self._on_target)
        self.target.several_wanted.connect(self.choose_several)
        self.task.activated.connect(self._on_task)
        self.weights.chosen.connect(self._on_weights)
        self.split_form.values_changed.connect(self._on_split)
        self.split_column.chosen.connect(self._on_split_column)
        self.seed_form.values_changed.connect(self._on_seed)
        self.anomaly_form.values_changed.connect(self._on_anomaly)
        self.shaping_form.values_changed.connect(self._on_shaping)
        self.augmentations.values_changed.connect(self._on_augmentation)

    # ---- showing

    def show_draft(self, draft: Draft) -> None:
        """Shows what the draft says."""
        self.augmentations.offer_plugins()
        if draft.source != self._source:
            self._source = draft.source
            self._format = ""
            self._candidates = ()
            self._show_columns((), draft)
            self._show_kind(_kind_of(draft))
            self.augmentation.set_open(False)
        is_file = draft.has_data and draft.source not in DATASETS
        self._offer_formats(draft, is_file)
        self._replace_form(draft)
        if self.form is not None:
            self.form.set_values(draft.data_parameters)
        self.task.setCurrentIndex(max(0, self.task.findData(draft.task)))
        self.target.offer(self.target.columns, draft.target)
        self.weights.offer(self.weights.columns, draft.weights)
        self.split_column.offer(self.split_column.columns, draft.split.get("column"))
        self.split_form.set_values(draft.split)
        self.seed_form.set_values({"seed": draft.seed})
        self.anomaly_form.set_values(draft.anomaly)
        self.shaping_form.set_values(draft.preprocessing)
        self.augmentations.set_values(draft.augmentation)
        if draft.augmentation:
            self.augmentation.set_open(True)

    def show_profile(self, profile: Profile) -> None:
        """Offers what fits the data that was found."""
        draft = self._drafts.draft
        self._format = profile.format
        self._offer_formats(draft, draft.source not in DATASETS)
        self._replace_form(draft)
        self._candidates = label_candidates(profile)
        self._show_columns(profile.source_columns, draft)
        self.target.set_no_choice(self.tr("automatic: {name}").format(name=profile.target_name))
        signature = profile.signature
        self._show_kind(signature.kind, signature.output)
        self._offer_task(signature, profile)
        shape = signature.input_shape
        is_text = signature.kind is Kind.TEXT
        known = {"length": shape[0]} if is_text else {"bands": shape[1] if shape[1:] else None}
        self.shaping_form.set_resolved(known)

    @Slot()
    def flush(self) -> None:
        """Says what was typed last, before other data takes its place."""
        for form in self._forms():
            form.flush()
        self.augmentations.flush()

    def _forms(self) -> list[ParameterForm]:
        forms = (self.form, self.split_form, self.anomaly_form, self.seed_form, self.shaping_form)
        return [form for form in forms if form is not None]

    def focus_field(self, path: str) -> QWidget | None:
        """Puts the cursor where something is set; returns what to scroll to, if it is shown."""
        if path.startswith("augmentation") and self.augmentation.isHidden():
            return None
        if path == "augmentation":
            self.augmentation.set_open(True)
            self.augmentation.header.setFocus(Qt.FocusReason.ShortcutFocusReason)
            return self.augmentation
        for form in self._forms():
            row = form.focus_field(path)
            if row is not None:
                return row
        return self.augmentations.focus_field(path)

    def show_problems(self, problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        """Shows findings at their fields; returns those that belong to none."""
        for form in self._forms():
            problems = form.set_problems(problems)
        return self.augmentations.set_problems(problems)

    def _offer_task(self, signature: Signature, profile: Profile) -> None:
        """Offers what else could be learnt of such data: of a file its target as something else."""
        is_anomaly = signature.task is Task.ANOMALY
        may_find = signature.kind in ANOMALY_KINDS and not self._is_made_for_it()
        of_target = bool(profile.source_columns) and signature.kind is Kind.TABLE
        plain = signature.task in (Task.CLASSIFICATION, Task.MULTILABEL, Task.REGRESSION)
        for place in range(self.task.count()):
            value = self.task.itemData(place)
            offered = may_find if value == Task.ANOMALY.value else of_target or value is None
            view = self.task.view()
            assert isinstance(view, QListView)
            view.setRowHidden(place, not offered)
        self.task.setVisible(plain or may_find)
        self._target_part.setVisible(bool(profile.source_columns) or may_find)
        self.target.setVisible(bool(profile.source_columns))
        for widget in (self._anomaly_title, self.anomaly_form):
            widget.setVisible(is_anomaly)

    def _is_made_for_it(self) -> bool:
        source = self._drafts.draft.source
        return source in DATASETS and DATASETS[source].task is Task.ANOMALY

    def _show_columns(self, columns: tuple[str, ...], draft: Draft) -> None:
        are_several = bool(columns) and len(self._candidates) >= FEWEST
        self.target.offer_several(self.tr("several columns…") if are_several else "")
        self.target.offer(columns, draft.target)
        self.weights.offer(columns, draft.weights)
        self.split_column.offer(columns, draft.split.get("column"))
        self._target_part.setVisible(bool(columns))
        self._weights_part.setVisible(bool(columns))
        self.split_column.setVisible(bool(columns))
        if not columns:
            self.target.set_no_choice(self.tr("automatic"))

    def _show_kind(self, kind: Kind | None, output: Output | None = None) -> None:
        has_text = kind is Kind.TEXT or output is Output.TOKENS
        shaping = set(SHAPING_SETTINGS[:3]) if has_text else set()
        if kind is Kind.AUDIO:
            shaping.add("bands")
        if kind is Kind.TABLE:
            shaping.add("categories")
        titles = {Kind.AUDIO: self.tr("Sound"), Kind.TABLE: self.tr("Categories")}
        self._shaping_title.setText(titles.get(kind or Kind.TEXT, self.tr("Texts")))
        self._shaping_title.setVisible(bool(shaping))
        self.shaping_form.setVisible(bool(shaping))
        for name in PreprocessingSpec.model_fields:
            self.shaping_form.set_row_shown(name, name in shaping)
        self.augmentation.setVisible(kind is not None)
        self.augmentations.show_kind(kind)

    def _offer_formats(self, draft: Draft, is_file: bool) -> None:
        self._format_part.setVisible(is_file)
        if not is_file:
            return
        found = self._format
        automatic = self.tr("automatic")
        if found in FORMATS and draft.format is None:
            automatic = self.tr("automatic: {title}").format(title=FORMATS[found].title)
        names = fitting_formats(draft.source, (found, draft.format or ""))
        wanted = [(automatic, None), *((FORMATS[name].title, name) for name in names)]
        shown = [
            (self.format.itemText(index), self.format.itemData(index))
            for index in range(self.format.count())
        ]
        if wanted != shown:
            self.format.clear()
            for title, name in wanted:
                self.format.addItem(title, name)
        self.format.setCurrentIndex([name for _, name in wanted].index(draft.format))
        self.format.setToolTip(plain_tip(self.format.currentText()))

    def _replace_form(self, draft: Draft) -> None:
        """Shows the settings of the dataset or the format, where it has some."""
        declared = self._parameters_of(draft)
        if declared is self._declared:
            return
        self._declared = declared
        if self.form is not None:
            self._form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None
        if declared is not None and declared.model_fields:
            form = ParameterForm(declared, "data.parameters", self)
            form.values_changed.connect(self._on_data_parameters)
            self._form_place.addWidget(form)
            self.form = form
        is_file = draft.source not in DATASETS
        self._form_title.setText(self.tr("How it is read") if is_file else self.tr("Dataset"))
        for widget in (self._form_title, self._form_gap):
            widget.setVisible(self.form is not None)

    def _parameters_of(self, draft: Draft) -> type[Parameters] | None:
        if draft.source in DATASETS:
            return DATASETS[draft.source].parameters
        name = draft.format or self._format
        return FORMATS[name].parameters if name in FORMATS else None

    # ---- what the person sets

    @Slot(int)
    def _on_format(self, index: int) -> None:
        name = self.format.itemData(index)
        self._format = ""
        self._drafts.set_draft(self._drafts.draft.with_format(name))

    @Slot(object)
    def _on_data_parameters(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_data_parameters(values))

    @Slot(object)
    def _on_split(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_split(values))

    @Slot(object)
    def _on_split_column(self, column: str | None) -> None:
        draft = self._drafts.draft
        split = {name: value for name, value in draft.split.items() if name != "column"}
        if column is not None:
            split["column"] = column
        self._drafts.set_draft(draft.with_split(split))

    @Slot(object)
    def _on_seed(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_seed(values.get("seed", 0)))

    @Slot(object)
    def _on_anomaly(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_anomaly(values))

    @Slot(object)
    def _on_shaping(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_preprocessing(values))

    @Slot(object)
    def _on_augmentation(self, values: dict[str, Any]) -> None:
        self._drafts.set_draft(self._drafts.draft.with_augmentation(values))

    @Slot(object)
    def _on_target(self, target: str | None) -> None:
        # Another column may hold something else; what was chosen for the last one is forgotten.
        self._drafts.set_draft(self._drafts.draft.with_target(target))

    @Slot()
    def choose_several(self, anchor: QWidget | None = None) -> SeveralColumns:
        """Opens the list in which several columns to predict are ticked, below a widget."""
        draft = self._drafts.draft
        ticked = labels_of(draft.target, self._candidates)
        popup = SeveralColumns(self._candidates, ticked, self)
        popup.chosen.connect(self._on_target)
        popup.open_below(anchor or self.target)
        return popup

    @Slot(int)
    def _on_task(self, index: int) -> None:
        draft = self._drafts.draft
        self._drafts.set_draft(draft.with_target(draft.target, self.task.itemData(index)))

    @Slot(object)
    def _on_weights(self, column: str | None) -> None:
        self._drafts.set_draft(self._drafts.draft.with_weights(column))


def _kind_of(draft: Draft) -> Kind | None:
    return DATASETS[draft.source].kind if draft.source in DATASETS else None


def _heading(text: str, parent: QWidget) -> Label:
    label = Label(text, parent)
    set_role(label, "heading")
    return label


def _part(title: str, editor: QWidget, parent: QWidget) -> QWidget:
    """An editor under its heading."""
    part = QWidget(parent)
    column = QVBoxLayout(part)
    column.setContentsMargins(0, 0, 0, SPACING)
    column.setSpacing(SPACING)
    column.addWidget(_heading(title, part))
    column.addWidget(editor)
    return part
