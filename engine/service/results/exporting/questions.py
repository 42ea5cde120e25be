"""Questions: the examples an exported model is asked, and what the run's model says of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress
from engine.errors import DescentError, TrainingError
from engine.inference.evaluation.anomalies import evaluate_part
from engine.inference.export.references import made_examples

if TYPE_CHECKING:
    from engine.inference.serving import ServedModel
    from engine.service.results.opened_run import OpenedRun

MOST_EXAMPLES: Final = 1_000
_MOST_WRITTEN: Final = 128
"""Of texts that are written token by token."""
_MOST_BYTES: Final = 32 << 20
_SAMPLES: Final = 200
"""Examples of the training part from which 8 bits learn the ranges of all values."""


@dataclass(frozen=True, eq=False)
class Questions:
    """What an exported model is asked.

    Attributes:
        x: In the data's own units, (n, *raw_shape): of the data first, then made ones.
        rows: Which examples of the data the first are; empty: the data is gone.
        expected: What the run's model says, as `standalone.restore` gives it.
        samples: Of the training part, (m, *raw_shape).
        notes: What is to be said of them.
    """

    x: AnyArray
    rows: IndexArray
    expected: AnyArray
    samples: AnyArray
    notes: tuple[str, ...]

    @classmethod
    def of(cls, run: OpenedRun, progress: Progress) -> Questions:
        """Chooses examples of the test part, and makes others beside them."""
        contract = run.contract
        notes: tuple[str, ...] = ()
        try:
            _, rows = run.rows(None, progress)
            rows = _evenly(rows, _most(run))
            examples = run.prepared(progress)
            seen = np.asarray(examples.examples.x[rows])
            some = _evenly(examples.parts.train, _SAMPLES)
            samples = np.asarray(examples.examples.x[some])
        except DescentError as error:
            rows = np.zeros(0, np.int64)
            seen = np.zeros((0, *contract.preprocessing.inputs.raw_shape))
            samples = seen
            notes = (f"The data cannot be read, so made examples were asked. {error.message}",)
        made = made_examples(contract, seen)
        samples = samples if len(samples) else made
        x = np.concatenate([seen, made.astype(seen.dtype) if len(seen) else made])
        expected = _answers(run.model, x)
        keep = _finite(expected)
        if not keep[: len(rows)].all():
            raise TrainingError("The model's answers are not all finite numbers.")
        if run.change:
            notes = (*notes, run.change.text)
        if contract.beam_width > 1:
            notes = (*notes, "Here texts are written with the likeliest token each time.")
        return cls(x[keep], rows, expected[keep], samples, notes)


def _most(run: OpenedRun) -> int:
    n_bytes = 8 * int(np.prod(run.contract.preprocessing.inputs.raw_shape, dtype=np.int64))
    n_most = _MOST_WRITTEN if run.contract.signature.target_length else MOST_EXAMPLES
    return max(8, min(n_most, _MOST_BYTES // max(1, n_bytes)))


def _evenly(rows: IndexArray, most: int) -> IndexArray:
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def _answers(model: ServedModel, x: AnyArray) -> AnyArray:
    """What the run's model says; texts with the likeliest token each time, as exports do."""
    from engine.inference.serving import ServedModel

    plain = ServedModel(model.network, replace(model.contract, beam_width=1))
    found = plain.predict(x)
    if model.contract.signature.is_binary:
        return np.concatenate([1.0 - found, found], axis=1)
    return found


def _finite(expected: AnyArray) -> AnyArray:
    if expected.dtype == object:
        return np.ones(len(expected), bool)
    return np.asarray(np.isfinite(expected.reshape(len(expected), -1)).all(axis=1))


def metrics_of(run: OpenedRun, given: Questions, outputs: AnyArray | None) -> dict[str, float]:
    """The metrics of answers on the examples of the data, by name with ``test_``."""
    if outputs is None or not len(given.rows):
        return {}
    outputs = outputs[: len(given.rows)]
    if outputs.dtype.kind == "U":
        outputs = outputs.astype(object)
    if run.contract.signature.is_binary:
        outputs = outputs[:, 1:]
    part, _ = run.rows(None)
    examples = run.prepared().examples
    found = evaluate_part(part, given.rows, outputs, examples, run.contract.preprocessing)
    return {f"{part}_{name}": value for name, value in found.metrics.items()}
