"""The results that travel with a run: whether they can be read, and made another run's."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.files import atomic_write
from engine.files.bounded import read_object, sealed_text, unsealed
from engine.inference.evaluation.analysis import Analysis
from engine.inference.evaluation.analysis import file_name as analysis_file
from engine.inference.evaluation.evaluation import FILE_NAME as EVALUATION
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.predictions import PARTS, Predictions
from engine.inference.evaluation.predictions import file_name as predictions_file

_SEALED: Final = (
    "contract.json",
    "data.json",
    EVALUATION,
    *map(analysis_file, PARTS),
    "suspects-cross_validation.json",
    "suspects-network.json",
    "suspects-kept.json",
    "explanations/model.json",
)
"""JSON under a digest in which the id of the run is."""


def check_kept(folder: Path, name: str) -> None:
    """Makes sure that a file of a run's results can be read.

    Args:
        folder: The run's.
        name: Of the file; any.

    Raises:
        WorkspaceError: It is damaged.
        ValueError: It belongs to another run.
    """
    for part in PARTS:
        if name == predictions_file(part):
            Predictions.load(folder, part)
        elif name == analysis_file(part):
            Analysis.load(folder, part)
    if name == EVALUATION:
        Evaluation.load(folder)
    elif name in _SEALED:
        unsealed(read_object(folder / name), folder.name)


def hand_over(folder: Path, run: str) -> Path:
    """Makes the results in the folder of a run those of another id.

    Args:
        folder: The run's, which is renamed.
        run: The new id.

    Returns:
        The folder under its new name.

    Raises:
        WorkspaceError: They cannot be read or written.
    """
    before = folder.name
    predictions = [Predictions.load(folder, part) for part in PARTS]
    folder = folder.rename(folder.with_name(run))
    for name in _SEALED:
        path = folder / name
        if path.exists():
            atomic_write(path, sealed_text(unsealed(read_object(path), before), run))
    for found in predictions:
        if found is not None:
            found.save(folder)
    return folder
