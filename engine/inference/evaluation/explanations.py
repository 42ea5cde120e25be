"""Explanations of whole models on disk, beside the run's other results. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import WorkspaceError
from engine.events.explaining import ColumnImportance, Dependence, ModelExplanation
from engine.files.bounded import member, names_in, reason_of
from engine.files.sealed import read_sealed, write_sealed

SCHEMA_NUMBER = 1
FOLDER = "explanations"
FILE_NAME = "model.json"
_ARRAYS = ("x", "mean", "low", "high", "counts")


def save_explanation(folder: Path, explanation: ModelExplanation, model: str) -> None:
    """Keeps what a run's model looks at.

    Args:
        folder: Of the run.
        explanation: To be kept.
        model: The digest of the model it is of.

    Raises:
        WorkspaceError: It cannot be written.
    """
    values: dict[str, Any] = {
        "model": model,
        **{name: getattr(explanation, name) for name in _PLAIN},
        "importance": [asdict(item) for item in explanation.importance],
        "dependence": [_plain(item) for item in explanation.dependence],
    }
    path = folder / FOLDER / FILE_NAME
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise WorkspaceError(
            f"'{path.parent}' cannot be made: {reason_of(error)}.", "Check the folder."
        ) from error
    write_sealed(path, values, folder.name, SCHEMA_NUMBER)


def load_explanation(folder: Path, model: str) -> ModelExplanation | None:
    """Reads what `save_explanation` wrote; None where there is none of this model.

    Raises:
        WorkspaceError: The file is damaged, or was written by a newer Descent.
    """

    def understood(values: dict[str, Any]) -> ModelExplanation | None:
        return _explanation(values) if member(values, "model", str) == model else None

    return read_sealed(
        folder / FOLDER / FILE_NAME,
        folder.name,
        SCHEMA_NUMBER,
        understood,
        "explanation",
        "explain the run anew",
    )


_PLAIN = ("part", "n_samples", "metric", "score", "is_error", "n_repeats", "target_name")


def _plain(item: Dependence) -> dict[str, Any]:
    arrays = {name: getattr(item, name).tolist() for name in _ARRAYS}
    return {
        "column": item.column,
        "outputs": list(item.outputs),
        "labels": list(item.labels),
        "is_date": item.is_date,
        **arrays,
    }


def _explanation(values: Mapping[str, Any]) -> ModelExplanation:
    return ModelExplanation(
        part=member(values, "part", str),
        n_samples=member(values, "n_samples", int),
        metric=member(values, "metric", str),
        score=float(member(values, "score", (int, float))),
        is_error=member(values, "is_error", bool),
        n_repeats=member(values, "n_repeats", int),
        importance=tuple(
            ColumnImportance(
                member(item, "column", str),
                float(item["value"]),
                (float(item["interval"][0]), float(item["interval"][1])),
            )
            for item in values["importance"]
        ),
        dependence=tuple(map(_dependence, values["dependence"])),
        target_name=member(values, "target_name", str),
    )


def _dependence(values: Mapping[str, Any]) -> Dependence:
    outputs = names_in(values["outputs"], "outputs")
    arrays = {name: np.asarray(values[name], np.float64) for name in _ARRAYS}
    shape = (len(arrays["x"]), len(outputs))
    if any(arrays[name].shape != shape for name in ("mean", "low", "high")):
        raise ValueError("a curve has other points than values")
    return Dependence(
        member(values, "column", str),
        outputs,
        arrays["x"],
        arrays["mean"],
        arrays["low"],
        arrays["high"],
        arrays["counts"].astype(np.int64),
        names_in(values["labels"], "labels"),
        member(values, "is_date", bool),
    )
