"""Divides examples into the part that is learnt from, the part that is watched, and the test."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError
from engine.problem import Task
from engine.spec import SplitSpec

IndexArray = npt.NDArray[np.int64]

_ROOM_HINT = "Make the validation or the test part smaller, or bring more examples."


@dataclass(frozen=True)
class Parts:
    """Indices of the examples in each part: disjoint, complete, each sorted, (n,) int64."""

    train: IndexArray
    validation: IndexArray
    test: IndexArray

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Examples in the training, validation and test part."""
        return len(self.train), len(self.validation), len(self.test)


def split(
    y: npt.NDArray[np.generic],
    task: Task,
    spec: SplitSpec,
    seed: int,
    class_names: tuple[str, ...] = (),
) -> Parts:
    """Divides examples at random, the same way for the same seed.

    A part holds its share of the examples, rounded half up, and at least one where its share is
    not 0. Classification is stratified: each class keeps its proportion in each part. Where a
    part is too small to hold every class, its examples are drawn without regard to class; in any
    case the training part has at least one example of each class.

    Args:
        y: Targets, (n_samples,); class indices for classification.
        task: What is predicted.
        spec: The shares.
        seed: Decides who goes where.
        class_names: Names of the classes, for messages.

    Raises:
        DatasetError: There are too few examples, of one class or in all.
    """
    n_samples = len(y)
    n_validation = _part_size(n_samples, spec.validation)
    n_test = _part_size(n_samples, spec.test)
    n_held_out = n_validation + n_test
    if n_held_out >= n_samples:
        raise DatasetError(
            f"Too few examples to divide: with {n_samples}, none would be left for training.",
            _ROOM_HINT,
        )
    everyone = np.arange(n_samples, dtype=np.int64)
    if n_held_out == 0:
        return Parts(everyone, everyone[:0], everyone[:0])
    if task is Task.CLASSIFICATION:
        train, held_out = _hold_out_stratified(y, n_held_out, seed, class_names)
    else:
        train, held_out = _draw(everyone, n_held_out, seed)
    strata = _strata(y[held_out], n_validation, n_test) if task is Task.CLASSIFICATION else None
    validation, test = _draw(held_out, n_test, seed, strata)
    return Parts(np.sort(train), np.sort(validation), np.sort(test))


def _part_size(n_samples: int, share: float) -> int:
    return max(1, math.floor(n_samples * share + 0.5)) if share > 0 else 0


def _draw(
    indices: IndexArray,
    n_drawn: int,
    seed: int,
    strata: npt.NDArray[np.generic] | None = None,
) -> tuple[IndexArray, IndexArray]:
    """Draws `n_drawn` of `indices`; returns those left and those drawn."""
    if n_drawn in (0, len(indices)):
        return (indices, indices[:0]) if n_drawn == 0 else (indices[:0], indices)
    from sklearn.model_selection import train_test_split

    left, drawn = train_test_split(
        indices, test_size=n_drawn, random_state=seed, shuffle=True, stratify=strata
    )
    return left, drawn


def _hold_out_stratified(
    y: npt.NDArray[np.generic], n_held_out: int, seed: int, class_names: tuple[str, ...]
) -> tuple[IndexArray, IndexArray]:
    classes, first, counts = np.unique(y, return_index=True, return_counts=True)
    _refuse_single_examples(classes[counts == 1], class_names)
    n_train = len(y) - n_held_out
    if n_train < len(classes):
        raise DatasetError(
            f"The training part would hold {n_train} of {len(y)} examples, too few for "
            f"{len(classes)} classes.",
            _ROOM_HINT,
        )
    everyone = np.arange(len(y), dtype=np.int64)
    if n_held_out >= len(classes):
        train, held_out = _draw(everyone, n_held_out, seed, y)
        if len(np.unique(y[train])) == len(classes):
            return train, held_out
    # Too small to stratify: one of each class stays for training, the rest is drawn freely.
    train, held_out = _draw(np.delete(everyone, first), n_held_out, seed)
    return np.concatenate([first.astype(np.int64), train]), held_out


def _refuse_single_examples(classes: npt.NDArray[np.generic], class_names: tuple[str, ...]) -> None:
    if not len(classes):
        return
    names = [f"'{class_names[int(c)]}'" if class_names else f"number {int(c)}" for c in classes]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    subject = f"Class {shown} has" if len(names) == 1 else f"Classes {shown} have"
    raise DatasetError(
        f"{subject} only 1 example; one to learn from and one to check with are needed.",
        "Bring more examples, join small classes, or set validation and test part to 0.",
    )


def _strata(
    y: npt.NDArray[np.generic], n_validation: int, n_test: int
) -> npt.NDArray[np.generic] | None:
    """Labels by which held-out examples can be divided in two; None where they are too few.

    Classes with a single example here cannot be in both parts; together they form one stratum.
    """
    values, inverse, counts = np.unique(y, return_inverse=True, return_counts=True)
    single = counts[inverse] == 1
    strata = np.where(single, len(values), inverse)
    if np.count_nonzero(single) == 1:
        strata[single] = np.argmax(counts)
    n_strata = len(np.unique(strata))
    return strata if min(n_validation, n_test) >= n_strata and len(y) > n_strata else None
