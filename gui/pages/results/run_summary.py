"""RunSummary: with what a run was made: data, model, training, and how it was executed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QVBoxLayout, QWidget

from engine.architectures import ARCHITECTURES
from engine.errors import DescentError
from engine.events.run_events import OTHER_DATA, SettingChanged
from engine.preprocessing.augmentation import AUGMENTATIONS, active
from engine.spec.formatting import NOTHING, duration_text, percent_text
from engine.spec.parameters import describe
from engine.spec.run_spec import ColumnSpec, RunSpec
from gui.formatting.numbers import count_text, counted, rate_text, value_text
from gui.formatting.run_rule_words import change_text, plan_details
from gui.formatting.translation import translate
from gui.state.own_model import CUSTOM
from gui.style.label import Label
from gui.style.theme import SPACING, set_role

if TYPE_CHECKING:
    from engine.runs.record import RunRecord

COLUMNS = 3


class RunSummary(QFrame):
    """Names and values in three columns."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = Label(self.tr("How it was made"))
        set_role(self._heading, "heading")
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(4 * SPACING)
        self._grid.setVerticalSpacing(SPACING)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACING)
        column.addWidget(self._heading)
        column.addLayout(self._grid)
        for index in range(COLUMNS):
            self._grid.setColumnStretch(index, 1)

    def show_record(self, record: RunRecord, changes: Sequence[SettingChanged] = ()) -> None:
        """Shows a run's settings, and what was changed while it was trained."""
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for position, (title, text) in enumerate(summary(record, changes)):
            self._grid.addWidget(_entry(title, text), position // COLUMNS, position % COLUMNS)
        self.show()


def summary(record: RunRecord, changes: Sequence[SettingChanged] = ()) -> list[tuple[str, str]]:
    """Returns titles and values that describe a run, in order."""
    executed = [
        (translate("Training time"), _trained_text(record)),
        (translate("Executed"), plan_details(record.plan)),
        (translate("Run"), record.id),
        *([(translate("Begun again from"), record.origin)] if record.origin else []),
    ]
    try:
        spec = record.spec
    except DescentError as error:
        return [(translate("Settings"), error.message), *executed]
    return [
        (translate("Data"), _data_text(record, spec)),
        *_mended(spec),
        (translate("Parts"), _split_text(spec)),
        (translate("Scaling"), _scaling_text(spec)),
        (translate("Model"), _model_text(record, spec)),
        (translate("Training"), _training_text(spec)),
        *_augmentation(spec),
        *_steered(changes),
        (translate("Seed"), str(spec.seed)),
        *executed,
    ]


def kept_text(record: RunRecord) -> str:
    """Says which epoch's weights were kept; empty where none were."""
    if not record.epochs_done:
        return ""
    try:
        spec = record.spec
    except DescentError:
        return ""
    if spec.training.keep == "last" or record.best_epoch is None:
        return translate("weights of the last epoch, {n}").format(n=count_text(record.epochs_done))
    part = translate("validation") if spec.split.watched > 0 else translate("training")
    text = translate("weights of epoch {best} of {done}, which had the lowest {part} loss")
    best, done = count_text(record.best_epoch), count_text(record.epochs_done)
    return text.format(best=best, done=done, part=part)


def part_text(part: str) -> str:
    """Names a part of the data."""
    words = {
        "train": translate("training"),
        "validation": translate("validation"),
        "test": translate("test"),
    }
    return words.get(part, part)


def _entry(title: str, text: str) -> QWidget:
    name, value = Label(title), Label(text or NOTHING)
    set_role(name, "small")
    value.setTextFormat(Qt.TextFormat.PlainText)
    value.setWordWrap(True)
    value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    entry = QWidget()
    column = QVBoxLayout(entry)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(name)
    column.addWidget(value, 1, Qt.AlignmentFlag.AlignTop)
    return entry


def _data_text(record: RunRecord, spec: RunSpec) -> str:
    parts = [record.dataset_title or spec.data.source]
    if spec.data.target:
        parts.append(translate("predicts {target}").format(target=spec.data.target))
    return ", ".join([*parts, *_settings(spec.data.parameters)])


def _split_text(spec: RunSpec) -> str:
    watched = spec.split.watched
    shares = (1 - watched - spec.split.test, watched, spec.split.test)
    text = translate("{train} training, {validation} validation, {test} test")
    train, validation, test = (percent_text(share) for share in shares)
    text = text.format(train=train, validation=validation, test=test)
    if spec.split.method in ("group", "time"):  # whole groups and whole moments fill no share
        text = translate("about {shares}").format(shares=text)
    if spec.split.method == "given":
        text = ""  # the data says it
    ways = {
        "random": translate("at random"),
        "stratified": translate("class by class"),
        "group": translate("by group"),
        "time": translate("by time"),
        "given": translate("as given"),
    }
    how = ways.get(spec.split.method, "")
    column = translate("column {name}").format(name=spec.split.column) if spec.split.column else ""
    return ", ".join(part for part in (text, how, column) if part)


def _mended(spec: RunSpec) -> list[tuple[str, str]]:
    """How columns were read and what was left out, where it was not left to the program."""
    data, entries = spec.data, []
    ignored = [name for name, column in data.columns.items() if column.type == "ignore"]
    read = [
        f"{name}: {', '.join(how)}"
        for name, column in data.columns.items()
        if name not in ignored and (how := _column_words(column))
    ]
    if read:
        entries.append((translate("Columns"), "\n".join(read)))
    left_out = [", ".join(ignored)] if ignored else []
    if data.exclude:
        one, many = translate("{n} row or file"), translate("{n} rows or files")
        left_out.append(counted(len(data.exclude), one, many))
    if left_out:
        entries.append((translate("Left out"), "\n".join(left_out)))
    if data.corrections:
        entries.append((translate("Corrected labels"), PurePath(data.corrections).stem))
    return entries


def _column_words(column: ColumnSpec) -> list[str]:
    words: list[str] = [column.type] if column.type != "auto" else []
    if column.constant is not None:
        words.append(translate("gaps filled with {value}").format(value=column.constant))
    elif column.gaps != "auto":
        words.append(translate("gaps: {how}").format(how=column.gaps))
    return words


def _steered(changes: Sequence[SettingChanged]) -> list[tuple[str, str]]:
    """What was changed while the model was trained, and when; nothing where nothing was."""
    in_epoch, why = translate("{change}, in epoch {epoch}"), translate("{line}: {reason}")
    lines: list[str] = []
    for event in changes:
        line = in_epoch.format(change=change_text(event), epoch=count_text(event.epoch))
        is_told = event.setting == OTHER_DATA and event.reason
        lines.append(why.format(line=line, reason=event.reason) if is_told else line)
    return [(translate("Changed while training"), "\n".join(lines))] if lines else []


def _scaling_text(spec: RunSpec) -> str:
    scaling = spec.preprocessing
    if "crossentropy" in (spec.training.loss or ""):  # classes are not scaled
        return translate("inputs: {inputs}").format(inputs=scaling.scaling)
    text = translate("inputs: {inputs}, target: {target}")
    return text.format(inputs=scaling.scaling, target=scaling.target_scaling)


def _model_text(record: RunRecord, spec: RunSpec) -> str:
    labels: dict[str, str] = {}
    name = spec.model.name or ""
    if name in ARCHITECTURES:
        declared = describe(ARCHITECTURES[name].parameters)
        labels = {parameter.name: parameter.label for parameter in declared}
    title = record.model_title or name
    values = dict(spec.model.parameters)
    if name == CUSTOM:
        # The layers would fill the page; the Model page shows them.
        values.pop("title", None)
        layers = (values.pop("graph", None) or {}).get("layers", ())
        if layers:
            n_layers = counted(len(layers), translate("{n} layer"), translate("{n} layers"))
            title = f"{title}, {n_layers}"
    return ", ".join([title, *_settings(values, labels)])


def _training_text(spec: RunSpec) -> str:
    training = spec.training
    parts: list[str] = []
    if training.epochs is not None:
        parts.append(counted(training.epochs, translate("{n} epoch"), translate("{n} epochs")))
    if training.batch_size is not None:
        parts.append(translate("batch size {n}").format(n=count_text(training.batch_size)))
    if training.optimizer is not None:
        parts.append(training.optimizer)
    if training.learning_rate is not None:
        rate = rate_text(training.learning_rate)
        parts.append(translate("learning rate {rate}").format(rate=rate))
    if training.class_weights != "none":
        weights = translate("class weights {how}")
        parts.append(weights.format(how=training.class_weights))
    if training.loss is not None:
        parts.append(training.loss.replace("_", " "))
    return ", ".join(parts)


def _augmentation(spec: RunSpec) -> list[tuple[str, str]]:
    """What was changed at random in training; nothing where nothing was."""
    values = {name: getattr(spec.augmentation, name) for name in active(spec.augmentation)}
    labels = {item.name: item.label for item in describe(type(spec.augmentation))}
    parts = _settings(values, labels)
    for name, settings in spec.augmentation.plugins.items():
        title = AUGMENTATIONS[name].title if name in AUGMENTATIONS else name
        parts.append(" ".join([title, *_settings(settings)]))
    return [(translate("Augmentation"), ", ".join(parts))] if parts else []


def _settings(values: dict[str, Any], labels: dict[str, str] | None = None) -> list[str]:
    named = labels or {}
    return [
        f"{named.get(name, name.replace('_', ' ')).lower()} {_value_text(value)}"
        for name, value in values.items()
        if value is not None
    ]


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return translate("yes") if value else translate("no")
    if isinstance(value, float):
        return value_text(value)
    if isinstance(value, list | tuple):
        return "–".join(str(item) for item in value)
    return str(value)


def _trained_text(record: RunRecord) -> str:
    text = translate("{duration}, {done} of {planned} epochs")
    return text.format(
        duration=duration_text(record.duration_s),
        done=count_text(record.epochs_done),
        planned=count_text(record.epochs_planned),
    )
