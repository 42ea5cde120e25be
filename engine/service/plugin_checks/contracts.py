"""The contract that each kind of plug-in must keep, tried out with its defaults on small data.

It is what Descent's tests ask of its own. Runs in the process of a check.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture
from engine.datasets import DATASETS, FORMATS
from engine.datasets.base import Dataset, Examples, Rows
from engine.datasets.files import Glance, glance
from engine.datasets.formats import Format
from engine.datasets.guarded import checked_likeness
from engine.errors import DescentError
from engine.preprocessing.augmentation import Augmentation
from engine.service.plugin_checks.refusal import Refusal
from engine.spec.parameters import Parameters, describe, validate
from engine.spec.plugins.discovery import declared
from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.plots import PLOTS, Plot, RunData
from engine.spec.plugins.record import Group, PluginRecord
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.prepared_data import look

MIN_EXAMPLES: Final = 10
_ROWS_COMPARED: Final = 8


def check_contract(plugin: object, record: PluginRecord) -> str:
    """Tries a plug-in out; returns its title.

    Raises:
        Refusal, PluginError: It does not keep its contract.
    """
    base, check = _CONTRACTS[record.group]
    if not isinstance(plugin, base):
        raise Refusal(
            f"'{record.target}' is no {base.__name__}. Received: {type(plugin).__name__}.",
            f"Derive its class from engine.api.{base.__name__}.",
        )
    name = getattr(plugin, "name", None)
    if name != record.name:
        raise Refusal(
            f"Its class is named {name!r}, and its entry point '{record.name}'.",
            "Give both the same name.",
        )
    title = _text(plugin, "title")
    declaration = getattr(plugin, "parameters", None)
    if declaration is not None:
        _check_parameters(declaration)
    PLUGINS.admit(record, plugin)
    check(plugin, record.name)
    return title


# ---- what all have


def _text(plugin: object, attribute: str) -> str:
    value = getattr(plugin, attribute, None)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(
            f"Its '{attribute}' must be a text that people read. Received: {value!r}.",
            f"Give its class a {attribute}.",
        )
    return value


def _member(plugin: object, attribute: str, kind: type, optional: bool = False) -> None:
    value = getattr(plugin, attribute, None)
    if not isinstance(value, kind) and not (optional and value is None):
        raise Refusal(
            f"Its '{attribute}' must be a {kind.__name__} of engine.api. Received: {value!r}.",
            f"Write {attribute} = {kind.__name__}.{next(iter(kind)).name}, for example.",  # type: ignore[call-overload]
        )


def _members(plugin: object, attribute: str, kind: type) -> None:
    values = getattr(plugin, attribute, None)
    if isinstance(values, tuple) and values and all(isinstance(item, kind) for item in values):
        return
    raise Refusal(
        f"Its '{attribute}' must be a tuple of {kind.__name__} of engine.api. "
        f"Received: {values!r}.",
        f"Write {attribute} = ({kind.__name__}.{next(iter(kind)).name},), for example.",  # type: ignore[call-overload]
    )


def _check_parameters(declared: object) -> None:
    if not isinstance(declared, type) or not issubclass(declared, Parameters):
        raise Refusal(
            f"Its 'parameters' must be a class derived from Parameters. Received: {declared!r}.",
            "Derive it from engine.api.Parameters, and declare each with engine.api.parameter.",
        )
    try:
        validate(declared, {item.name: item.default for item in describe(declared)})
    except DescentError as error:
        raise Refusal(
            f"Its parameters cannot be left at their defaults. Received: {error}",
            "Give each a default that it allows.",
        ) from None
    for item in describe(declared):
        if not item.help:
            raise Refusal(
                f"Its parameter '{item.name}' is not explained.",
                f"Declare it as {item.name}: … = parameter(default, label=…, help=…).",
            )


# ---- datasets and formats


def _check_dataset(dataset: Dataset, name: str) -> None:
    _text(dataset, "description")
    _member(dataset, "kind", Kind)
    _member(dataset, "task", Task, optional=True)
    _check_recommended(dataset.recommended_model)
    if dataset.is_remote:
        raise Refusal(
            "is_remote is for data sets that Descent itself can download.",
            "Leave it out, and raise a DatasetError in load that says where to get the data.",
        )
    guarded = DATASETS[name]
    parameters = dataset.parameters()
    first, again = guarded.load(parameters), guarded.load(parameters)
    if first.kind is not dataset.kind or dataset.task not in (None, first.task):
        raise Refusal(
            f"load returns {first.kind.value} data for {first.task.value}, and the class says "
            f"{dataset.kind.value} and {dataset.task}.",
            "Let both say the same.",
        )
    if first.n_samples < MIN_EXAMPLES:
        raise Refusal(
            f"load returns {first.n_samples} examples; at least {MIN_EXAMPLES} are needed to have "
            "some for validation and test.",
            "Return more.",
        )
    if not _are_equal(first, again):
        raise Refusal(
            "load returns other examples the second time, so no run could be repeated.",
            "Draw from numpy.random.default_rng(seed), with the seed among the parameters.",
        )
    look(RunSpec(data=DataSpec(source=name))).profile(name)


def _check_recommended(name: object) -> None:
    known = {item.name for item in declared() if item.group is Group.ARCHITECTURES}
    if name and name not in {*ARCHITECTURES.own_names, *known}:
        raise Refusal(
            f"Its recommended_model is no architecture. Received: {name!r}.",
            "Name one of 'python main.py models list', or leave it out.",
        )


def _are_equal(first: Examples, again: Examples) -> bool:
    def rows(values: Rows) -> Any:
        return np.asarray(values[np.arange(min(_ROWS_COMPARED, len(values)))])

    if first.x.shape != again.x.shape or not np.array_equal(first.y, again.y):
        return False
    x, other = rows(first.x), rows(again.x)
    return bool(np.array_equal(x, other, equal_nan=x.dtype.kind == "f"))


def _check_format(format: Format, name: str) -> None:
    _member(format, "kind", Kind)
    suffixes = format.suffixes
    if not isinstance(suffixes, tuple) or not all(
        isinstance(item, str) and item.startswith(".") and item == item.lower() for item in suffixes
    ):
        raise Refusal(
            "Its suffixes must be a tuple such as ('.abc',), in lower case. "
            f"Received: {suffixes!r}.",
            "Correct them; for folders alone, leave them out.",
        )
    with tempfile.TemporaryDirectory() as folder:
        nothing = Path(folder) / "a.no_such_suffix"
        nothing.write_bytes(b"\x00\x01\x02")
        seen = Glance(nothing, False, Counter([nothing.suffix]))
        if checked_likeness(format.likeness(seen)) > 0:
            raise Refusal(
                "It takes a file of a type that nobody knows for one of its own.",
                "Let likeness return 0 for what it does not know.",
            )
    with tempfile.TemporaryDirectory() as folder:
        _try_example(format, name, Path(folder))


def _try_example(format: Format, name: str, folder: Path) -> None:
    """Opens the example that a format brings, if it brings one."""
    example = format.example(folder)
    if example is None:
        return
    if checked_likeness(format.likeness(glance(example))) == 0:
        raise Refusal(
            f"It does not know its own example: likeness of '{example.name}' is 0.",
            "Let likeness return more than 0 for it.",
        )
    data = DataSpec(source=str(example), format=name)
    dataset = FORMATS[name].open(example, data)
    dataset.load(dataset.parameters())
    look(RunSpec(data=data)).profile(str(example))


# ---- architectures, augmentations


def _check_architecture(architecture: Architecture, name: str) -> None:
    from engine.service.plugin_checks.networks import check_networks

    for attribute in ("short_title", "summary"):
        _text(architecture, attribute)
    _members(architecture, "kinds", Kind)
    _members(architecture, "tasks", Task)
    check_networks(name)


def _check_augmentation(augmentation: Augmentation, name: str) -> None:
    from engine.service.plugin_checks.networks import check_changes

    _members(augmentation, "kinds", Kind)
    check_changes(name, augmentation.kinds)


# ---- plots


def _check_plot(plot: Plot, name: str) -> None:
    for run in _made_up_runs():
        PLOTS[name].draw(run)


def _made_up_runs() -> Iterable[RunData]:
    """A run that has everything, one of numbers, and one that has not ended an epoch yet."""
    epochs = np.arange(1, 6)
    falling = 1.0 / epochs
    metrics = {"loss": falling, "val_loss": 1.1 * falling}
    yield RunData(
        "a classification",
        "Some data",
        "A model",
        {"training": {"epochs": 5}},
        epochs,
        {**metrics, "accuracy": 1 - falling / 2, "val_accuracy": 1 - falling / 2},
        {"loss": np.repeat(falling, 4)},
        ("no", "yes"),
        np.array([[8, 2], [1, 9]]),
    )
    numbers = np.linspace(-1, 1, 20)
    yield RunData(
        "a regression", epochs=epochs, metrics=metrics, y_true=numbers, y_pred=numbers + 0.1
    )
    yield RunData("a beginning")


Contract = tuple[type, Callable[[Any, str], None]]

_CONTRACTS: Final[dict[Group, Contract]] = {
    Group.DATASETS: (Dataset, _check_dataset),
    Group.FORMATS: (Format, _check_format),
    Group.ARCHITECTURES: (Architecture, _check_architecture),
    Group.AUGMENTATIONS: (Augmentation, _check_augmentation),
    Group.PLOTS: (Plot, _check_plot),
}
