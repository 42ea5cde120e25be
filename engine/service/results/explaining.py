"""Explains what a run's model says of an example, and what it looks at as a whole."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.errors import DatasetError, DescentError, WorkspaceError
from engine.events.explaining import (
    Explained,
    ExplainExample,
    ModelExplained,
    ModelExplanation,
)
from engine.inference.evaluation.explanations import load_explanation, save_explanation
from engine.service.results.opened_run import OpenedRun
from engine.spec.signature import Kind

logger = logging.getLogger(__name__)

N_BACKGROUND = 64
"""Rows of the training part that an example is compared with, drawn evenly."""


def explain_example(run: OpenedRun, asked: ExplainExample, progress: Progress) -> Explained:
    """Explains what the model says of one example.

    Raises:
        DatasetError: The data is gone and is needed, or there is no such example.
        WorkspaceError: The run has no model, or it is damaged.
        UnknownNameError: There is no such target or method.
    """
    x, name = _example(run, asked, progress)
    progress("Explaining", 0, 1)
    explanation = run.explainer.explain(x, background_of(run, progress), asked.target, asked.method)
    if explanation.kind == Kind.VIDEO.value and asked.row is not None:
        rate = run.prepared(progress).examples.frame_rate
        n_frames = len(explanation.values)
        explanation = replace(explanation, seconds=n_frames / rate if rate else 0.0)
    return Explained(run.record.id, asked.row, name, explanation, asked.key)


def explain_model(run: OpenedRun, anew: bool, progress: Progress) -> ModelExplained:
    """Explains what the model looks at as a whole, and keeps that with the run.

    Args:
        run: The run.
        anew: Although it is kept already.
        progress: Told how far it is.

    Raises:
        DatasetError: The data is gone, or is of a kind that has no columns.
        WorkspaceError: The run has no model, or what was found cannot be written.
        Cancelled: Someone asked to stop.
    """
    digest = run.contract.model_digest
    kept = None if anew else _kept(run)
    if kept is not None:
        return ModelExplained(run.record.id, kept, is_kept=True)
    from engine.inference.explaining.whole_model import WholeModel

    whole = WholeModel(run.explainer.subject, run.contract)
    part, rows = run.rows(None, progress)
    prepared = run.prepared(progress)
    found = whole.explain(part, rows, prepared.parts.train, prepared.examples, progress)
    if not run.change:  # else its parts may hold what the model learnt from
        save_explanation(run.folder, found, digest)
    return ModelExplained(run.record.id, found)


def _kept(run: OpenedRun) -> ModelExplanation | None:
    """What was kept of the same model; a damaged file is made anew."""
    try:
        return load_explanation(run.folder, run.contract.model_digest)
    except WorkspaceError:
        logger.info("A kept explanation cannot be read", exc_info=True)
        return None


def background_of(run: OpenedRun, progress: Progress) -> AnyArray | None:
    """Examples of the training part that others are compared with, (n, *raw_shape).

    None for kinds that are compared with nothing of the data. Of a series whose data is gone, too:
    then each is compared with its own mean.

    Raises:
        DatasetError: A table's data is gone, or has changed.
    """
    kind = run.contract.signature.kind
    if kind not in (Kind.TABLE, Kind.SERIES):
        return None
    try:
        prepared = run.prepared(progress)
    except DescentError:
        if kind is Kind.TABLE:
            raise
        return None
    train = prepared.parts.train
    places = np.linspace(0, len(train) - 1, min(len(train), N_BACKGROUND)).astype(np.int64)
    return np.asarray(prepared.examples.x[train[places]])


def _example(run: OpenedRun, asked: ExplainExample, progress: Progress) -> tuple[AnyArray, str]:
    """The example, (1, *raw_shape), and what it is called."""
    if asked.row is None:
        if asked.x is None:
            raise DatasetError("There is nothing to explain.", "Give an example, or a row.")
        if isinstance(asked.x, str):
            return np.array([asked.x], object), asked.x
        return np.asarray(asked.x)[np.newaxis], "new example"
    examples = run.prepared(progress).examples
    if not 0 <= asked.row < examples.n_samples:
        raise DatasetError(
            f"The data has {examples.n_samples:,} examples. Received: row {asked.row + 1:,}.",
            "Choose one of them.",
        )
    return np.asarray(examples.x[np.array([asked.row])]), examples.name_of(asked.row)
