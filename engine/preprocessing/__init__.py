"""Preprocessing: what is done to inputs and targets before the network sees them, and back.

Fitted on the training part alone. To add a kind of input: a file with an `InputTransform`, a line
in `INPUTS`, and a case in `_fit_inputs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.preprocessing.audio import SpectrogramInputs
from engine.preprocessing.inputs import InputTransform, ScaledInputs
from engine.preprocessing.scaling import FloatArray
from engine.preprocessing.table import TableInputs
from engine.preprocessing.targets import (
    AnomalyTargets,
    ClassTargets,
    LabelTargets,
    NumberTargets,
    TargetTransform,
    TokenTargets,
)
from engine.preprocessing.text import TextInputs
from engine.preprocessing.tokens import Tokenizer
from engine.spec.run_spec import PreprocessingSpec
from engine.spec.signature import Kind, Output, Signature, Task

SCHEMA_VERSION = 2

INPUTS: dict[str, type[InputTransform]] = {
    item.type: item for item in (ScaledInputs, TextInputs, SpectrogramInputs, TableInputs)
}
TARGETS: dict[str, type[TargetTransform]] = {
    item.type: item
    for item in (ClassTargets, LabelTargets, NumberTargets, AnomalyTargets, TokenTargets)
}

# Statistics are learnt from at most this many examples, drawn evenly; beyond it they change
# in the third digit only.
_FIT_ROWS = 200_000
# Windows of a series are wide and overlap; held at once they would be many times the series.
_FIT_VALUES = 8_000_000


# Arrays have no single truth value, so the generated __eq__ would raise.
@dataclass(frozen=True, eq=False)
class Preprocessing:
    """A fitted transform of inputs, and one of targets.

    Attributes:
        inputs: Of raw rows.
        targets: Of targets.
        ranges: Smallest and largest value in training of each column or channel of raw rows, where
            they are numbers; None: no value. Nothing is computed from it. Empty: not known.
    """

    inputs: InputTransform
    targets: TargetTransform
    ranges: tuple[tuple[float, float] | None, ...] = ()

    @classmethod
    def fit(
        cls, examples: Examples, train_indices: IndexArray, spec: PreprocessingSpec
    ) -> Preprocessing:
        """Learns from the training part alone.

        Args:
            examples: All examples.
            train_indices: Those of the training part, (n_train,).
            spec: What is wanted.

        Raises:
            DatasetError: The training part does not hold what is needed.
        """
        spec = spec.decided()
        rows = _seen_rows(examples, train_indices)
        return cls(
            _fit_inputs(examples, train_indices, spec, rows),
            _fit_targets(examples, train_indices, spec),
            () if rows is None else _ranges(rows),
        )

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What people should know of it, as label and value."""
        return (*self.inputs.facts, *self.targets.facts)

    def signature(self, examples: Examples) -> Signature:
        """What an architecture needs to know of the data as it will receive it."""
        n_classes, n_values, target_length = len(examples.class_names), 1, 0
        if isinstance(self.targets, TokenTargets):
            n_classes = self.targets.tokenizer.n_tokens
            target_length = self.targets.tokenizer.length
        elif isinstance(self.targets, NumberTargets):
            n_values = len(self.targets.offset)
        elif isinstance(self.targets, AnomalyTargets):
            n_classes = 0  # what is known of the examples is not predicted
        return Signature(
            examples.kind,
            examples.task,
            self.inputs.output_shape,
            n_classes,
            n_values,
            self.inputs.n_tokens,
            target_length,
            self.inputs.category_sizes,
            self.inputs.n_separators,
        )

    def transform_x(self, x: AnyArray) -> AnyArray:
        """Returns what the network receives for raw rows, (n, *shape)."""
        return self.inputs.transform(x)

    def transform_y(self, y: AnyArray) -> AnyArray:
        """Returns what the network learns for targets, (n, …)."""
        return self.targets.transform(y)

    def restore_y(self, outputs: AnyArray) -> AnyArray:
        """Returns the network's outputs in the target's own terms: unit, probabilities, texts."""
        return self.targets.restore(outputs)

    def restore_metric(self, name: str, value: float) -> float:
        """Returns a metric in the target's own unit (or its square).

        Args:
            name: Keras's name, also with ``val_`` or ``test_``. ``loss`` stays as optimised.
            value: As computed on scaled targets.
        """
        plain = name.removeprefix("val_").removeprefix("test_")
        return self.targets.restore_metric(plain, value)

    def restore_coefficients(
        self, kernel: AnyArray, bias: AnyArray
    ) -> tuple[FloatArray, FloatArray]:
        """Returns the coefficients of a linear model in the data's own units.

        For classification these are the coefficients of the log-odds.

        Args:
            kernel: Weights on the network's inputs, (features, outputs).
            bias: Biases, (outputs,).

        Returns:
            The intercept, (outputs,), and the coefficients, (features, outputs).
        """
        offset, scale = self.inputs.linear_terms()
        per_unit = kernel.astype(np.float64) / scale.reshape(-1, 1)
        intercept = bias.astype(np.float64) - offset.reshape(1, -1) @ per_unit
        if not isinstance(self.targets, NumberTargets):
            return intercept[0], per_unit
        targets = self.targets
        return targets.offset + targets.scale * intercept[0], targets.scale * per_unit

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; every number survives JSON bit by bit."""
        return {
            "schema_version": SCHEMA_VERSION,
            "inputs": {"type": self.inputs.type, **self.inputs.to_dict()},
            "targets": {"type": self.targets.type, **self.targets.to_dict()},
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], input_shape: tuple[int, ...] = ()) -> Preprocessing:
        """Rebuilds what `to_dict` returned.

        Args:
            values: What was returned.
            input_shape: Shape of one input, which the first schema did not say.

        Raises:
            ValueError: It was written by another version.
        """
        if values["schema_version"] == 1:
            values = _migrate(values, input_shape)
        if values["schema_version"] != SCHEMA_VERSION:
            raise ValueError(
                f"Preprocessing of schema {SCHEMA_VERSION} expected. "
                f"Received: {values['schema_version']!r}."
            )
        inputs, targets = values["inputs"], values["targets"]
        return cls(
            INPUTS[inputs["type"]].from_dict(inputs), TARGETS[targets["type"]].from_dict(targets)
        )


def _seen_rows(examples: Examples, train_indices: IndexArray) -> AnyArray | None:
    """The rows of a table or series that are learnt from, (n, …); None for other kinds."""
    if examples.kind is Kind.TABLE:
        return examples.x[_some(train_indices)]
    if examples.kind is Kind.SERIES:
        n_values = int(np.prod(examples.x.shape[1:], dtype=np.int64))
        return examples.x[_some(train_indices, max(1, _FIT_VALUES // n_values))]
    return None


def _ranges(rows: AnyArray) -> tuple[tuple[float, float] | None, ...]:
    columns = rows.reshape(-1, rows.shape[-1])
    low = np.fmin.reduce(columns, axis=0).tolist()  # which pass over gaps
    high = np.fmax.reduce(columns, axis=0).tolist()
    return tuple(
        (float(first), float(last)) if first <= last else None
        for first, last in zip(low, high, strict=True)
    )


def _fit_inputs(
    examples: Examples,
    train_indices: IndexArray,
    spec: PreprocessingSpec,
    seen: AnyArray | None,
) -> InputTransform:
    if examples.kind in (Kind.IMAGE, Kind.VIDEO):
        return ScaledInputs.of_images(examples.x.shape[1:], spec.scaling)
    if examples.kind is Kind.TEXT:
        is_translation = examples.task is Task.TRANSLATION
        return TextInputs.fit(examples.x, _some(train_indices), spec, is_translation)
    if examples.kind is Kind.AUDIO:
        return SpectrogramInputs.fit(
            examples.x, train_indices, examples.rate, spec.scaling, spec.bands
        )
    assert seen is not None
    if examples.kind is Kind.TABLE and "columns" in examples.reading:
        return TableInputs.fit(seen, examples.reading["columns"], spec.scaling, spec.categories)
    if examples.kind is Kind.TABLE and spec.scaling == "piecewise":
        columns = [
            {"name": name, "type": "number", "gaps": "median"} for name in examples.feature_names
        ]
        return TableInputs.fit(seen, columns, spec.scaling)
    return ScaledInputs.fit(seen, spec.scaling, examples.feature_names)


def _fit_targets(
    examples: Examples, train_indices: IndexArray, spec: PreprocessingSpec
) -> TargetTransform:
    if examples.task is Task.ANOMALY:
        return AnomalyTargets()
    if examples.output is Output.CLASSES:
        return ClassTargets()
    if examples.output is Output.LABELS:
        return LabelTargets.even(len(examples.class_names))
    if examples.output is Output.NUMBERS:
        return NumberTargets.fit(examples.y[train_indices], spec.target_scaling)
    # The longest text whole: what is cut off can never be learnt.
    texts = examples.y[train_indices]
    if examples.task is Task.TRANSCRIPTION:
        return TokenTargets(Tokenizer.fit(texts, "character", keep_all=True), True)
    tokenizer = Tokenizer.fit(texts, spec.tokens, spec.vocabulary, keep_all=True, exact=True)
    return TokenTargets(tokenizer, False)


def _some(indices: IndexArray, most: int = _FIT_ROWS) -> IndexArray:
    """At most so many of the indices, and never more than `_FIT_ROWS`, drawn evenly."""
    most = min(most, _FIT_ROWS)
    if len(indices) <= most:
        return indices
    return indices[np.linspace(0, len(indices) - 1, most).astype(np.int64)]


def _migrate(values: dict[str, Any], input_shape: tuple[int, ...]) -> dict[str, Any]:
    """From schema 1, which knew images and tables of numbers."""
    targets: dict[str, Any] = {"type": ClassTargets.type}
    if values["task"] == Task.REGRESSION:
        scale = [values["target_scale"]]
        targets = {"type": "numbers", "offset": [values["target_offset"]], "scale": scale}
    return {
        "schema_version": 2,
        "inputs": {
            "type": ScaledInputs.type,
            "raw_shape": list(input_shape),
            "offset": values["offset"],
            "scale": values["scale"],
            "feature_names": [],
        },
        "targets": targets,
    }
