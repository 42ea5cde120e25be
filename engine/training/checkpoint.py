"""Checkpoints: everything a training needs to go on, whole or not at all.

A checkpoint is a directory with the variables, the progress and a SHA-256 manifest, written aside
and renamed. Directories are numbered in the order of writing and never replaced. The last two are
kept, and apart from them the best weights that each refers to.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.errors import WorkspaceError
from engine.files import atomic_directory, cannot_write, flush_directory, free_path
from engine.files.bounded import (
    DAMAGED,
    SpecialFileError,
    open_plain,
    read_object,
    reason_of,
    sealed_text,
    unsealed,
)
from engine.files.bounded_arrays import read_arrays
from engine.training.progress import Progress

if TYPE_CHECKING:
    import keras

SCHEMA_VERSION = 2
SET_ASIDE = "damaged-"
"""Begins the names of those that were set aside."""
_MAX_BYTES = 1 << 40

Array = npt.NDArray[Any]
Weights = list[Array]


@dataclass(frozen=True)
class Snapshot:
    """The state of a training, copied out of the model.

    Attributes:
        variables: Every variable, by its part and position: ``model/0003`` (weights, averages and
            seeds), ``optimizer/0001``, ``accumulators/0000``, ``metrics/0002``.
        progress: JSON values: a `Progress`, and what else its owner wants to know again.
    """

    variables: Mapping[str, Array]
    progress: Mapping[str, Any]


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint read from disk.

    Attributes:
        snapshot: The state.
        best: Weights of the best epoch, in the order of `model.weights`; None where no epoch is
            complete.
    """

    snapshot: Snapshot
    best: Weights | None

    @property
    def progress(self) -> Progress:
        return Progress.from_dict(self.snapshot.progress["training"])

    def with_state_of(self, model: keras.Model) -> Checkpoint:
        """The same progress, with the variables a model has now."""
        state = take_snapshot(model, self.snapshot.progress)
        return Checkpoint(state, model.get_weights())


def _state(model: keras.Model) -> dict[str, keras.Variable]:
    """Every variable that training changes, by part and position.

    Keras numbers its automatic names through the process, so the position is the name.
    """
    optimizer = model.optimizer
    accumulators = list(getattr(optimizer, "_accumulated_gradients", []))
    apart = {id(variable) for variable in accumulators}
    parts = {
        "model": model.variables,
        "optimizer": [item for item in optimizer.variables if id(item) not in apart],
        "accumulators": accumulators,
        "metrics": model.metrics_variables,
    }
    seen: set[int] = set()
    found: dict[str, keras.Variable] = {}
    for part, variables in parts.items():
        for index, variable in enumerate(variables):
            if id(variable) not in seen:
                seen.add(id(variable))
                found[f"{part}/{index:04d}"] = variable
    return found


def take_snapshot(model: keras.Model, progress: Mapping[str, Any]) -> Snapshot:
    """Copies the state of `model`."""
    return Snapshot(
        {name: variable.numpy() for name, variable in _state(model).items()}, dict(progress)
    )


def is_finite(model: keras.Model) -> bool:
    """Whether every weight that learns is a finite number."""
    return all(np.isfinite(variable.numpy()).all() for variable in model.trainable_variables)


def restore_snapshot(model: keras.Model, snapshot: Snapshot) -> None:
    """Puts a state back into a model built and compiled from the same spec.

    Gradients that were being accumulated are left out where another number of batches is
    accumulated now.

    Raises:
        WorkspaceError: The variables are not those of this model.
    """
    variables, values = _state(model), snapshot.variables
    wanted = {name: tuple(variable.shape) for name, variable in variables.items()}
    found = {name: value.shape for name, value in values.items()}
    if _lasting(wanted) != _lasting(found):
        raise WorkspaceError(
            f"The checkpoint belongs to another model: its {len(found)} variables have other "
            f"shapes than the {len(wanted)} of this one.",
            "Continue the run with the settings it was started with.",
        )
    for name, variable in variables.items():
        if name in values:
            variable.assign(values[name])


def _lasting(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith("accumulators/")}


def write_checkpoint(path: Path, snapshot: Snapshot) -> None:
    """Writes a checkpoint as the directory `path`, whole or not at all."""
    with atomic_directory(path) as folder:
        arrays: dict[str, Any] = dict(snapshot.variables)
        np.savez(folder / "variables.npz", **arrays)
        progress = {"schema_version": SCHEMA_VERSION, **snapshot.progress}
        (folder / "progress.json").write_text(json.dumps(progress), encoding="utf-8")
        manifest = {file.name: _digest(file) for file in sorted(folder.iterdir())}
        text = sealed_text(manifest, _owner(path), indent=1)
        (folder / "manifest.json").write_text(text, encoding="utf-8")


def read_manifest(path: Path) -> dict[str, Any]:
    """Reads the digests of a checkpoint's files.

    Raises:
        ValueError: They are damaged, another checkpoint's, or not of all files.
        OSError: They cannot be read.
    """
    manifest = unsealed(read_object(path / "manifest.json"), _owner(path))
    missing = {"variables.npz", "progress.json"} - manifest.keys()
    if missing:
        raise ValueError(f"{', '.join(sorted(missing))} is not in its manifest")
    return manifest


def _owner(path: Path) -> str:
    """Whose a checkpoint is: files of another run's, which fit each other, are not taken for it."""
    folder = path.resolve()
    return f"{folder.parent.parent.name}/{folder.name}"


class DamagedError(WorkspaceError):
    """A checkpoint is not what was written: a file of it is missing, or was changed.

    Args:
        name: Of the checkpoint.
        reason: What is wrong, in words.
    """

    def __init__(self, name: str, reason: str) -> None:
        self.name, self.reason = name, reason
        super().__init__(
            f"The checkpoint '{name}' cannot be read: {reason}.",
            "An older checkpoint of the run may be whole.",
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return (type(self), (self.name, self.reason))


def read_checkpoint(path: Path) -> Snapshot:
    """Reads a checkpoint and checks every byte of it.

    Raises:
        DamagedError: A file is missing or was changed.
        WorkspaceError: It is of another version, or cannot be read just now.
    """
    try:
        manifest = read_manifest(path)
        changed = [name for name, digest in manifest.items() if _digest(path / name) != digest]
        if changed:
            raise ValueError(f"{', '.join(changed)} does not match its checksum")
        missing = {"variables.npz", "progress.json"} - manifest.keys()
        if missing:
            raise ValueError(f"{', '.join(sorted(missing))} is not in its manifest")
        variables = read_arrays(path / "variables.npz", _MAX_BYTES)
        progress = read_object(path / "progress.json", _MAX_BYTES)
        version = progress.pop("schema_version")
    except FileNotFoundError as error:
        missed = Path(error.filename or path).name
        raise DamagedError(path.name, f"{missed} is missing") from error
    except (OSError, MemoryError) as error:
        if getattr(error, "errno", None) == errno.EIO:
            raise DamagedError(path.name, "the disk reports an error while reading it") from error
        if isinstance(error, NotADirectoryError | IsADirectoryError | SpecialFileError):
            raise DamagedError(path.name, reason_of(error)) from error
        raise WorkspaceError(
            f"The checkpoint '{path.name}' cannot be read now: {reason_of(error)}.", "Try again."
        ) from error
    except DAMAGED as error:
        raise DamagedError(path.name, reason_of(error)) from error
    if version != SCHEMA_VERSION:
        raise WorkspaceError(
            f"The checkpoint '{path.name}' was written by another version of Descent.",
            "Continue the run with that version.",
        )
    return Snapshot(variables, progress)


@dataclass(frozen=True)
class Damage:
    """A checkpoint, or the best weights of one, that cannot be gone on from.

    Attributes:
        path: Where it lies.
        reason: What is wrong with it, in words.
    """

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path.name}: {self.reason}"


@dataclass(frozen=True)
class Found:
    """What a run can go on from.

    Attributes:
        checkpoint: The newest that is whole; None: there is none.
        damaged: Those that are newer, the newest first, and what is damaged of theirs.
    """

    checkpoint: Checkpoint | None
    damaged: tuple[Damage, ...] = ()


def find_checkpoint(folder: Path) -> Found:
    """Looks for the newest whole checkpoint in `folder`; changes nothing.

    Raises:
        WorkspaceError: The newest is whole, as far as that is known, but of another version, or
            cannot be read now.
    """
    damaged: dict[Path, Damage] = {}
    for path in sorted(folder.glob("checkpoint-*"), key=number_of, reverse=True):
        suspect = path
        try:
            snapshot = read_checkpoint(path)
            name = snapshot.progress["best"]
            suspect = folder / name if name else path
            best = read_checkpoint(suspect).variables if name else None
            suspect = path
            found = Checkpoint(snapshot, None if best is None else list(best.values()))
            _ = found.progress  # whole only if it can be understood
        except (DamagedError, KeyError, TypeError) as error:
            reason = error.reason if isinstance(error, DamagedError) else f"{error!r} in its values"
            if suspect != path:
                damaged.setdefault(suspect, Damage(suspect, reason))
                reason = f"its best weights, '{suspect.name}', are damaged"
            damaged[path] = Damage(path, reason)
            continue
        return Found(found, tuple(damaged.values()))
    return Found(None, tuple(damaged.values()))


def set_aside(damaged: Iterable[Damage]) -> Callable[[], None]:
    """Renames what is damaged within its folder, so that it does not count among what is kept.

    Returns:
        Undoes it.

    Raises:
        WorkspaceError: It cannot be renamed; then nothing is.
    """
    renamed: list[tuple[Path, Path]] = []

    def undo() -> None:
        for path, aside in reversed(renamed):
            with contextlib.suppress(OSError):
                aside.rename(path)

    for item in damaged:
        if not item.path.exists():
            continue
        aside = free_path(item.path.with_name(f"{SET_ASIDE}{item.path.name}"), ".")
        try:
            item.path.rename(aside)
            renamed.append((item.path, aside))
            flush_directory(aside.parent)
        except OSError as error:
            undo()
            raise cannot_write(item.path, error) from error
    return undo


def number_of(path: Path) -> int:
    """The number at the end of a checkpoint's name; -1 where there is none."""
    number = path.name.rpartition("-")[2]
    return int(number) if number.isdigit() else -1


def _digest(path: Path) -> str:
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
