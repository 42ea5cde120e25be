"""Predictions: what a model says of every example of a part, kept with the run.

From them come intervals, curves, the examples behind a mark, groups and suspects, without asking
the model again. Needs no TensorFlow.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.files import atomic_write
from engine.files.bounded import member, names_in, parse_json, parse_object, sealed_text, unsealed
from engine.files.bounded_arrays import read_arrays
from engine.files.sealed import check_schema, load_kept
from engine.inference.evaluation.by_example import (
    TINY,
    label_losses,
    number_losses,
    of_each,
    stretches,
    text_losses,
)
from engine.preprocessing import Preprocessing
from engine.preprocessing.targets import AnomalyTargets, LabelTargets
from engine.spec.signature import Output, Task

SCHEMA_NUMBER = 1
PARTS = ("test", "validation", "train")
MAX_BYTES = 512 << 20
"""Of a part whose outputs would take more, as many examples are kept, drawn evenly, as fit."""
_READ_BYTES = 4 * MAX_BYTES
_DIGEST_VALUES = 50_000


def file_name(part: str) -> str:
    """The name of the file that holds the predictions for a part."""
    return f"predictions-{part}.npz"


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a model says of the examples of one part, beside the truth.

    Attributes:
        part: ``test``, ``validation`` or ``train``.
        task: What is predicted.
        output: What a prediction consists of.
        rows: Which examples of the data, by their index, (n,).
        truth: As `Examples.y` has it: class indices, (n,); which labels, (n, labels); numbers,
            (n, n_values); texts, (n,) of str. Anomalies: 1 unusual, 0 usual, -1 not known, (n,).
        outputs: Classes: probabilities of all of them, (n, classes), of two as well. Labels:
            probabilities, (n, labels). Numbers: in the target's unit, (n, n_values). Texts: (n,)
            of str. Anomalies: scores, (n,).
        target_name: What is predicted.
        class_names: Classes or labels in index order.
        groups: A number for the group of each example, where the split keeps groups together,
            (n,); None: there are no groups.
        names: What each example is called; empty: by its row.
        thresholds: Labels: above which probability each is said, (labels,). Anomalies: above
            which score an example is unusual, (1,).
        n_all: Examples of the part; more than `rows` has where not all could be kept.
    """

    part: str
    task: Task
    output: Output
    rows: IndexArray
    truth: AnyArray
    outputs: AnyArray
    target_name: str
    class_names: tuple[str, ...] = ()
    groups: npt.NDArray[np.int64] | None = None
    names: tuple[str, ...] = ()
    thresholds: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    n_all: int = 0

    @classmethod
    def of(
        cls,
        part: str,
        rows: IndexArray,
        outputs: AnyArray,
        examples: Examples,
        preprocessing: Preprocessing,
    ) -> Predictions:
        """Puts a model's outputs beside the truth.

        Args:
            part: Which part of the data it is.
            rows: Its examples, (n,).
            outputs: Predictions in the target's own terms, as `ServedModel.predict` gives them.
            examples: All of the data.
            preprocessing: Of the model; it knows thresholds.
        """
        n_all = len(rows)
        kept = _fitting(outputs)
        rows, outputs = rows[kept], outputs[kept]
        thresholds = np.zeros(0)
        targets = preprocessing.targets
        truth: AnyArray = examples.y[rows]
        if isinstance(targets, AnomalyTargets):
            from engine.datasets.anomaly import unusual_mask

            mask = unusual_mask(examples, rows)
            truth = np.full(len(rows), -1) if mask is None else mask.astype(np.int64)
            outputs = outputs.reshape(len(rows)).astype(np.float64)
            thresholds = np.array([np.inf if targets.threshold is None else targets.threshold])
        elif isinstance(targets, LabelTargets):
            thresholds = np.asarray(targets.thresholds, np.float64)
        elif examples.output is Output.CLASSES:
            outputs = _all_classes(outputs)
        elif examples.output is Output.NUMBERS:
            truth = truth.reshape(len(rows), -1).astype(np.float64)
            outputs = outputs.reshape(truth.shape).astype(np.float64)
        groups = examples.groups
        return cls(
            part,
            examples.task,
            examples.output,
            rows.astype(np.int64),
            truth,
            outputs,
            examples.target_name,
            examples.class_names,
            None if groups is None else np.unique(groups[rows], return_inverse=True)[1],
            tuple(examples.names[row] for row in rows) if examples.names else (),
            thresholds,
            n_all,
        )

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def is_anomaly(self) -> bool:
        """Scores of anomaly: there are no predictions in the unit of a target."""
        return self.task is Task.ANOMALY

    @property
    def predicted(self) -> AnyArray:
        """What is said of each example: class index, labels (n, labels), or the outputs."""
        if self.is_anomaly:
            return np.asarray(self.outputs > self.thresholds[0], np.int64)
        if self.output is Output.CLASSES:
            # Of two classes the second from above one half on, as Keras's binary accuracy.
            if self.outputs.shape[1] == 2:
                return np.asarray(self.outputs[:, 1] > 0.5, np.int64)
            return np.asarray(self.outputs.argmax(axis=1), np.int64)
        if self.output is Output.LABELS:
            return np.asarray(self.outputs > self.thresholds, np.uint8)
        return self.outputs

    @property
    def is_right(self) -> npt.NDArray[np.bool_] | None:
        """Whether each is right, (n,); None where numbers are predicted or nothing is known."""
        if self.is_anomaly:
            return None if (self.truth < 0).any() else self.predicted == self.truth
        match self.output:
            case Output.CLASSES | Output.TOKENS:
                return np.asarray(self.predicted == self.truth)
            case Output.LABELS:
                n_labels = self.outputs.shape[1]
                right = of_each(len(self), n_labels, lambda it: self._said(it).all(axis=1))
                return np.asarray(right > 0)
            case _:
                return None

    @property
    def losses(self) -> npt.NDArray[np.float64]:
        """How wrong the model is about each, (n,).

        Classes: cross-entropy, in nats. Labels: the mean binary cross-entropy. Numbers: absolute
        error, each value in units of its spread where there are several. Texts: edits for each
        character of the truth. Anomalies: the score, or how far it is on the wrong side.
        """
        if self.is_anomaly:
            beyond = self.outputs - self.thresholds[0]
            return np.asarray(np.where(self.truth == 1, -beyond, beyond))
        outputs = self.outputs
        match self.output:
            case Output.CLASSES:
                right = outputs[np.arange(len(self)), self.truth]
                return np.asarray(-np.log(np.maximum(right.astype(np.float64), TINY)))
            case Output.LABELS:
                return label_losses(self.truth, outputs)
            case Output.NUMBERS:
                return number_losses(self.truth, outputs)
            case Output.TOKENS:
                return text_losses(self.truth, outputs)

    @property
    def shares_wrong(self) -> npt.NDArray[np.float64]:
        """Of labels: which share of them is said wrongly of each example, (n,)."""
        n_labels = self.outputs.shape[1]
        return of_each(len(self), n_labels, lambda it: 1.0 - self._said(it).mean(axis=1))

    def _said(self, some: slice) -> npt.NDArray[np.bool_]:
        return np.asarray((self.outputs[some] > self.thresholds) == (self.truth[some] > 0))

    def name_of(self, place: int) -> str:
        """What an example is called, by its place in this part."""
        return self.names[place] if self.names else f"row {int(self.rows[place]) + 1:,}"

    @property
    def clusters(self) -> npt.NDArray[np.int64] | None:
        """A number for what each example belongs to, (n,); None: each stands for itself.

        Groups; and of forecasts, whose windows overlap, stretches of n^(1/3) neighbours, or of a
        horizon (Künsch 1989, Annals of Statistics 17:1217).
        """
        if self.groups is not None or self.task is not Task.FORECASTING:
            return self.groups
        length = max(self.truth.shape[1], math.ceil(len(self) ** (1 / 3)))
        return np.asarray(np.arange(len(self)) // length, np.int64)

    @property
    def digest(self) -> str:
        """Tells these predictions from those of the same run at another time, by a part of them.

        Other weights change all outputs, so that there is no need to read each.
        """
        found = hashlib.blake2b(str((len(self), self.part)).encode(), digest_size=16)
        for values in (self.rows, self.truth, self.outputs, self.thresholds):
            flat = values.ravel()[:: max(1, values.size // _DIGEST_VALUES)]
            found.update((_packed(flat) if flat.dtype == object else flat).tobytes())
        return found.hexdigest()

    # ---- on disk

    def save(self, folder: Path) -> None:
        """Writes them into a run's folder.

        Raises:
            WorkspaceError: They cannot be written.
        """
        about: dict[str, Any] = {
            "schema_number": SCHEMA_NUMBER,
            "part": self.part,
            "task": self.task.value,
            "output": self.output.value,
            "target": self.target_name,
            "classes": list(self.class_names),
            "n_all": self.n_all,
        }
        arrays: dict[str, AnyArray] = {"rows": self.rows, "thresholds": self.thresholds}
        if self.output is Output.TOKENS:
            arrays["truth"], arrays["outputs"] = _packed(self.truth), _packed(self.outputs)
        else:
            arrays["truth"], arrays["outputs"] = self.truth, self.outputs
        if self.groups is not None:
            arrays["groups"] = self.groups
        if self.names:
            arrays["names"] = _packed(self.names)
        arrays["about"] = np.frombuffer(sealed_text(about, folder.name).encode(), np.uint8)
        content = io.BytesIO()
        np.savez(content, **arrays)  # type: ignore[arg-type]
        atomic_write(folder / file_name(self.part), content.getvalue())

    @classmethod
    def load(cls, folder: Path, part: str = "test") -> Predictions | None:
        """Reads what `save` wrote; None where there are none.

        Raises:
            WorkspaceError: The file is damaged, or was written by a newer Descent.
        """
        path, again = folder / file_name(part), "evaluate the run again"

        def load() -> Predictions:
            arrays = read_arrays(path, _READ_BYTES)
            about = unsealed(parse_object(arrays["about"].tobytes()), folder.name)
            check_schema(about, SCHEMA_NUMBER, path, again)
            return cls._from_arrays(arrays, about)

        return load_kept(path, load, "predictions", again)

    @classmethod
    def _from_arrays(cls, arrays: dict[str, AnyArray], about: dict[str, Any]) -> Predictions:
        output, rows = Output(about["output"]), arrays["rows"]
        truth, outputs = arrays["truth"], arrays["outputs"]
        if output is Output.TOKENS:
            truth, outputs = np.array(_texts(truth), object), np.array(_texts(outputs), object)
        if not len(rows) == len(truth) == len(outputs):
            raise ValueError("rows, truth and outputs are of different lengths")
        names = _texts(arrays["names"]) if "names" in arrays else ()
        if names and len(names) != len(rows):
            raise ValueError("it has other names than rows")
        return cls(
            member(about, "part", str),
            Task(about["task"]),
            output,
            rows,
            truth,
            outputs,
            member(about, "target", str),
            names_in(about["classes"], "classes"),
            arrays.get("groups"),
            names,
            arrays["thresholds"],
            member(about, "n_all", int),
        )


def are_finite(predictions: Predictions) -> npt.NDArray[np.bool_]:
    """Which predictions are finite numbers, (n,); texts are."""
    outputs = predictions.outputs
    if outputs.dtype == object or not len(outputs):
        return np.ones(len(outputs), bool)
    has_truth = predictions.output is Output.NUMBERS and not predictions.is_anomaly
    found = np.ones(len(outputs), bool)
    for some in stretches(len(outputs), math.prod(outputs.shape[1:])):
        found[some] = np.isfinite(outputs[some].reshape(len(found[some]), -1)).all(axis=1)
        if has_truth:
            found[some] &= np.isfinite(predictions.truth[some]).all(axis=1)
    return found


def finite(predictions: Predictions) -> Predictions:
    """Predictions without those that are no finite numbers."""
    known = are_finite(predictions)
    return predictions if known.all() else chosen(predictions, np.flatnonzero(known))


def chosen(predictions: Predictions, places: AnyArray) -> Predictions:
    """Predictions of some of the examples, by their places, (n_chosen,)."""
    groups, names = predictions.groups, predictions.names
    return replace(
        predictions,
        rows=predictions.rows[places],
        truth=predictions.truth[places],
        outputs=predictions.outputs[places],
        groups=None if groups is None else groups[places],
        names=tuple(names[place] for place in places) if names else (),
    )


def _all_classes(outputs: AnyArray) -> AnyArray:
    """Probabilities of all classes, (n, classes), also where only that of the second is given."""
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return outputs
    second = outputs.reshape(len(outputs), 1)
    return np.concatenate([1.0 - second, second], axis=1)


def _fitting(outputs: AnyArray) -> IndexArray:
    """Places of as many outputs as may be kept, drawn evenly."""
    n = len(outputs)
    if not n or outputs.dtype == object or outputs.nbytes <= MAX_BYTES:
        return np.arange(n)
    n_kept = max(1, MAX_BYTES // (outputs.nbytes // n))
    return np.unique(np.linspace(0, n - 1, n_kept).astype(np.int64))


def _packed(texts: Sequence[Any] | AnyArray) -> npt.NDArray[np.uint8]:
    """Texts as bytes of JSON: NumPy's own texts are as wide as the longest."""
    return np.frombuffer(json.dumps([str(it) for it in texts]).encode(), np.uint8)


def _texts(packed: AnyArray) -> tuple[str, ...]:
    return names_in(parse_json(packed.tobytes()), "texts")
