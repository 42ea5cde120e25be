"""Attributes: by what examples can be told apart, whether the model saw it or not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.datasets.base import AnyArray, Examples, IndexArray, Progress, silent
from engine.datasets.file_sizes import read_sizes
from engine.errors import DescentError
from engine.spec.signature import Kind, Output

MAX_COLUMNS = 300
MAX_MEASURED = 5_000
"""Pictures, sounds and clips that are opened to be measured at most, drawn evenly."""
_CHUNK_VALUES = 8_000_000
_WORDS = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True, eq=False)
class Attribute:
    """Something that is known of each example.

    Attributes:
        column: What it is called.
        values: Numbers, NaN where it is not known, or texts, "" likewise; (n,).
        is_measured: It was measured of the example's content, not said of it.
        form: How a group by a value is told, of a column and a value.
    """

    column: str
    values: AnyArray
    is_measured: bool = False
    form: str = "{column} = {value}"


def attributes_of(
    examples: Examples, rows: IndexArray, source: Path | None = None, progress: Progress = silent
) -> Iterator[Attribute]:
    """Everything by which examples can be told apart, but the target.

    Args:
        examples: All of the data.
        rows: Which examples, (n,).
        source: Where the data is from: to find files of pictures.
        progress: Told how far it is.

    Raises:
        Cancelled: Someone asked to stop.
    """
    yield from _columns(examples, rows, progress)
    yield from _names(examples, rows)
    match examples.kind:
        case Kind.TEXT:
            texts = [str(text) for text in examples.x[rows]]
            words = np.array([len(text.split()) for text in texts], np.float64)
            yield Attribute("length in words", words, True)
            yield Attribute("length in characters", np.array(list(map(len, texts)), float), True)
        case Kind.IMAGE | Kind.VIDEO | Kind.AUDIO | Kind.SERIES:
            yield from _measured(examples, rows, progress)
    if examples.kind in (Kind.IMAGE, Kind.VIDEO):  # how long sounds are is measured as it is heard
        yield from _sizes(examples, rows, source, progress)
    if examples.order is not None:
        yield Attribute("time", examples.order[rows].astype(np.float64))


def _columns(examples: Examples, rows: IndexArray, progress: Progress) -> Iterator[Attribute]:
    names = examples.source_columns or (
        examples.feature_names if examples.kind is Kind.TABLE else ()
    )
    others = [name for name in names if name != examples.target_name][:MAX_COLUMNS]
    labels = set(examples.class_names) if examples.output is Output.LABELS else set()
    for place, name in enumerate(others):
        progress("Looking at columns", place, len(others))
        if name in labels:
            continue
        values = _column(examples, name, rows)
        if values is not None:
            yield Attribute(name, values)


def _column(examples: Examples, name: str, rows: IndexArray) -> AnyArray | None:
    if examples.column is not None:
        try:
            values = examples.column(name)[rows]
        except DescentError:
            return None
        if values.dtype.kind in "biuf":
            return values.astype(np.float64)
        return np.array(["" if value is None else str(value) for value in values], object)
    if name in examples.feature_names and examples.kind is Kind.TABLE:
        return np.asarray(examples.x[rows][:, examples.feature_names.index(name)], np.float64)
    return None


def _names(examples: Examples, rows: IndexArray) -> Iterator[Attribute]:
    """What files are called often says where they are from: ``north_017.png``."""
    if not examples.names:
        return
    paths = [examples.names[row].replace("\\", "/").split("/") for row in rows]
    classes = set(examples.class_names)
    depth = min(len(path) for path in paths) - 1
    for level in range(depth):
        folders = np.array([path[level] for path in paths], object)
        if not classes.issuperset(folders.tolist()):
            yield Attribute("folder", folders, form="{column} '{value}'")
    found = [_WORDS.match(path[-1]) for path in paths]
    begins = np.array(["" if it is None else it.group() for it in found], object)
    if not classes.issuperset(begins.tolist()):
        yield Attribute("file name", begins, form="{column} begins with '{value}'")


def _measured(examples: Examples, rows: IndexArray, progress: Progress) -> Iterator[Attribute]:
    """What is measured of content; NaN where an example was not opened."""
    seen = _some(len(rows))
    n_values = max(1, int(np.prod(examples.x.shape[1:], dtype=np.int64)))
    step = int(np.clip(_CHUNK_VALUES // n_values, 1, 1_024))
    parts: list[dict[str, AnyArray]] = []
    for start in range(0, len(seen), step):
        progress("Measuring examples", start, len(seen))
        content = examples.x[rows[seen[start : start + step]]]
        parts.append(_MEASURES[examples.kind](content, examples))
    for name in parts[0] if parts else ():
        values = np.full(len(rows), np.nan)
        values[seen] = np.concatenate([part[name] for part in parts])
        yield Attribute(name, values, True)


def _some(n: int) -> npt.NDArray[np.int64]:
    if n <= MAX_MEASURED:
        return np.arange(n)
    return np.unique(np.linspace(0, n - 1, MAX_MEASURED).astype(np.int64))


def _of_pictures(pictures: AnyArray, examples: Examples) -> dict[str, AnyArray]:
    grey = pictures.mean(axis=-1, dtype=np.float32)
    steps = np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2)) if grey.shape[1] > 1 else 0.0
    return {
        "brightness": grey.mean(axis=(1, 2)).astype(np.float64),
        "contrast": grey.std(axis=(1, 2)).astype(np.float64),
        "sharpness": np.broadcast_to(steps, len(grey)).astype(np.float64),
    }


def _of_clips(clips: AnyArray, examples: Examples) -> dict[str, AnyArray]:
    grey = clips.mean(axis=-1, dtype=np.float32)
    moved = np.abs(np.diff(grey, axis=1)).mean(axis=(1, 2, 3)) if grey.shape[1] > 1 else 0.0
    return {
        "brightness": grey.mean(axis=(1, 2, 3)).astype(np.float64),
        "motion": np.broadcast_to(moved, len(grey)).astype(np.float64),
    }


def _of_sounds(sounds: AnyArray, examples: Examples) -> dict[str, AnyArray]:
    values = sounds.astype(np.float32)
    heard = values != 0
    last = np.where(heard.any(axis=1), values.shape[1] - heard[:, ::-1].argmax(axis=1), 0)
    return {
        "loudness": np.sqrt((values**2).mean(axis=1)).astype(np.float64),
        "length in seconds": last / max(1, examples.rate),
    }


def _of_windows(windows: AnyArray, examples: Examples) -> dict[str, AnyArray]:
    found: dict[str, AnyArray] = {}
    for channel, name in enumerate(examples.feature_names[:10]):
        found[f"mean {name}"] = windows[:, :, channel].mean(axis=1)
        found[f"spread of {name}"] = windows[:, :, channel].std(axis=1)
    return found


_MEASURES = {
    Kind.IMAGE: _of_pictures,
    Kind.VIDEO: _of_clips,
    Kind.AUDIO: _of_sounds,
    Kind.SERIES: _of_windows,
}


def _sizes(
    examples: Examples, rows: IndexArray, source: Path | None, progress: Progress
) -> Iterator[Attribute]:
    """What the headers of files tell of pictures and clips."""
    if source is None or not source.is_dir() or not examples.names:
        return
    seen = _some(len(rows))
    for name, known in read_sizes(examples, rows[seen], source, progress).items():
        values = np.full(len(rows), np.nan)
        values[seen] = known
        if np.isfinite(known).any():
            yield Attribute(name, values, True)
