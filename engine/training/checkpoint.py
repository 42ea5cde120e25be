"""Checkpoints: everything a training needs to go on, whole or not at all.

A checkpoint is a directory with the variables, the progress and a SHA-256 manifest, written aside
and renamed. The last two are kept; the best weights apart.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.errors import WorkspaceError
from engine.runs.files import atomic_directory, cannot_write

if TYPE_CHECKING:
    import keras

SCHEMA_VERSION = 1
KEPT = 2
TIME_SHARE = 0.1  # of all time may go into writing, while training goes on

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Snapshot:
    """The state of a training, copied out of the model.

    Attributes:
        variables: Every variable by its position: weights, optimizer, seeds, metrics.
        progress: JSON values: epoch, step, history, best epoch.
    """

    variables: Mapping[str, Array]
    progress: Mapping[str, Any]


def model_state(model: keras.Model) -> list[keras.Variable]:
    """Every variable that training changes, in a fixed order."""
    seen: dict[int, keras.Variable] = {}
    optimizer = model.optimizer.variables if model.optimizer else []
    for variable in (*model.variables, *optimizer, *model.metrics_variables):
        seen.setdefault(id(variable), variable)
    return list(seen.values())


def take_snapshot(model: keras.Model, progress: Mapping[str, Any]) -> Snapshot:
    """Copies the state of `model`."""
    # Keras numbers its automatic names through the process, so the position is the name.
    variables = {
        f"{index:04d}": variable.numpy() for index, variable in enumerate(model_state(model))
    }
    return Snapshot(variables, dict(progress))


def restore_snapshot(model: keras.Model, snapshot: Snapshot) -> None:
    """Puts a state back into a model built and compiled from the same spec.

    Raises:
        WorkspaceError: The variables are not those of this model.
    """
    variables = model_state(model)
    values = list(snapshot.variables.values())
    if [tuple(variable.shape) for variable in variables] != [value.shape for value in values]:
        raise WorkspaceError(
            f"The checkpoint belongs to another model: its {len(values)} variables have other "
            f"shapes than the {len(variables)} of this one.",
            "Continue the run with the settings it was started with.",
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def write_checkpoint(path: Path, snapshot: Snapshot) -> None:
    """Writes a checkpoint as the directory `path`, whole or not at all."""
    with atomic_directory(path) as folder:
        arrays: dict[str, Any] = dict(snapshot.variables)
        np.savez(folder / "variables.npz", **arrays)
        progress = {"schema_version": SCHEMA_VERSION, **snapshot.progress}
        (folder / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
        manifest = {file.name: _digest(file) for file in sorted(folder.iterdir())}
        (folder / "manifest.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")


def read_checkpoint(path: Path) -> Snapshot:
    """Reads a checkpoint and checks every byte of it.

    Raises:
        WorkspaceError: A file is missing or was changed.
    """
    try:
        manifest = json.loads((path / "manifest.json").read_text(encoding="utf-8"))
        damaged = [name for name, digest in manifest.items() if _digest(path / name) != digest]
        if damaged:
            raise ValueError(f"{', '.join(damaged)} does not match its checksum")
        with np.load(path / "variables.npz", allow_pickle=False) as stored:
            variables = {name: stored[name] for name in stored.files}
        progress = json.loads((path / "progress.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise WorkspaceError(
            f"The checkpoint '{path.name}' cannot be read: {error}.",
            "An older checkpoint of the run may be whole.",
        ) from error
    return Snapshot(variables, progress)


def newest_checkpoint(folder: Path) -> Snapshot | None:
    """Returns the newest whole checkpoint in `folder`, or None."""
    for path in sorted(folder.glob("epoch-*"), reverse=True):
        try:
            return read_checkpoint(path)
        except WorkspaceError:
            continue
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class CheckpointWriter:
    """Writes checkpoints in a thread of its own; training never waits for the disk.

    When a newer one is offered before the last was begun, the newer takes its place. After each
    write the thread rests, so that epochs of milliseconds are not slowed down by the checkpoints
    of each; epochs that last ten times as long as a write are all written.

    Args:
        folder: Where checkpoints go; made if need be.

    Raises:
        WorkspaceError: The folder cannot be made.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(folder, error) from error
        self._changed = threading.Condition()
        self._waiting: dict[str, Snapshot] = {}
        self._closing = False
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="checkpoints")
        self._thread.start()

    def offer(self, snapshot: Snapshot) -> None:
        """Takes the state at the end of an epoch; returns at once.

        Raises:
            Exception: An earlier checkpoint could not be written.
        """
        self._offer("latest", snapshot)

    def offer_best(self, snapshot: Snapshot) -> None:
        """Takes the best state so far, kept apart from the others; returns at once."""
        self._offer("best", snapshot)

    def _offer(self, slot: str, snapshot: Snapshot) -> None:
        with self._changed:
            if self._failure is not None:
                raise self._failure
            self._waiting[slot] = snapshot
            self._changed.notify_all()

    def close(self) -> None:
        """Waits until everything offered is on disk.

        Raises:
            Exception: A checkpoint could not be written.
        """
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def _work(self) -> None:
        rested_at = 0.0
        while True:
            with self._changed:
                rest_s = max(0.0, rested_at - time.monotonic())
                self._changed.wait_for(lambda: self._closing, timeout=rest_s)
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    return
                waiting, self._waiting = self._waiting, {}
            started = time.monotonic()
            try:
                for slot, snapshot in waiting.items():
                    self._write(slot, snapshot)
            except Exception as error:
                self._failure = error
                return
            ended = time.monotonic()
            rested_at = ended + (ended - started) * (1 / TIME_SHARE - 1)

    def _write(self, slot: str, snapshot: Snapshot) -> None:
        """Writes the new one before older ones go."""
        prefix, kept = ("epoch", KEPT) if slot == "latest" else ("best", 1)
        write_checkpoint(self._folder / f"{prefix}-{snapshot.progress['epoch']:06d}", snapshot)
        for path in sorted(self._folder.glob(f"{prefix}-*"))[:-kept]:
            shutil.rmtree(path, ignore_errors=True)
