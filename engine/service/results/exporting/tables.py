"""Exports the history of a run, and its predictions, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.errors import Cancelled, DatasetError, DescentError, WorkspaceError
from engine.events.exporting import RunExported
from engine.events.run_events import EpochEnded
from engine.inference.evaluation.predictions import PARTS, Predictions, chosen
from engine.inference.many.writing import unique_names
from engine.runs.store import RunStore
from engine.service.results.analysing import predictions_of
from engine.service.results.evaluating import evaluate_part_of
from engine.service.results.exporting.columns import SUFFIXES, Columns, write_columns
from engine.service.results.exporting.target import checked_file
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Output

_ROWS: Final = 8_192
"""Rows that are put in words at once."""


def export_history(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes a row for each epoch, as `engine.service.results.exporting.Export` says.

    Raises:
        DescentError: No epoch is complete, or nothing can be written there.
    """
    to = checked_file(to, SUFFIXES)
    with RunStore(run.folder.parents[1]) as store:
        epochs, problems = store.epochs(run.record.id), store.bad_epochs(run.record.id)
    if not epochs:
        raise WorkspaceError(
            f"No epoch of the run '{run.record.name}' is complete.", "Go on with it first."
        )
    n_rows = write_columns(to, [history_columns(epochs)])
    return _exported(run, format, to, f"{n_rows:,} epochs.", *problems)


def history_columns(epochs: list[EpochEnded]) -> Columns:
    """The history of a run as columns; a metric that an epoch does not have is NaN."""
    metrics = dict.fromkeys(name for epoch in epochs for name in epoch.metrics)
    found: dict[str, AnyArray] = {
        "epoch": np.array([it.epoch for it in epochs], np.int64),
        "step": np.array([it.step for it in epochs], np.int64),
        "is_best": np.array([it.is_best for it in epochs], bool),
        "learning_rate": _floats([it.learning_rate for it in epochs]),
        "duration_s": _floats([it.duration_s for it in epochs]),
        "elapsed_s": _floats([it.elapsed_s for it in epochs]),
        "samples_per_s": _floats([it.samples_per_s for it in epochs]),
    }
    names = unique_names(list(found), metrics)
    for name, metric in zip(names, metrics, strict=True):
        found[name] = _floats([it.metrics.get(metric) for it in epochs])
    return found


def _floats(values: list[float | None]) -> AnyArray:
    return np.array([np.nan if value is None else value for value in values], np.float64)


# ---- predictions


def export_predictions(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes what the model says of each example; see `engine.service.results.exporting.Export`.

    What is kept is written as it is; what is missing is predicted now, where the data is there.

    Raises:
        DescentError: Nothing is kept, and nothing can be predicted; or it cannot be written.
        Cancelled: Someone asked to stop.
    """
    to = checked_file(to, SUFFIXES)
    found, notes, last = [], [], None
    for part in PARTS:
        try:
            found.append(_part(run, part, progress))
        except Cancelled:
            raise
        except DescentError as error:
            if not _has_no_such_part(run, part):
                notes.append(f"Without the {part} part: {error.message}")
                last = error
    if not found:
        raise last or DatasetError(f"The run '{run.record.name}' has no data.", "Train it anew.")
    n_rows = write_columns(to, _blocks(found, progress))
    notes += [
        f"Of the {it.n_all:,} examples of its {it.part} part {len(it):,}."
        for it in found
        if len(it) < it.n_all
    ]
    return _exported(run, format, to, f"{n_rows:,} examples.", *notes)


def _part(run: OpenedRun, part: str, progress: Progress) -> Predictions:
    if part != "train":
        return predictions_of(run, part, progress)
    kept = Predictions.load(run.folder, part)
    if kept is not None:
        return kept
    predictions = evaluate_part_of(run, part, progress)[1]  # not kept: nobody looks at them
    if run.change:
        raise WorkspaceError(run.change.text, "Bring the data back as it was.")
    return predictions


def _has_no_such_part(run: OpenedRun, part: str) -> bool:
    try:
        parts = run.prepared().parts
    except DescentError:
        return False
    return not len(getattr(parts, part))


def _blocks(parts: list[Predictions], progress: Progress) -> Iterator[Columns]:
    total, done = sum(map(len, parts)), 0
    for part in parts:
        for start in range(0, len(part), _ROWS):
            progress("Writing", done, total)
            block = chosen(part, np.arange(start, min(start + _ROWS, len(part))))
            done += len(block)
            yield prediction_columns(block)


def prediction_columns(predictions: Predictions) -> Columns:
    """Predictions as columns; rows count from 1, as everywhere that people look."""
    n = len(predictions)
    found: dict[str, AnyArray] = {
        "part": np.full(n, predictions.part, object),
        "row": np.asarray(predictions.rows, np.int64) + 1,
        "name": _objects([predictions.name_of(place) for place in range(n)]),
    }
    more = list(_said(predictions))
    names = unique_names(list(found), [name for name, _ in more])
    return {**found, **dict(zip(names, [values for _, values in more], strict=True))}


def _said(predictions: Predictions) -> Iterator[tuple[str, AnyArray]]:
    truth, outputs, target = predictions.truth, predictions.outputs, predictions.target_name
    if predictions.is_anomaly:
        yield "true_unusual", _objects([_YES_NO.get(int(value)) for value in truth])
        yield "score", outputs.reshape(len(truth))
        if np.isfinite(predictions.thresholds).all():
            yield (
                "unusual",
                _objects(
                    ["yes" if it > predictions.thresholds[0] else "no" for it in outputs.ravel()]
                ),
            )
        return
    names = predictions.class_names
    match predictions.output:
        case Output.CLASSES:
            said = predictions.predicted
            yield f"true_{target}", _objects([names[place] for place in truth])
            yield f"predicted_{target}", _objects([names[place] for place in said])
        case Output.LABELS:
            said = predictions.predicted
            for what, rows in ((f"true_{target}", truth), (f"predicted_{target}", said)):
                yield what, _objects(["|".join(np.array(names, object)[row > 0]) for row in rows])
        case Output.TOKENS:
            yield f"true_{target}", _objects(truth)
            yield f"predicted_{target}", _objects(outputs)
            return
        case Output.NUMBERS:
            n_values = outputs.shape[1]
            ends = [""] if n_values == 1 else [f"_{place + 1}" for place in range(n_values)]
            for place, end in enumerate(ends):
                yield f"true_{target}{end}", truth[:, place]
            for place, end in enumerate(ends):
                yield f"predicted_{target}{end}", outputs[:, place]
            return
    for place, name in enumerate(names):
        yield f"probability_{name}", outputs[:, place]


_YES_NO: Final = {1: "yes", 0: "no"}


def _objects(values: object) -> AnyArray:
    texts = list(values)  # type: ignore[call-overload]
    found = np.empty(len(texts), object)
    found[:] = texts
    return found


def _exported(run: OpenedRun, format: str, to: Path, *notes: str) -> RunExported:
    size = to.stat().st_size
    return RunExported(
        run.record.id, format, str(to), files=(to.name,), size_bytes=size, notes=notes
    )
