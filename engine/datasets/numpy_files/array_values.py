"""What the numbers of an array mean: images, tables, series; and rows converted when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Progress, Rows
from engine.datasets.pixel_range import PixelRange
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.signature import Kind

_BLOCK_BYTES = 1 << 24
_CHANNELS = (1, 3)


class ConvertedRows:
    """Rows of which each block is converted when it is asked for.

    Args:
        rows: What is converted.
        convert: Returns as many rows as it is given, (n, …).
        shape: Shape of one row afterwards.
        dtype: Type of one number afterwards.
    """

    def __init__(
        self,
        rows: Rows,
        convert: Callable[[AnyArray], AnyArray],
        shape: tuple[int, ...],
        dtype: npt.DTypeLike,
    ) -> None:
        self._rows, self._convert = rows, convert
        self._shape, self._dtype = shape, np.dtype(dtype)

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self._rows), *self._shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._dtype

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, indices: Any) -> AnyArray:
        if isinstance(indices, (int, np.integer)):
            indices = [int(indices)]
            return np.asarray(self[indices][0])
        return self._convert(self._rows[indices])


class JoinedRows:
    """Rows of several sources, one after another.

    Args:
        parts: At least one, all of the same shape and type.
    """

    def __init__(self, parts: Sequence[Rows]) -> None:
        self._parts = parts
        self._ends = np.cumsum([len(part) for part in parts])

    @property
    def shape(self) -> tuple[int, ...]:
        return (len(self), *self._parts[0].shape[1:])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._parts[0].dtype

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, indices: Any) -> AnyArray:
        if isinstance(indices, (int, np.integer)):
            indices = [int(indices)]
            return np.asarray(self[indices][0])
        chosen = np.arange(len(self))[indices]
        found = np.empty((len(chosen), *self.shape[1:]), self.dtype)
        source = np.searchsorted(self._ends, chosen, side="right")
        for number, part in enumerate(self._parts):
            here = np.flatnonzero(source == number)
            if len(here):
                start = int(self._ends[number]) - len(part)
                found[here] = part[chosen[here] - start]
        return found


def joined(parts: Sequence[Rows]) -> Rows:
    """Rows one after another: an array where all of them are arrays."""
    if len(parts) == 1:
        return parts[0]
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate([np.asarray(part) for part in parts])
    return JoinedRows(parts)


def blocks_of(rows: Rows, progress: Progress, what: str) -> Iterator[tuple[int, AnyArray]]:
    """Yields consecutive blocks of rows, each with the index of its first."""
    row_bytes = max(1, int(np.prod(rows.shape[1:], dtype=np.int64)) * rows.dtype.itemsize)
    n_block = max(1, _BLOCK_BYTES // row_bytes)
    for start in range(0, len(rows), n_block):
        progress(what, start, len(rows))
        yield start, rows[start : start + n_block]


@dataclass(frozen=True)
class Meaning:
    """What an array of examples holds.

    Attributes:
        kind: What one example is.
        shape: Shape of one row in `Examples.x`.
        moved: Channels stood first and go last.
        drops_channel: The fourth channel, transparency, is left out.
    """

    kind: Kind
    shape: tuple[int, ...]
    moved: bool = False
    drops_channel: bool = False

    def is_changed(self, stored: tuple[int, ...]) -> bool:
        """Whether rows of this shape are turned, cut or flattened."""
        return stored not in (self.shape, self.shape[:-1])

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """What was understood, where that could surprise."""
        if not self.drops_channel:
            return ()
        text = (
            "Of four channels the first three are colours; the fourth, transparency, is left out."
        )
        remedy = Remedy("Learn all numbers, as a table", {"data.parameters.holds": "table"})
        return (DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)),)


def meaning_of(shape: tuple[int, ...], dtype: np.dtype[Any], holds: str) -> Meaning:
    """What the examples of an array are.

    By themselves: text is text; one or two axes are a table; four are images, also with the
    channels first; three are grey images where a row is square or of bytes, else series; five are
    video.

    Args:
        shape: (n_samples, …).
        dtype: Type of one value.
        holds: ``auto``, or the kind.

    Raises:
        DatasetError: The array cannot be that.
    """
    one = shape[1:]
    if dtype.kind in "US" and not one:
        return Meaning(Kind.TEXT, ())
    if dtype.kind not in "fiub":
        raise DatasetError(
            f"The inputs must be numbers. Received: {dtype}.", "Save them as numbers of one type."
        )
    if holds == "auto":
        holds = _usual(one, dtype)
    if holds == "table":
        return Meaning(Kind.TABLE, (int(np.prod(one, dtype=np.int64)),))
    if holds == "series" and len(one) in (1, 2):
        return Meaning(Kind.SERIES, one if len(one) == 2 else (*one, 1))
    if holds == "images" and len(one) in (2, 3):
        if len(one) == 2:
            return Meaning(Kind.IMAGE, (*one, 1))
        if one[-1] in (*_CHANNELS, 4):
            return Meaning(Kind.IMAGE, (*one[:2], min(one[-1], 3)), False, one[-1] == 4)
        if one[0] in (*_CHANNELS, 4):
            return Meaning(Kind.IMAGE, (*one[1:], min(one[0], 3)), True, one[0] == 4)
    if holds == "video" and len(one) == 4 and one[-1] in _CHANNELS:
        return Meaning(Kind.VIDEO, one)
    raise DatasetError(
        f"Inputs of shape {('n', *one)} cannot be read as {holds}.".replace("'n'", "n"),
        "Images: (n, height, width) or (n, height, width, 1 or 3). Tables: (n, features). "
        "Series: (n, steps, channels).",
    )


def _usual(one: tuple[int, ...], dtype: np.dtype[Any]) -> str:
    match len(one):
        case 0 | 1:
            return "table"
        case 2:
            return "images" if dtype == np.uint8 or one[0] == one[1] else "series"
        case 4:
            return "video"
        case _:
            return "images"


def value_range(rows: Rows, name: str, progress: Progress) -> tuple[float, float]:
    """The lowest and the highest value; reads every row.

    Raises:
        DatasetError: One is no finite number; the message says where.
    """
    lowest, highest = np.inf, -np.inf
    for start, block in blocks_of(rows, progress, "Looking at values"):
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            place = np.argwhere(~np.isfinite(block))[0]
            raise DatasetError(
                f"'{name}' must hold finite numbers. Received: {block[tuple(place)]} in row "
                f"{start + int(place[0]) + 1:,}.",
                "Fill or remove what is missing or infinite; in a CSV or Parquet file, gaps can "
                "be filled here.",
            )
        lowest, highest = min(lowest, float(block.min())), max(highest, float(block.max()))
    return lowest, highest


def converted(rows: Rows, meaning: Meaning, black_white: PixelRange, held: bool) -> Rows:
    """Rows as `Examples.x` holds them.

    Args:
        rows: As they are in the file.
        meaning: What they are.
        black_white: For images and video.
        held: Convert them all at once, into memory.
    """

    def convert(block: AnyArray) -> AnyArray:
        if meaning.kind is Kind.TEXT:
            return np.array([_text(value) for value in block.tolist()], object)
        if meaning.moved:
            block = np.moveaxis(block, 1, -1)
        if meaning.kind in (Kind.IMAGE, Kind.VIDEO):
            if block.shape[-1] == 4 and meaning.shape[-1] == 3:
                block = block[..., :3]
            block = black_white.pixels(block)
        else:
            block = block.astype(np.float64)
        return block.reshape(len(block), *meaning.shape)

    if held:
        return convert(rows[:])
    is_pixels = meaning.kind in (Kind.IMAGE, Kind.VIDEO)
    dtype: Any = np.uint8 if is_pixels else np.float64
    if meaning.kind is Kind.TEXT:
        dtype = object
    return ConvertedRows(rows, convert, meaning.shape, dtype)


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
