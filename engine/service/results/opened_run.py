"""OpenedRun: a stored run whose data and model are kept at hand while questions come.

Lives in a worker process, or in that of the command line.
"""

from __future__ import annotations

import contextlib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress, silent
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DatasetError, DescentError
from engine.inference.contract import FILE_NAME, MODEL_FILE_NAME, Contract
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.spec.plugins.used import check_used
from engine.training.data_changes import DataChange
from engine.training.fingerprint import data_change
from engine.training.prepared_data import PreparedData, prepare

if TYPE_CHECKING:
    from engine.inference.explaining.explainer import Explainer
    from engine.inference.serving import ServedModel

# Examples held at once while predicting: what is on disk need not fit in memory.
_BATCH = 4096
_N_KEPT = 2

Stamp = tuple[object, ...]


class OpenedRun:
    """What is known of a run; data and model are read when first asked for.

    Args:
        record: The run.
        folder: Its folder.
    """

    def __init__(self, record: RunRecord, folder: Path) -> None:
        self.record = record
        self.folder = folder
        self._prepared: PreparedData | None = None
        self._columns: dict[str, AnyArray] = {}
        self.change: DataChange | None = None
        """What of the data has changed since the run was trained; known once the data was read."""

    @cached_property
    def contract(self) -> Contract:
        """What its model takes and gives.

        Raises:
            WorkspaceError: It has no saved model, or that is damaged.
        """
        return Contract.load(self.folder)

    @cached_property
    def model(self) -> ServedModel:
        """The saved model; TensorFlow is loaded for it.

        Raises:
            WorkspaceError: It has none, or that is damaged.
            PluginError: A plug-in it was made with is gone, or is left out.
        """
        check_used(self.record.name, self.folder)
        load_tensorflow()
        from engine.inference.serving import ServedModel

        return ServedModel.load(self.folder)

    @cached_property
    def explainer(self) -> Explainer:
        """What says why the model says what it says; what it has traced is kept with it.

        Raises:
            WorkspaceError, PluginError: As of `model`.
        """
        network = self.model.network
        from engine.inference.explaining.explainer import Explainer

        return Explainer(network, self.contract)

    def prepared(self, progress: Progress = silent) -> PreparedData:
        """Its data, divided and prepared as when it was trained.

        Raises:
            DatasetError: The data is gone, or is no longer what the model was trained on.
            PluginError: A plug-in it was made with is gone, or is left out.
            Cancelled: Someone asked to stop.
        """
        if self._prepared is None:
            check_used(self.record.name, self.folder)
            prepared = prepare(self.record.spec, progress)
            self.contract.check(prepared.examples)
            self.change = data_change(prepared, self.folder)
            self._prepared = prepared
        return self._prepared

    def column(self, name: str) -> AnyArray:
        """A column of the source, (n_samples,), kept at hand; its data is read already.

        Raises:
            DatasetError: There is no such column.
        """
        if name not in self._columns:
            column = self.prepared().examples.column
            if column is None:
                raise DatasetError(f"The data has no columns. Received: '{name}'.")
            self._columns[name] = column(name)
        return self._columns[name]

    def rows(self, part: str | None, progress: Progress = silent) -> tuple[str, IndexArray]:
        """A part's name and which examples it has; None: the test part, or what it learnt from.

        Raises:
            DatasetError: There is no such part.
        """
        parts = self.prepared(progress).parts
        if part is None:
            part = "test" if len(parts.test) else "train"
        rows = {"train": parts.train, "validation": parts.validation, "test": parts.test}[part]
        if not len(rows):
            raise DatasetError(
                f"The run has no {part} part.", "Choose another part: test, validation or train."
            )
        return part, rows

    def predict(self, rows: IndexArray, progress: Progress = silent) -> AnyArray:
        """What the model says of some of its own data, as `ServedModel.predict`.

        Raises:
            DescentError: Model or data cannot be read.
            Cancelled: Someone asked to stop.
        """
        x = self.prepared(progress).examples.x
        outputs = []
        for start in range(0, len(rows), _BATCH):
            progress("Predicting", start, len(rows))
            outputs.append(self.model.predict(x[rows[start : start + _BATCH]]))
        return np.concatenate(outputs)


class OpenedRuns:
    """The runs that were asked about last."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[OpenedRun, Stamp]] = {}

    def get(self, reference: str, store: RunStore) -> OpenedRun:
        """A run by its id, the beginning of one, or its name.

        Raises:
            UnknownNameError: There is no such run.
        """
        record = store.get(reference)
        folder = store.folder(record.id)
        stamp = _stamp(folder, record)
        run, before = self._runs.pop(record.id, (None, None))
        # What goes on, was copied, or is damaged since is another; and so may its data be.
        if run is None or before != stamp:
            run = OpenedRun(record, folder)
        run.record = record
        self._runs[record.id] = run, stamp
        for old in list(self._runs)[:-_N_KEPT]:
            del self._runs[old]
        return run


def _stamp(folder: Path, record: RunRecord) -> Stamp:
    """By what a run is known to be as it was: its folder, its files, and the file of its data."""
    paths = [folder / FILE_NAME, folder / MODEL_FILE_NAME]
    with contextlib.suppress(DescentError):  # a damaged spec is told by who reads it
        paths.append(Path(record.spec.data.source))
    found: list[object] = [folder, record.epochs_done]
    for path in paths:
        with contextlib.suppress(OSError, ValueError):
            seen = path.stat()
            found += [seen.st_mtime_ns, seen.st_size, seen.st_ino]
    return tuple(found)


OPENED = OpenedRuns()
