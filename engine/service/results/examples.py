"""Fetches examples of a run's data to be looked at, as they are in the data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from engine.datasets.base import Examples, Progress
from engine.datasets.corrections.marks import path_of
from engine.errors import DescentError
from engine.events.results import ExamplesShown, ShownExample
from engine.service.preview import target_words
from engine.service.results.cells import written
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind

MAX_SHOWN = 200
MAX_CELLS = 5_000_000
"""Of a larger table the cells are not kept at hand."""


def show_examples(
    run: OpenedRun, rows: Sequence[int], progress: Progress, key: str = ""
) -> ExamplesShown:
    """Fetches examples by their index; those that cannot be read are told in words.

    Raises:
        DatasetError: The data is gone, or is no longer what the model was trained on.
    """
    examples = run.prepared(progress).examples
    source = Path(run.record.spec.data.source)
    found: list[ShownExample] = []
    problems: list[str] = []
    cells = _cells(run, examples, rows[:MAX_SHOWN], progress)
    for place, row in enumerate(rows[:MAX_SHOWN]):
        if not 0 <= row < examples.n_samples:
            problems.append(f"There is no example {row:,}.")
            continue
        try:
            content = examples.x[np.array([row])][0]
        except (DescentError, OSError) as error:
            problems.append(f"{examples.name_of(row)}: {error}")
            continue
        found.append(
            ShownExample(
                row,
                examples.name_of(row),
                str(path_of(examples, row, source) or ""),
                content if isinstance(content, str) else np.asarray(content),
                tuple((name, texts[place]) for name, texts in cells),
                target_words(examples, examples.y[row]),
            )
        )
    return ExamplesShown(
        run.record.id,
        examples.kind.value,
        tuple(found),
        examples.rate or examples.frame_rate,
        examples.feature_names,
        tuple(problems),
        key,
    )


def _cells(
    run: OpenedRun, examples: Examples, rows: Sequence[int], progress: Progress
) -> list[tuple[str, list[str]]]:
    """What stands in each column of a table, in these rows; empty for what is no row."""
    if examples.kind is not Kind.TABLE or examples.column is None:
        return []
    names = examples.source_columns or examples.feature_names
    if examples.n_samples * len(names) > MAX_CELLS:
        return []  # each column is read anew from the file; what the model sees is shown
    found = []
    features = examples.reading.get("columns", ())
    for number, name in enumerate(names):
        progress("Reading columns", number, len(names))
        column = run.column(name)
        inside = (0 <= row < len(column) for row in rows)
        texts = [
            written(name, column[row], features) if ok else ""
            for row, ok in zip(rows, inside, strict=True)
        ]
        found.append((name, texts))
    return found
