"""Arrays as datasets: .npz, .npy and IDX files, alone or in a folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.datasets import packing
from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, Rows, silent
from engine.datasets.files import Glance
from engine.datasets.folder_meaning import SpellingParameters
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import Targets, imbalance, text_of, understand_targets
from engine.datasets.numpy_files.array_files import IDX_NAME, ArrayFile, arrays_in, reading
from engine.datasets.numpy_files.array_findings import unused, with_labels
from engine.datasets.numpy_files.array_pairs import (
    Found,
    Pair,
    beside,
    idx_stem,
    in_folder,
    listing,
    n_rows,
    pair,
)
from engine.datasets.numpy_files.array_range import ArrayRange, range_of
from engine.datasets.numpy_files.array_values import (
    Meaning,
    blocks_of,
    converted,
    joined,
    meaning_of,
    value_range,
)
from engine.datasets.pixel_range import PixelRange, RangeParameters
from engine.errors import DatasetError
from engine.events.findings import DataFinding
from engine.spec.parameters import parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind

_SHOWN_FIELDS = 10
NUMPY_SUFFIXES = (".npz", ".npy")


class ArrayParameters(RangeParameters, SpellingParameters):
    """What the arrays are, where their names and shapes do not tell."""

    holds: Literal["auto", "table", "images", "series", "video"] = parameter(
        "auto",
        label="Examples are",
        help="What one row of the array is. 'auto' tells by the shape: (n, features) is a table, "
        "(n, height, width) or (n, height, width, channels) images, (n, steps, channels) series.",
    )
    inputs: str | None = parameter(
        None,
        label="Inputs",
        help="Name of the array of inputs, where the file has several.",
        advanced=True,
    )


class ArrayFormat(Format):
    """NumPy files."""

    name = "arrays"
    title = "NumPy arrays (.npz, .npy)"
    kind = Kind.TABLE
    suffixes = NUMPY_SUFFIXES
    parameters = ArrayParameters

    def likeness(self, glance: Glance) -> float:
        return 0.8 * glance.share(NUMPY_SUFFIXES)

    def open(self, path: Path, data: DataSpec) -> ArrayDataset:
        return ArrayDataset(path, data)


class IdxFormat(Format):
    """IDX files, as MNIST has them."""

    name = "idx"
    title = "IDX arrays, as of MNIST (…-images-idx3-ubyte)"
    kind = Kind.IMAGE
    suffixes = (".gz", "")
    parameters = ArrayParameters

    def likeness(self, glance: Glance) -> float:
        files = glance.top_files if glance.is_folder else (glance.path,)
        return 0.95 if any(IDX_NAME.fullmatch(path.name) for path in files) else 0.0

    def open(self, path: Path, data: DataSpec) -> IdxDataset:
        return IdxDataset(path, data)


class ArrayDataset(FileDataset):
    """Arrays in a NumPy file, or in several of a folder."""

    format: Format = ArrayFormat()

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Reads headers, then targets and the range of the inputs; large inputs stay on disk.

        Raises:
            DatasetError: The arrays cannot be read, or it is not clear what they are.
        """
        return load_found(self._found(parameters), self.data, parameters, progress)

    def _found(self, parameters: ArrayParameters) -> Found:
        if self.path.is_dir():
            found = in_folder(self.path, NUMPY_SUFFIXES)
        elif self.path.suffix.lower() == ".npz":
            found = {item.name: item for item in arrays_in(self.path)}
        else:
            found = beside(self.path)
        return pair(found, parameters.inputs, self.data.target, self.path.name)


class IdxDataset(FileDataset):
    """IDX files: one of images with its labels beside it, or a folder of them."""

    format: Format = IdxFormat()
    recommended_model = "cnn"

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Reads headers, then labels and images.

        Raises:
            DatasetError: The files cannot be read, or labels are missing.
        """
        folder = self.path if self.path.is_dir() else self.path.parent
        with reading(folder):
            names = sorted(entry for entry in folder.iterdir() if IDX_NAME.fullmatch(entry.name))
        if not self.path.is_dir():
            stem = idx_stem(self.path.name)
            names = [path for path in names if idx_stem(path.name) == stem]
        # A file beside its packed twin is the same data twice; the unpacked one is faster.
        chosen = {path.name.lower().removesuffix(".gz"): path for path in reversed(names)}
        found = {item.name: item for path in chosen.values() for item in arrays_in(path)}
        return load_found(
            pair(found, parameters.inputs, self.data.target, self.path.name),
            self.data,
            parameters,
            progress,
        )


# ---- examples


def load_found(
    found: Found, data: DataSpec, parameters: ArrayParameters, progress: Progress
) -> Examples:
    """Examples from arrays of which is known what they are.

    Raises:
        DatasetError: They do not fit each other, or cannot be used.
    """
    examples = load_arrays(found.pairs, data, parameters, progress)
    if found.class_names is not None:
        examples = replace(examples, class_names=_named(examples, found.class_names, progress))
    if found.feature_names is not None and examples.kind is Kind.TABLE:
        texts = _texts(found.feature_names, progress)
        if len(set(texts)) == len(texts) == len(examples.feature_names):
            examples = replace(examples, feature_names=texts)
    return replace(examples, findings=(*unused(found), *examples.findings))


def _named(examples: Examples, names: ArrayFile, progress: Progress) -> tuple[str, ...]:
    """The names of the classes by number; as they are where the numbers do not fit."""
    texts = _texts(names, progress)
    numbers = [int(name) if name.isdecimal() else -1 for name in examples.class_names]
    if not all(0 <= number < len(texts) for number in numbers) or len(set(texts)) < len(texts):
        return examples.class_names
    return tuple(texts[number] for number in numbers)


def _texts(names: ArrayFile, progress: Progress) -> tuple[str, ...]:
    return tuple(text_of(name) for name in names.rows(progress)[:].tolist())


def load_arrays(
    pairs: dict[int, Pair], data: DataSpec, parameters: ArrayParameters, progress: Progress
) -> Examples:
    """Examples from pairs of arrays by part.

    Raises:
        DatasetError: They do not fit each other, or cannot be used.
    """
    _check_lengths(pairs)
    files = [item.x for item in pairs.values()]
    rows = joined([file.rows(progress) for file in files])
    if files[0].shape == () or not len(rows):
        raise DatasetError(f"'{files[0].name}' holds no examples.", "Save at least one.")
    if len(pairs) == 1 and next(iter(pairs.values())).y is None:
        return _table_of(rows, files[0], data, progress)
    meaning = meaning_of(rows.shape, rows.dtype, parameters.holds)
    seen, held = ArrayRange(PixelRange()), _bytes(meaning, len(rows)) <= packing.MEMORY_LIMIT
    if meaning.kind is not Kind.TEXT:
        seen = range_of(rows, files[0].name, meaning, parameters, progress)
    labels = [item.y for item in pairs.values() if item.y is not None]
    values = joined([item.rows(progress) for item in labels])[:]
    target_name = (
        labels[0].name if len(labels) == 1 and not IDX_NAME.fullmatch(labels[0].name) else "label"
    )
    if data.target not in (None, target_name):
        raise DatasetError(
            f"There is no array '{data.target}' to predict.",
            f"There are: {listing(files + labels)}.",
        )
    given = np.repeat(np.array(list(pairs), np.int8), [n_rows(item.x) for item in pairs.values()])
    known, missing = with_labels(values, target_name)
    if missing:
        rows, values, given = _chosen(rows, known), values[known], given[known]
    targets = understand_targets(values, target_name, data.task, spellings=parameters.spellings)
    used = listing(dict.fromkeys([*files, *labels]))
    findings = (*missing, *meaning.findings, *seen.findings, *targets.findings)
    return Examples(
        x=converted(rows, meaning, seen.range, held),
        y=targets.y,
        kind=meaning.kind,
        task=targets.task,
        feature_names=_feature_names(meaning),
        target_name=target_name,
        class_names=targets.class_names,
        notes=targets.notes,
        findings=(*findings, *_imbalance(targets)),
        facts=(("Arrays", used), *seen.facts),
        names=tuple(f"row {row + 1:,}" for row in known) if missing else (),
        given=given if 0 in pairs and len(pairs) > 1 else None,
        reading={
            "low": seen.range.low,
            "high": seen.range.high,
            **({"stored": list(rows.shape[1:])} if meaning.is_changed(rows.shape[1:]) else {}),
        },
    )


def _imbalance(targets: Targets) -> tuple[DataFinding, ...]:
    return imbalance(targets.y, targets.class_names) if targets.class_names else ()


def _chosen(rows: Rows, places: IndexArray) -> Rows:
    return rows[places] if isinstance(rows, np.ndarray) else packing.ChosenRows(rows, places)


def _check_lengths(pairs: dict[int, Pair]) -> None:
    first = next(iter(pairs.values())).x
    for item in pairs.values():
        item.x.refuse_objects()
        if item.x.shape[1:] != first.shape[1:] or item.x.dtype != first.dtype:
            raise DatasetError(
                f"'{item.x.name}' and '{first.name}' must hold examples of one shape and type. "
                f"Received: {item.x.text} and {first.text}.",
                "Save them alike.",
            )
        if item.y is None:
            continue
        item.y.refuse_objects()
        if n_rows(item.x) != n_rows(item.y):
            raise DatasetError(
                f"'{item.x.name}' and '{item.y.name}' must have one target per example. Received: "
                f"{n_rows(item.x):,} examples and {n_rows(item.y):,} targets.",
                "Save them anew, or name the right arrays.",
            )


def _bytes(meaning: Meaning, n_rows: int) -> int:
    size = 1 if meaning.kind in (Kind.IMAGE, Kind.VIDEO) else 8
    return int(np.prod(meaning.shape, dtype=np.int64)) * n_rows * size


def _feature_names(meaning: Meaning) -> tuple[str, ...]:
    if meaning.kind is Kind.TABLE:
        return tuple(f"column {index + 1}" for index in range(meaning.shape[0]))
    if meaning.kind is Kind.SERIES:
        return tuple(f"channel {index + 1}" for index in range(meaning.shape[-1]))
    return ()


def _table_of(rows: Rows, file: ArrayFile, data: DataSpec, progress: Progress) -> Examples:
    """A table whose target is one of its columns, the last unless another is asked for."""
    if rows.dtype.names:
        raise DatasetError(
            f"'{file.name}' holds records with fields of their own, which arrays are not read "
            f"from. Received: {', '.join(rows.dtype.names[:_SHOWN_FIELDS])}.",
            "Save them as a table, CSV or Parquet.",
        )
    if len(rows.shape) != 2 or rows.shape[1] < 2 or rows.dtype.kind not in "fiub":
        raise DatasetError(
            f"'{file.name}' ({file.text}) has no targets.",
            "Save an array of labels beside it, named y or labels; or a table (rows, columns) "
            "whose last column is the target.",
        )
    names = [f"column {index + 1}" for index in range(rows.shape[1])]
    target = data.target or names[-1]
    if target not in names:
        raise DatasetError(
            f"'{file.name}' has no column '{target}'.", f"It has 'column 1' to '{names[-1]}'."
        )
    place = names.index(target)
    kept = [index for index in range(len(names)) if index != place]
    values = np.concatenate([block[:, place] for _, block in blocks_of(rows, progress, "Reading")])
    known, missing = with_labels(values, target)
    if missing:
        rows, values = _chosen(rows, known), values[known]
    value_range(rows, file.name, progress)
    targets = understand_targets(values, target, data.task)
    return Examples(
        x=_columns(rows, kept),
        y=targets.y,
        kind=Kind.TABLE,
        task=targets.task,
        feature_names=tuple(names[index] for index in kept),
        target_name=target,
        class_names=targets.class_names,
        notes=targets.notes,
        findings=(*missing, *_imbalance(targets)),
        facts=(("Arrays", listing([file])),),
        names=tuple(f"row {row + 1:,}" for row in known) if missing else (),
        source_columns=tuple(names),
        column=lambda name: _column(rows, names, name),
    )


def _columns(rows: Rows, kept: list[int]) -> Rows:
    from engine.datasets.numpy_files.array_values import ConvertedRows

    if len(rows) * len(kept) * 8 <= packing.MEMORY_LIMIT:
        return rows[:][:, kept].astype(np.float64)
    return ConvertedRows(
        rows, lambda block: block[:, kept].astype(np.float64), (len(kept),), np.float64
    )


def _column(rows: Rows, names: list[str], name: str) -> AnyArray:
    if name not in names:
        raise DatasetError(
            f"There is no column '{name}'.", f"There are 'column 1' to '{names[-1]}'."
        )
    return rows[:][:, names.index(name)]
