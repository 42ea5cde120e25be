"""Starts a run, or goes on with one, that several workers train in step.

Worker 0, the chief, owns the run: it keeps, evaluates and saves it. The others train along, write
nothing, and end with it. TensorFlow is imported once all of them are there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.devices.tensorflow import load_tensorflow
from engine.events.messages import Event
from engine.events.run_events import RunEnded
from engine.service import running
from engine.service.failing import failed
from engine.spec.changes import changed_values
from engine.spec.run_spec import RunSpec
from engine.training.cluster.rendezvous import WAIT_S, meet
from engine.training.cluster.team import Team, TeamControl, leaving
from engine.training.cluster.workers import Workers
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.fingerprint import fingerprint
from engine.training.prepared_data import PreparedData

if TYPE_CHECKING:
    from engine.runs.store import RunStore
    from engine.training.cluster.cluster import Cluster
    from engine.training.resumption import Resumption

Emit = Callable[[Event], None]
Notify = Callable[[str], None]


def train(
    values: dict[str, Any],
    workers: Workers,
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    name: str = "",
    notify: Notify = lambda text: None,
    wait_s: float = WAIT_S,
) -> RunEnded:
    """Trains a model together with other workers, which were asked the same.

    Args:
        values: A `RunSpec` as JSON values.
        workers: All of them, and which this one is.
        store: Where the chief keeps the run.
        emit: Told every event but the last; at the chief as `engine.service.running.train` says.
        control: What is asked of this worker; stopping one stops all.
        name: The run's name; empty for one made of data and model.
        notify: Told in words who is waited for.
        wait_s: How long the workers wait for each other.

    Returns:
        The last event of the run; at the chief it is recorded.

    Raises:
        DescentError: Nothing was started: someone did not come, or they do not agree.
        Cancelled: A stop was asked for while the data was read; nothing was started.
    """
    spec = parse(values)
    connections, _ = meet(workers, spec.to_dict(), notify, wait_s)
    team = Team(workers, connections)
    with leaving(team) as leave:
        together = TeamControl(control, team)
        if not workers.is_chief:
            return leave(_follow(spec, team, emit, together))
        ended = running.train(values, store, emit, together, name, partial(_form_cluster, team))
        return leave(ended)


def resume(
    reference: str,
    changes: Mapping[str, Any],
    workers: Workers,
    store: RunStore,
    emit: Emit,
    control: TrainingControl,
    notify: Notify = lambda text: None,
    wait_s: float = WAIT_S,
    from_start: bool = False,
    accepts_changes: bool = False,
) -> RunEnded:
    """Goes on with the chief's run together with other workers.

    Args:
        reference: The run's id, the beginning of one, or its name. The chief alone looks it up.
        changes: As for `engine.service.running.resume`; the chief's count.
        workers: As for `train`.
        store: As for `train`.
        emit: As for `train`.
        control: As for `train`.
        notify: As for `train`.
        wait_s: As for `train`.
        from_start: Begin it again as a new run instead; see `engine.service.running.restart`.
        accepts_changes: As for `engine.service.running.resume`.

    Returns:
        As for `train`.

    Raises:
        DescentError: The run cannot go on, someone did not come, or they do not agree.
        Cancelled: A stop was asked for while the data was read; the run is as it was.
    """
    own = None
    if workers.is_chief:
        running.check_changes(changes)
        own = parse(changed_values(store.get(reference).spec, changes)).to_dict()
    connections, values = meet(workers, own, notify, wait_s)
    team = Team(workers, connections)
    with leaving(team) as leave:
        together = TeamControl(control, team)
        if not workers.is_chief:
            return leave(_follow(parse(values), team, emit, together))
        go_on = (
            running.restart
            if from_start
            else partial(running.resume, accepts_changes=accepts_changes)
        )
        ended = go_on(
            reference, changes, store, emit, together, form_group=partial(_form_cluster, team)
        )
        return leave(ended)


def _form_cluster(team: Team, prepared: PreparedData) -> Cluster:
    """Forms a cluster with the others once all have read the same data."""
    team.check_same(
        {"data": fingerprint(prepared), "settings": _mark(prepared.spec)},
        "Give the same command to every worker, and the same files to every machine.",
    )
    load_tensorflow()
    from engine.training.cluster.cluster import Cluster

    return Cluster(team, use_gpu=prepared.spec.execution.device != "cpu")


def _mark(spec: RunSpec) -> str:
    """A short mark of all settings; files may lie elsewhere on another machine."""
    values = spec.to_dict()
    values["data"] = {**values["data"], "source": ""}
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()


def _follow(spec: RunSpec, team: Team, emit: Emit, control: TrainingControl) -> RunEnded:
    """Trains along with the chief."""
    setup = running.set_up(spec, emit, control, partial(_form_cluster, team))
    begun = team.hear()
    assert begun is not None
    run = str(begun["run"])
    context = RunContext(run, str(begun["name"]), Path(), emit, control)  # nothing is written
    try:
        from engine.training.job import TrainingJob

        ended = TrainingJob(context, setup, _resumption(begun)).execute()
    except Exception as error:
        return failed(run, error)
    where = f"{team.workers.title(0).capitalize()} keeps the run."
    return replace(ended, reason=f"{ended.reason} {where}")


def _resumption(begun: Mapping[str, Any]) -> Resumption | None:
    """How the chief's run goes on; its variables follow another way."""
    from engine.training.checkpoint import Checkpoint, Snapshot
    from engine.training.resumption import Resumption

    progress = begun["progress"]
    if progress is None and not begun["changes"]:
        return None
    checkpoint = None
    if progress is not None:
        checkpoint = Checkpoint(Snapshot({}, {"training": progress}), None)
    changes = {path: (before, after) for path, (before, after) in begun["changes"].items()}
    return Resumption(checkpoint, changes, begun["reason"])
