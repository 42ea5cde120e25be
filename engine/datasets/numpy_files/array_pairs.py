"""Which arrays are inputs and which their targets: told by names, by place, or asked for."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.datasets.folder_meaning import PART_FOLDERS
from engine.datasets.numpy_files.array_files import ArrayFile, arrays_in, reading
from engine.errors import DatasetError

_INPUTS = ("x", "data", "image", "images", "feature", "features", "input", "inputs", "samples")
_TARGETS = ("y", "label", "labels", "target", "targets", "class", "classes", "output", "outputs")
_CLASSES = (*_TARGETS, "category", "categories", "name", "names")
_CLASS_WORDS = frozenset({"class", "label", "target", "category"})
_NUMBERED = frozenset({"id", "ids", "idx", "index", "indices"})
_COLUMNS = ("feature", "features", "column", "columns")
# What stands beside inputs and targets; with such a word, a name is neither of them.
_COMPANIONS = frozenset(
    (
        *("id", "ids", "idx", "index", "indices", "uid", "key", "keys"),
        *("name", "names", "file", "files", "filename", "filenames", "path", "paths"),
        *("mask", "masks", "weight", "weights", "mean", "std", "min", "max"),
        *("prob", "probs", "proba", "probas", "probability", "probabilities", "logit", "logits"),
        *("pred", "preds", "prediction", "predictions"),
        *("shape", "shapes", "size", "sizes", "length", "lengths"),
        *("time", "times", "timestamp", "timestamps", "date", "dates"),
        *("group", "groups", "subject", "subjects", "patient", "patients"),
        *("fold", "folds", "split", "splits"),
    )
)
# Longest first: "training" before "train".
_PARTS = sorted([*PART_FOLDERS, "t10k"], key=len, reverse=True)
_HINT = "Name them x and y, or x_train, y_train, x_test and y_test; or say which with target."


@dataclass(frozen=True)
class Pair:
    """Inputs with their targets; no targets: they are a column of the inputs."""

    x: ArrayFile
    y: ArrayFile | None


@dataclass(frozen=True)
class Found:
    """What the arrays of a source are.

    Attributes:
        pairs: Inputs and targets by part, -1 for none.
        class_names: Names of the classes, by their number.
        feature_names: Names of the columns of the inputs.
        others: Arrays that are not used.
    """

    pairs: dict[int, Pair]
    class_names: ArrayFile | None = None
    feature_names: ArrayFile | None = None
    others: tuple[ArrayFile, ...] = field(default=())


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
    words, part = _words_of(name)
    if _is_companion(words):
        return "", part
    if any(word in _TARGETS for word in words) or _CLASS_WORDS.intersection(words):
        return "y", part
    return ("x" if any(word in _INPUTS for word in words) else ""), part


def _is_companion(words: Collection[str]) -> bool:
    """Whether an array so named stands beside inputs and targets; the number of a class is one."""
    matters = _COMPANIONS.intersection(words)
    return bool(matters) and not (matters <= _NUMBERED and _CLASS_WORDS.intersection(words))


def _words_of(name: str) -> tuple[list[str], int]:
    """The words of a name without the one that says the part, and the part."""
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
    return words, part


def pair(
    found: Mapping[str, ArrayFile], inputs: str | None, target: str | None, source: str
) -> Found:
    """Finds out which arrays are inputs and which their targets, by part (-1: no part).

    Raises:
        DatasetError: It is not clear.
    """
    if not found:
        raise DatasetError(f"'{source}' holds no arrays.", "Save them with numpy.savez.")
    if inputs is not None or (target is not None and target in found):
        pairs = {-1: _asked(found, inputs, target, source)}
    elif len(found) == 1:
        pairs = {-1: Pair(next(iter(found.values())), None)}
    else:
        pairs = _by_names(found) or _by_shapes(found)
    if not pairs:
        raise DatasetError(
            f"Which array of '{source}' holds the inputs, and which the targets? Received: "
            f"{listing(found.values())}.",
            _HINT,
        )
    if 0 in pairs:
        pairs.pop(-1, None)
    used = [item for one in pairs.values() for item in (one.x, one.y)]
    others = [item for item in found.values() if item not in used]
    features = _naming(others, _COLUMNS)
    classes = _naming([item for item in others if item is not features], _CLASSES)
    others = [item for item in others if item not in (features, classes)]
    return Found(dict(sorted(pairs.items())), classes, features, tuple(others))


def _naming(arrays: Iterable[ArrayFile], words: Collection[str]) -> ArrayFile | None:
    """The list of names whose own name has one of these words and no other that matters."""
    for item in arrays:
        own = {*_words_of(item.name)[0]} - {"name", "names"}
        is_list = item.dtype.kind in "US" and len(item.shape) == 1
        if is_list and own <= {*words} and _words_of(item.name)[0]:
            return item
    return None


def _by_names(found: Mapping[str, ArrayFile]) -> dict[int, Pair]:
    """Pairs by what arrays are called, as far as their numbers of rows agree."""
    pairs: dict[int, Pair] = {}
    roles = {name: role_of(name) for name in found}
    parts = {part for _, part in roles.values()}
    for part in parts:
        xs = [found[name] for name, role in roles.items() if role == ("x", part)]
        ys = [found[name] for name, role in roles.items() if role == ("y", part)]
        if xs and ys:
            x = min(xs, key=_plainness)
            fitting = [item for item in ys if n_rows(item) == n_rows(x)]
            pairs[part] = Pair(x, min(fitting or ys, key=_plainness))
    return pairs


def _plainness(item: ArrayFile) -> tuple[bool, int]:
    """Smaller where a name says nothing else (``y``, not ``y_onehot``), and where it is plain."""
    words, _ = _words_of(item.name)
    is_plain = len(words) == 1
    return not is_plain, len(item.shape) if role_of(item.name)[0] == "y" else -len(item.shape)


def _by_shapes(found: Mapping[str, ArrayFile]) -> dict[int, Pair]:
    """The pair where one array alone can be the inputs, and one the targets."""
    arrays = list(found.values())
    plain = [item for item in arrays if not _is_companion(_words_of(item.name)[0])]
    xs, ys = ([item for item in plain if role_of(item.name)[0] == role] for role in ("x", "y"))
    if len(ys) == 1 and not xs:
        others = _beside(ys[0], plain) or _beside(ys[0], arrays)
        return {-1: Pair(others[0], ys[0])} if len(others) == 1 else {}
    if len(xs) == 1 and not ys:
        others = _beside(xs[0], plain)
        return {-1: Pair(xs[0], others[0])} if len(others) == 1 else {}
    if len(plain) == 2:
        x, y = sorted(plain, key=lambda item: math.prod(item.shape), reverse=True)
        return {-1: Pair(x, y)} if n_rows(x) == n_rows(y) else {}
    return {}


def _beside(known: ArrayFile, arrays: Iterable[ArrayFile]) -> list[ArrayFile]:
    """Those of other arrays that have as many rows."""
    return [item for item in arrays if item is not known and n_rows(item) == n_rows(known)]


def n_rows(item: ArrayFile) -> int:
    """Rows of an array; of a single value, none."""
    return item.shape[0] if item.shape else 0


def _asked(
    found: Mapping[str, ArrayFile], inputs: str | None, target: str | None, source: str
) -> Pair:
    for name in (inputs, target):
        if name is not None and name not in found:
            raise DatasetError(
                f"'{source}' has no array '{name}'.", f"It has: {listing(found.values())}."
            )
    others = [item for name, item in found.items() if name not in (inputs, target)]
    known = found[inputs or target or ""]
    role = "x" if inputs is None else "y"
    named = [item for item in others if role_of(item.name)[0] == role]
    best = min(_beside(known, named) or named, key=_plainness, default=None)
    if inputs is None:
        fitting = _beside(known, others) or others
        x = best or max(fitting, key=lambda item: len(item.shape), default=None)
        if x is None:
            raise DatasetError(f"'{source}' has no array of inputs beside '{target}'.", _HINT)
        return Pair(x, known)
    if target is not None:
        return Pair(known, found[target])
    return Pair(known, best)


def listing(arrays: Iterable[ArrayFile]) -> str:
    """Names, shapes and types for people."""
    return ", ".join(f"{item.name} ({item.text})" for item in arrays)
