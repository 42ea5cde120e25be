"""Data for finding what is unusual: what is known of it serves to measure, not to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from engine.datasets.base import AnyArray, Examples, IndexArray
from engine.datasets.sequences.windows import WindowRows
from engine.datasets.split import Parts
from engine.datasets.tables.table_target import marks_anomalies
from engine.errors import DatasetError, Problem, SpecError
from engine.spec.formatting import percent_text
from engine.spec.parameters import shorten
from engine.spec.run_spec import AnomalySpec
from engine.spec.signature import Kind, Task

KINDS = (Kind.TABLE, Kind.IMAGE, Kind.SERIES)
NORMAL, UNUSUAL = "normal", "anomaly"
_NOTHING_KNOWN = "anomaly"
_NAMED_WINDOWS = 200_000


def refuse_kind(kind: Kind) -> None:
    """Says for which data there is no such task.

    Raises:
        DatasetError: The data is of another kind than `KINDS`.
    """
    if kind not in KINDS:
        raise DatasetError(
            "Anomalies can be looked for in tables, images and series. "
            f"Received: {kind.value} data.",
            "Leave the task out, or make features of it in a table.",
        )


def as_anomalies(examples: Examples, target: str | None) -> Examples:
    """Examples of any task as data for finding anomalies.

    Classes stay, to measure by. Numbers to be predicted say nothing of what is unusual and are
    left out. Of a series, a channel of 0 and 1 marks the unusual steps; a window is unusual where
    one of its steps is.

    Args:
        examples: As their dataset loads them.
        target: The column or channel that was chosen; None: none.

    Raises:
        DatasetError: The data is of another kind.
    """
    refuse_kind(examples.kind)
    if examples.task is Task.ANOMALY:
        return examples
    if isinstance(examples.x, WindowRows):
        examples = _windows(examples, examples.x, target)
    # Of several labels none says that an example is unusual.
    unknown = not examples.has_classes
    return replace(
        examples,
        class_names=() if unknown else examples.class_names,
        task=Task.ANOMALY,
        y=np.zeros(examples.n_samples) if unknown else examples.y,
        target_name=_NOTHING_KNOWN if unknown else examples.target_name,
    )


def _windows(examples: Examples, rows: WindowRows, target: str | None) -> Examples:
    """Takes the channel that marks unusual steps, if there is one, from the windows."""
    length, starts = rows.shape[1], rows.starts
    examples = _placed(examples, rows)
    names = examples.feature_names
    chosen = target if target in names else next(filter(marks_anomalies, names), None)
    if chosen is None or len(names) == 1:
        return examples
    channel = names.index(chosen)
    marks = rows.values[:, channel]
    if not np.isin(marks[~np.isnan(marks)], (0.0, 1.0)).all():
        if target is None or not marks_anomalies(chosen):
            return examples
        raise DatasetError(
            f"'{chosen}' must say which steps are unusual: 1 for those, else 0. "
            f"Received: {shorten(marks[:5].tolist())}.",
            "Choose another column, or none.",
        )
    kept = [place for place in range(len(names)) if place != channel]
    counted = np.concatenate([[0], np.cumsum(np.nan_to_num(marks))])
    is_unusual = counted[starts + length] > counted[starts]
    return replace(
        examples,
        x=WindowRows(np.ascontiguousarray(rows.values[:, kept]), starts, length),
        y=is_unusual.astype(np.int64),
        class_names=(NORMAL, UNUSUAL),
        feature_names=tuple(names[place] for place in kept),
        target_name=chosen,
    )


def _placed(examples: Examples, rows: WindowRows) -> Examples:
    """Windows by their own first and last step: what follows them does not matter here."""
    first, last = rows.starts, rows.starts + rows.shape[1] - 1
    names: tuple[str, ...] = ()
    if len(first) <= _NAMED_WINDOWS:
        pairs = zip(first.tolist(), last.tolist(), strict=True)
        names = tuple(f"steps {start + 1:,} to {end + 1:,}" for start, end in pairs)
    order, until = examples.order, examples.until
    if order is not None:
        # Of equally spaced steps, as windows are cut within unbroken stretches.
        order, until = first.astype(np.float64), last.astype(np.float64)
    return replace(examples, names=names, order=order, until=until)


def with_unusual_class(examples: Examples, spec: AnomalySpec) -> Examples:
    """Says which class is the unusual one: the one chosen, else the one with fewest examples.

    Raises:
        SpecError: There is no such class.
    """
    if examples.task is not Task.ANOMALY:
        return examples
    names = examples.class_names
    if spec.unusual is not None and spec.unusual not in names:
        known = f"Its classes are {', '.join(names)}." if names else "Leave it open."
        raise SpecError(
            [
                Problem(
                    "anomaly.unusual",
                    f"The data has no class of this name. Received: '{spec.unusual}'.",
                    known,
                )
            ]
        )
    if not names:
        return examples
    counts = np.bincount(examples.y, minlength=len(names))
    rarest = int(np.where(counts > 0, counts, counts.max() + 1).argmin())
    unusual = spec.unusual or names[rarest]
    share = float(np.mean(examples.y == names.index(unusual)))
    found = f"{unusual} ({percent_text(share, 1)} of the examples)"
    return replace(examples, unusual=unusual, facts=(*examples.facts, ("Known as unusual", found)))


def unusual_mask(examples: Examples, rows: IndexArray) -> AnyArray | None:
    """Which of these examples are known to be unusual, (n,) bool; None where nothing is known."""
    if not examples.unusual:
        return None
    mask: AnyArray = examples.y[rows] == examples.class_names.index(examples.unusual)
    return mask


def only_usual(examples: Examples, parts: Parts, spec: AnomalySpec) -> Parts:
    """Takes what is known to be unusual from the training and the validation part.

    The test part stays as it is, so that its share of anomalies is that of the data. What was taken
    may tell from which score on an example is unusual.

    Raises:
        DatasetError: Nothing would be left.
    """
    if examples.task is not Task.ANOMALY or not examples.unusual or spec.training == "all":
        return parts
    kept, taken = [], []
    for part in (parts.train, parts.validation):
        mask = unusual_mask(examples, part)
        assert mask is not None  # the unusual class is known
        kept.append(part[~mask])
        taken.append(part[mask])
    if not len(kept[0]):
        raise DatasetError(
            f"Every example for training is '{examples.unusual}', the unusual class.",
            "Choose another unusual class, or let all train.",
        )
    unusual = np.sort(np.concatenate(taken))
    return replace(parts, train=kept[0], validation=kept[1], unusual=unusual)
