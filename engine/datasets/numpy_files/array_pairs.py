"""Which arrays are inputs and which their targets: told by names, by place, or asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.datasets.files import PART_FOLDERS
from engine.datasets.numpy_files.array_files import ArrayFile, arrays_in, reading
from engine.errors import DatasetError

_INPUTS = ("x", "data", "image", "images", "feature", "features", "input", "inputs", "samples")
_TARGETS = ("y", "label", "labels", "target", "targets", "class", "classes", "output", "outputs")
# Longest first: "training" before "train".
_PARTS = sorted([*PART_FOLDERS, "t10k"], key=len, reverse=True)
_HINT = "Name them x and y, or x_train, y_train, x_test and y_test; or say which with target."


@dataclass(frozen=True)
class Pair:
    """Inputs with their targets; no targets: they are a column of the inputs."""

    x: ArrayFile
    y: ArrayFile | None


def idx_stem(name: str) -> str:
    """What the images and the labels of one part have in common: ``t10k`` of MNIST's."""
    bare = re.sub(r"[-_.]?idx\d.*", "", name, flags=re.IGNORECASE)
    return re.sub("(images?|labels?|data)$", "", bare, flags=re.IGNORECASE).strip("-_.")


def in_folder(folder: Path, suffixes: tuple[str, ...]) -> dict[str, ArrayFile]:
    """The arrays of a folder's files by name; headers alone are read."""
    with reading(folder):
        files = sorted(entry for entry in folder.iterdir() if entry.suffix.lower() in suffixes)
    return {item.name: item for path in files for item in arrays_in(path)}


def beside(path: Path) -> dict[str, ArrayFile]:
    """Returns an .npy file with those beside it that, by their names, belong to it."""
    found = {path.stem: arrays_in(path)[0]}
    role, part = role_of(path.stem)
    with reading(path.parent):
        others = sorted(path.parent.glob("*.npy"))
    for other in others:
        other_role, other_part = role_of(other.stem)
        named_after = other.stem.lower().startswith(path.stem.lower())
        is_target = other_role == "y" and (other_part == part or named_after)
        is_part = role == "x" and part >= 0 and other_role in ("x", "y") and other_part >= 0
        if other != path and (is_target or is_part):
            found[other.stem] = arrays_in(other)[0]
    return found


def role_of(name: str) -> tuple[str, int]:
    """What a name says: ``x`` (inputs), ``y`` (targets) or nothing, and the part, -1 for none."""
    words = [word for word in re.split(r"[^a-z0-9]+|idx\d.*", name.lower()) if word]
    part = -1
    for known in _PARTS:
        if part < 0 and known in words:
            words.remove(known)
            part = PART_FOLDERS.get(known, 2)
        for word in words:
            # xtrain, trainx
            rest = word.removeprefix(known) if word.startswith(known) else word.removesuffix(known)
            if part < 0 and rest != word and rest in (*_INPUTS, *_TARGETS):
                words[words.index(word)] = rest
                part = PART_FOLDERS.get(known, 2)
    if any(word in _TARGETS for word in words):
        return "y", part
    return ("x" if any(word in _INPUTS for word in words) else ""), part


def pair(
    found: Mapping[str, ArrayFile], inputs: str | None, target: str | None, source: str
) -> dict[int, Pair]:
    """Finds out which arrays are inputs and which their targets, by part (-1: no part).

    Raises:
        DatasetError: It is not clear.
    """
    if not found:
        raise DatasetError(f"'{source}' holds no arrays.", "Save them with numpy.savez.")
    if inputs is not None or (target is not None and target in found):
        return {-1: _asked(found, inputs, target, source)}
    pairs: dict[int, Pair] = {}
    xs = {part: found[name] for name in found for role, part in [role_of(name)] if role == "x"}
    ys = {part: found[name] for name in found for role, part in [role_of(name)] if role == "y"}
    for part, x in xs.items():
        pairs[part] = Pair(x, ys.get(part))
    if len(found) == 1:
        return {-1: Pair(next(iter(found.values())), None)}
    if len(found) == 2 and not any(item.y for item in pairs.values()):
        first, second = found.values()
        if np.prod(first.shape) < np.prod(second.shape):
            first, second = second, first
        if first.shape[:1] == second.shape[:1]:
            return {-1: Pair(first, second)}
    with_targets = {part: item for part, item in pairs.items() if item.y is not None}
    if not with_targets:
        raise DatasetError(
            f"Which array of '{source}' holds the inputs, and which the targets? Received: "
            f"{listing(found.values())}.",
            _HINT,
        )
    if 0 in with_targets:
        with_targets.pop(-1, None)
    return dict(sorted(with_targets.items()))


def _asked(
    found: Mapping[str, ArrayFile], inputs: str | None, target: str | None, source: str
) -> Pair:
    for name in (inputs, target):
        if name is not None and name not in found:
            raise DatasetError(
                f"'{source}' has no array '{name}'.", f"It has: {listing(found.values())}."
            )
    others = [name for name in found if name not in (inputs, target)]
    if inputs is None:
        inputs = next((name for name in others if role_of(name)[0] == "x"), None)
        inputs = inputs or max(others, key=lambda name: len(found[name].shape), default=None)
    elif target is None:
        target = next((name for name in others if role_of(name)[0] == "y"), None)
    if inputs is None:
        raise DatasetError(f"'{source}' has no array of inputs beside '{target}'.", _HINT)
    return Pair(found[inputs], None if target is None else found[target])


def listing(arrays: Iterable[ArrayFile]) -> str:
    """Names, shapes and types for people."""
    return ", ".join(f"{item.name} ({item.text})" for item in arrays)
