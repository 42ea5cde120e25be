"""How a run trains, as Keras code; no Keras is needed to write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.graph.learning_code import learning_code
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Output, Signature, Task, metrics_of

_HELD = {
    Kind.TABLE: "the columns as numbers, scaled",
    Kind.IMAGE: "pixels from 0 to 1",
    Kind.TEXT: "token ids, padded with 0",
    Kind.AUDIO: "spectrograms in decibels, scaled",
    Kind.VIDEO: "pixels from 0 to 1",
    Kind.SERIES: "windows, scaled",
}


def training_code(spec: RunSpec, signature: Signature, entry: Mapping[str, Any]) -> str:
    """Stand-ins for the data, `compile` and `fit`.

    Args:
        spec: A resolved one.
        signature: Of the data.
        entry: Parameters of the Input: ``shape`` and ``dtype``.
    """
    training = spec.training
    share = spec.split.watched / (1.0 - spec.split.test)
    learning = learning_code(spec, signature, share)
    metrics = ", ".join(f'"{name}"' for name in metrics_of(signature))
    compiling = [
        f"optimizer={learning.optimizer}",
        f"loss={learning.loss}",
        *([f"metrics=[{metrics}]"] if metrics else []),
    ]
    fitting = [
        "x_train",
        "y_train",
        f"epochs={training.epochs}",
        f"batch_size={training.batch_size}",
    ]
    before = ""
    if training.class_weights == "balanced" and signature.output is Output.CLASSES:
        before = (
            "# Rare classes count as much as frequent ones.\n"
            "classes, counts = np.unique(y_train, return_counts=True)\n"
            "class_weight = {\n"
            "    int(one): len(y_train) / (len(classes) * count)\n"
            "    for one, count in zip(classes, counts)\n"
            "}\n"
        )
        fitting.append("class_weight=class_weight")
    if share:
        fitting.append(f"validation_split={share:.3g}")
    if learning.callbacks:
        fitting.append(f"callbacks=[{', '.join(learning.callbacks)}]")
    return (
        f"{_data(signature, entry)}\n\n"
        f"{learning.before_compile}model.compile(\n{_listed(compiling)})\n"
        f"{before}{learning.before_fit}{_changed_at_random(spec)}{_begun_with(spec)}"
        f"model.fit(\n{_listed(fitting)})\n"
    )


def _changed_at_random(spec: RunSpec) -> str:
    """Says what Descent does beside `fit`, which does not."""
    values = spec.augmentation.model_dump(exclude={"plugins"})
    names = [f"{name} {value}" for name, value in values.items() if value not in (0, None, "none")]
    if not (names := [*names, *spec.augmentation.plugins]):
        return ""
    return f"# Descent also changes the examples at random in each step: {', '.join(names)}.\n"


def _begun_with(spec: RunSpec) -> str:
    """Says what Descent does before it, which needs the weights of something else."""
    start = spec.start
    if start.source is None:
        return ""
    lines = [f"# Descent begins with the weights of {' '.join(start.source.split())}"]
    if start.freeze != "nothing" or start.freeze_up_to is not None:
        lines.append(" and keeps layers of it as they are")
    if start.thaw_after is not None:
        lines.append(f", which learn after epoch {start.thaw_after}")
    return f"{''.join(lines)};\n# what a run is exported as, a script, does so too.\n"


def _listed(arguments: list[str]) -> str:
    return "".join(f"    {item},\n" for item in arguments)


def _data(signature: Signature, entry: Mapping[str, Any]) -> str:
    """Random numbers of the data's shape, to be replaced."""
    sides = ", ".join(str(side) for side in ("n_examples", *entry["shape"]))
    held = _HELD[signature.kind]
    if signature.n_tokens:
        inputs = f"random.integers(1, {signature.n_tokens}, size=({sides})).astype({_INT})"
    else:
        inputs = f'random.normal(size=({sides})).astype("float32")'
    if entry["shape"] != list(signature.input_shape):
        held += ", the source and then the target, one place later"
        most = max(signature.n_tokens, 1)
        inputs = f"random.integers(1, {most}, size=({sides})).astype({_INT})"
    return (
        f"# Stand-ins for your data: {held}.\n"
        "n_examples = 64\n"
        "random = np.random.default_rng(0)\n"
        f"x_train = {inputs}\n"
        f"y_train = {_targets(signature)}"
    )


_INT = '"int32"'


def _targets(signature: Signature) -> str:
    if signature.task is Task.ANOMALY:
        return f"np.zeros((n_examples, {signature.n_outputs}))  # nothing here is unusual"
    if signature.output is Output.TOKENS:
        size = f"(n_examples, {signature.target_length})"
        return f"random.integers(1, {signature.n_classes}, size={size}).astype({_INT})"
    if signature.output is Output.CLASSES:
        return f"random.integers(0, {signature.n_classes}, size=n_examples)"
    if signature.output is Output.LABELS:
        return f"random.integers(0, 2, size=(n_examples, {signature.n_outputs}))"
    return f"random.normal(size=(n_examples, {signature.n_outputs}))"
