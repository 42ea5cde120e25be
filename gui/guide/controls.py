"""Which settings act on what goes wrong in training, and where they are for the present model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from engine.architectures import ARCHITECTURES
from engine.preprocessing.augmentation import settings_for
from engine.spec.parameters import Parameter, ParameterKind, Parameters, describe
from engine.spec.run_spec import PreprocessingSpec, SplitSpec
from engine.spec.signature import Kind, Task
from engine.spec.training_spec import ScheduleSpec, StoppingSpec, TrainingSpec
from gui.formatting.numbers import rate_text
from gui.state.own_model import CUSTOM

GROUPS: Final[Mapping[str, type[Parameters]]] = {
    "training": TrainingSpec,
    "schedule": ScheduleSpec,
    "stopping": StoppingSpec,
    "preprocessing": PreprocessingSpec,
    "split": SplitSpec,
}
ON_DATA_PAGE: Final = ("split", "augmentation")
"""Parts of a `RunSpec` that are set on the Data page."""
CHOICE_OF_MODEL: Final = "model.name"
LAYERS: Final = "model.parameters.graph"
"""The layers of a model of one's own, which are edited one by one."""

_SIZES: Final = ("units", "filters", "numbers", "layers", "blocks")
"""Units of the parameters that make a network larger."""
_DEPTHS: Final = ("layers", "blocks")


_WITH_CLASSES: Final = (
    None,
    Task.CLASSIFICATION,
    Task.MULTILABEL,
    Task.TRANSLATION,
    Task.CONTROL,
)
"""Tasks whose targets may be smoothed; None: nobody knows yet."""


@dataclass(frozen=True)
class Situation:
    """What the window is about.

    Attributes:
        model: Name of the architecture that is picked; may be of none.
        values: The draft, or the resolved spec where there is one, as JSON values.
        kind, task: What the data is, where that is known.
    """

    model: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    kind: Kind | None = None
    task: Task | None = None

    def value(self, group: str, parameter: Parameter) -> Any:
        """The present value of a parameter of the model or of a part of the spec."""
        values: Any = self.values.get(group) or {}
        if group == "model":
            values = values.get("parameters") or {}
        value = values.get(parameter.name)
        return parameter.default if value is None else value


@dataclass(frozen=True)
class Control:
    """Something a person can change about a model.

    Attributes:
        parameters: An architecture has it where one of its parameters is called so.
        settings: Settings that every run has, by path in a `RunSpec`.
        size, depth: It is every parameter that makes a network larger, or deeper.
        by_nature: Architectures that have it without a setting.
    """

    parameters: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    size: bool = False
    depth: bool = False
    by_nature: tuple[str, ...] = ()

    @property
    def is_of_models(self) -> bool:
        """Whether it is there depends on the architecture."""
        return not self.settings


CONTROLS: Final[Mapping[str, Control]] = {
    "more_data": Control(settings=("split.test", "split.validation")),
    "augmentation": Control(settings=("augmentation",)),
    "dropout": Control(parameters=("dropout",)),
    "regularisation": Control(parameters=("regularisation", "strength")),
    "smaller_model": Control(size=True),
    "architecture": Control(settings=(CHOICE_OF_MODEL,)),
    "keep_best": Control(settings=("training.keep",)),
    "early_stopping": Control(settings=("stopping.patience",)),
    "weight_decay": Control(settings=("training.weight_decay",)),
    "label_smoothing": Control(settings=("training.label_smoothing",)),
    "epochs": Control(settings=("training.epochs",)),
    "validation": Control(settings=("split.validation", "split.method")),
    "activation": Control(parameters=("activation",)),
    "batch_normalization": Control(parameters=("batch_normalization",), by_nature=("resnet",)),
    "residual": Control(
        parameters=("residual",),
        by_nature=("resnet", "self_attention", "transformer", "transformer_translator"),
    ),
    "gated_cells": Control(
        parameters=("cell",), by_nature=("lstm", "gru", "gru_translator", "sound_transcriber")
    ),
    "attention": Control(parameters=("heads",), by_nature=("gru_translator",)),
    "depth": Control(depth=True),
    "scaling": Control(settings=("preprocessing.scaling",)),
    "target_scaling": Control(settings=("preprocessing.target_scaling",)),
    "optimizer": Control(settings=("training.optimizer",)),
    "learning_rate": Control(settings=("training.learning_rate",)),
    "clipping": Control(settings=("training.clip_norm",)),
    "schedule": Control(settings=("schedule.warmup", "schedule.plateau_patience")),
    "batch_size": Control(settings=("training.batch_size", "training.accumulate")),
}
"""By the names that the pages use in ``control:`` links."""


@dataclass(frozen=True)
class Place:
    """Where a setting is.

    Attributes:
        path: In a `RunSpec`, such as ``model.parameters.dropout``; ``augmentation`` and
            ``model.name`` as a whole.
        group: The architecture, or the part of the spec, whose words explain it.
        parameter: Its declaration; None for a path as a whole.
        value: What it is now.
    """

    path: str
    group: str = ""
    parameter: Parameter | None = None
    value: Any = None


def places(name: str, situation: Situation) -> tuple[Place, ...]:
    """Where a control is for the present model and data; empty where the model lacks it.

    Raises:
        KeyError: There is no such control.
    """
    control = CONTROLS[name]
    if control.is_of_models:
        if situation.model == CUSTOM:
            return (Place(LAYERS),)
        return tuple(
            Place(
                f"model.parameters.{item.name}",
                situation.model,
                item,
                situation.value("model", item),
            )
            for item in _own(control, situation.model)
        )
    found = (_setting(path, situation) for path in control.settings)
    return tuple(place for place in found if place is not None)


def has(name: str, model: str) -> bool:
    """An architecture has a control, as a setting or by nature."""
    control = CONTROLS[name]
    return model in control.by_nature or bool(_own(control, model))


def owners(name: str, situation: Situation) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Architectures that have a control: those that fit the data, and the others.

    Where the data is unknown, all fit.
    """
    kind, task = situation.kind, situation.task
    fitting: list[str] = []
    others: list[str] = []
    for item in ARCHITECTURES:
        if has(name, item.name):
            is_fitting = kind is None or task is None or not item.misfit(kind, task)
            (fitting if is_fitting else others).append(item.name)
    return tuple(fitting), tuple(others)


def _own(control: Control, model: str) -> tuple[Parameter, ...]:
    if model not in ARCHITECTURES:
        return ()
    return tuple(
        item
        for item in describe(ARCHITECTURES[model].parameters)
        if item.name in control.parameters
        or (control.size and _is_size(item))
        or (control.depth and _is_depth(item))
    )


def _is_size(parameter: Parameter) -> bool:
    numbers = (ParameterKind.INTEGER, ParameterKind.INTEGER_LIST)
    return parameter.kind in numbers and parameter.unit in _SIZES


def _is_depth(parameter: Parameter) -> bool:
    is_list = parameter.kind is ParameterKind.INTEGER_LIST and parameter.unit in _SIZES
    return is_list or parameter.unit in _DEPTHS


def _setting(path: str, situation: Situation) -> Place | None:
    if path == "augmentation":
        # Where the kind of data is unknown the Data page does not offer it.
        known = situation.kind is not None and bool(settings_for(situation.kind))
        return Place(path, path) if known else None
    if path == CHOICE_OF_MODEL:
        return Place(path)
    if path == "training.label_smoothing" and situation.task not in _WITH_CLASSES:
        return None
    group, _, name = path.partition(".")
    by_name = {item.name: item for item in describe(GROUPS[group])}
    parameter = by_name[name]
    return Place(path, group, parameter, situation.value(group, parameter))


def training_text(model: str) -> Mapping[str, object]:
    """How an architecture is usually trained, for the words of the guide."""
    defaults = ARCHITECTURES[model].defaults
    return {
        "optimizer": defaults.optimizer,
        "rate": rate_text(defaults.learning_rate),
        "epochs": defaults.epochs,
        "batch": defaults.batch_size,
    }
