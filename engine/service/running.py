"""Running: starts runs and goes on with them. From a worker process or from the command line.

TensorFlow is imported where it is needed; whatever goes wrong in a run becomes its last event.
"""

from __future__ import annotations

import contextlib
import logging
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from engine.devices.awake import HeldAwake
from engine.devices.out_of_memory import MEMORY_HINT, is_out_of_memory, memory_text
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DescentError, PluginError, SpecError, WorkspaceError
from engine.events.messages import Event
from engine.events.run_events import RunEnded, RunFailed, RunState, RunStopped
from engine.events.watch import Watch
from engine.runs.packed_names import save_packed_names
from engine.runs.record import RunRecord
from engine.spec.changes import change_problems, changed_values
from engine.spec.plugins.used import check_used, save_used, suspects
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.fingerprint import check_data, keeping_content
from engine.training.prepared_data import PreparedData, prepare
from engine.training.recorder import Recorder
from engine.training.resumption import Resumption

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec
    from engine.training.checkpoint import Checkpoint
    from engine.training.setup import Setup
    from engine.training.worker_group import WorkerGroup

    FormGroup = Callable[[PreparedData], WorkerGroup]

Emit = Callable[[Event], None]

logger = logging.getLogger(__name__)


def _alone(prepared: PreparedData) -> WorkerGroup:
    """The group of a training that no other worker shares."""
    from engine.training.worker_group import ALONE

    return ALONE


def train(
    values: dict[str, Any],
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    name: str = "",
    form_group: FormGroup = _alone,
) -> RunEnded:
    """Trains a model and keeps everything about it as a run.

    Args:
        values: A `RunSpec` as JSON values.
        store: Where the run is kept.
        emit: Told every event but the last, each after it was recorded; from another thread.
        control: What is asked of it meanwhile.
        name: The run's name; empty for one made of data and model.
        form_group: Forms the group of workers that train in step, once the data is read.

    Returns:
        The last event of the run, recorded.

    Raises:
        SpecError, DatasetError: Nothing was started; the model may need more memory than there is.
        Cancelled: A stop was asked for while the data was read; nothing was started.
    """
    setup = set_up(parse(values), emit, control, form_group)
    from engine.architectures import ARCHITECTURES

    prepared = setup.prepared
    model = prepared.spec.model
    title = ARCHITECTURES[model.chosen].title_of(model.parameters)
    record = store.create(prepared.spec, name, prepared.dataset.title, title)
    with contextlib.suppress(WorkspaceError):  # a full disk is told by what follows
        save_used(prepared.names, store.folder(record.id))
    with keeping_content(prepared, store.folder(record.id)):
        return _run(record, setup, None, store, emit, control)


def resume(
    reference: str,
    changes: Mapping[str, Any],
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    reason: str = "",
    form_group: FormGroup = _alone,
    accepts_changes: bool = False,
) -> RunEnded:
    """Goes on with a run from its last whole checkpoint; without one, from its beginning.

    With XLA off on the CPU, and without changes, it ends bit by bit as if it had never ended.

    Args:
        reference: The run's id, the beginning of one, or its name.
        changes: New values by path in the spec, such as ``training.epochs``; see
            `engine.spec.changes`.
        store: Where the run is kept.
        emit: As for `train`.
        control: As for `train`.
        reason: Why, in words; recorded with the changes.
        form_group: As for `train`.
        accepts_changes: The data may be other data than the run was trained on until now.

    Returns:
        The last event of the run, recorded.

    Raises:
        UnknownNameError: There is no such run.
        WorkspaceError: It is being trained, is over, or its checkpoints cannot be used.
        SpecError: A change is not possible.
        DataChanged: It is another than the run was trained on.
        DatasetError: The data is gone.
        PluginError: A plug-in it was made with is gone, or is left out.
        Cancelled: A stop was asked for while the data was read; the run is as it was.
    """
    record = store.get(reference)
    _check_idle(record)
    check_changes(changes)
    folder = store.folder(record.id)
    check_used(record.name, folder)
    spec = parse(changed_values(record.spec, changes))
    setup = set_up(spec, emit, control, form_group)
    changed = check_data(setup.prepared, folder, accepts_changes)
    from engine.training.checkpoint import newest_checkpoint

    checkpoint = newest_checkpoint(folder / "checkpoints", remove_damaged=True)
    differences = _differences(record, setup.prepared.spec, changes, checkpoint)
    _check_unfinished(record, checkpoint, differences)
    store.reopen(record.id, setup.prepared.spec)
    if "training.batch_size" in differences and checkpoint is not None:
        # Steps behind the checkpoint were of other batches; they will not be overwritten alike.
        store.cut(record.id, checkpoint.progress.step, len(checkpoint.progress.history))
    reason = reason or "Changed when the run was continued."
    resumption = Resumption(checkpoint, differences, reason)
    if changed:
        logger.warning("The run '%s' goes on with changed data: %s", record.id, changed)
    with keeping_content(setup.prepared, folder):
        return _run(store.get(record.id), setup, resumption, store, emit, control)


def check_changes(changes: Mapping[str, Any]) -> None:
    """Makes sure that a run can go on with these changes.

    Raises:
        SpecError: It cannot.
    """
    problems = change_problems(changes)
    if problems:
        raise SpecError(problems)


def set_up(spec: RunSpec, emit: Emit, control: TrainingControl, form_group: FormGroup) -> Setup:
    """Prepares a training: its data, its place on this machine, a model that fits into memory.

    Args:
        spec: What to train.
        emit: Told how far the reading of data is.
        control: A stop that is asked of it is heeded while the data is read.
        form_group: As for `train`.

    Raises:
        SpecError, DatasetError: It cannot be trained; the model may need more memory than there is.
        Cancelled: A stop was asked for.
    """
    prepared = prepare(spec, Watch(emit, lambda: control.is_stopping))
    load_tensorflow()
    # Before anything is computed, or TensorFlow cannot reach the others any more.
    group = form_group(prepared)
    from engine.training.model.memory_check import check_memory
    from engine.training.model.placement import place
    from engine.training.setup import Setup

    placement = place(prepared.spec, prepared.signature)
    check_memory(prepared)
    return Setup(prepared, placement, group)


def _check_idle(record: RunRecord) -> None:
    if record.deleted_at is not None:
        raise WorkspaceError(
            f"The run '{record.name}' was deleted.", "Restore it first, then continue it."
        )
    if record.state.is_active and record.owner.is_alive:
        raise WorkspaceError(
            f"The run '{record.name}' is being trained by process {record.owner_pid}.",
            "Wait for it to end, or stop it there.",
        )


def _differences(
    record: RunRecord, spec: RunSpec, changes: Mapping[str, Any], checkpoint: Checkpoint | None
) -> dict[str, tuple[Any, Any]]:
    """What the changes really change, with the values until now."""
    before, after = record.spec.to_dict(), spec.to_dict()
    differences: dict[str, tuple[Any, Any]] = {}
    for path in changes:
        part, _, name = path.partition(".")
        old, new = before[part][name], after[part][name]
        if path == "training.epochs" and checkpoint is not None:
            old = checkpoint.progress.epochs  # which may have been changed while training
        if old != new:
            differences[path] = (old, new)
    return differences


def _check_unfinished(
    record: RunRecord, checkpoint: Checkpoint | None, differences: Mapping[str, tuple[Any, Any]]
) -> None:
    """Makes sure that there is something left to do.

    A run that died after its last epoch is still to be evaluated and saved.

    Raises:
        WorkspaceError: There is not.
    """
    if record.state is not RunState.FINISHED:
        return
    if checkpoint is None:
        raise WorkspaceError(
            f"The run '{record.name}' is over, and none of its checkpoints can be read.",
            "Start a new run with the same settings.",
        )
    progress = checkpoint.progress
    done = len(progress.history)
    epochs = differences.get("training.epochs", (0, progress.epochs))[1]
    if done >= epochs or (progress.ended and "training.epochs" not in differences):
        raise WorkspaceError(
            f"The run '{record.name}' is over after {done} epochs. {progress.ended}".rstrip(),
            f"Give it more epochs to continue it, such as {2 * done}.",
        )


def _run(
    record: RunRecord,
    setup: Setup,
    resumption: Resumption | None,
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
) -> RunEnded:
    with contextlib.suppress(WorkspaceError):  # then only time keeps what is packed
        save_packed_names(setup.prepared.packed_names, store.folder(record.id))
    try:
        with HeldAwake(), Recorder(store, emit) as recorder:
            folder = store.folder(record.id)
            context = RunContext(record.id, record.name, folder, recorder, control, recorder.flush)
            ended = _train_recorded(context, setup, resumption)
        store.record([ended])
    except Exception as error:  # a full disk, as a rule: what was told before is safe
        ended = failed(record.id, error)
        with contextlib.suppress(WorkspaceError):
            store.record([ended])
    if _is_unwanted(ended, control):
        with contextlib.suppress(WorkspaceError):  # then it stays in the list, as stopped
            store.delete(record.id)
    return ended


def _is_unwanted(ended: RunEnded, control: TrainingControl) -> bool:
    """Someone asked to discard the run, and was heard in time."""
    if isinstance(ended, RunStopped):
        return not ended.kept
    return isinstance(ended, RunFailed) and control.is_discarding


def _train_recorded(context: RunContext, setup: Setup, resumption: Resumption | None) -> RunEnded:
    """Trains; whatever goes wrong becomes a `RunFailed`."""
    try:
        from engine.training.job import TrainingJob

        setup.group.begin(context.id, context.name, resumption)
        return TrainingJob(context, setup, resumption).execute()
    except Exception as error:
        return failed(context.id, error, suspects(setup.prepared.names))


def failed(run: str, error: Exception, suspects: str = "") -> RunFailed:
    """The end of a run that an error ended; call it while handling the error.

    Args:
        run: Its id.
        error: What ended it.
        suspects: Of another package, what may be the cause; in a sentence.
    """
    if is_out_of_memory(error):
        details = traceback.format_exc()
        return RunFailed(
            run,
            reason=memory_text(error),
            hint=MEMORY_HINT,
            details=details,
            is_out_of_memory=True,
        )
    if isinstance(error, DescentError):
        details = error.details if isinstance(error, PluginError) else ""
        return RunFailed(run, reason=error.message, hint=error.hint, details=details)
    return RunFailed(
        run,
        reason=f"Training failed unexpectedly: {error}",
        hint=f"{suspects} What was recorded is kept. The details below help to find the "
        "cause.".lstrip(),
        details=traceback.format_exc(),
    )
