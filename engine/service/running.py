"""Running: starts runs and goes on with them. From a worker process or from the command line.

TensorFlow is imported where it is needed; whatever goes wrong in a run becomes its last event.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.devices.awake import HeldAwake
from engine.devices.tensorflow import load_tensorflow
from engine.errors import DescentError, SpecError, WorkspaceError
from engine.events.messages import Event
from engine.events.run_events import RunEnded, RunFailed, RunStopped
from engine.events.watch import Watch
from engine.runs.environment import note_environment
from engine.runs.packed_names import save_packed_names
from engine.runs.record import RunRecord
from engine.runs.refit import refit_values
from engine.service.failing import failed
from engine.service.resuming import (
    HeldEvents,
    check_idle,
    check_not_lost,
    check_unfinished,
    differences_of,
    kept_of,
    notice_of,
    take_up,
)
from engine.service.run_keeper import RunKeeper
from engine.service.starting import beginning_of, named
from engine.spec.changes import change_problems, changed_values
from engine.spec.plugins.used import check_used, save_used, suspects
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.fingerprint import check_data, keeping_content, save_fingerprint
from engine.training.prepared_data import PreparedData, prepare
from engine.training.recorder import Recorder
from engine.training.resumption import Resumption

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec
    from engine.training.setup import Setup
    from engine.training.worker_group import WorkerGroup

    FormGroup = Callable[[PreparedData], WorkerGroup]

Emit = Callable[[Event], None]

AWAKE_AFTER_S = 5.0
"""No system falls asleep sooner after somebody pressed Start."""
_CONTINUED = "Changed when the run was continued."


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
    origin: str = "",
) -> RunEnded:
    """Trains a model and keeps everything about it as a run.

    Args:
        values: A `RunSpec` as JSON values.
        store: Where the run is kept.
        emit: Told every event but the last, each after it was recorded; from another thread.
        control: What is asked of it meanwhile.
        name: The run's name; empty for one made of data and model.
        form_group: Forms the group of workers that train in step, once the data is read.
        origin: Id of the run that is begun again as this one; empty: none.

    Returns:
        The last event of the run, recorded.

    Raises:
        SpecError, DatasetError: Nothing was started; the model may need more memory than there is.
        Cancelled: A stop was asked for while the data was read; nothing was started.
    """
    setup = set_up(named(parse(values), store), emit, control, form_group, store)
    from engine.architectures import ARCHITECTURES

    prepared = setup.prepared
    model = prepared.spec.model
    title = ARCHITECTURES[model.chosen].title_of(model.parameters)
    record = store.create(prepared.spec, name, prepared.dataset.title, title, origin)
    _furnish(setup, None, store.folder(record.id))
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
    """Goes on with a run from its last whole checkpoint; before its first, from its beginning.

    With XLA off on the CPU, and without changes, it ends bit by bit as if it had never ended. What
    is refused changes nothing: the run is taken up once its model has taken its checkpoint.

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
        CheckpointsLost: It had checkpoints, and none of them can be read; see `restart`.
        WorkspaceError: It is being trained, is over, or its checkpoints cannot be used.
        SpecError: A change is not possible.
        DataChanged, DatasetError: The data is another than the run was trained on, or gone.
        PluginError: A plug-in it was made with is gone, or is left out.
        Cancelled: A stop was asked for while the data was read; the run is as it was.
    """
    from engine.training.checkpoint import find_checkpoint

    record = store.get(reference)
    check_idle(record)
    check_changes(changes)
    folder = store.folder(record.id)
    check_used(record.name, folder)
    found = find_checkpoint(folder / "checkpoints")
    check_not_lost(record, found, folder / "checkpoints")
    spec = parse(changed_values(record.spec, changes))
    known = folder if found.checkpoint is not None else None
    setup = set_up(spec, emit, control, form_group, store, known)
    other_data = check_data(setup.prepared, folder, accepts_changes)
    differences = differences_of(record, setup.prepared.spec, changes, found.checkpoint)
    check_unfinished(record, found.checkpoint, differences)
    spec = setup.prepared.spec
    begin = partial(take_up, store, record, spec, found, kept_of(spec, found, differences))
    notice = notice_of(record, found)
    resumption = Resumption(found.checkpoint, differences, reason or _CONTINUED, notice, other_data)
    return _run(record, setup, resumption, store, emit, control, begin)


def restart(
    reference: str,
    changes: Mapping[str, Any],
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    form_group: FormGroup = _alone,
) -> RunEnded:
    """Begins a run again as a new one, which names it; the old one stays as it is.

    Args:
        reference: The old run's id, the beginning of one, or its name.
        changes: As for `resume`.
        store: Where the runs are kept.
        emit: As for `train`.
        control: As for `train`.
        form_group: As for `train`.

    Returns:
        The last event of the new run, recorded.

    Raises:
        UnknownNameError: There is no such run.
        WorkspaceError: It is being trained, was deleted, or its specification is damaged.
        SpecError, DatasetError, PluginError, Cancelled: As for `resume`; there is no new run.
    """

    def values_of(record: RunRecord) -> dict[str, Any]:
        check_changes(changes)
        return changed_values(record.spec, changes)

    return _train_anew(reference, values_of, store, emit, control, form_group)


def refit(
    reference: str,
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    form_group: FormGroup = _alone,
) -> RunEnded:
    """Trains once more as a new run, on the training and the validation part together.

    Args and errors are those of `restart`, without changes.

    Raises:
        WorkspaceError: The run has not ended, was deleted, or watched no validation part.
    """
    return _train_anew(reference, refit_values, store, emit, control, form_group)


def _train_anew(
    reference: str,
    values_of: Callable[[RunRecord], dict[str, Any]],
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    form_group: FormGroup,
) -> RunEnded:
    """Trains a new run that names an older one, with the values of a spec that its record gives."""
    record = store.get(reference)
    check_idle(record)
    values = values_of(record)
    check_used(record.name, store.folder(record.id))
    return train(values, store, emit, control, record.name, form_group, origin=record.id)


def check_changes(changes: Mapping[str, Any]) -> None:
    """Makes sure that a run can go on with these changes, or raises `SpecError`."""
    if problems := change_problems(changes):
        raise SpecError(problems)


def set_up(
    spec: RunSpec,
    emit: Emit,
    control: TrainingControl,
    form_group: FormGroup,
    store: RunStore | None = None,
    known: Path | None = None,
) -> Setup:
    """Prepares a training: its data, its place on this machine, a model that fits into memory.

    Args:
        spec: What to train.
        emit: Told how far the reading of data is.
        control: A stop that is asked of it is heeded while the data is read.
        form_group: As for `train`.
        store: Holds what it may start from; None: it is elsewhere.
        known: The folder of a run that goes on from a checkpoint.

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
    beginning = beginning_of(prepared, store if form_group is _alone else None, known)
    return Setup(prepared, placement, group, beginning)


def _run(
    record: RunRecord,
    setup: Setup,
    resumption: Resumption | None,
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    begin: Callable[[], None] = lambda: None,
) -> RunEnded:
    """Trains a run and records it.

    Args:
        record: The run.
        setup: What it is trained from.
        resumption: How it goes on; None: it is new.
        store: Where it is kept.
        emit: As for `train`.
        control: As for `train`.
        begin: Takes up a run that goes on; until then nothing of it is changed.

    Raises:
        DescentError: The run cannot go on, and is as it was.
    """
    prepared, folder = setup.prepared, store.folder(record.id)

    def take_it_up() -> None:
        begin()
        _note(prepared, resumption, folder)
        content.enter_context(keeping_content(prepared, folder))

    held = HeldEvents(take_it_up, is_open=resumption is None)
    keeper = RunKeeper(
        record, prepared.spec, store, emit, control, partial(_furnish, setup, resumption)
    )
    try:
        with (
            HeldAwake(AWAKE_AFTER_S),
            contextlib.ExitStack() as content,
            Recorder(keeper, emit) as recorder,
        ):
            held.emit = recorder
            if held.is_open:
                content.enter_context(keeping_content(prepared, folder))
            context = RunContext(
                record.id, record.name, folder, held, control, recorder.flush, keeper.place
            )
            ended = _train_recorded(context, held, setup, resumption)
        keeper.record([ended])
    except Exception as error:  # a full disk, as a rule: what was told before is safe
        if not held.is_open and isinstance(error, DescentError):
            raise  # refused: the run is as it was
        ended = failed(record.id, error)
        with contextlib.suppress(WorkspaceError):
            keeper.store.record([ended])
    if _is_unwanted(ended, control):
        with contextlib.suppress(WorkspaceError):  # then it stays in the list, as stopped
            keeper.store.delete(record.id)
    keeper.close()
    return ended


def _furnish(setup: Setup, resumption: Resumption | None, folder: Path) -> None:
    """Writes what belongs to a run besides what it learns, as far as that is possible."""
    prepared = setup.prepared
    with contextlib.suppress(WorkspaceError):  # a full disk is told by what follows
        if setup.beginning is not None:
            setup.beginning.save(folder)
        save_fingerprint(prepared, folder)
        save_used(prepared.names, folder)
    _note(prepared, resumption, folder)


def _note(prepared: PreparedData, resumption: Resumption | None, folder: Path) -> None:
    """Writes what a run uses from now on, packed data and machine, as far as that is possible."""
    with contextlib.suppress(WorkspaceError):
        save_packed_names(prepared.packed_names, folder)
        note_environment(folder, 0 if resumption is None else resumption.epochs_done)


def _is_unwanted(ended: RunEnded, control: TrainingControl) -> bool:
    """Someone asked to discard the run, and was heard in time."""
    if isinstance(ended, RunStopped):
        return not ended.kept
    return isinstance(ended, RunFailed) and control.is_discarding


def _train_recorded(
    context: RunContext, held: HeldEvents, setup: Setup, resumption: Resumption | None
) -> RunEnded:
    from engine.training.job import TrainingJob

    job = None
    try:
        setup.group.begin(context.id, context.name, resumption)
        job = TrainingJob(context, setup, resumption)
        return job.execute()
    except DescentError:
        raise
    except Exception as error:
        held.open()
        ended = failed(context.id, error, suspects(setup.prepared.names))
        return replace(ended, findings=job.findings if job is not None else ())
