"""Files of demonstrations: observations, actions and episodes in NumPy archives and tables."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.datasets.base import AnyArray, IndexArray, Progress
from engine.datasets.numpy_files.array_files import ArrayFile, arrays_in
from engine.datasets.tables.number_table import NumberTable
from engine.datasets.tables.table_source import FloatArray, TableParameters
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

OBSERVATIONS = ("observations", "observation", "obs", "states", "state", "x")
ACTIONS = ("actions", "action", "acts", "act", "y")
EPISODES = ("episode_ids", "episode_id", "episodes", "episode", "trajectory", "traj_id", "rollout")
STARTS = ("episode_starts", "starts")
ENDS = (
    "dones",
    "done",
    "terminals",
    "terminal",
    "terminated",
    "timeouts",
    "truncated",
    "truncations",
)
_BESIDE = (*EPISODES, *STARTS, *ENDS, "reward", "rewards", "return", "returns", "step", "time", "t")
ACTION_COLUMN = re.compile(r"(action|act)s?([_. ]?\d+|[_.]\w+)?", re.IGNORECASE)
OBSERVATION_COLUMN = re.compile(r"(observation|obs|state)s?([_. ]?\d+|[_.]\w+)", re.IGNORECASE)


@dataclass(frozen=True, eq=False)
class Steps:
    """Steps of all episodes, one after another.

    Attributes:
        observations: (steps, *shape of one).
        actions: (steps,) or (steps, dimensions); text, whole numbers or numbers.
        episodes: Number of the episode of each step, (steps,); None: not said.
        names: Of the observation's numbers, where it is a row of them.
        action_names: What the actions are called.
        target_name: What they are together.
        numbers_as: How the numbers of the columns of a table are written, as JSON values.
    """

    observations: AnyArray
    actions: AnyArray
    episodes: AnyArray | None
    names: tuple[str, ...]
    action_names: tuple[str, ...] = ()
    target_name: str = "action"
    findings: list[DataFinding] = field(default_factory=list)
    source_columns: tuple[str, ...] = ()
    numbers_as: dict[str, dict[str, Any]] = field(default_factory=dict)


# ---- archives


def from_archive(path: Path, episode: str | None, ignored: set[str], progress: Progress) -> Steps:
    """Reads the arrays of an archive.

    Raises:
        DatasetError: Some are missing, damaged, or do not fit together.
    """
    files = {file.name.lower(): file for file in arrays_in(path)}
    observation, action = _first(files, OBSERVATIONS), _first(files, ACTIONS)
    listing = f"Arrays: {', '.join(file.name for file in files.values())}."
    if observation is None or action is None:
        raise DatasetError(
            f"'{path.name}' lacks observations or actions. {listing}",
            "Name the arrays 'observations' and 'actions'.",
        )
    if episode is not None and episode.lower() not in files:
        raise DatasetError(f"'{path.name}' has no array '{episode}'.", listing)
    _refuse_shapes(observation, action)
    n_steps = action.shape[0]
    marks = (episode.lower(),) if episode is not None else (*EPISODES, *STARTS, *ENDS)
    beside = {
        name: files[name].rows(progress)[:].ravel()
        for name in marks
        if name in files and files[name].shape[:1] == (n_steps,)
    }
    rows: Any = observation.rows(progress)
    if len(rows) == n_steps + 1:
        rows = rows[:-1]  # what was seen after the last action
    if len(rows) != n_steps or not n_steps:
        raise DatasetError(
            f"There must be one action for each observation. Received: {len(rows):,} "
            f"observations, {n_steps:,} actions.",
            "Save both with one row a step.",
        )
    n_numbers = int(np.prod(observation.shape[1:])) if len(observation.shape) < 4 else 0
    names = tuple(f"{observation.name}_{index}" for index in range(n_numbers))
    every_name = names
    action_names: tuple[str, ...] = ()
    if "action_names" in files:
        action_names = tuple(str(name) for name in files["action_names"].rows(progress)[:].ravel())
    if names:
        kept = [index for index, name in enumerate(names) if name not in ignored]
        rows = rows[:].reshape(n_steps, -1)[:, kept]
        names = tuple(names[index] for index in kept)
    return Steps(
        rows,
        action.rows(progress)[:],
        _episodes(beside, episode),
        names,
        action_names,
        source_columns=every_name,
    )


def _first(files: dict[str, ArrayFile], names: Sequence[str]) -> ArrayFile | None:
    return next((files[name] for name in names if name in files), None)


def _refuse_shapes(observation: ArrayFile, action: ArrayFile) -> None:
    if action.dtype.kind not in "fiubU" or len(action.shape) not in (1, 2):
        raise DatasetError(
            f"Actions must be numbers or names. Received: {action.text}.",
            "Save them as (steps,) or (steps, dimensions).",
        )
    is_image = len(observation.shape) == 4 and observation.dtype == np.uint8
    if not is_image and (
        observation.dtype.kind not in "fiub" or len(observation.shape) not in (1, 2)
    ):
        raise DatasetError(
            "Observations must be numbers, (steps, numbers), or images of 0 to 255, (steps, "
            f"height, width, channels). Received: {observation.text}.",
            "Save them so.",
        )


def _episodes(beside: dict[str, AnyArray], episode: str | None) -> AnyArray | None:
    """Episode of each step, (steps,), from ids, first or last steps; None where not said."""
    if episode is not None:
        if episode.lower() not in beside:
            raise DatasetError(f"'{episode}' must have one entry a step.", "Choose another array.")
        return beside[episode.lower()]
    for name in EPISODES:
        if name in beside:
            return beside[name]
    for name in STARTS:
        if name in beside:
            return np.cumsum(beside[name].astype(bool))
    ends = [beside[name].astype(bool) for name in ENDS if name in beside]
    return _after_ends(np.logical_or.reduce(ends)) if ends else None


def _after_ends(ends: AnyArray) -> IndexArray:
    return np.concatenate([[0], np.cumsum(ends[:-1])]).astype(np.int64)


# ---- tables


def from_table(
    table: NumberTable,
    target: str | None,
    episode: str | None,
    ignored: set[str],
    progress: Progress,
) -> Steps:
    """Reads the columns of a table.

    Raises:
        DatasetError: There are no actions or observations, or a cell is no number.
    """
    table.require((target, episode))
    lower = {name.lower(): name for name in table.names}
    actions = [target] if target else [n for n in table.names if ACTION_COLUMN.fullmatch(n)]
    if not actions:
        raise DatasetError(
            f"'{table.path.name}' has no column of actions. Columns: {', '.join(table.names)}.",
            "Name it 'action' (or 'action_0', 'action_1' …), or choose the target.",
        )
    named = next((lower[name] for name in EPISODES if name in lower), None)
    episode = episode or named
    marks = [lower[name] for name in (*STARTS, *ENDS) if name in lower and episode is None]
    beside = {lower[name] for name in _BESIDE if name in lower} | {episode, *actions} | ignored
    observed = [n for n in table.names if n not in beside and table.looks_numeric(n)]
    if not observed:
        raise DatasetError(
            f"'{table.path.name}' has no columns of numbers to act on.",
            "Bring a column for each number that is observed.",
        )
    is_text = len(actions) == 1 and not table.looks_numeric(actions[0])
    labels = [name for name in (episode, actions[0] if is_text else None) if name]
    numbers = [*observed, *([] if is_text else actions)]
    read = table.read(numbers, marks, labels, progress)
    taken: AnyArray = read.numbers[:, len(observed) :]
    if is_text:
        codes, texts = read.codes[actions[0]]
        taken = np.array(texts, object)[codes]
    ids = read.codes[episode][0] if episode else _marked(read.texts)
    others = [n for n in table.names if n not in beside and n not in observed]
    findings = list(read.findings)
    if others:
        text = f"Columns that are no numbers are left out: {', '.join(others[:10])}."
        findings.append(DataFinding(Trouble.LEFT_OUT, "", text, tuple(others), len(others)))
    name = actions[0] if len(actions) == 1 else "action"
    return Steps(
        read.numbers[:, : len(observed)],
        taken,
        ids,
        tuple(observed),
        (),
        name,
        findings,
        table.names,
        {name: read.numbers_as[name] for name in observed},
    )


def _marked(texts: dict[str, Any]) -> IndexArray | None:
    """Episodes from columns that mark first or last steps with 1, true or yes."""
    ends: AnyArray | None = None
    for name, cells in texts.items():
        words = np.array(
            [cell.lower() in ("1", "1.0", "true", "yes") for cell in cells.to_pylist()]
        )
        if name.lower() in STARTS:
            return np.cumsum(words).astype(np.int64)
        ends = words if ends is None else ends | words
    return None if ends is None else _after_ends(ends)


# ---- prediction


def read_inputs(path: Path, asked: InputSpec) -> FloatArray:
    """Reads observations as a model takes them, (n, numbers).

    Args:
        path: A table with the columns the model was trained on, or an archive.
        asked: What the model takes.

    Raises:
        DatasetError: A column is missing, or has a gap.
    """
    names, shape = asked.feature_names, asked.raw_shape
    if path.suffix.lower() == ".npz":
        member = _first({file.name.lower(): file for file in arrays_in(path)}, OBSERVATIONS)
        if member is None or member.dtype.kind not in "fiub" or member.shape[1:] != shape:
            raise DatasetError(
                f"The model takes 'observations' of shape (n, {', '.join(map(str, shape))}). "
                f"Received: {member.text if member else 'none'} in '{path.name}'.",
                "Save them as the model was trained on them.",
            )
        found = member.rows()[:]
        rows = found.astype(np.float64)
    else:
        encoding = asked.reading.get("encoding", "auto")
        numbers = asked.reading.get("numbers")
        table = NumberTable(path, TableParameters(encoding=encoding), known=numbers)
        table.require(names)
        rows = table.read(names).numbers
    bad = np.flatnonzero(~np.isfinite(rows.reshape(len(rows), -1)).all(axis=1))
    if len(bad):
        raise DatasetError(
            f"Row {bad[0] + 1:,} of '{path.name}' has a gap or an infinite number.", "Fill it."
        )
    return rows
