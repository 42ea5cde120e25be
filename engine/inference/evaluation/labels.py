"""Evaluation of several labels at once. Needs no TensorFlow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.errors import DatasetError
from engine.inference.evaluation.evaluation import ClassScore, Evaluation, check_finite
from engine.preprocessing.targets import LabelTargets


def evaluate_labels(
    part: str, rows: IndexArray, outputs: AnyArray, examples: Examples, targets: LabelTargets
) -> Evaluation:
    """Compares the labels a model says with those the examples of a part have.

    Args:
        part: Which part of the data it is.
        rows: Its examples, (n,).
        outputs: Probabilities of the labels, (n, labels).
        examples: All of the data.
        targets: From which probability on each label is said.

    Returns:
        The scores of each label, and `label_metrics`. With ``macro``, labels are scored one by one,
        and those that occur, in the truth or in what is said, are averaged, as with classes.

    Raises:
        DatasetError: The part holds no examples.
        TrainingError: An output is not a finite number.
    """
    from sklearn import metrics as sk

    if not len(rows):
        raise DatasetError(
            f"The {part} part holds no examples. Received: 0.", f"Make the {part} part larger."
        )
    check_finite(outputs)
    truth, said = examples.y[rows].astype(bool), targets.said(outputs)
    precision, recall, f1, support = sk.precision_recall_fscore_support(
        truth, said, average=None, zero_division=0.0
    )
    # A label that neither is there nor is said has no score.
    occurs = (support > 0) | said.any(axis=0)
    means = {
        f"{name}_macro": float(values[occurs].mean()) if occurs.any() else math.nan
        for name, values in (("f1", f1), ("precision", precision), ("recall", recall))
    }
    names = examples.class_names
    return Evaluation(
        part=part,
        n_samples=len(rows),
        metrics={**means, **label_metrics(truth, said, outputs)},
        target_name=examples.target_name,
        class_names=names,
        per_class=tuple(
            ClassScore(name, float(p), float(r), float(f), int(n))
            for name, p, r, f, n in zip(names, precision, recall, f1, support, strict=True)
        ),
        thresholds=tuple(targets.thresholds.tolist()),
    )


def label_metrics(
    truth: npt.NDArray[np.bool_], said: npt.NDArray[np.bool_], probabilities: npt.NDArray[Any]
) -> dict[str, float]:
    """What labels are worth, by Keras's or scikit-learn's names.

    Args:
        truth: Which labels the examples have, (n, labels).
        said: Which the model says, (n, labels).
        probabilities: Of each label, (n, labels).

    Returns:
        ``binary_accuracy``: share of single labels that are said rightly; ``subset_accuracy``: of
        examples all of whose labels are. ``f1_micro`` counts all labels together.
        ``roc_auc_macro`` is the mean over labels that some examples have and some have not; NaN
        where there are none.
    """
    from sklearn import metrics as sk

    told_apart = np.flatnonzero(truth.any(axis=0) & ~truth.all(axis=0))
    areas = [sk.roc_auc_score(truth[:, place], probabilities[:, place]) for place in told_apart]
    return {
        "binary_accuracy": float(np.mean(truth == said)),
        "subset_accuracy": float((truth == said).all(axis=1).mean()),
        "f1_micro": float(sk.f1_score(truth, said, average="micro", zero_division=0.0)),
        "roc_auc_macro": float(np.mean(areas)) if areas else math.nan,
    }
