"""From the words of a command line to a run's specification as JSON values.

``--spec`` is the base, flags and ``--set`` override it. A key of ``--set`` is a parameter of the
model or the dataset, or a field of training, split or preprocessing; bare where that is clear.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from argparse import Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.architectures import ARCHITECTURES
from engine.cli.commands.own_models import CUSTOM, own_model
from engine.datasets import DATASETS, open_dataset
from engine.datasets.base import Dataset
from engine.errors import DescentError, Problem, SpecError
from engine.files.bounded import DAMAGED, read_object, reason_of
from engine.preprocessing.augmentation import AUGMENTATIONS
from engine.spec.changes import CHANGEABLE
from engine.spec.parameters import ParameterKind, describe, parse_text, shorten, validate
from engine.spec.run_spec import (
    AnomalySpec,
    AugmentationSpec,
    ColumnSpec,
    DataSpec,
    PreprocessingSpec,
    SplitSpec,
)
from engine.spec.signature import Task
from engine.spec.training_spec import (
    ExecutionSpec,
    ScheduleSpec,
    StartSpec,
    StoppingSpec,
    TrainingSpec,
)
from engine.training.defaults import recommended_model

Values = dict[str, Any]

_OF_PLUGINS = "augmentation.plugins."
_OF_COLUMNS = "data.columns."

# Named flags and the field each stands for.
FLAGS: dict[str, tuple[str, ...]] = {
    "epochs": ("training", "epochs"),
    "batch_size": ("training", "batch_size"),
    "learning_rate": ("training", "learning_rate"),
    "validation_split": ("split", "validation"),
    "test_split": ("split", "test"),
    "seed": ("seed",),
}


@dataclass(frozen=True)
class _Setting:
    """Something ``--set`` may set.

    Attributes:
        key: How it is written in full, such as ``model.units``.
        path: Where it stands in a specification.
        kind: What sort of value it takes; None: not declared.
    """

    key: str
    path: tuple[str, ...]
    kind: ParameterKind | None = None

    @property
    def bare(self) -> str:
        """How it may be written where that is clear; augmentation shares names with too much."""
        return self.key if self.path[0] == "augmentation" else self.path[-1]


def spec_values(arguments: Namespace) -> Values:
    """Returns the specification that a command line asks for.

    Args:
        arguments: Parsed; flags that were not given, or do not exist in this command, are None.

    Raises:
        SpecError: A key is unknown, ambiguous or given twice, or data are missing.
        DescentError: A file or a name does not exist.
    """
    values = _base(getattr(arguments, "spec", None))
    _choose_data(values, arguments)
    _choose_model(values, getattr(arguments, "model", None), getattr(arguments, "workspace", None))
    _apply(values, _flags(arguments), getattr(arguments, "set", None) or [])
    return values


def resume_changes(arguments: Namespace) -> Values:
    """Returns what a command line wants to be different in a run that goes on, by path.

    Raises:
        SpecError: A key is unknown, ambiguous or given twice.
    """
    settings = [_Setting(path, tuple(path.split("."))) for path in CHANGEABLE]
    given = _flags(arguments)
    _assign(given, arguments.set or [], settings)
    return {".".join(path): value for path, value in given.items()}


def inspection_values(arguments: Namespace) -> Values:
    """Returns the part of a specification that inspection looks at.

    Raises:
        SpecError: A key is unknown, ambiguous or given twice.
        DescentError: A file or a name does not exist.
    """
    values: Values = {}
    _choose_data(values, arguments)
    _apply(values, {}, arguments.set or [])
    return values


def _absolute(source: str) -> str:
    """A name, or the absolute path of a file: a run is evaluated from wherever that is done."""
    with contextlib.suppress(OSError, RuntimeError):  # loading it says what is wrong with a path
        if source not in DATASETS and Path(source).expanduser().exists():
            return str(Path(source).expanduser().resolve())
    return source


def _base(path: str | None) -> Values:
    if path is None:
        return {}
    try:
        return read_object(Path(path).expanduser())
    except FileNotFoundError:
        raise DescentError(f"There is no file '{path}'.", "Check the path after --spec.") from None
    except (OSError, RuntimeError) as error:  # or the home directory of an unknown user
        raise DescentError(
            f"'{path}' cannot be read: {reason_of(error)}.", "Check the path after --spec."
        ) from None
    except DAMAGED as error:
        raise DescentError(
            f"'{path}' is not JSON that can be used: {reason_of(error)}.",
            "Take the spec.json in the folder of a run as a pattern.",
        ) from None


def _choose_data(values: Values, arguments: Namespace) -> None:
    data = _group(values, "data")
    if arguments.data is not None:
        source = _absolute(arguments.data)
        if source != data.get("source"):
            data.clear()  # Target and parameters were those of other data.
            data["source"] = source
    if "source" not in data:
        raise SpecError(
            [Problem("", "Which data? None was given.", "Give --data NAME or --data PATH.")]
        )
    for field in ("target", "task", "format"):
        if (value := getattr(arguments, field, None)) is not None:
            data[field] = value


def _choose_model(values: Values, name: str | None, workspace: Path | None) -> None:
    model = _group(values, "model")
    own = own_model(name, workspace) if name is not None else None
    if own is not None:
        values["model"] = {"name": CUSTOM, "parameters": own.to_parameters()}
        if own.has_weights:
            _group(values, "start").setdefault("source", own.name)
    elif name is not None and name != model.get("name"):
        model.clear()  # The parameters were those of another model.
        model["name"] = name


def _model_name(values: Values, dataset: Dataset) -> str:
    """The model whose settings can be set; where none is named, the one that is likely chosen."""
    if named := values["model"].get("name"):
        return str(named)
    if values["data"].get("task") == Task.ANOMALY:
        return recommended_model(dataset.kind, Task.ANOMALY)
    return dataset.recommended_model or recommended_model(
        dataset.kind, dataset.task or Task.CLASSIFICATION
    )


def _data_spec(values: Values) -> DataSpec:
    return validate(DataSpec, values["data"], "data")


def _apply(values: Values, given: dict[tuple[str, ...], Any], assignments: list[str]) -> None:
    if assignments:
        settings = _settings(values)
        if any(item.startswith(_OF_PLUGINS) for item in assignments):
            settings += _plugin_settings()
        _assign(given, assignments, settings)
    for path, value in given.items():
        target = values
        for name in path[:-1]:
            target = _group(target, name)
        target[path[-1]] = value


def _flags(arguments: Namespace) -> dict[tuple[str, ...], Any]:
    return {
        path: parse_text(str(text))
        for flag, path in FLAGS.items()
        if (text := getattr(arguments, flag, None)) is not None
    }


def _assign(
    given: dict[tuple[str, ...], Any], assignments: list[str], settings: list[_Setting]
) -> None:
    problems: list[Problem] = []
    for assignment in assignments:
        try:
            path, value = _parse(assignment, settings)
        except SpecError as error:
            problems += error.problems
            continue
        if path in given and given[path] != value:
            problems.append(_given_twice(path, given[path], value))
        given[path] = value
    if problems:
        raise SpecError(problems)


def _parse(assignment: str, settings: list[_Setting]) -> tuple[tuple[str, ...], Any]:
    key, separator, text = assignment.partition("=")
    key = key.strip()
    if not separator or not key:
        problem = Problem("--set", f"Must be key=value. Received: '{assignment}'.")
        raise SpecError([problem])
    if key.startswith(_OF_COLUMNS) and any(item.path == ("data", "target") for item in settings):
        return _of_column(assignment)
    setting = _find(key.replace("-", "_"), settings)
    return setting.path, _value(text.strip(), setting.kind)


def _of_column(assignment: str) -> tuple[tuple[str, ...], Any]:
    """What is set of a column of a table, whose name may hold any sign."""
    fields = "|".join(ColumnSpec.model_fields)
    found = re.fullmatch(
        rf"data\.columns\.(.+?)\.({fields})\s*=(.*)", assignment.strip(), re.DOTALL
    )
    if found is None:
        message = f"Must be {_OF_COLUMNS}NAME.FIELD=value. Received: '{assignment}'."
        hint = f"Of a column can be set: {', '.join(ColumnSpec.model_fields)}."
        raise SpecError([Problem("--set", message, hint)])
    return ("data", "columns", found[1], found[2]), parse_text(found[3].strip())


def _value(text: str, kind: ParameterKind | None) -> Any:
    """A value as it was typed; names stay names, even where they look like numbers."""
    value = parse_text(text)
    if kind is ParameterKind.INTEGER_LIST and isinstance(value, int | float):
        return [value]  # A list of one is written without a comma.
    if kind is ParameterKind.TEXT and isinstance(value, int | float | list):
        return text
    if kind is ParameterKind.TEXT_LIST and not text.startswith("["):
        return [name.strip() for name in text.split(",") if name.strip()]
    return value


def _find(key: str, settings: list[_Setting]) -> _Setting:
    found = [setting for setting in settings if key == ".".join(setting.path)]
    found = found or [setting for setting in settings if key == setting.key]
    found = found or [setting for setting in settings if setting.bare == key]
    if len(found) == 1:
        return found[0]
    if found:
        are_distinct = len({setting.key for setting in found}) == len(found)
        names = [item.key if are_distinct else ".".join(item.path) for item in found]
        choices = " or ".join(names)
        message = f"'{key}' means more than one setting."
        raise SpecError([Problem("--set", message, f"Write {choices}.")])
    keys = [setting.key for setting in settings]
    words = {setting.bare: setting.bare for setting in settings} | {word: word for word in keys}
    nearest = difflib.get_close_matches(key.lower(), words, n=1, cutoff=0.5)
    hint = f"Did you mean '{nearest[0]}'? " if nearest else ""
    message = f"There is no setting named '{key}'."
    raise SpecError([Problem("--set", message, f"{hint}Available: {', '.join(keys)}.")])


def _settings(values: Values) -> list[_Setting]:
    """Everything that can be set for the data and the model chosen.

    Raises:
        UnknownNameError: There is no such model or dataset.
        DatasetError: There is no such file.
    """
    dataset = open_dataset(_data_spec(values))
    groups: list[tuple[str, tuple[str, ...], Any]] = [
        ("data", ("data", "parameters"), dataset.parameters),
        ("data", ("data",), DataSpec),
        ("split", ("split",), SplitSpec),
        ("preprocessing", ("preprocessing",), PreprocessingSpec),
        ("augmentation", ("augmentation",), AugmentationSpec),
        ("anomaly", ("anomaly",), AnomalySpec),
    ]
    if "model" in values:
        name = _model_name(values, dataset)
        groups.insert(0, ("model", ("model", "parameters"), ARCHITECTURES[name].parameters))
        groups += [
            ("start", ("start",), StartSpec),
            ("training", ("training",), TrainingSpec),
            ("schedule", ("schedule",), ScheduleSpec),
            ("stopping", ("stopping",), StoppingSpec),
            ("execution", ("execution",), ExecutionSpec),
        ]
    found = [
        _Setting(f"{group}.{item.name}", (*path, item.name), item.kind)
        for group, path, declared in groups
        for item in describe(declared)
    ]
    return [*found, _Setting("seed", ("seed",))]


def _plugin_settings() -> list[_Setting]:
    """What can be set for augmentations of other packages; ``…NAME={}`` uses one as it is."""
    found = []
    for augmentation in AUGMENTATIONS:
        path = ("augmentation", "plugins", augmentation.name)
        found.append(_Setting(".".join(path), path))
        for item in describe(augmentation.parameters):
            key = ".".join((*path, item.name))
            found.append(_Setting(key, (*path, item.name), item.kind))
    return found


def _given_twice(path: tuple[str, ...], first: Any, second: Any) -> Problem:
    message = f"It was given twice. Received: {shorten(first)} and {shorten(second)}."
    return Problem(".".join(path), message, "Give it once.")


def _group(values: Values, name: str) -> Values:
    """The nested object of that name; made where it is missing, left to validation if wrong."""
    group = values.setdefault(name, {})
    if not isinstance(group, dict):
        message = f"Must be an object. Received: {shorten(group)}."
        raise SpecError([Problem(name, message, "Write it as {…} in the file after --spec.")])
    return group
