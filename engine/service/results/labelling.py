"""Finds labels of a run's data that look wrong, and keeps what is found with the run."""

from __future__ import annotations

import math
from typing import Final

from engine.datasets.base import Progress
from engine.errors import DatasetError, WorkspaceError
from engine.events.labelling import FindSuspects, Suspect, SuspectsFound
from engine.inference.evaluation.predictions import Predictions
from engine.inference.suspects.ranking import Ranking, joined, label_words, rank
from engine.inference.suspects.stored import load_suspects, save_suspects
from engine.inference.suspects.verdict import suspect_finding
from engine.service.results.opened_run import OpenedRun
from engine.training.fingerprint import fingerprint

METHODS: Final = ("cross_validation", "network", "kept")
MAX_SUSPECTS: Final = 10_000
LISTED_SHARE: Final = 0.1
"""So many of the labels are listed, or more where more are clearly contradicted."""


def find_suspects(run: OpenedRun, command: FindSuspects, progress: Progress) -> SuspectsFound:
    """Finds labels that look wrong, or reads what was found before.

    Raises:
        DatasetError: The data is gone, or has no labels.
        WorkspaceError: It has changed, or nothing can be kept.
        Cancelled: Someone asked to stop.
    """
    if command.method not in METHODS:
        raise DatasetError(
            f"There is no such way to check labels. Received: '{command.method}'.",
            f"Choose one of {', '.join(METHODS)}.",
        )
    prepared = run.prepared(progress)
    if run.change:
        # Rows may be others than those that the run knows.
        raise WorkspaceError(run.change.text, "Bring the data back as it was, or train anew.")
    mark = fingerprint(prepared)
    if not command.anew:
        found = load_suspects(run.folder, command.method, mark)
        if found is not None:
            return found
    if command.method == "kept":
        predictions, model = _kept(run, progress), "run"
    else:
        from engine.training.cross_validation.held_out import NETWORK, held_out_predictions

        only = NETWORK if command.method == NETWORK else ""
        held_out = held_out_predictions(prepared, progress, only)
        predictions, model = held_out.predictions, held_out.model
    found = _found(run, command.method, model, predictions)
    save_suspects(found, mark, run.folder)
    return found


def _found(run: OpenedRun, method: str, model: str, predictions: Predictions) -> SuspectsFound:
    ranking = rank(predictions)
    n_likely = int(ranking.is_likely.sum())
    n_listed = max(n_likely, math.ceil(LISTED_SHARE * len(predictions)))
    n_listed = min(n_listed, MAX_SUSPECTS, len(ranking.places))
    return SuspectsFound(
        run.record.id,
        _listed(run, predictions, ranking, n_listed),
        method,
        model,
        len(predictions),
        n_likely,
        suspect_finding(predictions, ranking),
    )


def _listed(
    run: OpenedRun, predictions: Predictions, ranking: Ranking, n_listed: int
) -> tuple[Suspect, ...]:
    places = ranking.places[:n_listed]
    labels = label_words(predictions.truth[places], predictions)
    suggested = label_words(ranking.suggested[:n_listed], predictions)
    part_of = part_of_each(run)
    return tuple(
        Suspect(
            int(predictions.rows[place]),
            predictions.name_of(int(place)),
            label,
            other,
            float(score),
            part_of.get(int(predictions.rows[place]), ""),
            bool(is_likely),
        )
        for place, label, other, score, is_likely in zip(
            places,
            labels,
            suggested,
            ranking.scores[:n_listed],
            ranking.is_likely[:n_listed],
            strict=True,
        )
    )


def part_of_each(run: OpenedRun) -> dict[int, str]:
    """In which part each example is, by its index."""
    parts = run.prepared().parts
    named = {"train": parts.train, "validation": parts.validation, "test": parts.test}
    return {int(row): name for name, rows in named.items() for row in rows}


def _kept(run: OpenedRun, progress: Progress) -> Predictions:
    """What the run's own model said of the validation and the test part, which it never saw.

    Raises:
        DatasetError: The run has neither.
    """
    from engine.service.results.evaluating import evaluate_part_of

    found: list[Predictions] = []
    parts = run.prepared(progress).parts
    for part, rows in (("validation", parts.validation), ("test", parts.test)):
        if len(rows):
            kept = Predictions.load(run.folder, part)
            found.append(kept or evaluate_part_of(run, part, progress)[1])
    if not found:
        raise DatasetError(
            "The run has neither a validation nor a test part.",
            "Check all of the labels by cross-validation.",
        )
    return found[0] if len(found) == 1 else joined(*found)
