"""Datasets: the visible list of those in the box, and the way from a spec to examples.

To add one: a file in this folder, and a line in `DATASETS`.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

from engine.datasets.anomaly import as_anomalies, refuse_kind
from engine.datasets.base import Dataset, Examples, Progress, silent
from engine.datasets.box.cartpole import CartPole
from engine.datasets.box.classic import BreastCancer, Diabetes, Iris, Wine
from engine.datasets.box.countries import Countries
from engine.datasets.box.dates import Dates
from engine.datasets.box.digits import Digits
from engine.datasets.box.keras_data import (
    CaliforniaHousing,
    Cifar10,
    Cifar100,
    FashionMnist,
    Imdb,
    Mnist,
    Reuters,
)
from engine.datasets.box.moving_shapes import MovingShapes
from engine.datasets.box.number_words import NumberWords
from engine.datasets.box.pump import Pump
from engine.datasets.box.shapes import Shapes
from engine.datasets.box.synthetic import (
    Blobs,
    Circles,
    Moons,
    NoisyLine,
    NoisyPlane,
    Spirals,
    TwoClasses,
    Xor,
)
from engine.datasets.box.tones import DialledNumbers, KeypadTones
from engine.datasets.box.waves import MackeyGlass, Seasons
from engine.datasets.clips.video import VideoFolderFormat
from engine.datasets.content import note_files
from engine.datasets.files import glance
from engine.datasets.foreign_files import advice_on
from engine.datasets.formats import FileDataset, Format
from engine.datasets.guarded import GuardedDataset, GuardedFormat
from engine.datasets.language.pairs import PairsFormat
from engine.datasets.language.text_columns import TextTableFormat
from engine.datasets.language.texts import TextFolderFormat, TextLinesFormat
from engine.datasets.numpy_files.arrays import ArrayFormat, IdxFormat
from engine.datasets.pictures.images import ImageFolderFormat
from engine.datasets.sequences.control import ControlFormat
from engine.datasets.sequences.series import SeriesFormat
from engine.datasets.sounds.audio import SoundFormat
from engine.datasets.tables.table import SUFFIXES, TableFile, TableFormat
from engine.errors import DatasetError
from engine.files.bounded import special_reason
from engine.spec.parameters import shorten, validate
from engine.spec.plugins.loading import OtherPackages
from engine.spec.plugins.record import Group
from engine.spec.registry import Registry
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task

DATASETS: Registry[Dataset] = Registry(
    "dataset",
    [
        Digits(),
        Shapes(),
        Iris(),
        Wine(),
        BreastCancer(),
        Diabetes(),
        NoisyLine(),
        NoisyPlane(),
        TwoClasses(),
        Moons(),
        Circles(),
        Spirals(),
        Xor(),
        Blobs(),
        Countries(),
        NumberWords(),
        Dates(),
        KeypadTones(),
        DialledNumbers(),
        MovingShapes(),
        Seasons(),
        MackeyGlass(),
        Pump(),
        CartPole(),
        Mnist(),
        FashionMnist(),
        Cifar10(),
        Cifar100(),
        Imdb(),
        Reuters(),
        CaliforniaHousing(),
    ],
    OtherPackages(Group.DATASETS, Dataset, GuardedDataset),
)


FORMATS: Registry[Format] = Registry(
    "format",
    [
        # Before tables and arrays: of formats that are equally sure, the first is taken.
        ControlFormat(),
        SoundFormat(),
        TableFormat(),
        ImageFolderFormat(),
        ArrayFormat(),
        IdxFormat(),
        TextFolderFormat(),
        TextLinesFormat(),
        PairsFormat(),
        TextTableFormat(),
        VideoFolderFormat(),
        SeriesFormat(),
    ],
    OtherPackages(Group.FORMATS, Format, GuardedFormat),
)


def open_dataset(data: DataSpec) -> Dataset:
    """Finds the dataset a spec names; loads nothing.

    Args:
        data: `source` is a name in `DATASETS`, or the path of a file or folder; its format is
            `format`, or the one that fits best.

    Raises:
        UnknownNameError: There is no dataset of that name, or no such format.
        DatasetError: There is no such file, or it is of no known format.
    """
    source = data.source.strip()
    if source in DATASETS:
        return DATASETS[source]
    path = _readable_path(source)
    if not path.exists():
        if path.is_symlink():
            raise DatasetError(
                f"'{source}' is a link that leads to no file.",
                "Name the file itself, or link to it again.",
            )
        if not _looks_like_path(source, path):
            raise DATASETS.unknown(source)
        raise DatasetError(f"There is no file or folder '{source}'.", _nearest_hint(path))
    path = path.resolve()
    _check_plain(path)
    if data.format is not None:
        return FORMATS[data.format].open(path, data)
    return recognise(path, data.task).open(path, data)


def recognise(path: Path, task: Task | None = None) -> Format:
    """Returns the format that fits a file or folder best, from names alone.

    Args:
        path: The file or folder.
        task: What was asked for; a format made for it is taken if it can open the path at all.

    Raises:
        DatasetError: None fits, or the folder cannot be listed.
    """
    seen = glance(path)
    likeness = {item.name: item.likeness(seen) for item in FORMATS}
    able = [item for item in FORMATS if likeness[item.name] > 0]
    if able:
        return max(able, key=lambda item: (task in item.tasks, likeness[item.name]))
    advice = "" if seen.is_folder else advice_on(path)
    received = "a folder of " + ", ".join(f"{s or 'no suffix'}" for s in list(seen.suffixes)[:5])
    if not seen.is_folder:
        received = f"'{path.suffix or path.name}'"
    raise DatasetError(
        f"'{path.name}' is of no type that can be opened. Received: {received}.",
        f"{advice} Known: {'; '.join(item.title for item in FORMATS)}.".lstrip(),
    )


def _readable_path(source: str) -> Path:
    """The path someone typed, made sure that the system can look it up.

    Raises:
        DatasetError: It names an unknown user, is too long, or may not be looked into.
    """
    try:
        path = Path(source).expanduser()
        path.is_file()
    except (OSError, RuntimeError) as error:
        reason = str(getattr(error, "strerror", error)).rstrip(".")
        raise DatasetError(
            f"The path {shorten(source)} cannot be used. Received: {reason}.", "Check the path."
        ) from None
    return path


def _check_plain(path: Path) -> None:
    reason = special_reason(path)
    if reason:
        raise DatasetError(f"'{path}' is not opened: {reason}.", "Choose a file or a folder.")


def load_examples(data: DataSpec, progress: Progress = silent) -> tuple[Dataset, Examples]:
    """Finds a dataset, checks its parameters and loads it; files that are many are only listed.

    Raises:
        UnknownNameError: There is no dataset of that name.
        SpecError: A parameter is wrong; its field starts with ``data.parameters``.
        DatasetError: The data cannot be read, or does not hold the target or task asked for.
    """
    is_anomaly = data.task is Task.ANOMALY
    # Every kind of file is read as for its own task, and then looked at in another way; of a table
    # it matters while reading, too, as it may have no target.
    dataset = open_dataset(data.model_copy(update={"task": None}) if is_anomaly else data)
    if is_anomaly:
        refuse_kind(dataset.kind)
        if isinstance(dataset, TableFile):
            dataset = TableFile(dataset.path, data)
    parameters = validate(dataset.parameters, data.parameters, "data.parameters")
    if dataset.name in DATASETS and not is_anomaly:
        _check_task(dataset, data)
    if isinstance(dataset, FileDataset) and dataset.path.is_file():
        note_files((dataset.path,))
    if data.corrections is not None:
        note_files((Path(data.corrections).expanduser(),))
    examples = dataset.load(parameters, progress)
    if is_anomaly:
        examples = as_anomalies(examples, data.target)
    if dataset.name in DATASETS and data.target not in (None, examples.target_name):
        raise DatasetError(
            f"'{dataset.name}' always predicts '{examples.target_name}'. "
            f"Received target: '{data.target}'.",
            "Leave the target out.",
        )
    return dataset, examples


def _check_task(dataset: Dataset, data: DataSpec) -> None:
    if dataset.task is not None and data.task not in (None, dataset.task):
        raise DatasetError(
            f"'{dataset.name}' is data for {dataset.task.value}. Received task: {data.task}.",
            "Leave the task out.",
        )


def _looks_like_path(source: str, path: Path) -> bool:
    return path.is_dir() or bool(path.suffix) or "/" in source or "\\" in source


def _nearest_hint(path: Path) -> str:
    """The existing table, or dataset in the box, whose name comes nearest."""
    folder = path.parent
    files: dict[str, Any] = {}
    try:
        files = {f.name.lower(): f for f in folder.iterdir() if f.suffix.lower() in SUFFIXES}
    except OSError:
        return f"There is no folder '{folder}' either."
    nearest = difflib.get_close_matches(path.name.lower(), files, n=1, cutoff=0.6)
    if nearest:
        return f"Did you mean '{files[nearest[0]]}'?"
    nearest = difflib.get_close_matches(path.stem.lower(), DATASETS.names, n=1, cutoff=0.6)
    if nearest:
        return f"Did you mean the dataset '{nearest[0]}'?"
    return "Check the path."
