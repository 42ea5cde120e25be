"""How a run learns, as Keras code: optimizer, schedule, loss, and the rules that wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from engine.spec.run_spec import RunSpec
from engine.spec.signature import Signature

_OPTIMIZERS: Final = {
    "sgd": "SGD",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
    "adagrad": "Adagrad",
    "nadam": "Nadam",
}
_SCHEDULES: Final = "keras.optimizers.schedules"


@dataclass
class LearningCode:
    """Pieces of code that go into `compile` and `fit`, and what stands before them.

    Attributes:
        optimizer, loss: Expressions.
        before_compile: Statements before `compile`, each with its line end.
        before_fit: Statements before `fit`, likewise.
        callbacks: Names of callbacks that these statements make.
    """

    optimizer: str
    loss: str
    before_compile: str = ""
    before_fit: str = ""
    callbacks: list[str] = field(default_factory=list)


def learning_code(spec: RunSpec, signature: Signature, share: float) -> LearningCode:
    """Writes how a run learns.

    Args:
        spec: A resolved one.
        signature: Of the data.
        share: Of the examples given to `fit`, what is kept for validation.
    """
    before, rate = _rate(spec, share)
    code = LearningCode(optimizer_code(spec, rate), f'"{spec.training.loss}"', before)
    _smooth(code, spec, signature)
    monitor = "val_loss" if share else "loss"
    _stop(code, spec, monitor)
    _reduce(code, spec, monitor)
    return code


def optimizer_code(spec: RunSpec, rate: str) -> str:
    """The optimizer of a resolved spec, as a call; `rate` is its learning rate as an expression."""
    training = spec.training
    arguments = [f"learning_rate={rate}"]
    if training.clip_norm is not None:
        arguments.append(f"global_clipnorm={training.clip_norm!r}")
    if training.weight_decay is not None:
        arguments.append(f"weight_decay={training.weight_decay!r}")
    if training.accumulate > 1:
        arguments.append(f"gradient_accumulation_steps={training.accumulate}")
    name = f"keras.optimizers.{_OPTIMIZERS[str(training.optimizer)]}"
    return _call(name, arguments, indent=4)


def _rate(spec: RunSpec, share: float) -> tuple[str, str]:
    """Statements that make the schedule, and the learning rate as an expression."""
    schedule, training = spec.schedule, spec.training
    rate, epochs = training.learning_rate, training.epochs
    if schedule.name == "constant" and not schedule.warmup:
        return "", repr(rate)
    train = f"len(x_train) * {1 - share:.6g}" if share else "len(x_train)"
    lines = [f"steps = -(-int({train}) // {training.batch_size})  # in an epoch"]
    if training.accumulate > 1:
        # Keras counts the changes of the weights.
        lines.append(f"steps = max(1, steps // {training.accumulate})")
    warm = f"round({schedule.warmup:g} * steps)"
    left = f"{epochs} * steps" + (f" - {warm}" if schedule.warmup else "")
    match schedule.name:
        case "constant":
            name, arguments = "PolynomialDecay", ["0.0", warm, repr(rate)]
        case "cosine":
            name, arguments = "CosineDecay", [repr(rate), left, f"alpha={schedule.final!r}"]
            if schedule.warmup:
                arguments[0] = "0.0"
                arguments += [f"warmup_target={rate!r}", f"warmup_steps={warm}"]
        case "exponential":
            name, arguments = "ExponentialDecay", [repr(rate), left, repr(schedule.final)]
        case "step":
            every = f"{schedule.every} * steps"
            arguments = [repr(rate), every, repr(schedule.factor), "staircase=True"]
            name = "ExponentialDecay"
    if schedule.warmup and schedule.name in ("exponential", "step"):
        lines.append("# Without the warm-up, which this schedule of Keras's does not have.")
    lines.append(f"rate = {_call(f'{_SCHEDULES}.{name}', arguments)}")
    return "".join(f"{line}\n" for line in lines), "rate"


def _smooth(code: LearningCode, spec: RunSpec, signature: Signature) -> None:
    smoothing = spec.training.label_smoothing
    if not smoothing:
        return
    if spec.training.loss == "binary_crossentropy":
        code.loss = f"keras.losses.BinaryCrossentropy(label_smoothing={smoothing!r})"
        return
    code.loss = f"keras.losses.CategoricalCrossentropy(label_smoothing={smoothing!r})"
    code.before_fit += (
        "# Label smoothing needs a column for each class.\n"
        f"y_train = keras.utils.to_categorical(y_train, {signature.n_classes})\n"
    )


def _stop(code: LearningCode, spec: RunSpec, monitor: str) -> None:
    stopping, training = spec.stopping, spec.training
    keeps_best = training.keep == "best" and monitor == "val_loss"
    if not stopping.patience and not keeps_best:
        return
    arguments = [f'"{monitor}"', f"patience={stopping.patience or training.epochs}"]
    if not stopping.patience:
        name = "best"
        code.before_fit += "# Keeps the weights of the epoch with the lowest validation loss.\n"
    else:
        name = "stop"
        if stopping.min_delta:
            arguments.append(f"min_delta={stopping.min_delta!r}")
        if stopping.start_from:
            arguments.append(f"start_from_epoch={stopping.start_from}")
    if keeps_best:
        arguments.append("restore_best_weights=True")
    code.before_fit += f"{name} = {_call('keras.callbacks.EarlyStopping', arguments)}\n"
    code.callbacks.append(name)


def _reduce(code: LearningCode, spec: RunSpec, monitor: str) -> None:
    schedule = spec.schedule
    if schedule.plateau_patience is None:
        return
    if schedule.name != "constant" or schedule.warmup:
        code.before_fit += (
            "# Without the reduction on a plateau, which Keras cannot combine with a schedule.\n"
        )
        return
    arguments = [
        f'"{monitor}"',
        f"factor={schedule.plateau_factor!r}",
        f"patience={schedule.plateau_patience}",
        f"min_delta={spec.stopping.min_delta!r}",
        f"min_lr={schedule.plateau_min_rate!r}",
    ]
    code.before_fit += f"plateau = {_call('keras.callbacks.ReduceLROnPlateau', arguments)}\n"
    code.callbacks.append("plateau")


def _call(name: str, arguments: list[str], indent: int = 0) -> str:
    """A call on one line if it is short, else with a line for each argument."""
    line = f"{name}({', '.join(arguments)})"
    if len(line) < 75:
        return line
    space = " " * (indent + 4)
    listed = "".join(f"{space}{argument},\n" for argument in arguments)
    return f"{name}(\n{listed}{' ' * indent})"
