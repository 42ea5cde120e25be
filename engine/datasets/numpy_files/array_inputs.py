"""Arrays of new inputs for prediction: in the layout of the training, or in one that is meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.numpy_files.array_files import ArrayFile, arrays_in
from engine.datasets.numpy_files.array_pairs import listing, role_of
from engine.datasets.pixel_range import PixelRange
from engine.errors import DatasetError
from engine.spec.signature import Kind

if TYPE_CHECKING:
    from engine.datasets.base import InputSpec

Shape = tuple[int, ...]


def read_inputs(path: Path, asked: InputSpec) -> AnyArray:
    """Reads one example or several for prediction, (n, *input_shape), in the data's own units.

    They may lie in the file as those of the training did, channels first or with transparency, and
    a single channel may be left out. Pixels of another range than bytes are read as the training
    data was.

    Raises:
        DatasetError: The array cannot be read, or does not fit the model.
    """
    # What a network receives of a table is wider than its rows where there are categories.
    is_table = asked.signature.kind is Kind.TABLE
    shape = (len(asked.feature_names),) if is_table else asked.signature.input_shape
    layouts = list(dict.fromkeys(_layouts(shape, asked)))
    array = _chosen(path, layouts)
    if array.dtype.hasobject:
        raise DatasetError(
            f"The array '{path}' cannot be read: it holds Python objects.",
            "Save numbers with numpy.save.",
        )
    layout = _layout(array.shape, layouts)
    if layout is None:
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
    values = _turned(values.reshape(-1, *layout), shape)
    if asked.signature.kind in (Kind.IMAGE, Kind.VIDEO):
        values = _pixels(values, asked, path)
    return values.astype(np.float64).reshape(-1, *shape)


def _layouts(shape: Shape, asked: InputSpec) -> Iterator[Shape]:
    """The ways in which one example may lie in a file, the likeliest first."""
    yield tuple(asked.reading.get("stored", shape))
    yield shape
    if len(shape) > 1 and shape[-1] == 1:
        yield shape[:-1]
    if asked.signature.kind is Kind.IMAGE and len(shape) == 3:
        height, width, channels = shape
        yield channels, height, width
        if channels == 3:
            yield height, width, 4
            yield 4, height, width


def _chosen(path: Path, layouts: Sequence[Shape]) -> ArrayFile:
    """The array of inputs: the only one, the one called so, or the only one that fits."""
    found = arrays_in(path)
    if len(found) == 1:
        return found[0]
    named = [item for item in found if role_of(item.name)[0] == "x"]
    fitting = [item for item in named or found if _layout(item.shape, layouts) is not None]
    chosen = fitting if len(fitting) == 1 else named
    if len(chosen) != 1:
        raise DatasetError(
            f"'{path}' must hold one array of inputs. Received: {listing(found)}.",
            "Save the inputs alone with numpy.save.",
        )
    return chosen[0]


def _layout(shape: Shape, layouts: Sequence[Shape]) -> Shape | None:
    """The layout of one example in an array of one or several; None: it fits none."""
    for layout in layouts:
        if shape in (layout, (*shape[:1], *layout)):
            return layout
    return None


def _turned(values: AnyArray, shape: Shape) -> AnyArray:
    """Images with their channels last, without transparency; others as they are."""
    if len(shape) != 3 or values.ndim != 4:
        return values
    channels = shape[-1]
    if values.shape[2:] == shape[:2] and values.shape[1] in (channels, 4):
        is_last = values.shape[1:3] == shape[:2] and values.shape[3] in (channels, 4)
        values = values if is_last else np.moveaxis(values, 1, -1)
    return values[..., :channels]


def _pixels(values: AnyArray, asked: InputSpec, path: Path) -> AnyArray:
    """Pixels as the model knows them, 0 to 255.

    Raises:
        DatasetError: They are of a range the model was not trained on.
    """
    reading = asked.reading
    known = PixelRange(reading.get("low", 0), reading.get("high", 255))
    storage = {"u": "integers", "i": "integers", "f": "fractions", "b": "bytes"}
    name = "bytes" if values.dtype == np.uint8 else storage[values.dtype.kind]
    if name in (ranges := reading.get("ranges", {})):
        known = PixelRange(*ranges[name])
    misfit = known.misfit(values)
    if misfit:
        raise DatasetError(f"The values of '{path}' are of another range: {misfit}", _SAME_RANGE)
    return values if known.is_bytes else known.pixels(values)


_SAME_RANGE = "Bring them into the range of the data the model was trained on."
