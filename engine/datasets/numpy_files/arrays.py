"""Arrays as datasets: .npz, .npy and IDX files, alone or in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from engine.datasets import packing
from engine.datasets.base import AnyArray, Examples, Progress, Rows, silent
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance, understand_targets
from engine.datasets.numpy_files.array_files import IDX_NAME, ArrayFile, arrays_in, reading
from engine.datasets.numpy_files.array_pairs import (
    Pair,
    beside,
    idx_stem,
    in_folder,
    listing,
    pair,
    role_of,
)
from engine.datasets.numpy_files.array_values import (
    Grey,
    Meaning,
    blocks_of,
    converted,
    joined,
    meaning_of,
    value_range,
)
from engine.errors import DatasetError
from engine.spec.parameters import Parameters, parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

NUMPY_SUFFIXES = (".npz", ".npy")


class ArrayParameters(Parameters):
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
        return load_arrays(self._pairs(parameters), self.data, parameters, progress)

    def _pairs(self, parameters: ArrayParameters) -> dict[int, Pair]:
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
        return load_arrays(
            pair(found, parameters.inputs, self.data.target, self.path.name),
            self.data,
            parameters,
            progress,
        )


# ---- examples


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
    grey, held = Grey(0, 255), _bytes(meaning, len(rows)) <= packing.MEMORY_LIMIT
    if meaning.kind is not Kind.TEXT:
        lowest, highest = value_range(rows, files[0].name, progress)
        grey = Grey.of(lowest, highest, rows.dtype.kind in "iub")
    labels = [item.y for item in pairs.values() if item.y is not None]
    values = joined([item.rows(progress) for item in labels])[:]
    target_name = labels[0].name if len(labels) == 1 and "idx" not in labels[0].name else "label"
    if data.target not in (None, target_name):
        raise DatasetError(
            f"There is no array '{data.target}' to predict.",
            f"There are: {listing(files + labels)}.",
        )
    targets = understand_targets(values, target_name, data.task)
    given = np.repeat(np.array(list(pairs), np.int8), [len_of(item.x) for item in pairs.values()])
    facts = [("Arrays", listing(dict.fromkeys([*files, *labels])))]
    if meaning.kind in (Kind.IMAGE, Kind.VIDEO):
        taken = f"taken as {grey.low:g} (black) to {grey.high:g} (white)"
        facts.append(("Values", f"{lowest:g} to {highest:g}, {taken}"))
    return Examples(
        x=converted(rows, meaning, grey, held),
        y=targets.y,
        kind=meaning.kind,
        task=targets.task,
        feature_names=_feature_names(meaning),
        target_name=target_name,
        class_names=targets.class_names,
        notes=targets.notes,
        findings=imbalance(targets.y, targets.class_names) if targets.class_names else (),
        facts=tuple(facts),
        given=given if 0 in pairs and len(pairs) > 1 else None,
        reading={"low": grey.low, "high": grey.high},
    )


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
        if len_of(item.x) != len_of(item.y):
            raise DatasetError(
                f"'{item.x.name}' and '{item.y.name}' must have one target per example. Received: "
                f"{len_of(item.x):,} examples and {len_of(item.y):,} targets.",
                "Save them anew, or name the right arrays.",
            )


def len_of(item: ArrayFile) -> int:
    """Rows of an array; of a single value, none."""
    return item.shape[0] if item.shape else 0


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
    value_range(rows, file.name, progress)
    place = names.index(target)
    kept = [index for index in range(len(names)) if index != place]
    values = np.concatenate([block[:, place] for _, block in blocks_of(rows, progress, "Reading")])
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
        findings=imbalance(targets.y, targets.class_names) if targets.class_names else (),
        facts=(("Arrays", listing([file])),),
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


# ---- prediction


def read_inputs(path: Path, asked: InputSpec) -> AnyArray:
    """Reads one example or several for prediction, (n, *input_shape), in the data's own units.

    A single channel may be left out. Images in another range than bytes are read as the training
    data was.

    Raises:
        DatasetError: The array cannot be read, or does not fit the model.
    """
    # What a network receives of a table is wider than its rows where there are categories.
    is_table = asked.signature.kind is Kind.TABLE
    shape = (len(asked.feature_names),) if is_table else asked.signature.input_shape
    found = arrays_in(path)
    if len(found) != 1:
        named = [item for item in found if role_of(item.name)[0] == "x"]
        if len(named) != 1:
            raise DatasetError(
                f"'{path}' must hold one array of inputs. Received: {listing(found)}.",
                "Save the inputs alone with numpy.save.",
            )
        found = (named[0],)
    array = found[0]
    if array.dtype.hasobject:
        raise DatasetError(
            f"The array '{path}' cannot be read: it holds Python objects.",
            "Save numbers with numpy.save.",
        )
    shapes = {shape, shape[:-1]} if len(shape) == 3 and shape[-1] == 1 else {shape}
    if array.shape not in shapes and array.shape[1:] not in shapes:
        raise DatasetError(
            f"The model takes inputs of shape {shape}. Received: {array.shape} in '{path}'.",
            f"Save one example, or several as (n, {', '.join(map(str, shape))}).",
        )
    values = array.rows()[:] if array.shape else np.zeros(())
    if values.dtype.kind not in "fiub" or not np.isfinite(values).all():
        raise DatasetError(
            f"'{path}' must hold finite numbers. Received: {values.dtype}.",
            "Remove what is infinite or not a number.",
        )
    if not values.size:
        raise DatasetError(f"'{path}' holds no examples.", "Save at least one.")
    grey = Grey(asked.reading.get("low", 0), asked.reading.get("high", 255))
    if asked.signature.kind in (Kind.IMAGE, Kind.VIDEO) and (grey.low, grey.high) != (0, 255):
        values = grey.pixels(values)
    return values.astype(np.float64).reshape(-1, *shape)
