"""TriedRun: the newest model of a run, ready to answer, whether the run has ended or not.

Lives in a worker process, or in that of the command line.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress, silent
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DescentError, WorkspaceError
from engine.inference.contract import FILE_NAME, Contract
from engine.inference.evaluation.analysis import Analysis
from engine.inference.serving import ServedModel
from engine.inference.trying.drawing import DrawingStyle, is_drawable, style_of
from engine.runs.record import RunRecord
from engine.runs.store import RunStore
from engine.service.results.opened_run import OPENED, OpenedRun
from engine.spec.plugins.used import check_used
from engine.spec.signature import Kind
from engine.training.checkpoint import Snapshot, number_of, read_checkpoint
from engine.training.prepared_data import PreparedData, prepare
from engine.training.progress import Progress as Done

INTERVAL_LEVEL = 0.9
_N_KEPT = 2
_N_LOOKED_AT = 300
_TRIES = 3


class TriedRun:
    """A run whose model is asked about one input after the other.

    Args:
        opened: The run.
    """

    def __init__(self, opened: OpenedRun) -> None:
        self.opened = opened
        self.epoch: int | None = None
        """The weights are those after this epoch of a run under way; None: the saved model's."""

    @property
    def record(self) -> RunRecord:
        return self.opened.record

    @cached_property
    def contract(self) -> Contract:
        """What its model takes and gives; ranges of numbers are told by the data, if need be.

        Runs of 0.1 did not write it down.
        """
        contract = self.opened.contract
        preprocessing = contract.preprocessing
        if preprocessing.ranges or contract.signature.kind is not Kind.TABLE:
            return contract
        try:
            ranges = self.prepared().preprocessing.ranges
        except (DescentError, OSError):
            return contract
        return replace(contract, preprocessing=replace(preprocessing, ranges=ranges))

    @property
    def model(self) -> ServedModel:
        """Its newest model."""
        return self.opened.model

    @property
    def doubt(self) -> tuple[float, float] | None:
        """How far from a predicted number the truth may be, and how surely it is not farther.

        Learnt from the validation part (`Analysis.extra`, ``conformal``); None: it is not known.
        """
        if self._doubt is not None:
            return self._doubt
        try:
            analysis = Analysis.load(self.opened.folder)
        except WorkspaceError:
            return None  # damaged: the prediction holds without it
        for entry in analysis.extra.get("conformal", ()) if analysis is not None else ():
            if entry["level"] == INTERVAL_LEVEL and entry["half_width"] is not None:
                halves = entry["half_width"]
                self._doubt = (float(halves[0]), INTERVAL_LEVEL) if len(halves) == 1 else None
        return self._doubt

    _doubt: tuple[float, float] | None = None

    def prepared(self, progress: Progress = silent) -> PreparedData:
        """Its data, divided and prepared; see `OpenedRun.prepared`."""
        return self.opened.prepared(progress)

    def freshen(self) -> None:
        """Takes the newest weights, where there are newer ones."""

    def style(self, progress: Progress = silent) -> tuple[DrawingStyle | None, str]:
        """How its pictures are drawn, and why that is not known where the data is gone.

        Raises:
            Cancelled: Someone asked to stop.
        """
        if self._style is None:
            self._style = self._look_at_pictures(progress)
        return self._style

    _style: tuple[DrawingStyle | None, str] | None = None

    def _look_at_pictures(self, progress: Progress) -> tuple[DrawingStyle | None, str]:
        shape = tuple(self.contract.preprocessing.inputs.raw_shape)
        if self.contract.signature.kind is not Kind.IMAGE or not is_drawable(shape):
            return None, ""
        try:
            prepared = self.prepared(progress)
            train = prepared.parts.train
            some = train[np.linspace(0, len(train) - 1, min(len(train), _N_LOOKED_AT)).astype(int)]
            pictures: AnyArray = np.asarray(prepared.examples.x[np.unique(some)])
        except (DescentError, OSError) as error:
            if shape[0] * shape[1] > 32 * 32:
                return None, str(error)  # it may be photos
            return DrawingStyle.usual((shape[0], shape[1])), str(error)
        return style_of(pictures.reshape(len(pictures), *shape[:2])), ""


class LiveRun(TriedRun):
    """A run without a saved model of its own yet: it is under way, or ended before its time.

    Args:
        record: The run.
        folder: Its folder.
    """

    def __init__(self, record: RunRecord, folder: Path) -> None:
        super().__init__(_Unsaved(record, folder))
        self._number = -1

    @cached_property
    def _served(self) -> ServedModel:
        load_tensorflow()
        from engine.training.model.building import build

        prepared = self.prepared()
        return ServedModel(build(prepared.spec, prepared.signature), self.contract)

    @property
    def model(self) -> ServedModel:
        if self._number < 0:
            self.freshen()
        return self._served

    def freshen(self) -> None:
        """Takes the weights of the newest checkpoint.

        Raises:
            WorkspaceError: There is none yet, or it cannot be read.
        """
        found = self._newest()
        if found is None:
            return
        number, snapshot = found
        variables = self._served.network.variables
        for place, variable in enumerate(variables):
            value = snapshot.variables.get(f"model/{place:04d}")
            if value is None or tuple(value.shape) != tuple(variable.shape):
                raise WorkspaceError(
                    "The weights of this run do not fit the model that its settings describe.",
                    "Train it again with the same settings.",
                )
            variable.assign(value)
        self.epoch = Done.from_dict(snapshot.progress["training"]).epoch - 1
        self._number = number  # once all weights are its own

    def _newest(self) -> tuple[int, Snapshot] | None:
        """The newest checkpoint and its number; None: its weights are those the model has."""
        folder = self.opened.folder / "checkpoints"
        for attempt in range(_TRIES):
            paths = sorted(folder.glob("checkpoint-*"), key=number_of)
            if not paths:
                raise WorkspaceError(
                    "This run has no weights yet that could be tried.",
                    "Wait for its first epoch to end.",
                )
            number = number_of(paths[-1])
            if number == self._number:
                return None
            try:
                snapshot = read_checkpoint(paths[-1])
            except WorkspaceError:  # taken away in favour of a newer one just now
                if attempt == _TRIES - 1:
                    raise
                continue
            return number, snapshot
        return None


class _Unsaved(OpenedRun):
    """A run whose contract is told by its data, as nothing is saved yet."""

    @cached_property
    def contract(self) -> Contract:
        prepared = self.prepared()
        beam_width = int(prepared.spec.model.parameters.get("beam_width", 1))
        return Contract.of(prepared.examples, prepared.preprocessing, beam_width)

    def prepared(self, progress: Progress = silent) -> PreparedData:
        if self._prepared is None:
            check_used(self.record.name, self.folder)
            self._prepared = prepare(self.record.spec, progress)
        return self._prepared


class TriedRuns:
    """The runs that were tried last."""

    def __init__(self) -> None:
        self._runs: dict[str, TriedRun] = {}

    def get(self, reference: str, store: RunStore) -> TriedRun:
        """A run by its id, the beginning of one, or its name.

        Raises:
            UnknownNameError: There is no such run.
        """
        record = store.get(reference)
        folder = store.folder(record.id)
        found = self._runs.pop(record.id, None)
        if record.state.is_active or not (folder / FILE_NAME).exists():
            if not isinstance(found, LiveRun):
                found = LiveRun(record, folder)
        else:
            opened = OPENED.get(record.id, store)
            if found is None or found.opened is not opened:
                found = TriedRun(opened)
        found.opened.record = record
        self._runs[record.id] = found
        for old in list(self._runs)[:-_N_KEPT]:
            del self._runs[old]
        return found


TRIED = TriedRuns()
