"""Demonstrations: what was observed and which action was taken, in NumPy archives and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Examples, Progress, silent
from engine.datasets.encodings import EncodingName
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance
from engine.datasets.numpy_files.array_files import arrays_in
from engine.datasets.sequences.control_files import (
    ACTION_COLUMN,
    ACTIONS,
    ENDS,
    EPISODES,
    OBSERVATION_COLUMN,
    OBSERVATIONS,
    STARTS,
    Steps,
    from_archive,
    from_table,
    read_inputs,
)
from engine.datasets.summaries import distribution
from engine.datasets.tables.number_table import NumberTable
from engine.datasets.tables.table_opening import SUFFIXES as TABLE_SUFFIXES
from engine.datasets.tables.table_opening import column_names
from engine.datasets.tables.table_source import TableParameters
from engine.errors import DatasetError, DescentError
from engine.events.findings import MAX_NAMES, DataFinding, Remedy, Trouble
from engine.events.profile import Distribution
from engine.spec.parameters import Parameters, parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

__all__ = ["ControlFormat", "Demonstrations", "examples_of", "read_inputs"]

# Whole numbers of up to this many values are actions to choose from, not amounts.
MAX_ACTIONS = 100
_MAX_FLOAT_ACTIONS = 20
# Lower than any other format's likeness: other tables and archives are opened when told to.
_WHERE_ASKED_FOR = 0.05


class ControlParameters(Parameters):
    """How demonstrations are read."""

    episode: str | None = parameter(
        None,
        label="Episode column",
        help="The column (or array) that says which episode a step belongs to; whole episodes are "
        "kept together in the split. Left open: one of a usual name.",
    )
    encoding: EncodingName = parameter(
        "auto", label="Encoding", help="How a text file writes its letters.", advanced=True
    )


class ControlFormat(Format):
    """Demonstrations of observation and action."""

    name = "control"
    title = "Demonstrations of observation and action (NPZ, CSV)"
    kind = Kind.TABLE
    suffixes = (".npz", *TABLE_SUFFIXES)
    parameters = ControlParameters
    tasks = (Task.CONTROL,)

    def likeness(self, glance: Glance) -> float:
        suffix = glance.path.suffix.lower()
        if glance.is_folder or suffix not in self.suffixes:
            return 0.0
        try:
            if suffix == ".npz":
                names = {file.name.lower() for file in arrays_in(glance.path)}
                both = names & set(OBSERVATIONS[:-1]) and names & set(ACTIONS[:-1])
                return 1.0 if both else _WHERE_ASKED_FOR
            names = {name.lower() for name in column_names(glance.path)}
        except (DescentError, OSError):
            return _WHERE_ASKED_FOR
        has_action = any(ACTION_COLUMN.fullmatch(name) for name in names)
        is_sure = has_action and (
            bool(names & {*EPISODES, *STARTS, *ENDS})
            or any(OBSERVATION_COLUMN.fullmatch(name) for name in names)
        )
        # A column named action alone may be anything.
        return 1.0 if is_sure else _WHERE_ASKED_FOR

    def open(self, path: Path, data: DataSpec) -> Demonstrations:
        return Demonstrations(path, data)


class Demonstrations(FileDataset):
    """Steps of someone who knows how: the network learns to act as they did.

    This is behavioural cloning (Pomerleau 1991, Neural Computation 3:1): actions to choose from are
    learnt as classes, amounts as numbers.
    """

    format = ControlFormat()

    def load(self, parameters: ControlParameters, progress: Progress = silent) -> Examples:
        """Reads all steps.

        Raises:
            DatasetError: Observations or actions are missing, or do not fit together.
        """
        if self.data.task not in (None, Task.CONTROL):
            raise DatasetError(
                f"Demonstrations are for control. Received task: {self.data.task.value}.",
                "Leave the task out.",
            )
        ignored = {n for n, spec in self.data.columns.items() if spec.type == "ignore"}
        if self.path.suffix.lower() == ".npz":
            steps = from_archive(self.path, parameters.episode, ignored, progress)
        else:
            table = NumberTable(
                self.path, TableParameters(encoding=parameters.encoding), self.data.columns
            )
            steps = from_table(table, self.data.target, parameters.episode, ignored, progress)
        found = examples_of(_complete(steps))
        how = {"encoding": parameters.encoding, "numbers": steps.numbers_as}
        return replace(found, reading={**found.reading, **how})


def examples_of(steps: Steps) -> Examples:
    """Examples to learn an action from an observation."""
    class_names, y, note = _understood(steps.actions, steps.action_names)
    observations = steps.observations
    kind = Kind.IMAGE if observations.ndim == 4 else Kind.TABLE
    if kind is Kind.TABLE:
        observations = observations.reshape(len(observations), -1)
    facts = [("Steps", f"{len(observations):,}")]
    distributions: tuple[Distribution, ...] = ()
    if steps.episodes is not None:
        lengths = np.unique(steps.episodes, return_counts=True)[1]
        facts.append(("Episodes", f"{len(lengths):,}"))
        facts.append(("Steps per episode", f"{lengths.min():,} to {lengths.max():,}"))
        distributions = (distribution("Length of episodes", lengths, "steps"),)
    dimensions = 1 if y.ndim == 1 else y.shape[1]
    actions = f"{len(class_names)} to choose from" if class_names else f"{dimensions} numbers"
    facts.append(("Actions", actions))
    findings = [*steps.findings, *_constant(observations, steps.names, kind)]
    if note:
        findings.append(DataFinding(Trouble.UNDERSTOOD, steps.target_name, note))
    if class_names:
        findings += imbalance(y, class_names)
    return Examples(
        x=observations if kind is Kind.IMAGE else observations.astype(np.float64),
        y=y,
        kind=kind,
        task=Task.CONTROL,
        feature_names=steps.names if kind is Kind.TABLE else (),
        target_name=steps.target_name,
        class_names=class_names,
        findings=tuple(findings),
        facts=tuple(facts),
        distributions=distributions,
        groups=steps.episodes,
        source_columns=steps.source_columns,
        reading={"format": ControlFormat.name},
    )


def _understood(actions: AnyArray, names: tuple[str, ...]) -> tuple[tuple[str, ...], AnyArray, str]:
    """Class names (none for amounts), targets, and what could surprise."""
    if actions.ndim == 2 and actions.shape[1] == 1:
        actions = actions[:, 0]
    if actions.dtype.kind in "OU":
        found, y = np.unique(actions.astype(str), return_inverse=True)
        return _several(tuple(found.tolist())), y.astype(np.int64), ""
    note = ""
    if actions.ndim == 2:
        is_one_hot = np.isin(actions, (0, 1)).all() and (actions.sum(axis=1) == 1).all()
        if not is_one_hot:
            return (), actions.astype(np.float64), ""
        actions, note = actions.argmax(axis=1), "Each action is a row of 0 with one 1: a choice."
    values = np.unique(actions)
    is_whole = bool((values == np.rint(values)).all())
    most = MAX_ACTIONS if actions.dtype.kind in "iub" else _MAX_FLOAT_ACTIONS
    if not is_whole or len(values) > most:
        return (), actions.astype(np.float64), note
    if actions.dtype.kind == "f":
        note = f"The actions are {len(values)} whole numbers and are taken as choices, not amounts."
    if len(names) > values.max() and values.min() >= 0:
        _several(tuple(names))
        return names, actions.astype(np.int64), note
    y = np.searchsorted(values, actions).astype(np.int64)
    return _several(tuple(f"{value:.0f}" for value in values.astype(float))), y, note


def _several(names: tuple[str, ...]) -> tuple[str, ...]:
    if len(names) < 2:
        raise DatasetError(
            f"All steps take the same action: {names[0]}.", "Bring steps with different actions."
        )
    if len(names) > MAX_ACTIONS:
        raise DatasetError(
            f"There are {len(names):,} different actions to choose from, at most {MAX_ACTIONS} "
            "can be learnt.",
            "Give amounts as numbers.",
        )
    return names


def _complete(steps: Steps) -> Steps:
    """Leaves steps with gaps out, and counts them."""
    good = np.ones(len(steps.observations), bool)
    for values in (steps.observations, steps.actions):
        if values.dtype.kind == "f":
            good &= np.isfinite(values.reshape(len(values), -1)).all(axis=1)
        elif values.dtype.kind == "O":
            good &= values != ""
    lost = np.flatnonzero(~good)
    if not len(lost):
        return steps
    if not good.any():
        raise DatasetError(
            "Every step has a gap or an infinite number.", "Mend the observations and actions."
        )
    text = f"{len(lost):,} of {len(good):,} steps have a gap or an infinite number; left out."
    names = tuple(f"step {row + 1:,}" for row in lost[:MAX_NAMES])
    finding = DataFinding(Trouble.MISSING, "", text, names, len(lost))
    return replace(
        steps,
        observations=steps.observations[good],
        actions=steps.actions[good],
        episodes=None if steps.episodes is None else steps.episodes[good],
        findings=[*steps.findings, finding],
    )


def _constant(observations: AnyArray, names: Sequence[str], kind: Kind) -> list[DataFinding]:
    if kind is Kind.IMAGE:
        return []
    constant = np.flatnonzero(observations.min(axis=0) == observations.max(axis=0))
    return [
        DataFinding(
            Trouble.CONSTANT,
            names[place],
            f"'{names[place]}' never changes, so nothing can be learnt from it.",
            remedies=(
                Remedy("Leave it out", {("data", "columns", names[place], "type"): "ignore"}),
            ),
        )
        for place in constant[:MAX_NAMES]
    ]
