"""Several labels at once: what columns of 0 and 1, and cells that list labels, say of examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray
from engine.datasets.folder_meaning import one_spelling
from engine.errors import DatasetError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.spec.signature import Task

MAX_LABELS: Final = 1_000
_FEW: Final = 10
SIGNS: Final = "|;,"
"""What parts the labels in a cell, the surest first."""
EmptyLists = Literal["unknown", "no label"]
"""What an empty cell says among lists of labels."""
EMPTY_LISTS_FIELD: Final = "data.parameters.empty_lists"
EMPTY_LISTS_LABEL: Final = "Empty lists"
EMPTY_LISTS_HELP: Final = (
    "Where cells list several labels, what an empty one says: that nothing is known, and the "
    "example is left out ('unknown'), or that it has none of the labels ('no label')."
)

LabelMatrix = npt.NDArray[np.uint8]


def labels_in(cell: str, sign: str) -> tuple[str, ...]:
    """The labels that a cell lists, each once, in the order they stand there."""
    return tuple(dict.fromkeys(filter(None, (part.strip() for part in cell.split(sign)))))


def separator_in(cells: Collection[str]) -> str:
    """What surely parts labels in these cells; empty: they are no lists, or may be none.

    It is sure where some cells list several labels, each label of a list is in another cell, too,
    and there are fewer labels than different cells: a place such as `Buffalo, NY` is no list.

    Args:
        cells: The different cells of a column.
    """
    cells = [cell for cell in cells if cell.strip()]
    for sign in SIGNS:
        if not any(sign in cell for cell in cells):
            continue
        lists = [labels_in(cell, sign) for cell in cells]
        counts = Counter(label for labels in lists for label in labels)
        listed = {label for labels in lists if len(labels) > 1 for label in labels}
        is_repeated = bool(listed) and all(counts[label] > 1 for label in listed)
        if is_repeated and 2 <= len(counts) < len(lists):
            return sign
    return ""


def are_lists(cells: Collection[str], task: Task | None) -> bool:
    """Whether cells list labels: someone said so, or they surely do."""
    return task is Task.MULTILABEL or (task is None and bool(separator_in(cells)))


def separator_of(cells: Collection[str], name: str) -> str:
    """What parts the labels in cells of which someone said that they hold several.

    Args:
        cells: The different cells of a column.
        name: What they are called.

    Raises:
        DatasetError: No cell holds several.
    """
    lists = (sign for sign in SIGNS if any(len(labels_in(cell, sign)) > 1 for cell in cells))
    sign = separator_in(cells) or next(lists, "")
    if not sign:
        raise DatasetError(
            f"No cell of '{name}' holds several labels, parted by '|', ';' or ','.",
            "Set the task to classification, or choose another target.",
        )
    return sign


def sets_of_cells(
    cells: Sequence[str], name: str, sign: str, one_case: bool = True
) -> tuple[tuple[str, ...], LabelMatrix]:
    """Cells that list labels as 0 and 1 for each label.

    Args:
        cells: (n,).
        name: What they are called.
        sign: What parts the labels.
        one_case: Labels that differ in spelling alone are one.

    Returns:
        The labels in order, and whether each cell lists each, (n, labels) of 0 and 1.

    Raises:
        DatasetError: There are too many labels, or all cells list the same.
    """
    lists = {cell: labels_in(cell, sign) for cell in dict.fromkeys(cells)}
    counts = Counter(label for cell in cells for label in lists[cell])
    spelling = one_spelling(counts) if one_case else {}
    names = tuple(sorted({spelling.get(label, label) for label in counts}))
    _check_count(names, name)
    places = {label: place for place, label in enumerate(names)}
    y = np.zeros((len(cells), len(names)), np.uint8)
    for row, cell in enumerate(cells):
        for label in lists[cell]:
            y[row, places[spelling.get(label, label)]] = 1
    return sets_of_rows(y, name, names)


def are_label_rows(values: AnyArray) -> bool:
    """Whether rows of numbers, (n, columns), hold 0 and 1 alone, few enough to be labels."""
    return 2 <= values.shape[1] <= MAX_LABELS and bool(np.isin(values, (0, 1)).all())


def sets_of_rows(
    values: AnyArray, name: str, names: Sequence[str] = ()
) -> tuple[tuple[str, ...], LabelMatrix]:
    """Rows of 0 and 1 as labels.

    Args:
        values: (n, labels).
        name: What they are called.
        names: Of the labels; empty: they are numbered from 0.

    Raises:
        DatasetError: They hold something else, or no label varies.
    """
    names = tuple(names) or tuple(str(place) for place in range(values.shape[1]))
    _check_count(names, name)
    wrong = ~np.isin(values, (0, 1))
    if wrong.any():
        row, place = np.argwhere(wrong)[0].tolist()
        raise DatasetError(
            f"Several labels at once are said by 0 and 1 alone. Received: {values[row, place]:g} "
            f"for label '{names[place]}' of '{name}'.",
            "Choose columns of 0 and 1, or set the task to regression.",
        )
    y = values.astype(np.uint8)
    if len(y) and (y == y[0]).all():
        raise DatasetError(
            f"All examples have the same labels in '{name}'; there is nothing to tell apart.",
            "Choose another target, or bring examples with other labels.",
        )
    return names, y


def _check_count(names: Sequence[str], name: str) -> None:
    if not 2 <= len(names) <= MAX_LABELS:
        raise DatasetError(
            f"'{name}' must hold from two to {MAX_LABELS:,} labels. Received: {len(names):,}.",
            "Choose another target, or set the task to classification or regression.",
        )


def label_findings(y: LabelMatrix, names: Sequence[str]) -> tuple[DataFinding, ...]:
    """Finds labels that no example has, or every one, or so few that a part may lack them.

    Args:
        y: (n, labels) of 0 and 1.
        names: Of the labels.
    """
    counts = y.sum(axis=0, dtype=np.int64)
    found = []
    few = (counts > 0) & (counts < _FEW) & (counts < len(y))
    nothing = "nothing of it can be learnt, and its scores say nothing"
    for places, words, so in (
        (np.flatnonzero(counts == 0), "no example has", nothing),
        (np.flatnonzero(counts == len(y)), "every example has", nothing),
        (
            np.flatnonzero(few),
            f"fewer than {_FEW} examples have",
            "it is hardly learnt or measured",
        ),
    ):
        if not len(places):
            continue
        some = tuple(names[place] for place in places[:MAX_NAMES])
        which = f"Label '{some[0]}' is one" if len(places) == 1 else f"{len(places):,} labels are"
        text = f"{which} that {words}: {so}."
        found.append(DataFinding(Trouble.IMBALANCE, some[0], text, some, len(places)))
    return tuple(found)


def rows_finding(name: str) -> DataFinding:
    """Says that rows of 0 and 1 are taken for labels, and offers to take them for numbers."""
    text = f"'{name}' holds 0 and 1 alone, any number to a row: several labels at once."
    remedy = Remedy("Learn them as numbers", {"data.task": Task.REGRESSION.value})
    return DataFinding(Trouble.UNDERSTOOD, name, text, remedies=(remedy,))


def no_label_remedy() -> Remedy:
    """Reads an empty cell as a list without labels."""
    return Remedy("Empty cells have no label", {EMPTY_LISTS_FIELD: "no label"})


def cells_finding(
    cells: Collection[str], name: str, sign: str, is_asked: bool, n_empty: int = 0
) -> DataFinding:
    """Says that cells list several labels, and offers to take each list for a class.

    Args:
        cells: The different ones; an empty one among them is a list without labels.
        name: What they are called.
        sign: What parts the labels.
        is_asked: Someone said that there are several.
        n_empty: So many cells are empty and left out, as nothing is known of them.
    """
    lists = [cell for cell in cells if len(labels_in(cell, sign)) > 1]
    text = (
        f"Cells of '{name}' hold several labels at once, parted by '{sign}', such as '{lists[0]}'. "
    )
    remedies: list[Remedy] = []
    if "" in cells:
        text += "An empty cell says that there is no label, as was asked for."
        remedies.append(Remedy("Of empty cells nothing is known", {EMPTY_LISTS_FIELD: "unknown"}))
    else:
        text += "Of an empty cell nothing is known, not that it has no label."
        remedies += [no_label_remedy()] if n_empty else []
    if not is_asked:
        remedies.append(
            Remedy("Take each list as one class", {"data.task": Task.CLASSIFICATION.value})
        )
    some = tuple(lists[:MAX_NAMES])
    return DataFinding(Trouble.UNDERSTOOD, name, text, some, len(lists), tuple(remedies))


def maybe_finding(class_names: Collection[str], name: str) -> tuple[DataFinding, ...]:
    """Says that some classes are lists of others, and offers to take them for several labels."""
    known = {*class_names}
    lists = [
        cell
        for cell in class_names
        if any(len(found := labels_in(cell, sign)) > 1 and {*found} <= known for sign in SIGNS)
    ]
    if not lists:
        return ()
    text = f"'{name}' may hold several labels at once; each list is a class of its own: {lists[0]}."
    remedy = Remedy("Learn several labels at once", {"data.task": Task.MULTILABEL.value})
    some = tuple(lists[:MAX_NAMES])
    return (DataFinding(Trouble.UNDERSTOOD, name, text, some, len(lists), (remedy,)),)
