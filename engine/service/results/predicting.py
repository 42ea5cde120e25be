"""Predicts for a whole folder or table, and writes it to a CSV file: whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.datasets.tables.table import SUFFIXES
from engine.datasets.tables.table_opening import TEXT_SUFFIXES
from engine.errors import DatasetError
from engine.events.trying import ManyPredicted
from engine.files import atomic_file
from engine.files.bounded import special_reason
from engine.inference.contract import Contract
from engine.inference.many.blocks import Block, ManyInputs
from engine.inference.many.files import FolderFiles, OneFile
from engine.inference.many.tables import TableRows
from engine.inference.many.writing import PredictionFile
from engine.inference.trying.answers import in_full
from engine.service.results.tried_run import TriedRun
from engine.spec.signature import Kind, Task

_ROWS = (Kind.TABLE, Kind.TEXT)
_HOPELESS = 1_000
"""Where so many at first cannot be read, and none can, it is another kind of data."""


def predict_many(run: TriedRun, source: Path, to: Path, progress: Progress) -> ManyPredicted:
    """Predicts for all that is in a folder or a table.

    What cannot be read is written without a prediction, with the reason, and counted.

    Args:
        run: Whose model predicts.
        source: The folder, the table, or another file.
        to: The CSV file, which is replaced.
        progress: Told how far it is.

    Raises:
        DescentError: There is no model, nothing can be read, or the file cannot be written.
        Cancelled: Someone asked to stop; nothing is written.
    """
    _check_places(source, to)
    run.freshen()
    contract = run.contract
    inputs = _opened(source, contract, progress)
    with atomic_file(to) as file:
        written = PredictionFile(file, contract, inputs.columns, inputs.has_truth)
        try:
            for block in inputs.blocks(progress):
                written.add(block, _outputs(run, block))
                if written.n_failed >= _HOPELESS and not written.n_predicted:
                    raise _hopeless(inputs, written)
            if written.n_failed and not written.n_predicted:
                raise _hopeless(inputs, written)
        finally:
            written.end()
    return ManyPredicted(
        run.record.id,
        str(to),
        written.n_predicted,
        written.n_failed,
        written.n_unfamiliar,
        (*inputs.left_out, *written.problems),
        written.n_right if written.n_true else None,
        written.n_true,
    )


def _outputs(run: TriedRun, block: Block) -> AnyArray:
    if not len(block.good):
        return np.zeros((0, 1))
    return in_full(run.contract, run.model.predict(block.x))


def _opened(source: Path, contract: Contract, progress: Progress) -> ManyInputs:
    signature = contract.signature
    if source.is_dir():
        return FolderFiles(source, contract, progress)
    suffix = source.suffix.lower()
    is_table = suffix in SUFFIXES and signature.kind in _ROWS
    if signature.kind is Kind.TEXT and suffix in TEXT_SUFFIXES:
        is_table = suffix in (".csv", ".tsv", ".tab") and "column" in contract.reading
    if signature.task is Task.CONTROL and len(contract.preprocessing.inputs.raw_shape) > 1:
        is_table = False
    return TableRows(source, contract) if is_table else OneFile(source, contract)


def _check_places(source: Path, to: Path) -> None:
    """Makes sure that there is something to read, and that it is not what would be replaced.

    Raises:
        DatasetError: There is nothing, or it is.
    """
    if reason := special_reason(source):
        raise DatasetError(f"'{source}' is not opened: {reason}.", "Give a folder or a file.")
    if not source.exists():
        raise DatasetError(f"There is no folder or file '{source}'.", "Check the path.")
    if to.exists() and (to.is_dir() or to.samefile(source)):
        what = "is a folder" if to.is_dir() else "is what is predicted for"
        raise DatasetError(
            f"The predictions cannot be written to '{to}': it {what}.",
            "Choose another file for them.",
        )
    if special_reason(to):
        raise DatasetError(
            f"The predictions cannot be written to '{to}': it is no plain file.",
            "Choose another file for them.",
        )
    if not to.parent.is_dir():
        raise DatasetError(
            f"The predictions cannot be written: there is no folder '{to.parent}'.",
            "Make it, or choose another.",
        )


def _hopeless(inputs: ManyInputs, written: PredictionFile) -> DatasetError:
    n, first = written.n_failed, written.problems[0]
    return DatasetError(
        f"None of the {f'first {n:,} ' if n > 1 else ''}{inputs.noun}s can be predicted for. "
        f"The first: {first}",
        "Give data of the kind the model was trained on.",
    )
