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
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind

MAX_SHOWN = 200


def show_examples(run: OpenedRun, rows: Sequence[int], progress: Progress) -> ExamplesShown:
    """Fetches examples by their index; those that cannot be read are told in words.

    Raises:
        DatasetError: The data is gone, or is no longer what the model was trained on.
    """
    examples = run.prepared(progress).examples
    source = Path(run.record.spec.data.source)
    found: list[ShownExample] = []
    problems: list[str] = []
    for row in rows[:MAX_SHOWN]:
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
                _cells(examples, row),
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
    )


def _cells(examples: Examples, row: int) -> tuple[tuple[str, str], ...]:
    """Each column of a table with what stands in it."""
    if examples.kind is not Kind.TABLE or examples.column is None:
        return ()
    names = examples.source_columns or examples.feature_names
    return tuple((name, str(examples.column(name)[row])) for name in names)
