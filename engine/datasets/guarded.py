"""Datasets and formats of other packages, under guard: their failures become words."""

from __future__ import annotations

import logging
import math
from pathlib import Path
from typing import Any, Final

import numpy as np

from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.files import Glance
from engine.datasets.formats import FileDataset, Format
from engine.errors import PluginError
from engine.spec.plugins.guarding import guarded, take_declared
from engine.spec.plugins.loading import PLUGINS
from engine.spec.plugins.record import Group, PluginRecord
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Output, Task

logger = logging.getLogger(__name__)

_RANKS: Final = {Kind.TABLE: 2, Kind.IMAGE: 4, Kind.TEXT: 1, Kind.AUDIO: 2, Kind.VIDEO: 5}
_SHAPES: Final = {
    Kind.TABLE: "(n_samples, columns)",
    Kind.IMAGE: "(n_samples, height, width, channels)",
    Kind.TEXT: "(n_samples,)",
    Kind.AUDIO: "(n_samples, waveform samples)",
    Kind.VIDEO: "(n_samples, frames, height, width, channels)",
    Kind.SERIES: "(n_samples, steps, channels)",
}


class GuardedDataset(Dataset):
    """A dataset of another package.

    Args:
        dataset: The dataset.
        record: What is known of it.
    """

    def __init__(self, dataset: Dataset, record: PluginRecord) -> None:
        self._dataset = dataset
        self._record = record
        take_declared(self, dataset, Dataset)
        self.recommended_model = _if_there(dataset.recommended_model)

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        with guarded(self._record, "loading"):
            return checked_examples(self._dataset.load(parameters, progress))


class GuardedFormat(Format):
    """A format of another package.

    Every path that is opened is shown to every format; one that fails there knows nothing of it.

    Args:
        format: The format.
        record: What is known of it.
    """

    def __init__(self, format: Format, record: PluginRecord) -> None:
        self._format = format
        self._record = record
        take_declared(self, format, Format)

    def likeness(self, glance: Glance) -> float:
        try:
            with guarded(self._record, "looking at a path"):
                return checked_likeness(self._format.likeness(glance))
        except PluginError as error:
            logger.warning("%s", error)
            return 0.0

    def open(self, path: Path, data: DataSpec) -> Dataset:
        with guarded(self._record, f"opening '{path}'"):
            return GuardedFile(self._format.open(path, data), self, path, data, self._record)


class GuardedFile(FileDataset):
    """A file or folder that a format of another package opened.

    Args:
        dataset: What it returned.
        format: The format, under guard.
        path: Where it is.
        data: How it is read.
        record: What is known of the format.
    """

    def __init__(
        self, dataset: Dataset, format: Format, path: Path, data: DataSpec, record: PluginRecord
    ) -> None:
        self.format = format
        super().__init__(path, data)
        self._dataset = dataset
        self._record = record
        self.kind = dataset.kind
        self.recommended_model = _if_there(dataset.recommended_model)

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        with guarded(self._record, f"reading '{self.path}'"):
            return checked_examples(self._dataset.load(parameters, progress))


def _if_there(model: str) -> str:
    """The architecture to start with, unless it is a plug-in that is left out."""
    record = PLUGINS.record(Group.ARCHITECTURES, model)
    return "" if record is not None and record.why_missing else model


def checked_likeness(value: object) -> float:
    """Returns how sure a format is.

    Raises:
        ValueError: It is no share.
    """
    if not isinstance(value, int | float) or not 0 <= float(value) <= 1 or math.isnan(value):
        raise ValueError(f"likeness must be a number from 0 to 1. Received: {value!r}")
    return float(value)


def checked_examples(examples: object) -> Examples:
    """Makes sure of what can be seen at once that examples are what the rest relies on.

    Raises:
        TypeError, ValueError: They are not; the message says what was expected.
    """
    if not isinstance(examples, Examples):
        raise TypeError(f"load must return Examples. Received: {type(examples).__name__}")
    shape, n_samples = tuple(examples.x.shape), len(examples.x)
    rank = _RANKS.get(examples.kind, 3)
    if len(shape) != rank or 0 in shape:
        wanted = _SHAPES[examples.kind]
        raise ValueError(f"x of {examples.kind.value} data must be {wanted}. Received: {shape}")
    y = np.asarray(examples.y)
    if len(y) != n_samples:
        raise ValueError(
            f"There must be a target for each of {n_samples} examples. Received: {len(y)}"
        )
    if examples.output is Output.CLASSES or examples.task is Task.CLASSIFICATION:
        _check_classes(y, len(examples.class_names))
    elif examples.output is Output.LABELS:
        _check_labels(y, len(examples.class_names))
    elif examples.output is Output.NUMBERS and not np.issubdtype(y.dtype, np.number):
        raise TypeError(f"Targets that are numbers must be float64. Received: {y.dtype}")
    for name in ("names", "weights", "given", "groups", "order", "until"):
        values = getattr(examples, name)
        if values is not None and len(values) not in (
            (0, n_samples) if name == "names" else (n_samples,)
        ):
            raise ValueError(f"{name} must have {n_samples} entries. Received: {len(values)}")
    return examples


def _check_labels(y: np.ndarray[Any, Any], n_labels: int) -> None:
    if n_labels < 2:
        raise ValueError(f"class_names must name at least two labels. Received: {n_labels}")
    if y.shape != (len(y), n_labels) or not np.isin(y, (0, 1)).all():
        raise ValueError(
            f"Targets of {n_labels} labels must be 0 or 1, uint8 (n_samples, {n_labels}). "
            f"Received: {y.dtype} {y.shape}"
        )


def _check_classes(y: np.ndarray[Any, Any], n_classes: int) -> None:
    if n_classes < 2:
        raise ValueError(f"class_names must name at least two classes. Received: {n_classes}")
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise TypeError(
            "Targets that are classes must be their indices, int64 (n_samples,). "
            f"Received: {y.dtype} {y.shape}"
        )
    if y.min() < 0 or y.max() >= n_classes:
        raise ValueError(
            f"Indices of {n_classes} classes must be from 0 to {n_classes - 1}. "
            f"Received: {y.min()} to {y.max()}"
        )
