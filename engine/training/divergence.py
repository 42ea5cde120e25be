"""What is wrong with a batch whose loss is no finite number. Imported by workers only."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.datasets.base import AnyArray, IndexArray
from engine.training.prepared_data import DividedData

EXTREME = 1e4
"""Scaled inputs and targets are about 1; this far out, one example can throw all weights off."""
_N_NAMED = 3


@dataclass(frozen=True)
class Culprit:
    """What in a batch may have made the loss infinite.

    Attributes:
        words: It, in a sentence.
        hint: What to do about it.
        is_ordinary: Nothing in the batch: it is the weights that grew.
    """

    words: str
    hint: str
    is_ordinary: bool = False


def examine(divided: DividedData, rows: IndexArray) -> Culprit:
    """Looks for numbers in a batch that no training can bear.

    Args:
        divided: The data.
        rows: The examples of the batch, (n,).
    """
    examples, preprocessing = divided.examples, divided.preprocessing
    x = preprocessing.transform_x(examples.x[rows])
    y = preprocessing.transform_y(examples.y[rows])
    columns = preprocessing.inputs.feature_names
    for values, what, names in ((x, "inputs", columns), (y, "targets", ())):
        if not np.issubdtype(values.dtype, np.floating):
            continue
        for bad, problem in (
            (~np.isfinite(values), "not finite"),
            (np.abs(values) > EXTREME, f"more than {EXTREME:,.0f} even when scaled"),
        ):
            if bad.any():
                where = _where(divided, rows, values, bad, names)
                return Culprit(
                    f"In its batch, {what} are {problem}: {where}.",
                    "Correct or leave out these examples, and go on with a new run.",
                )
    return Culprit(
        f"The {len(rows):,} examples of its batch hold ordinary numbers ({_names(divided, rows)}),"
        " so it is the weights that grew.",
        "The steps are too large: continue the run with a learning rate ten times smaller, clip "
        "the gradients, or scale the inputs and the target.",
        is_ordinary=True,
    )


def _where(
    divided: DividedData,
    rows: IndexArray,
    values: AnyArray,
    bad: np.ndarray[tuple[int, ...], np.dtype[np.bool_]],
    columns: tuple[str, ...],
) -> str:
    """Examples, columns and values, such as ``row 17, column 'age': inf``."""
    flat = bad.reshape(len(rows), -1)
    found = []
    guilty = np.flatnonzero(flat.any(axis=1))
    for place in guilty[:_N_NAMED]:
        position = int(np.flatnonzero(flat[place])[0])
        column = f", column '{columns[position]}'" if position < len(columns) else ""
        value = values.reshape(len(rows), -1)[place, position]
        found.append(f"{divided.examples.name_of(int(rows[place]))}{column}: {value:g}")
    more = len(guilty) - len(found)
    return "; ".join(found) + (f"; and {more:,} more examples" if more else "")


def _names(divided: DividedData, rows: IndexArray) -> str:
    named = [divided.examples.name_of(int(row)) for row in rows[:_N_NAMED]]
    return ", ".join(named) + (", …" if len(rows) > _N_NAMED else "")
