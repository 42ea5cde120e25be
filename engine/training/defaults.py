"""Closes the open choices of a spec, and checks its names and parameters against the registries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.architectures import ARCHITECTURES
from engine.architectures.base import Architecture, TrainingDefaults
from engine.datasets import DATASETS
from engine.errors import Problem, SpecError
from engine.preprocessing.augmentation import completed, misfits, plugin_problems
from engine.spec.parameters import Parameters, validate
from engine.spec.registry import Registry
from engine.spec.run_spec import AugmentationSpec, PreprocessingSpec, RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.spec.training_spec import StoppingSpec, TrainingSpec
from engine.training.rules import usual_patience
from engine.training.start_settings import start_problems

LOSSES: dict[Output, tuple[str, ...]] = {
    Output.NUMBERS: ("mean_squared_error", "mean_absolute_error", "huber"),
    Output.CLASSES: ("binary_crossentropy", "sparse_categorical_crossentropy"),
    Output.LABELS: ("binary_crossentropy",),
    Output.TOKENS: ("sparse_categorical_crossentropy", "ctc"),
}
# Keras's own default of each optimizer, for an optimizer that the architecture did not choose.
LEARNING_RATES: dict[str, float] = {
    "sgd": 0.01,
    "adam": 0.001,
    "adamw": 0.001,
    "rmsprop": 0.001,
    "adagrad": 0.001,
    "nadam": 0.001,
}


def parse(values: Mapping[str, Any]) -> RunSpec:
    """Builds a spec from JSON values, checked as far as that is possible without the data.

    Raises:
        SpecError: With every problem at once: fields, names, and the parameters they take.
    """
    problems: list[Problem] = []
    try:
        spec = RunSpec.from_dict(dict(values))
    except SpecError as error:
        problems += error.problems
    problems += _check_named(values, "data", "source", DATASETS)
    problems += _check_named(values, "model", "name", ARCHITECTURES)
    problems += _check_augmentations(values)
    if problems:
        raise SpecError(problems)
    return spec


def _check_named(
    values: Mapping[str, Any], part: str, key: str, registry: Registry[Any]
) -> list[Problem]:
    """Checks the name in a part of a spec and its parameters; what is malformed is left out.

    A data source that is not in the registry may be a file; loading it tells.
    """
    section = values.get(part)
    name = section.get(key) if isinstance(section, Mapping) else None
    if not isinstance(section, Mapping) or not isinstance(name, str) or not name:
        return []
    if name not in registry:
        if registry is DATASETS:
            return []
        unknown = registry.unknown(name)
        return [Problem(f"{part}.{key}", unknown.message, unknown.hint)]
    parameters = section.get("parameters", {})
    if not isinstance(parameters, Mapping):
        return []
    return _invalid(registry[name].parameters, parameters, f"{part}.parameters")


def _check_augmentations(values: Mapping[str, Any]) -> list[Problem]:
    section = values.get("augmentation")
    plugins = section.get("plugins") if isinstance(section, Mapping) else None
    return plugin_problems(plugins) if isinstance(plugins, Mapping) else []


def _invalid(declared: type[Parameters], values: Mapping[str, Any], prefix: str) -> list[Problem]:
    try:
        validate(declared, values, prefix)
    except SpecError as error:
        return list(error.problems)
    return []


def recommended_model(kind: Kind, task: Task) -> str:
    """The architecture to start with on data that recommends none itself."""
    fitting = [item for item in ARCHITECTURES if not item.misfit(kind, task)]
    recommended = [item.name for item in fitting if (kind, task) in item.recommended_for]
    return next(iter(recommended or [item.name for item in fitting]), "mlp")


def training_defaults(architecture: Architecture, signature: Signature) -> TrainingSpec:
    """How `architecture` is trained on such data when nobody says otherwise."""
    defaults = architecture.defaults_for(signature)
    return TrainingSpec.model_validate(
        {
            "epochs": defaults.epochs,
            "batch_size": defaults.batch_size,
            "optimizer": defaults.optimizer,
            "learning_rate": defaults.learning_rate,
            "loss": _default_loss(signature),
            "weight_decay": defaults.weight_decay,
        }
    )


def _default_loss(signature: Signature) -> str:
    if signature.task is Task.ANOMALY:
        return "mean_absolute_error"  # of scores, which shall be 0: their mean
    if signature.output is Output.NUMBERS:
        return "mean_squared_error"
    if signature.task is Task.TRANSCRIPTION:
        return "ctc"
    if signature.is_binary or signature.output is Output.LABELS:
        return "binary_crossentropy"
    return "sparse_categorical_crossentropy"


def resolve(spec: RunSpec, signature: Signature, recommended: str = "") -> RunSpec:
    """Closes every open choice of `spec` for data of this signature.

    Args:
        spec: What was chosen.
        signature: What the network receives.
        recommended: The architecture that the data itself recommends; empty: none.

    Returns:
        A spec that says everything: the same spec gives the same run.

    Raises:
        SpecError: The architecture does not fit the data, or a setting cannot work on it.
    """
    spec = parse(spec.to_dict())
    name = spec.model.name or _fitting(recommended, signature.kind, signature.task)
    architecture = ARCHITECTURES[name]
    misfit = architecture.misfit(signature.kind, signature.task)
    if misfit:
        fitting = [
            item.name for item in ARCHITECTURES if not item.misfit(signature.kind, signature.task)
        ]
        raise SpecError([Problem("model.name", misfit, f"Models that fit: {', '.join(fitting)}.")])
    parameters = _parameters(architecture, signature, spec.model.parameters)
    problems = [
        Problem(f"model.parameters.{problem.field}", problem.message, problem.hint)
        for problem in architecture.check(signature, parameters)
    ]
    preprocessing = spec.preprocessing.decided(**architecture.prepares)
    problems += _preprocessing_problems(preprocessing, architecture, signature)
    problems += _category_problems(architecture, signature)
    defaults = training_defaults(architecture, signature)
    given = spec.training.model_dump(exclude_none=True)
    if given.get("optimizer", defaults.optimizer) != defaults.optimizer:
        given = {
            "learning_rate": LEARNING_RATES[given["optimizer"]],
            "weight_decay": None,
            **given,
        }
    if spec.start.freeze == "everything":  # nothing changes, however often it is seen
        given = {"epochs": 1, **given}
    training = defaults.model_copy(update=given)
    problems += _loss_problems(training, signature)
    problems += _learning_problems(spec, training, signature)
    problems += misfits(spec.augmentation, signature.kind)
    problems += start_problems(spec.start, training.epochs)
    if problems:
        raise SpecError(problems)
    return spec.model_copy(
        update={
            "data": spec.data.model_copy(update={"task": signature.task}),
            "model": spec.model.model_copy(
                update={"name": name, "parameters": parameters.model_dump()}
            ),
            "preprocessing": preprocessing,
            "training": training,
            "stopping": _stopping(spec, architecture, signature, training.epochs),
            "augmentation": completed(augmentation(spec, architecture, signature)),
        }
    )


def _parameters(
    architecture: Architecture, signature: Signature, given: Mapping[str, Any]
) -> Parameters:
    """What was given and, of the rest, the defaults, or smaller ones where data asks for them."""
    usual = validate(architecture.parameters, given, "model.parameters")
    if any(problem.field in given for problem in architecture.check(signature, usual)):
        return usual
    for smaller in ({}, *architecture.smaller):
        tried = validate(architecture.parameters, {**smaller, **given}, "model.parameters")
        if not architecture.check(signature, tried):
            return tried
    return usual


def _fitting(recommended: str, kind: Kind, task: Task) -> str:
    """What the data recommends, unless it is used for another task than usual."""
    if recommended and not ARCHITECTURES[recommended].misfit(kind, task):
        return recommended
    return recommended_model(kind, task)


def preparation(spec: RunSpec, kind: Kind, task: Task, recommended: str = "") -> PreprocessingSpec:
    """How data is prepared for the model of a spec, or the one that would be taken.

    Args:
        spec: Need not be resolved.
        kind: Of the data.
        task: Likewise.
        recommended: As for `resolve`.
    """
    architecture = architecture_of(spec, kind, task, recommended)
    return spec.preprocessing.decided(**(architecture.prepares if architecture else {}))


def architecture_of(
    spec: RunSpec, kind: Kind, task: Task, recommended: str = ""
) -> Architecture | None:
    """The model of a spec, or the one that would be taken; None where there is none of its name.

    Args:
        spec: Need not be resolved.
        kind: Of the data.
        task: Likewise.
        recommended: As for `resolve`.
    """
    name = spec.model.name or _fitting(recommended, kind, task)
    return next((item for item in ARCHITECTURES if item.name == name), None)


def augmentation(
    spec: RunSpec, architecture: Architecture, signature: Signature
) -> AugmentationSpec:
    """What is changed at random, as is usual for the architecture where that is left open."""
    return spec.augmentation.decided(architecture.defaults_for(signature).augmentation)


def _stopping(
    spec: RunSpec, architecture: Architecture, signature: Signature, epochs: int | None
) -> StoppingSpec:
    """When training ends early, as is usual for the architecture where that is left open."""
    if spec.stopping.patience is not None:
        return spec.stopping
    patience = _patience(architecture.defaults_for(signature), epochs)
    return spec.stopping.model_copy(update={"patience": patience})


def patience_of(model: str, epochs: int) -> int:
    """How long a model waits for an improvement where that is left open, by its name.

    Args:
        model: May be that of a package that is gone; then it waits as most do.
        epochs: Planned.
    """
    architecture = next((item for item in ARCHITECTURES if item.name == model), None)
    return usual_patience(epochs) if not architecture else _patience(architecture.defaults, epochs)


def _patience(defaults: TrainingDefaults, epochs: int | None) -> int:
    if defaults.patience is not None:
        return defaults.patience
    return usual_patience(epochs or defaults.epochs)


def _preprocessing_problems(
    preprocessing: PreprocessingSpec, architecture: Architecture, signature: Signature
) -> list[Problem]:
    if preprocessing.scaling != "piecewise":
        return []
    why = ""
    if signature.kind is not Kind.TABLE:
        why = f"Only the columns of tables are cut into pieces; this is {signature.kind.value} data"
    elif architecture.is_linear:
        why = f"{architecture.title} has one coefficient for each column, none for its pieces"
    elif signature.task is Task.ANOMALY:
        why = "How unusual a row is cannot be measured in pieces of its numbers"
    if not why:
        return []
    return [Problem("preprocessing.scaling", f"{why}. Received: piecewise.", "Use 'standard'.")]


def _category_problems(architecture: Architecture, signature: Signature) -> list[Problem]:
    if not signature.category_sizes:
        return []
    if signature.task is Task.ANOMALY:
        return [
            Problem(
                "preprocessing.categories",
                "How unusual a row is cannot be measured in indices of categories. "
                "Received: embedding.",
                "Use 'one_hot'.",
            )
        ]
    if architecture.embeds_categories:
        return []
    able = [
        item.name
        for item in ARCHITECTURES
        if item.embeds_categories and not item.misfit(signature.kind, signature.task)
    ]
    return [
        Problem(
            "preprocessing.categories",
            f"{architecture.title} cannot embed categories. Received: embedding.",
            f"Use 'one_hot', or a model that can: {', '.join(able)}.",
        )
    ]


def _loss_problems(training: TrainingSpec, signature: Signature) -> list[Problem]:
    fitting = LOSSES[signature.output]
    if signature.output is not Output.NUMBERS or signature.task is Task.ANOMALY:
        fitting = (_default_loss(signature),)
    if training.loss in fitting:
        return []
    word = "labels" if signature.output is Output.LABELS else "classes"
    classes = f" of {signature.n_classes} {word}" if signature.n_classes else ""
    return [
        Problem(
            "training.loss",
            f"This loss does not fit {signature.task.value}{classes}. Received: {training.loss}.",
            f"Use {' or '.join(fitting)}.",
        )
    ]


def _learning_problems(
    spec: RunSpec, training: TrainingSpec, signature: Signature
) -> list[Problem]:
    """Settings of learning that contradict each other, or that the data leaves nothing to do."""
    problems = []
    schedule = spec.schedule
    if training.class_weights != "none" and signature.output is Output.LABELS:
        problems.append(
            Problem(
                "training.class_weights",
                "Classes are weighted by their examples, but an example with several labels has "
                f"no one class. Received: {training.class_weights}.",
                "Use none: rare labels are found by a threshold of their own.",
            )
        )
    if training.label_smoothing and "crossentropy" not in str(training.loss):
        problems.append(
            Problem(
                "training.label_smoothing",
                "There is no certainty about classes to take from: the loss is "
                f"{training.loss}. Received: {training.label_smoothing:g}.",
                f"Use 0: label smoothing is for classes, not for {signature.task.value}.",
            )
        )
    if training.epochs is not None and schedule.warmup > training.epochs:
        problems.append(
            Problem(
                "schedule.warmup",
                f"A warm-up cannot be longer than the training, which has {training.epochs} "
                f"epochs. Received: {schedule.warmup:g}.",
                "Use a few epochs at most, or train for longer.",
            )
        )
    rate = training.learning_rate
    if schedule.plateau_patience and rate is not None and schedule.plateau_min_rate >= rate:
        problems.append(
            Problem(
                "schedule.plateau_min_rate",
                f"Must be below the learning rate, {rate:g}, or a plateau changes nothing. "
                f"Received: {schedule.plateau_min_rate:g}.",
                f"Use {rate / 100:g}, for example.",
            )
        )
    if training.accumulate > 1 and spec.execution.device == "all_gpus":
        problems.append(
            Problem(
                "training.accumulate",
                "Gradients cannot be accumulated on several GPUs at once. "
                f"Received: {training.accumulate}.",
                "Use 1 and a larger batch, which the GPUs share, or another device.",
            )
        )
    return problems
