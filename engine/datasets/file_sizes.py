"""How large pictures are and how long sounds and clips, from the headers of their files alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt

from engine.datasets.base import Examples, IndexArray, Progress, silent
from engine.errors import DatasetError
from engine.spec.signature import Kind

WIDTH, HEIGHT, SECONDS = "width in pixels", "height in pixels", "length in seconds"
MAX_FILES = 20_000
"""Files that are opened at most while somebody waits; of more, no sizes are told."""
_STEP = 100

Sizes = npt.NDArray[np.float64]


def sizes_known(examples: Examples, source: Path) -> tuple[str, ...]:
    """What headers tell of such examples; empty: they are no files of a folder, or too many."""
    if not examples.names or len(examples.names) > MAX_FILES or not source.is_dir():
        return ()
    return _MEASURES[examples.kind][0] if examples.kind in _MEASURES else ()


def read_sizes(
    examples: Examples, rows: IndexArray, source: Path, progress: Progress = silent
) -> dict[str, Sizes]:
    """Opens the files of some examples and reads their headers.

    Args:
        examples: All of the data, named by their files.
        rows: Which examples, (n,).
        source: The folder that the names are relative to.
        progress: Told how far it is.

    Returns:
        By what is measured, (n,) each; NaN where a file is gone, or is none of its kind.

    Raises:
        Cancelled: Someone asked to stop.
    """
    names, measure = _MEASURES[examples.kind]
    found = np.full((len(names), len(rows)), np.nan)
    for place, row in enumerate(rows.tolist()):
        if place % _STEP == 0:
            progress("Reading headers", place, len(rows))
        try:
            found[:, place] = measure(source / examples.names[row])
        except (OSError, ValueError, DatasetError):
            continue
    return dict(zip(names, found, strict=True))


def _picture(path: Path) -> tuple[float, ...]:
    from engine.datasets.pictures.image_files import read_head

    head = read_head(path)
    return head.width, head.height


def _sound(path: Path) -> tuple[float, ...]:
    from engine.datasets.sounds.sound_files import read_header

    return (read_header(path).seconds,)


def _clip(path: Path) -> tuple[float, ...]:
    from engine.datasets.clips.video_files import read_head

    head = read_head(path)
    return head.width, head.height, head.seconds or float("nan")


_MEASURES: dict[Kind, tuple[tuple[str, ...], Callable[[Path], tuple[float, ...]]]] = {
    Kind.IMAGE: ((WIDTH, HEIGHT), _picture),
    Kind.AUDIO: ((SECONDS,), _sound),
    Kind.VIDEO: ((WIDTH, HEIGHT, SECONDS), _clip),
}
