"""Preview: the first batch of a training, as the network will receive it, before it is trained."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, silent
from engine.datasets.packing import FileRows
from engine.errors import DatasetError, SpecError
from engine.events.messages import BatchPreviewed
from engine.preprocessing import Preprocessing
from engine.preprocessing.augmentation import brightest, changes_something, misfits
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import UNKNOWN_SIGN
from engine.spec.formatting import labels_text
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Output, Task
from engine.training.defaults import architecture_of, augmentation
from engine.training.order import shuffled
from engine.training.prepared_data import DividedData, look

MAX_EXAMPLES = 32


def preview_batch(values: dict[str, Any], progress: Progress = silent) -> BatchPreviewed:
    """Makes the first batch of the first epoch, at most `MAX_EXAMPLES` of it.

    It is exactly what the first training step gets, where the batch size is said; a network that
    writes token by token gets the target beside it, as `decoding.taught`. Two things are
    known in training only, which reads every file: which files cannot be read (here the next ones
    are taken), and the whole vocabulary of texts in files that are many.

    Args:
        values: A `RunSpec` as JSON values. Of its model the name alone counts, as some want their
            inputs in their own way; it may be missing.
        progress: Told how far it is.

    Raises:
        SpecError: A value is wrong, or does not fit the data.
        DatasetError: The data cannot be read or divided.
        Cancelled: Someone asked to stop.
    """
    model = {name: value for name, value in values.get("model", {}).items() if name == "name"}
    spec = RunSpec.from_dict({**values, "model": model})
    divided = look(spec, progress, opens=False)
    signature = divided.signature
    problems = misfits(spec.augmentation, signature.kind)
    if problems:
        raise SpecError(problems)
    recommended = divided.dataset.recommended_model
    architecture = architecture_of(spec, signature.kind, signature.task, recommended)
    if architecture is not None:
        usual = augmentation(spec, architecture, signature)
        spec = spec.model_copy(update={"augmentation": usual})
    train, examples = divided.parts.train, divided.examples
    n_wanted = min(spec.training.batch_size or MAX_EXAMPLES, MAX_EXAMPLES)
    order = shuffled(len(train), spec.seed, epoch=1)
    places, rows = _first_readable(examples, train, order, n_wanted, progress)
    before = divided.preprocessing.transform_x(rows)
    weights = divided.training_weights(spec.training.class_weights)
    x, y = _augmented(before, examples.y[train[places]], spec, divided)
    return BatchPreviewed(
        divided.signature,
        x=x,
        before=before,
        targets=tuple(target_words(examples, target) for target in y),
        names=tuple(examples.name_of(index) for index in train[places]),
        weights=np.ones(len(places), np.float32) if weights is None else weights[places],
        tokens=_tokens(divided.preprocessing),
        feature_names=divided.preprocessing.inputs.feature_names,
    )


def _first_readable(
    examples: Examples,
    train: IndexArray,
    order: npt.NDArray[np.int32],
    n_wanted: int,
    progress: Progress,
) -> tuple[IndexArray, AnyArray]:
    """The first examples of an order: their places in the training part, and their raw rows."""
    rows = examples.x
    if not isinstance(rows, FileRows):
        places = order[:n_wanted].astype(np.int64)
        return places, rows[train[places]]
    found: list[tuple[int, AnyArray]] = []
    reason = ""
    for n_tried, place in enumerate(order):
        if len(found) == n_wanted:
            break
        progress("Reading files", n_tried, len(order))
        row = rows.try_read(int(train[place]))
        if isinstance(row, str):
            reason = f"'{examples.name_of(int(train[place]))}': {row}"
        else:
            found.append((int(place), row))
    if not found:
        raise DatasetError(
            f"None of the {len(order):,} files for training can be read. The last: {reason}.",
            "Choose other files.",
        )
    raw = np.empty((len(found), *rows.shape[1:]), rows.dtype)
    for number, (_, row) in enumerate(found):
        raw[number] = row
    return np.array([place for place, _ in found], np.int64), raw


def _augmented(
    x: AnyArray, y: AnyArray, spec: RunSpec, divided: DividedData
) -> tuple[AnyArray, AnyArray]:
    """What the first training step makes of a batch; the same arrays where nothing is changed.

    Args:
        x: As the network receives it.
        y: Targets in their own terms, (n, …).
        spec: Of the run.
        divided: Where the batch is from.
    """
    if not changes_something(spec.augmentation):
        return x, y
    from engine.devices.tensorflow import load_tensorflow

    load_tensorflow()
    import tensorflow as tf

    from engine.training.model.augmenter import augmenter

    augment = augmenter(
        spec.augmentation, divided.signature.kind, brightest(spec.preprocessing), divided.scope
    )
    if augment is None:
        return x, y
    first_step = tf.constant([spec.seed, 0], tf.int32)
    changed: AnyArray = augment(tf.constant(x), first_step).numpy()
    if divided.scope.target_shifts and spec.augmentation.scale:
        learnt = tf.constant(divided.preprocessing.transform_y(y))
        y = divided.preprocessing.restore_y(augment.targets(learnt, first_step).numpy())
    return changed, y


def target_words(examples: Examples, target: Any) -> str:
    """The target of an example, in words."""
    if examples.has_classes:
        return examples.class_names[int(target)]
    if examples.task is Task.ANOMALY:
        return ""  # nothing is known of it
    match examples.output:
        case Output.CLASSES:
            return examples.class_names[int(target)]
        case Output.LABELS:
            return labels_text(target, examples.class_names)
        case Output.NUMBERS:
            return ", ".join(f"{value:.6g}" for value in np.atleast_1d(target))
        case Output.TOKENS:
            return str(target)


def _tokens(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Every token in words, by id; padding has none."""
    inputs = preprocessing.inputs
    if not isinstance(inputs, TextInputs):
        return ()
    return ("", UNKNOWN_SIGN, *inputs.tokenizer.vocabulary)
