"""What `predict` is given: tables, rows typed out, images and arrays, as a model's inputs."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.contract import Contract
from engine.datasets.table import SUFFIXES, read_features
from engine.errors import DatasetError
from engine.parameters import shorten
from engine.problem import Kind

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
# An image file of some kilobytes can hold gigabytes of pixels.
MAX_PIXELS = 50_000_000

Array = npt.NDArray[Any]


def read_inputs(inputs: Sequence[str], contract: Contract) -> tuple[list[str], Array]:
    """Reads everything a model shall predict for.

    Args:
        inputs: Paths of files; for tables, rows such as ``5.1,3.5,1.4,0.2`` as well.
        contract: What the model takes.

    Returns:
        A name for each example, and the inputs in the data's own units, (n_samples, *input_shape).

    Raises:
        DatasetError: An input cannot be read, or does not fit the model.
    """
    names: list[str] = []
    arrays: list[Array] = []
    for text in inputs:
        found = _read(text, contract)
        arrays.append(found)
        text = text.strip()
        names += [text] if len(found) == 1 else [f"{text}[{row}]" for row in range(len(found))]
    return names, np.concatenate(arrays)


def _read(text: str, contract: Contract) -> Array:
    path = Path(text.strip())
    is_table = contract.signature.kind is Kind.TABLE
    is_file = is_folder = False
    with contextlib.suppress(OSError, RuntimeError):  # no path at all, but a row perhaps
        path = path.expanduser()
        is_file, is_folder = path.is_file(), path.is_dir()
    if not is_file:
        if is_table and path.suffix.lower() not in (*SUFFIXES, ".npy"):
            return _read_row(text, contract)[np.newaxis]
        if is_folder:
            raise DatasetError(f"'{text}' is a folder.", "Give the files in it.")
        raise DatasetError(f"There is no file '{text}'.", "Check the path.")
    suffix = path.suffix.lower()
    if suffix == ".npy":
        return _read_array(path, contract)
    if is_table and suffix in SUFFIXES:
        return read_features(path, contract.feature_names)
    if not is_table and suffix in IMAGE_SUFFIXES:
        return _read_image(path, contract)[np.newaxis]
    known = (*SUFFIXES, ".npy") if is_table else (*IMAGE_SUFFIXES, ".npy")
    raise DatasetError(
        f"A model of {contract.signature.kind.value} data cannot take such a file. "
        f"Received: '{text}'.",
        f"Known types: {', '.join(known)}.",
    )


# ---- rows


def _read_row(text: str, contract: Contract) -> Array:
    """One row typed out: a cell per column of the table the model was trained on."""
    columns = _columns(contract.feature_names)
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) != len(columns):
        raise DatasetError(
            f"A row needs {len(columns)} values. Received {len(cells)}: {shorten(text)}.",
            f"In this order: {', '.join(columns)}. Or give a CSV file.",
        )
    row = np.zeros(len(contract.feature_names))
    for (column, places), cell in zip(columns.items(), cells, strict=True):
        if places is None:
            row[contract.feature_names.index(column)] = _number(column, cell)
        elif cell in places:
            row[places[cell]] = 1.0
        else:
            known = f"Known: {', '.join(places)}."
            raise DatasetError(f"'{column}' has no value {shorten(cell)}.", known)
    return row


def _columns(feature_names: Sequence[str]) -> dict[str, dict[str, int] | None]:
    """The table's columns in order; for categories, the feature of each value."""
    columns: dict[str, dict[str, int] | None] = {}
    for index, feature in enumerate(feature_names):
        column, separator, category = feature.partition("=")
        if not separator:
            columns[feature] = None
            continue
        places = columns.setdefault(column, {})
        if places is not None:
            places[category] = index
    return columns


def _number(column: str, cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        value = np.nan
    if not np.isfinite(value):
        raise DatasetError(
            f"'{column}' must be a number. Received: {shorten(cell)}.",
            "Write it with a point, such as 5.1.",
        )
    return value


# ---- images and arrays


def _read_image(path: Path, contract: Contract) -> Array:
    """One image at the size and with the channels the model takes, 0 to 255."""
    from PIL import Image, UnidentifiedImageError

    height, width, channels = contract.signature.input_shape
    try:
        with _open_image(path) as image:
            if image.width * image.height > MAX_PIXELS:
                raise DatasetError(
                    f"'{path}' has too many pixels. Received: {image.width}×{image.height}.",
                    f"Make it smaller than {MAX_PIXELS // 1_000_000} million pixels.",
                )
            converted = image.convert("L" if channels == 1 else "RGB")
            if converted.size != (width, height):
                converted = converted.resize((width, height), Image.Resampling.BILINEAR)
            pixels = np.asarray(converted, np.uint8)
    except UnidentifiedImageError:
        raise DatasetError(f"'{path}' is not an image.", "Open and save it as PNG.") from None
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise DatasetError(
            f"The image '{path}' cannot be read. Received: {error}.", "Open and save it as PNG."
        ) from None
    return pixels.reshape(height, width, channels)


def _open_image(path: Path) -> PillowImage:
    """Reads an image's header."""
    from PIL import Image

    with warnings.catch_warnings():
        # Its size is looked at next, with a lower limit than Pillow's.
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(path)


def _read_array(path: Path, contract: Contract) -> Array:
    """One example or several from a NumPy file; a single channel may be left out."""
    shape = contract.signature.input_shape
    try:
        # Mapping compares the header with the file's size before anything is read.
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DatasetError(
            f"The array '{path}' cannot be read. Received: {error}.",
            "Save numbers with numpy.save.",
        ) from None
    shapes = {shape, shape[:-1]} if len(shape) == 3 and shape[-1] == 1 else {shape}
    if mapped.shape not in shapes and mapped.shape[1:] not in shapes:
        raise DatasetError(
            f"The model takes inputs of shape {shape}. Received: {mapped.shape} in '{path}'.",
            f"Save one example, or several as (n, {', '.join(map(str, shape))}).",
        )
    if mapped.dtype.kind not in "fiub" or not np.isfinite(mapped).all():
        raise DatasetError(
            f"'{path}' must hold finite numbers. Received: {mapped.dtype}.",
            "Remove what is infinite or not a number.",
        )
    if not mapped.size:
        raise DatasetError(f"'{path}' holds no examples.", "Save at least one.")
    return np.array(mapped, np.float64).reshape(-1, *shape)
