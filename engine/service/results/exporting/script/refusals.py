"""Which runs have no script, because of how they were trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.datasets.base import Progress
from engine.events.run_events import RunState
from engine.runs.run_file import read_history
from engine.service.results.exporting.script.subject import NotWritten, Subject

if TYPE_CHECKING:
    from engine.service.results.opened_run import OpenedRun

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
    return Subject(record, prepared, epochs)


def _refuse_large(n_inputs: int, n_samples: int) -> None:
    if 4 * n_inputs * n_samples > _MOST_PREPARED_BYTES:
        raise NotWritten("The prepared data is too much to be held in memory by a plain script.")
