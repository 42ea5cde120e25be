"""How the network is trained, in plain Keras: batches, learning rate, what is kept."""

from __future__ import annotations

from typing import Final

from engine.graph.learning_code import optimizer_code
from engine.inference.decoding import is_autoregressive
from engine.preprocessing.targets import TokenTargets
from engine.service.results.exporting.script.augmenting import augmenting_code
from engine.service.results.exporting.script.document import Section
from engine.service.results.exporting.script.kept_layers import (
    best_code,
    kept_code,
    thawed_code,
    thaws,
)
from engine.service.results.exporting.script.subject import Subject
from engine.spec.signature import Output, metrics_of

TITLE: Final = "Training"
_BATCHES: Final = '''\
class Batches(keras.utils.PyDataset):
    """Batches of the training part, in an order that is drawn anew for each epoch."""

    def __init__(self):
        super().__init__()
        self.draw(0)

    def draw(self, epoch, logs=None):
        """Draws the order of an epoch, counted from 0."""
        self.epoch = epoch
        self.order = np.random.default_rng((SEED, epoch + 1)).permutation(len(x_train))

    def __len__(self):
        return -(-len(x_train) // BATCH_SIZE)

    def __getitem__(self, step):
        rows = self.order[step * BATCH_SIZE : (step + 1) * BATCH_SIZE]
        {batch}'''

_SUMS: Final = """\
# As the run did. TensorFlow would else choose an order of sums by itself, and round otherwise.
tf.config.optimizer.set_experimental_options({"arithmetic_optimization": False})
"""


def training_section(subject: Subject) -> Section:
    """Compiles and fits the network as the run did."""
    spec = subject.spec
    training = spec.training
    needs = ["import keras", "import numpy as np"]
    augmenting, more = augmenting_code(subject)
    needs += more
    if spec.execution.reproducible:
        needs.append("import tensorflow as tf")
    weights = _weights(subject)
    epochs = subject.epochs
    keeping = kept_code(subject)
    parts = [
        f"EPOCHS, BATCH_SIZE = {epochs}, {training.batch_size}\n",
        _SUMS if spec.execution.reproducible else "",
        _taught(subject),
        weights,
        augmenting,
        _BATCHES.format(batch=_batch(subject, bool(weights), bool(augmenting))) + "\n",
        _rate(subject),
        _loss(subject)[0],
        keeping,
        _compiling(subject),
        _fitting(subject) if not thaws(subject) else _fitting_twice(subject),
    ]
    return Section(TITLE, "\n\n".join(part for part in parts if part), tuple(needs))


def _taught(subject: Subject) -> str:
    """A network that writes sees what it has written so far, in training the right words."""
    lines = []
    parts = [part for part in ("train", "validation", "test") if len(subject.rows(part))]
    if is_autoregressive(subject.network, subject.signature):
        start = subject.signature.n_classes
        lines += [
            "# The network takes the source, a sign for the start, and what was written so far;",
            "# while it learns, that is the right text.",
            "def with_answer(x, y):",
            f'    start = np.full((len(x), 1), {start}, "int32")',
            "    return np.concatenate([x, start, y[:, :-1]], axis=1)",
            "",
            "",
            *(f"taught_{part} = with_answer(x_{part}, y_{part})" for part in parts),
        ]
    return "\n".join(lines)


def _is_by_position(subject: Subject) -> bool:
    targets = subject.prepared.preprocessing.targets
    return isinstance(targets, TokenTargets) and not targets.blank_first


def _weights(subject: Subject) -> str:
    """How much each example, or each position of a text, counts."""
    lines = []
    is_balanced = subject.spec.training.class_weights == "balanced"
    if subject.examples.weights is not None:
        lines.append("w_train = weights[train]")
    if is_balanced and subject.examples.output is Output.CLASSES:
        lines += [
            "# Rare classes count as much as frequent ones.",
            "counts = np.bincount(y_train)",
            "balance = len(y_train) / (np.count_nonzero(counts) * np.maximum(counts, 1))",
        ]
        of_class = "balance[y_train]"
        if subject.examples.weights is not None:
            of_class = f"(w_train * {of_class})"
        lines.append(f'w_train = {of_class}.astype("float32")')
    if _is_by_position(subject):
        lines += [
            "# What follows the end of a text does not count.",
            "def counted(y):",
            '    weights = np.ones(y.shape, "float32")',
            "    weights[:, 1:] = y[:, :-1] != 0",
            "    return weights",
            "",
            "",
            *(
                f"w_{part} = counted(y_{part})"
                for part in ("train", "validation", "test")
                if len(subject.rows(part))
            ),
        ]
    return "\n".join(lines)


def x_name(subject: Subject, part: str) -> str:
    """What the network takes of a part."""
    is_taught = is_autoregressive(subject.network, subject.signature)
    return f"{'taught' if is_taught else 'x'}_{part}"


def _batch(subject: Subject, has_weights: bool, is_changed: bool) -> str:
    x = f"{x_name(subject, 'train')}[rows]"
    answers = "y_train[rows]" + (", w_train[rows]" if has_weights else "")
    if not is_changed:
        return f"return {x}, {answers}"
    return (
        "seed = tf.constant([SEED, self.epoch * len(self) + step])\n"
        f"        return changed({x}, seed).numpy(), {answers}"
    )


def _loss(subject: Subject) -> tuple[str, str]:
    """Statements that define the loss, and the loss as an expression."""
    training = subject.spec.training
    smoothing = training.label_smoothing
    reduction = ', reduction="mean_with_sample_weight"' if _is_by_position(subject) else ""
    if smoothing and training.loss == "binary_crossentropy":
        return "", f"keras.losses.BinaryCrossentropy(label_smoothing={smoothing!r})"
    if smoothing:
        code = (
            "class Smoothed(keras.losses.Loss):\n"
            '    """Cross-entropy with a share of certainty spread over all classes."""\n\n'
            "    def call(self, y_true, y_pred):\n"
            '        y_true = keras.ops.cast(y_true, "int32")\n'
            "        if len(y_true.shape) == len(y_pred.shape):\n"
            "            y_true = keras.ops.squeeze(y_true, axis=-1)\n"
            "        classes = keras.ops.one_hot(y_true, y_pred.shape[-1], dtype=y_pred.dtype)\n"
            "        return keras.losses.categorical_crossentropy(\n"
            f"            classes, y_pred, label_smoothing={smoothing!r}\n        )\n"
        )
        return code, f"Smoothed({reduction.removeprefix(', ')})"
    if reduction:
        return "", f"keras.losses.SparseCategoricalCrossentropy({reduction.removeprefix(', ')})"
    return "", f'"{training.loss}"'


def _compiling(subject: Subject) -> str:
    code = _compile(subject)
    if not thaws(subject):
        return code
    inner = "\n".join(f"    {line}" for line in code.splitlines())
    return f"def compile_model():\n{inner}\n\n\ncompile_model()"


def _compile(subject: Subject) -> str:
    metrics = ", ".join(f'"{name}"' for name in metrics_of(subject.signature))
    kind = "weighted_metrics" if _is_by_position(subject) else "metrics"
    optimizer = optimizer_code(subject.spec, repr(subject.spec.training.learning_rate))
    return (
        "model.compile(\n"
        f"    optimizer={optimizer},\n"
        f"    loss={_loss(subject)[1]},\n"
        + (f"    {kind}=[{metrics}],\n" if metrics else "")
        + "    jit_compile=False,  # it would round differently\n)"
    )


def _fitting(subject: Subject) -> str:
    lines, names = _callbacks(subject)
    return "\n".join([*lines, "batches = Batches()", _fit(subject, "epochs=EPOCHS", names)])


def _fitting_twice(subject: Subject) -> str:
    """Trains what was not kept; then everything, in smaller steps."""
    start, keeps = subject.spec.start, subject.spec.training.keep == "best"
    rates, best = (["rates"] if _has_rate(subject) else []), (["best"] if keeps else [])
    first = [f"{name} = {kind}()" for name, kind in (("rates", "LearningRate"), ("best", "Best"))
             if name in (*rates, *best)]  # fmt: skip
    stops, stop = _stopping(subject, start.thaw_after or 0)
    both = [
        best_code(subject) if keeps else "",
        "\n".join(["batches = Batches()", *first]),
        _fit(subject, f"epochs={start.thaw_after}", [*rates, *best]),
        thawed_code(subject),
        "\n".join(["compile_model()", *_slower(subject), *stops]),
        _fit(subject, f"initial_epoch={start.thaw_after}, epochs=EPOCHS", [*rates, *stop, *best]),
        "model.set_weights(best.weights)" if keeps else "",
    ]
    return "\n\n".join(part for part in both if part)


def _slower(subject: Subject) -> list[str]:
    """Statements that make the learning rate smaller, once all learn."""
    share = subject.spec.start.thaw_rate
    if not _has_rate(subject):
        rate = f"float(np.float32({subject.spec.training.learning_rate!r})) * {share!r}"
        return [f"model.optimizer.learning_rate = np.float32({rate})"]
    anew = "rates.reduction, rates.best, rates.waited = 1.0, np.inf, 0"
    is_reduced = subject.spec.schedule.plateau_patience is not None
    return [f"rates.share = {share!r}", *([anew] if is_reduced else [])]


def _fit(subject: Subject, epochs: str, names: list[str]) -> str:
    """A call of `fit`, given epochs as arguments, and callbacks."""
    names = ["keras.callbacks.LambdaCallback(on_epoch_begin=batches.draw)", *names]
    arguments = ["batches", epochs, "shuffle=False"]
    if len(subject.rows("validation")):
        x = x_name(subject, "validation")
        more = ", w_validation" if _is_by_position(subject) else ""
        arguments += [
            f"validation_data=({x}, y_validation{more})",
            "validation_batch_size=256",
        ]
    arguments.append(_listed("callbacks=", names))
    arguments.append("verbose=2")
    listed = "".join(f"    {item},\n" for item in arguments)
    return f"history = model.fit(\n{listed})"


def _listed(head: str, items: list[str]) -> str:
    """A list of expressions as an argument of a call."""
    if len(items) == 1:
        return f"{head}[{items[0]}]"
    inner = "".join(f"        {item},\n" for item in items)
    return f"{head}[\n{inner}    ]"


def _callbacks(subject: Subject) -> tuple[list[str], list[str]]:
    """Statements that make callbacks, and their names."""
    stopping = subject.spec.stopping
    monitor = "val_loss" if len(subject.rows("validation")) else "loss"
    keeps = subject.spec.training.keep == "best"
    is_plain = not stopping.min_delta and not stopping.start_from
    lines, names = _stopping(subject, restores=keeps and is_plain)
    if _has_rate(subject):
        names.insert(0, "LearningRate()")
    if keeps and not (stopping.patience and is_plain):
        lines += [
            "# Keeps the weights of the epoch with the lowest loss.",
            "best = keras.callbacks.EarlyStopping(\n"
            f'    "{monitor}", patience=EPOCHS, restore_best_weights=True\n)',
        ]
        names.append("best")
    return lines, names


def _stopping(
    subject: Subject, after: int = 0, restores: bool = False
) -> tuple[list[str], list[str]]:
    """Statements that make what stops early, and its name; of epochs after some."""
    stopping = subject.spec.stopping
    if not stopping.patience:
        return [], []
    monitor = "val_loss" if len(subject.rows("validation")) else "loss"
    options = f'"{monitor}", patience={stopping.patience}'
    if stopping.min_delta:
        options += f", min_delta={stopping.min_delta!r}"
    if stopping.start_from > after:
        options += f", start_from_epoch={stopping.start_from}"
    if restores:
        options += ", restore_best_weights=True"
    return [f"stop = keras.callbacks.EarlyStopping({options})"], ["stop"]


def _has_rate(subject: Subject) -> bool:
    schedule = subject.spec.schedule
    return (
        schedule.name != "constant"
        or bool(schedule.warmup)
        or schedule.plateau_patience is not None
    )


def _rate(subject: Subject) -> str:
    """A callback that sets the learning rate of each step; empty where it stays what it is."""
    if not _has_rate(subject):
        return ""
    schedule, spec = subject.spec.schedule, subject.spec
    planned = spec.training.epochs
    lines = [
        f"RATE = float(np.float32({spec.training.learning_rate!r}))  # Keras holds it in 32 bits",
        "STEPS = -(-len(x_train) // BATCH_SIZE)  # in an epoch",
    ]
    if schedule.warmup:
        lines.append(f"WARMUP = round({schedule.warmup!r} * STEPS)")
    warm = "WARMUP" if schedule.warmup else "0"
    shape = "1.0"
    body: list[str] = []
    if schedule.name == "step":
        shape = f"{schedule.factor!r} ** (step // ({schedule.every} * STEPS))"
    elif schedule.name != "constant":
        left = f"max(1, {planned} * STEPS - {warm})" if schedule.warmup else f"({planned} * STEPS)"
        since = f"(step - {warm})" if schedule.warmup else "step"
        body.append(f"    done = np.clip({since} / {left}, 0.0, 1.0)")
        shape = f"{schedule.final!r} ** done"
        if schedule.name == "cosine":
            body.append("    cosine = 0.5 * (1.0 + np.cos(np.pi * done))")
            shape = f"(1.0 - {schedule.final!r}) * cosine + {schedule.final!r}"
    if schedule.warmup:
        body = ["    if step < WARMUP:", "        return RATE * (step / WARMUP)", *body]
    lines += [
        "",
        "",
        "def rate_of(step):",
        '    """The learning rate of a step, counted from 0 over the whole training."""',
        *body,
        f"    return RATE * ({shape})" if shape != "1.0" else "    return RATE",
        "",
        "",
        "class LearningRate(keras.callbacks.Callback):",
        '    """Sets the learning rate of each step."""',
        "",
        "    step = 0",
    ]
    if thaws(subject):
        lines.append("    share = 1.0  # of the rate")
    lines += (
        _plateau_lines(subject) if schedule.plateau_patience is not None else _plain_lines(subject)
    )
    return "\n".join(lines) + "\n"


def _wanted(subject: Subject) -> str:
    return "rate_of(self.step) * self.share" if thaws(subject) else "rate_of(self.step)"


def _plain_lines(subject: Subject) -> list[str]:
    return [
        "",
        "    def on_train_batch_begin(self, batch, logs=None):",
        f"        self.model.optimizer.learning_rate = np.float32({_wanted(subject)})",
        "        self.step += 1",
    ]


def _plateau_lines(subject: Subject) -> list[str]:
    schedule = subject.spec.schedule
    monitor = "val_loss" if len(subject.rows("validation")) else "loss"
    lowest = schedule.plateau_min_rate
    floor = f"max({lowest!r}, self.reduction * rate)" if lowest else "self.reduction * rate"
    set_rate = f"np.float32({floor})"
    more = f" + {subject.spec.stopping.min_delta!r}" if subject.spec.stopping.min_delta else ""
    return [
        "    reduction, best, waited = 1.0, np.inf, 0",
        "",
        "    def on_train_batch_begin(self, batch, logs=None):",
        f"        rate = {_wanted(subject)}",
        *(
            [f"        if rate > {lowest!r}:", f"            rate = {set_rate}"]
            if lowest
            else [f"        rate = {set_rate}"]
        ),
        "        self.model.optimizer.learning_rate = np.float32(rate)",
        "        self.step += 1",
        "",
        "    def on_epoch_end(self, epoch, logs=None):",
        '        """Makes the steps smaller where the loss no longer falls."""',
        f'        loss = logs["{monitor}"]',
        f"        if loss{more} < self.best:",
        "            self.best, self.waited = loss, 0",
        "        else:",
        "            self.waited += 1",
        f"        if self.waited >= {schedule.plateau_patience}:",
        f"            self.reduction *= {schedule.plateau_factor!r}",
        "            self.waited = 0",
    ]
