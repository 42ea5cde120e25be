"""Evaluation: what a model is worth on one part of the data. Needs no TensorFlow."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError, TrainingError
from engine.files.bounded import member, names_in
from engine.files.sealed import read_sealed, write_sealed
from engine.spec.signature import Output

SCHEMA_NUMBER = 1
FILE_NAME = "evaluation.json"
MAX_ROWS = 5_000
MAX_TEXTS = 200

_NO_COUNTS: npt.NDArray[np.int64] = np.zeros((0, 0), np.int64)
_NO_VALUES: npt.NDArray[np.float32] = np.zeros(0, np.float32)


@dataclass(frozen=True)
class ClassScore:
    """How well one class is found.

    Attributes:
        name: The class.
        precision: Share of right ones among those predicted as this class; 0 where none is.
        recall: Share of this class's examples that were found; 0 where there is none.
        f1: Harmonic mean of the two.
        support: Examples of this class.
    """

    name: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class UnusualExample:
    """One of the examples with the highest scores of anomaly.

    Attributes:
        name: What it is called.
        score: How unusual it is.
        truth: Its class, where that is known; else empty.
        is_unusual: Whether it is known to be of the unusual class; None: not known.
    """

    name: str
    score: float
    truth: str = ""
    is_unusual: bool | None = None


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Predictions compared with the truth.

    Attributes:
        part: Which part of the data: ``test`` or another.
        n_samples: Examples compared.
        metrics: By Keras's names where it has one.
        target_name: What is predicted.
        class_names: Classes in index order; empty for regression.
        confusion: Counts, (true class, predicted class); (0, 0) for regression.
        per_class: One score per class, in index order; empty for regression.
        y_true: Regression: true values in the target's unit, (rows,), at most 5,000, drawn evenly.
        y_pred: The predictions for them, (rows,).
        texts: Where texts are predicted: some true ones, each with its prediction.
        sources: Where texts become texts: what was given for each of `texts`; else empty.
        threshold: Where anomalies are looked for: the score above which an example is called
            unusual. Then `y_pred` holds scores, and `y_true` 1 for what is known to be unusual, 0
            for what is usual, -1 where nothing is known.
        threshold_by: What the threshold was chosen by, as `engine.preprocessing.score_threshold`
            says; empty: not known.
        most_unusual: The examples with the highest scores, the highest first.
        thresholds: Where an example may have several labels: above which probability each is said,
            (labels,). Then `class_names` and `per_class` are of the labels.
        averages: Of metrics that are means over classes or over several numbers: how they average,
            by the words of scikit-learn's ``average`` and ``multioutput``.
    """

    part: str
    n_samples: int
    metrics: dict[str, float]
    target_name: str
    class_names: tuple[str, ...] = ()
    confusion: npt.NDArray[np.int64] = dataclasses.field(default_factory=_NO_COUNTS.copy)
    per_class: tuple[ClassScore, ...] = ()
    y_true: npt.NDArray[np.floating] = dataclasses.field(default_factory=_NO_VALUES.copy)
    y_pred: npt.NDArray[np.floating] = dataclasses.field(default_factory=_NO_VALUES.copy)
    texts: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    threshold: float | None = None
    most_unusual: tuple[UnusualExample, ...] = ()
    thresholds: tuple[float, ...] = ()
    averages: Mapping[str, str] = dataclasses.field(default_factory=dict)
    threshold_by: str = ""

    @property
    def output(self) -> Output:
        """What was predicted."""
        if self.texts:
            return Output.TOKENS
        if self.thresholds:
            return Output.LABELS
        return Output.CLASSES if self.class_names else Output.NUMBERS

    def with_sources(self, sources: Iterable[object]) -> Evaluation:
        """Returns a copy that tells the texts its predictions were made from, in order."""
        kept = (str(source) for source in sources)
        return dataclasses.replace(self, sources=tuple(islice(kept, len(self.texts))))

    def with_metrics(self, metrics: Mapping[str, float]) -> Evaluation:
        """Returns a copy with these metrics in place of its own."""
        return dataclasses.replace(self, metrics=dict(metrics))

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; numbers that are not finite become null."""
        return {
            "part": self.part,
            "n_samples": self.n_samples,
            "metrics": {name: _finite(value) for name, value in self.metrics.items()},
            "averages": dict(self.averages),
            "target": self.target_name,
            "classes": list(self.class_names),
            "confusion": self.confusion.tolist(),
            "per_class": [dataclasses.asdict(score) for score in self.per_class],
            "y_true": self.y_true.tolist(),
            "y_pred": self.y_pred.tolist(),
            "texts": [list(pair) for pair in self.texts],
            "sources": list(self.sources),
            "threshold": None if self.threshold is None else _finite(self.threshold),
            "threshold_by": self.threshold_by,
            "most_unusual": [dataclasses.asdict(item) for item in self.most_unusual],
            "thresholds": list(self.thresholds),
        }

    def save(self, folder: Path) -> None:
        """Writes ``evaluation.json`` into a run's folder.

        Raises:
            WorkspaceError: It cannot be written.
        """
        write_sealed(folder / FILE_NAME, self.to_dict(), folder.name, SCHEMA_NUMBER)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Reads what `save` wrote; None where the run was not evaluated.

        Raises:
            WorkspaceError: The file is damaged, or was written by a newer Descent.
        """
        return read_sealed(
            folder / FILE_NAME,
            folder.name,
            SCHEMA_NUMBER,
            cls._from_dict,
            "evaluation",
            "evaluate the run again",
        )

    @classmethod
    def _from_dict(cls, values: dict[str, Any]) -> Self:
        thresholds = tuple(values.get("thresholds", ()))
        n_classes = 0 if thresholds else len(values["classes"])
        return cls(
            part=member(values, "part", str),
            n_samples=member(values, "n_samples", int),
            metrics={
                name: math.nan if value is None else float(value)
                for name, value in values["metrics"].items()
            },
            target_name=member(values, "target", str),
            class_names=names_in(values["classes"], "classes"),
            confusion=np.array(values["confusion"], np.int64).reshape(n_classes, n_classes),
            per_class=tuple(ClassScore(**score) for score in values["per_class"]),
            y_true=compact(np.array(values["y_true"], np.float64)),
            y_pred=compact(np.array(values["y_pred"], np.float64)),
            texts=tuple((truth, found) for truth, found in values.get("texts", ())),
            sources=names_in(values.get("sources", []), "sources"),
            threshold=values.get("threshold"),
            most_unusual=tuple(UnusualExample(**item) for item in values.get("most_unusual", ())),
            thresholds=thresholds,
            averages=values.get("averages", {}),
            threshold_by=str(values.get("threshold_by", "")),
        )


def evaluate_predictions(
    part: str,
    y_true: npt.NDArray[Any],
    outputs: npt.NDArray[Any],
    output: Output,
    target_name: str,
    class_names: Sequence[str] = (),
) -> Evaluation:
    """Compares a model's outputs with the truth.

    Args:
        part: Which part of the data it is.
        y_true: Class indices, (n_samples,); values in the target's unit, (n_samples,) or
            (n_samples, n_values); or texts, (n_samples,).
        outputs: Classes: probabilities, (n_samples, classes), or of the second of two classes,
            (n_samples, 1). Numbers: values in the target's unit, as many as `y_true` has. Tokens:
            texts, (n_samples,).
        output: What a prediction consists of.
        target_name: What the target is called.
        class_names: Classes in index order.

    Raises:
        DatasetError: The part holds no examples.
        TrainingError: An output is not a finite number.
    """
    if not len(y_true):
        raise DatasetError(
            f"The {part} part holds no examples. Received: 0.", f"Make the {part} part larger."
        )
    if output is Output.TOKENS:
        return _evaluate_texts(part, y_true, outputs, target_name)
    check_finite(outputs)
    if output is Output.NUMBERS:
        n_values = y_true.size // len(y_true)
        shape = (len(y_true), n_values)
        return _evaluate_values(part, y_true.reshape(shape), outputs.reshape(shape), target_name)
    return _evaluate_classes(part, y_true, outputs, target_name, tuple(class_names))


def _evaluate_classes(
    part: str,
    y_true: npt.NDArray[Any],
    outputs: npt.NDArray[Any],
    target_name: str,
    class_names: tuple[str, ...],
) -> Evaluation:
    from sklearn import metrics as sk

    predicted = predicted_classes(outputs)
    labels = np.arange(len(class_names))
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        y_true, predicted, labels=labels, zero_division=0.0
    )
    present = support > 0
    # As scikit-learn's "macro": over the classes that occur, in the truth or in what is predicted.
    occurs = present | np.isin(labels, predicted)
    return Evaluation(
        part=part,
        n_samples=len(y_true),
        metrics={
            "accuracy": float(np.mean(predicted == y_true)),
            "balanced_accuracy": float(recall[present].mean()),
            "precision": float(precision[occurs].mean()),
            "recall": float(recall[occurs].mean()),
            "f1_score": float(f1[occurs].mean()),
        },
        averages=dict.fromkeys(("precision", "recall", "f1_score"), "macro"),
        target_name=target_name,
        class_names=class_names,
        confusion=sk.confusion_matrix(y_true, predicted, labels=labels).astype(np.int64),
        per_class=tuple(
            ClassScore(name, float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(class_names, precision, recall, f1, support, strict=True)
        ),
    )


def _evaluate_values(
    part: str, y_true: npt.NDArray[Any], y_pred: npt.NDArray[Any], target_name: str
) -> Evaluation:
    """Compares numbers, (n_samples, n_values), as scikit-learn does: of several, the mean."""
    from sklearn import metrics as sk

    y_true, y_pred = y_true.astype(np.float64), y_pred.astype(np.float64)
    metrics: dict[str, float] = {
        "mean_squared_error": float(sk.mean_squared_error(y_true, y_pred)),
        "root_mean_squared_error": float(sk.root_mean_squared_error(y_true, y_pred)),
        "mean_absolute_error": float(sk.mean_absolute_error(y_true, y_pred)),
        # One value has no spread that could be explained.
        "r2_score": float(sk.r2_score(y_true, y_pred)) if len(y_true) > 1 else math.nan,
    }
    n_samples, n_values = y_true.shape
    truth, found = y_true.ravel(), y_pred.ravel()
    shown = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), MAX_ROWS)).astype(np.int64))
    return Evaluation(
        part=part,
        n_samples=n_samples,
        metrics=metrics,
        target_name=target_name,
        y_true=compact(truth[shown]),
        y_pred=compact(found[shown]),
        averages=dict.fromkeys(metrics, "uniform_average") if n_values > 1 else {},
    )


def compact(values: npt.NDArray[np.float64]) -> npt.NDArray[np.floating]:
    """Numbers, (n,), as float32 where that is fine enough to be shown; near 10⁹ it is not."""
    small = values.astype(np.float32)
    is_fine = not len(values) or np.abs(small - values).max() <= 1e-5 * np.ptp(values)
    return small if is_fine or not np.isfinite(values).all() else values


def _evaluate_texts(
    part: str, y_true: npt.NDArray[Any], y_pred: npt.NDArray[Any], target_name: str
) -> Evaluation:
    pairs = [(str(truth), str(found)) for truth, found in zip(y_true, y_pred, strict=True)]
    wrong = sum(edit_distance(truth, found) for truth, found in pairs)
    n_characters = sum(len(truth) for truth, _ in pairs)
    return Evaluation(
        part=part,
        n_samples=len(pairs),
        metrics={
            "exact_match": sum(truth == found for truth, found in pairs) / len(pairs),
            "character_error_rate": wrong / max(1, n_characters),
        },
        target_name=target_name,
        texts=tuple(pairs[:MAX_TEXTS]),
    )


def edit_distance(first: str, second: str) -> int:
    """Fewest characters to insert, remove or replace to turn one text into the other (Levenshtein).

    The usual measure of transcription; divided by the characters of the truth it is the character
    error rate.
    """
    row = np.arange(len(second) + 1)
    letters = np.array(list(second))
    for count, letter in enumerate(first, start=1):
        # Replacing and removing at once; inserting is a running minimum along the row.
        step = np.minimum(row[1:] + 1, row[:-1] + (letters != letter))
        offsets = np.arange(len(second) + 1)
        candidates = np.concatenate([[count], step]) - offsets
        row = np.minimum.accumulate(candidates) + offsets
    return int(row[-1])


def predicted_classes(outputs: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Returns the class a model chooses, (n_samples,).

    Args:
        outputs: Probabilities of all classes, (n_samples, classes), or of the second of two,
            (n_samples, 1), which is chosen above one half, as in Keras's binary accuracy.
    """
    if outputs.ndim == 2 and outputs.shape[1] > 1:
        return np.asarray(outputs.argmax(axis=1), np.int64)
    return np.asarray(outputs.reshape(len(outputs)) > 0.5, np.int64)


def check_finite(outputs: npt.NDArray[Any]) -> None:
    """Makes sure that predictions, (n, …), are numbers.

    Raises:
        TrainingError: One is not finite.
    """
    wrong = ~np.isfinite(outputs.reshape(len(outputs), -1)).all(axis=1)
    if wrong.any():
        first = outputs[int(wrong.argmax())].tolist()
        raise TrainingError(
            f"The model's predictions are not finite numbers for {wrong.sum()} of {len(outputs)} "
            f"examples. Received: {first}.",
            "Train again with a smaller learning rate.",
        )


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
