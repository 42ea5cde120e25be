"""The command `errors`: the examples of which a run's model is most wrong, worst first."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np

from engine.cli.commands.output import Output, number, table
from engine.datasets.base import IndexArray, silent
from engine.errors import DatasetError, DescentError
from engine.inference.evaluation.predictions import Predictions
from engine.inference.evaluation.scored import ScoredExamples
from engine.runs.record import RunRecord
from engine.runs.store import RunStore

_LIMIT = 20
_LONGEST = 40


def errors(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Lists what a run's model is wrong about; where right and wrong mean nothing, all of it.

    Raises:
        DescentError: The run has no predictions and none can be made, or an option is wrong.
    """
    record = store.get(arguments.run)
    scored = ScoredExamples.of(_predictions(record, store, arguments.part))
    chosen = _chosen(scored, arguments.class_name)
    places = scored.ordered(chosen, arguments.sort)
    shown = places[: _limit(arguments.limit)]
    folder = _folder(record)
    rows = [_example(scored, int(place), folder) for place in shown]
    part, n = scored.predictions.part, len(scored)
    output.event(
        "errors", run=record.id, part=part, n_examples=n, n_errors=len(places), sort=arguments.sort
    )
    for row in rows:
        output.event("error", **row)
    what = "examples" if scored.is_right is None else "errors"
    output.lines(
        f"{record.name}  ({record.id}), {len(places):,} {what} among {n:,} examples "
        f"of the {part} part"
    )
    if rows:
        output.lines("", *table(_HEADER, [_cells(row) for row in rows]))
    return 0


_HEADER = ("example", "row", "true", "predicted", "confidence", "loss")


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    words = (row["name"], f"{row['row'] + 1:,}", row["truth"], row["predicted"])
    short = [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…" for text in words]
    return (*short, number(row["confidence"]), number(row["loss"]))


def _example(scored: ScoredExamples, place: int, folder: Path | None) -> dict[str, Any]:
    found = scored.predictions
    confidence = float(scored.confidence[place])
    path = folder / found.names[place] if folder is not None and found.names else None
    return {
        "name": found.name_of(place),
        "row": int(found.rows[place]),
        "truth": scored.truth_text(place),
        "predicted": scored.predicted_text(place),
        "confidence": None if np.isnan(confidence) else confidence,
        "loss": float(scored.losses[place]),
        "file": str(path) if path is not None and path.is_file() else "",
    }


def _predictions(record: RunRecord, store: RunStore, part: str | None) -> Predictions:
    """Those that were kept; where there are none, the model is asked."""
    from engine.service.results.evaluating import evaluate_run
    from engine.service.results.opened_run import OPENED

    kept = Predictions.load(store.folder(record.id), part or "test")
    if kept is not None:
        return kept
    done = evaluate_run(OPENED.get(record.id, store), part, silent)
    made = Predictions.load(store.folder(record.id), done.part)
    assert made is not None
    return made


def _chosen(scored: ScoredExamples, name: str | None) -> IndexArray:
    """Places of what is wrong, of one true class where that is asked for."""
    places = scored.wrong()
    if name is None:
        return places
    found = scored.predictions
    if not scored.has_classes:
        raise DescentError("--class needs a run that predicts classes.", "Leave it out.")
    if name not in found.class_names:
        known = ", ".join(found.class_names[:_LIMIT])
        raise DatasetError(f"There is no class '{name}'. Received: {name}.", f"There are: {known}.")
    is_it = found.truth[places] == found.class_names.index(name)
    return np.asarray(places[is_it], np.int64)


def _limit(text: str) -> int:
    try:
        limit = int(text)
    except ValueError:
        limit = 0
    if limit < 1:
        raise DescentError(f"--limit must be a whole number from 1. Received: {text}.")
    return limit


def _folder(record: RunRecord) -> Path | None:
    """Where the files of the data lie; None where it is no folder."""
    try:
        source = Path(record.spec.data.source)
    except DescentError:
        return None
    return source if source.is_dir() else None
