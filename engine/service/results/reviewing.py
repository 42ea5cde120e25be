"""Begins a review of labels: suspects between examples that nothing speaks against."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from engine.datasets.base import Examples, IndexArray, Progress
from engine.datasets.corrections.log import CorrectionLog
from engine.datasets.corrections.marks import ContentMarks, label_value, value_words
from engine.errors import DatasetError, WorkspaceError
from engine.events.labelling import FindSuspects, ReviewReady, StartReview, Suspect, SuspectsFound
from engine.events.review import LabelValue, Review, ReviewItem
from engine.inference.suspects.review_file import load_review, save_review
from engine.service.results.labelling import find_suspects, part_of_each
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Output
from engine.training.fingerprint import fingerprint

N_SUSPECTS: Final = 40
LEAST_CONTROLS: Final = 3
"""Controls are a quarter as many as suspects, and never fewer than these."""


def start_review(run: OpenedRun, command: StartReview, progress: Progress) -> ReviewReady:
    """Begins a review, or goes on with the one that the run has.

    Raises:
        DatasetError: The data is gone, has no labels, or all suspects were looked at.
        WorkspaceError: It has changed, or nothing can be kept.
        Cancelled: Someone asked to stop.
    """
    found = find_suspects(run, FindSuspects(run.record.id, command.method), progress)
    mark = fingerprint(run.prepared(progress))
    before = _standing(run, mark)
    if before is not None and not command.anew:
        review = before
    else:
        done = () if before is None else (*before.done, *(item.row for item in before.items))
        review = _begun(run, found, mark, done)
        save_review(review, run.folder)
    return ReviewReady(run.record.id, review, replace(found, suspects=()))


def _standing(run: OpenedRun, mark: str) -> Review | None:
    """The review that there is, if it is of this data and can be read."""
    try:
        review = load_review(run.folder)
    except WorkspaceError:
        return None  # what was corrected lies elsewhere
    return review if review is not None and review.fingerprint == mark else None


def _begun(run: OpenedRun, found: SuspectsFound, mark: str, done: tuple[int, ...]) -> Review:
    prepared = run.prepared()
    examples = prepared.examples
    waiting = [it for it in found.suspects if it.row not in set(done)]
    # Those that are contradicted clearly; at least some, so that something can be seen.
    likely = sum(it.is_likely for it in waiting)
    suspects = waiting[: min(N_SUSPECTS, max(likely, N_SUSPECTS // 4))]
    if not suspects:
        raise DatasetError(
            "Every label that looks wrong was looked at.",
            "Train again with the corrections; other labels may look wrong then.",
        )
    n_controls = max(LEAST_CONTROLS, math.ceil(len(suspects) / 4))
    rng = np.random.default_rng((prepared.spec.seed, len(done)))
    listed = np.array([*(it.row for it in found.suspects), *done], np.int64)
    rest = np.setdiff1d(np.concatenate(prepared.parts.all), listed)
    controls = rng.permutation(rest)[:n_controls]
    items = [*_items_of(run, suspects), *_controls(run, controls)]
    shuffled = tuple(items[place] for place in rng.permutation(len(items)))
    return Review(
        run.record.id,
        prepared.spec.data.source,
        examples.target_name,
        mark,
        (Output.CLASSES if examples.has_classes else examples.output).value,
        examples.class_names,
        shuffled,
        {},
        done=done,
    )


def _items_of(run: OpenedRun, suspects: list[Suspect]) -> list[ReviewItem]:
    examples, marks, originals = _of_data(run)
    items = []
    for it in suspects:
        value = _original(it.row, examples, originals)
        items.append(
            ReviewItem(
                it.row,
                it.name,
                marks.of(it.row),
                value,
                value_words(value),
                it.part,
                False,
                it.suggested,
                it.score,
            )
        )
    return items


def _controls(run: OpenedRun, rows: IndexArray) -> list[ReviewItem]:
    examples, marks, originals = _of_data(run)
    parts = part_of_each(run)
    items = []
    for row in map(int, rows):
        value = _original(row, examples, originals)
        words = value_words(value)
        name = examples.name_of(row)
        part = parts.get(row, "")
        items.append(ReviewItem(row, name, marks.of(row), value, words, part, True, words, 1.0))
    return items


def _original(row: int, examples: Examples, originals: dict[int, LabelValue]) -> LabelValue:
    """The label that stands in the data."""
    return originals[row] if row in originals else label_value(examples, examples.y[row])


def _of_data(run: OpenedRun) -> tuple[Examples, ContentMarks, dict[int, LabelValue]]:
    """The examples, their marks, and labels in the data of those that the run knows otherwise."""
    prepared = run.prepared()
    path = prepared.spec.data.corrections
    entries = () if path is None else CorrectionLog.load(Path(path)).in_effect
    originals = {entry.row: entry.before for entry in entries}
    return prepared.examples, ContentMarks(prepared.examples, prepared.spec.data.source), originals
