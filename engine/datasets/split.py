"""Divides examples into the part that is learnt from, the part that is watched, and the test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.datasets.folder_meaning import PART_FOLDERS
from engine.datasets.label_split import divide_by_labels
from engine.datasets.time_split import divide_by_time, times_of
from engine.errors import DatasetError
from engine.spec.parameters import shorten
from engine.spec.run_spec import SplitSpec
from engine.spec.signature import Output

_ROOM_HINT = "Make the validation or the test part smaller, or bring more examples."


@dataclass(frozen=True)
class Parts:
    """Indices of the examples in each part: disjoint, each sorted, (n,) int64.

    Complete, but for windows of a series whose target lies on both sides of a boundary in time,
    and for what has no time.

    Attributes:
        method: How they were divided, by the names of `SplitSpec.method`.
        untimed: In no part, for they were divided by time, and theirs is not known.
        n_ungrouped: How many have no group; they stay together, as one.
        left_out: Names of those in no part because someone said so.
        unusual: In no part, for they are known to be unusual, and what is usual is to be learnt.
    """

    train: IndexArray
    validation: IndexArray
    test: IndexArray
    method: str = "random"
    untimed: IndexArray = field(default_factory=lambda: np.zeros(0, np.int64))
    n_ungrouped: int = 0
    left_out: tuple[str, ...] = ()
    unusual: IndexArray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Examples in the training, validation and test part."""
        return len(self.train), len(self.validation), len(self.test)

    @property
    def all(self) -> tuple[IndexArray, IndexArray, IndexArray]:
        """The three parts."""
        return self.train, self.validation, self.test


def split(examples: Examples, spec: SplitSpec, seed: int) -> Parts:
    """Divides examples, the same way for the same seed.

    A part holds its share of the examples, rounded half up, and at least one where its share is
    not 0. By method:

    - ``stratified``: each class keeps its proportion in each part. Where a part is too small to
      hold every class, its examples are drawn without regard to class; in any case the training
      part has at least one example of each class. Where an example may have several labels, each
      of them keeps its share (`engine.datasets.label_split`).
    - ``random``: drawn without regard to anything.
    - ``group``: groups are drawn whole, as many as fit into the share of a part; one more where
      that comes closer to it. A group larger than a share trains, where there is a smaller one.
    - ``time``: the earliest examples train, the latest test. What happened at the same time is in
      one part, so that shares may differ a little; what reaches into the next part is left out, as
      is what has no time.
    - ``given``: the data says it. Where it gives no validation part, that is drawn from the
      training part; likewise the test part.

    Args:
        examples: What is divided.
        spec: The shares and the method.
        seed: Decides who goes where.

    Raises:
        DatasetError: There are too few examples, of one class or in all, or the method needs what
            the data does not have.
    """
    column = spec.column
    values = None if column is None else _column(examples, column)
    method: str = spec.method
    if method == "auto":
        method = _offered(examples, column, values, spec.by_labels)
    if method == "given":
        parts = _as_given(examples, spec, seed, values)
    elif method == "group":
        parts = _by_group(_either(values, examples.groups, "groups"), spec, seed)
    elif method == "time":
        until = examples.until if values is None else None
        parts = _by_time(_either(values, examples.order, "times"), spec, until)
    else:
        everyone = np.arange(examples.n_samples, dtype=np.int64)
        stratify = method == "stratified" and _has_strata(examples, spec.by_labels)
        method = "stratified" if stratify else "random"
        parts = _drawn(examples, everyone, spec.validation, spec.test, seed, stratify)
    parts = _without(parts, examples, spec.leave_out)
    if spec.refit:
        learnt = np.sort(np.concatenate([parts.train, parts.validation]))
        parts = replace(parts, train=learnt, validation=parts.validation[:0])
    return replace(parts, method=method)


def _without(parts: Parts, examples: Examples, names: Sequence[str]) -> Parts:
    """The parts without some examples; the others stay where they are.

    Raises:
        DatasetError: There is no such example, or nothing is left to learn from.
    """
    if not names:
        return parts
    wanted = set(names)
    left_out = [i for i in range(examples.n_samples) if examples.name_of(i) in wanted]
    if unknown := sorted(wanted - {examples.name_of(index) for index in left_out}):
        raise DatasetError(
            f"There is no example called {shorten(unknown[0])} to be left out of the parts.",
            f"Examples are called as '{examples.name_of(0)}' is.",
        )
    is_kept = np.ones(examples.n_samples, bool)
    is_kept[left_out] = False
    train, validation, test = (part[is_kept[part]] for part in parts.all)
    if not len(train):
        raise DatasetError("Everything of the training part is left out.", "Leave out less.")
    return replace(parts, train=train, validation=validation, test=test, left_out=tuple(names))


def _has_strata(examples: Examples, by_labels: bool) -> bool:
    """Whether there are classes or labels whose shares can be kept."""
    return examples.has_classes or (by_labels and examples.output is Output.LABELS)


def _offered(
    examples: Examples, column: str | None, values: AnyArray | None, by_labels: bool
) -> str:
    """What the data, or the column to divide by, suggests, by the names of `SplitSpec.method`."""
    if values is not None:
        if any(item.name == column and item.type == "date" for item in examples.columns):
            return "time"
        names = {_part_name(value) for value in values} if values.dtype == object else set()
        return "given" if names - {""} and names <= {"", *PART_FOLDERS} else "group"
    if examples.given is not None:
        return "given"
    if examples.groups is not None:
        return "group"
    if examples.order is not None:
        return "time"
    return "stratified" if _has_strata(examples, by_labels) else "random"


def _column(examples: Examples, name: str) -> AnyArray:
    """The values of a column to divide by, (n_samples,)."""
    if examples.column is None:
        raise DatasetError(
            f"This data has no columns to divide by. Received: '{name}'.",
            "Leave the column out.",
        )
    return examples.column(name)


def _either(values: AnyArray | None, own: AnyArray | None, what: str) -> AnyArray:
    """Values to divide by, (n_samples,): those of a column, or the data's own."""
    found = own if values is None else values
    if found is None:
        raise DatasetError(
            f"This data says nothing of {what}.", "Name the column, or choose another method."
        )
    return found


def _as_given(examples: Examples, spec: SplitSpec, seed: int, values: AnyArray | None) -> Parts:
    given = examples.given
    if values is not None:
        given = _named_parts(values, spec.column or "")
    if given is None:
        raise DatasetError(
            "The data does not say which part its examples belong to.",
            "Put them in folders named train and test, or name the column that says it.",
        )
    train, validation, test = (np.flatnonzero(given == part) for part in range(3))
    train = np.sort(np.concatenate([train, np.flatnonzero(given < 0)]))
    if not len(train):
        raise DatasetError("The data gives no examples for training.", "Name a part 'train'.")
    missing_validation = spec.validation if not len(validation) else 0.0
    missing_test = spec.test if not len(test) else 0.0
    if missing_validation or missing_test:
        stratify = _has_strata(examples, spec.by_labels)
        drawn = _drawn(examples, train, missing_validation, missing_test, seed, stratify)
        train = drawn.train
        validation = validation if len(validation) else drawn.validation
        test = test if len(test) else drawn.test
    return Parts(train, validation, test)


def _part_name(value: object) -> str:
    return str(value).strip().lower()


def _named_parts(values: AnyArray, column: str) -> npt.NDArray[np.int8]:
    names = [_part_name(value) for value in values]
    unknown = sorted({name for name in names if name and name not in PART_FOLDERS})
    if unknown:
        raise DatasetError(
            f"Column '{column}' must say train, validation or test. "
            f"Received: {', '.join(unknown[:5])}.",
            "Mend the column, or choose another.",
        )
    return np.array([PART_FOLDERS.get(name, -1) for name in names], np.int8)


def _by_group(groups: AnyArray, spec: SplitSpec, seed: int) -> Parts:
    names, member = np.unique(groups.astype(str), return_inverse=True)
    sizes = np.bincount(member, minlength=len(names))
    wanted = [_part_size(len(groups), share) for share in (spec.test, spec.validation)]
    n_parts = 1 + sum(size > 0 for size in wanted)
    if len(names) < n_parts:
        raise DatasetError(
            f"There are {len(names)} groups for {n_parts} parts.",
            "Choose a column with more different values, or make a part 0.",
        )
    part_of_group = np.zeros(len(names), np.int8)
    waiting = np.random.default_rng(seed).permutation(len(names)).tolist()
    for part, size in zip((2, 1), wanted, strict=True):
        # One group must be left for each part that is still to come.
        to_come = 2 if part == 2 and wanted[1] else 1
        taken = _filling(waiting, sizes, size, len(waiting) - to_come)
        part_of_group[taken] = part
        waiting = [group for group in waiting if part_of_group[group] == 0]
    parts = part_of_group[member]
    train, validation, test = (np.flatnonzero(parts == part) for part in range(3))
    n_ungrouped = sum(int(sizes[place]) for place in np.flatnonzero(np.isin(names, ("", "nan"))))
    return Parts(train, validation, test, n_ungrouped=n_ungrouped)


def _filling(drawn: list[int], sizes: npt.NDArray[np.intp], wanted: int, at_most: int) -> list[int]:
    """Returns the groups, in the order drawn, that fill a part best."""
    if not wanted:
        return []
    taken: list[int] = []
    others: list[int] = []
    room = wanted
    for group in drawn:
        if len(taken) < at_most and sizes[group] <= room:
            taken.append(group)
            room -= int(sizes[group])
        else:
            others.append(group)
    if others and len(taken) < at_most:
        smallest = min(others, key=lambda group: int(sizes[group]))
        if not taken or sizes[smallest] - room < room:
            taken.append(smallest)
    return taken


def _by_time(values: AnyArray, spec: SplitSpec, until: AnyArray | None) -> Parts:
    times = times_of(values, spec.column) if spec.whole_times else values
    n_samples = int(np.count_nonzero(~np.isnan(times))) if spec.whole_times else len(times)
    n_validation, n_test = _part_size(n_samples, spec.validation), _part_size(n_samples, spec.test)
    if n_samples - n_validation - n_test < 1:
        raise _too_few(n_samples)
    found = divide_by_time(times, n_validation, n_test, until, spec.whole_times)
    return Parts(found.train, found.validation, found.test, untimed=found.untimed)


def _drawn(
    examples: Examples,
    among: IndexArray,
    validation: float,
    test: float,
    seed: int,
    stratify: bool,
) -> Parts:
    """Draws a validation and a test part among some examples; the rest trains."""
    n_samples, y = len(among), examples.y[among]
    n_validation, n_test = _part_size(n_samples, validation), _part_size(n_samples, test)
    n_held_out = n_validation + n_test
    if n_held_out >= n_samples:
        raise _too_few(n_samples)
    if n_held_out == 0:
        return Parts(among, among[:0], among[:0])
    if stratify and examples.output is Output.LABELS:
        sizes = (n_samples - n_held_out, n_validation, n_test)
        drawn = divide_by_labels(y, sizes, seed)
        return Parts(among[drawn[0]], among[drawn[1]], among[drawn[2]])
    if stratify:
        train, held_out = _hold_out_stratified(y, n_held_out, seed, examples.class_names)
    else:
        train, held_out = _draw(np.arange(n_samples, dtype=np.int64), n_held_out, seed)
    strata = _strata(y[held_out], n_validation, n_test) if stratify else None
    validation_rows, test_rows = _draw(held_out, n_test, seed, strata)
    return Parts(among[np.sort(train)], among[np.sort(validation_rows)], among[np.sort(test_rows)])


def _too_few(n_samples: int) -> DatasetError:
    return DatasetError(
        f"Too few examples to divide: with {n_samples}, none would be left for training.",
        _ROOM_HINT,
    )


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
    is_quantity = len(class_names) > 2 and all(map(_is_number, class_names))
    quantity = " Or, if these numbers are a quantity, set the task to regression."
    quantity = quantity if is_quantity else ""
    subject = f"Class {shown} has" if len(names) == 1 else f"Classes {shown} have"
    raise DatasetError(
        f"{subject} only 1 example; one to learn from and one to check with are needed.",
        f"Bring more examples, join small classes, or set validation and test part to 0.{quantity}",
    )


def _is_number(name: str) -> bool:
    return name.lstrip("-").replace(".", "", 1).isdigit()


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
