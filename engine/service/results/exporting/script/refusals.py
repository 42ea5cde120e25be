"""Which runs have no script, because of how they were trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datasets.base import Progress
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DescentError
from engine.events.run_events import RunState
from engine.runs.run_file import read_history
from engine.runs.store import RunStore
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.service.starting import beginning_of
from engine.training.prepared_data import PreparedData

if TYPE_CHECKING:
    from engine.service.results.opened_run import OpenedRun
    from engine.training.model.transfer import Beginning

_MOST_PREPARED_BYTES = 4 << 30


def subject_of(run: OpenedRun, progress: Progress) -> Subject:
    """What is to be written.

    Raises:
        NotWritten: It was trained in a way that no script repeats.
        DescentError: Its data or model cannot be read.
    """
    prepared, record = run.prepared(progress), run.record
    if run.change:
        raise NotWritten(f"The data is not what the run learnt from. {run.change.text}")
    changes = [
        change
        for change in read_history(record.id, run.folder).changes
        if not change.reason.startswith("The ")  # what a plateau did is in the settings
    ]
    if changes:
        raise NotWritten(
            f"'{changes[0].setting}' was changed in epoch {changes[0].epoch}, while it was trained."
        )
    if int(record.plan.get("replicas", 1)) > 1:
        raise NotWritten("It was trained on several devices, or machines, at once.")
    epochs = int(prepared.spec.training.epochs or 0)
    if record.state is RunState.STOPPED:
        if prepared.spec.training.keep != "best" or not record.best_epoch:
            raise NotWritten("It was stopped within an epoch, whose weights it has kept.")
        epochs = record.epochs_done
    elif record.state is not RunState.FINISHED:
        raise NotWritten(f"The run has not finished. Received: {record.state.value}.")
    _refuse_large(prepared.signature.n_inputs, prepared.examples.n_samples)
    return Subject(record, prepared, epochs, _beginning_of(run, prepared))


def _beginning_of(run: OpenedRun, prepared: PreparedData) -> Beginning | None:
    """What the run began with, as far as it was learnt elsewhere; loads TensorFlow.

    Raises:
        NotWritten: It is gone, or is another by now.
    """
    if prepared.spec.start.source is None:
        return None
    load_tensorflow()
    from engine.training.model.transfer import Beginning

    noted = Beginning.load(run.folder)
    if noted is None or not noted.digest:
        raise NotWritten("What the run began with was not noted when it began.")
    try:
        with RunStore(run.folder.parents[1]) as store:
            found = beginning_of(prepared, store)
    except DescentError as error:
        words = f"The run began as {noted.title}, which the script needs. {error.message}"
        raise NotWritten(words) from error
    if found is None or found.digest != noted.digest:
        raise NotWritten(f"The run began as {noted.title}, which has learnt more since then.")
    return found


def _refuse_large(n_inputs: int, n_samples: int) -> None:
    if 4 * n_inputs * n_samples > _MOST_PREPARED_BYTES:
        raise NotWritten("The prepared data is too much to be held in memory by a plain script.")
