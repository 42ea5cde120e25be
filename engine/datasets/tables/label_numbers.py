"""Texts that stand beside files or examples, as numbers: decided on all of them, as in a column."""

from __future__ import annotations

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.tables.number_marks import NumberMarks, decide
from engine.datasets.tables.table_cells import read_numbers
from engine.datasets.tables.table_source import FloatArray, text_cells
from engine.datasets.tables.written_numbers import NumberStyle


def read_all_numbers(texts: AnyArray) -> FloatArray | None:
    """Texts as numbers, (n,), however people write them; None where one holds none.

    Args:
        texts: (n,) of str.
    """
    cells = text_cells(texts.tolist())
    base, marks = NumberStyle("", is_strict=False, gap_words=False), NumberMarks()
    read_numbers(cells, base, marks)
    style, _ = decide(marks, base, "", "", "")
    if style.has_own_unit:
        return None  # labels such as `1 dog` are no numbers unless that is told
    found = read_numbers(cells, style).values
    return None if np.isnan(found).any() else found
