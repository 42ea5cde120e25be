"""Video folders: a folder per class of clips, each drawn as the same number of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from engine.datasets.base import Examples, Progress, silent
from engine.datasets.clips.video_files import SUFFIXES, ClipHead, ClipReader, read_head
from engine.datasets.files import PART_FOLDERS, FoundFile, Glance, Listing, list_files
from engine.datasets.findings import MAX_NAMES, DataFinding, Trouble
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance
from engine.datasets.looks import Distribution
from engine.datasets.packing import FileRows
from engine.errors import DatasetError
from engine.parameters import Parameters, parameter
from engine.problem import Kind, Task
from engine.spec import DataSpec

_HEADERS_READ = 24


class VideoParameters(Parameters):
    """What is taken of each clip."""

    frames: int = parameter(
        12,
        label="Frames per clip",
        help="Frames drawn evenly over each clip, whatever its length; shorter clips repeat some.",
        unit="frames",
        ge=1,
        le=256,
    )
    height: int = parameter(
        64,
        label="Height",
        help="Height of each frame for the network.",
        unit="pixels",
        ge=8,
        le=512,
    )
    width: int = parameter(
        64, label="Width", help="Width of each frame for the network.", unit="pixels", ge=8, le=512
    )
    colour: Literal["colour", "grey"] = parameter(
        "colour",
        label="Colours",
        help="'grey' is a third of the numbers; enough where colours say nothing.",
    )


class VideoFolderFormat(Format):
    """Clips in a folder per class."""

    name = "videos"
    title = "Video clips, a folder per class"
    kind = Kind.VIDEO
    parameters = VideoParameters

    def likeness(self, glance: Glance) -> float:
        if not glance.is_folder:
            return 0.0
        # Animated images alone are more often meant as images.
        moving = [suffix for suffix in SUFFIXES if suffix != ".gif"]
        return glance.share(SUFFIXES) * (1.0 if glance.share(moving) else 0.3)

    def open(self, path: Path, data: DataSpec) -> VideoFolder:
        return VideoFolder(path, data)


class VideoFolder(FileDataset):
    """Clips in a folder per class. They are listed here, and decoded when asked for."""

    format = VideoFolderFormat()

    def load(self, parameters: VideoParameters, progress: Progress = silent) -> Examples:
        """Lists the folder and reads some headers.

        Raises:
            DatasetError: There are no clips, or fewer than two classes.
        """
        if self.data.task not in (None, Task.CLASSIFICATION):
            raise DatasetError(
                f"Folders of clips are classes. Received task: {self.data.task.value}.",
                "Leave the task out.",
            )
        listing = list_files(self.path, SUFFIXES, self.data.exclude, progress)
        files = tuple(file for file in listing.files if file.class_name)
        names = listing.class_names
        if len(names) < 2:
            raise _few_classes(self.path, listing, names)
        index = {name: place for place, name in enumerate(names)}
        y = np.array([index[file.class_name] for file in files], np.int64)
        heads = _some_heads(files, progress)
        channels = 3 if parameters.colour == "colour" else 1
        reader = ClipReader(parameters.frames, parameters.height, parameters.width, channels)
        found = [*listing.findings, *_left_out(self.path, listing, names), *imbalance(y, names)]
        paths = [file.path for file in files]
        return Examples(
            x=FileRows(paths, reader, reader.shape, np.uint8, f"video 1 {reader}"),
            y=y,
            kind=Kind.VIDEO,
            task=Task.CLASSIFICATION,
            target_name="class",
            class_names=names,
            findings=tuple(found),
            facts=_facts(files, heads, reader),
            distributions=_distributions(heads),
            frame_rate=_shown_rate(heads, parameters.frames),
            names=tuple(file.name for file in files),
            given=_parts(files),
            reading={"format": VideoFolderFormat.name},
        )


def _parts(files: Sequence[FoundFile]) -> Any:
    parts = np.array([file.part for file in files], np.int8)
    return parts if (parts == 0).any() else None


def _few_classes(path: Path, listing: Listing, names: tuple[str, ...]) -> DatasetError:
    hint = "Put the clips of each class in a folder of its own, and open the folder around them."
    if not listing.files:
        return DatasetError(
            f"The folder '{path}' holds no video clips.", f"Known types: {', '.join(SUFFIXES)}."
        )
    if not names:
        return DatasetError(f"The clips in '{path.name}' are in no class's folder.", hint)
    return DatasetError(f"There is only one class, '{names[0]}'; at least two are needed.", hint)


def _left_out(path: Path, listing: Listing, names: tuple[str, ...]) -> list[DataFinding]:
    """Clips beside the class folders, and class folders without clips."""
    found: list[DataFinding] = []
    loose = [file.name for file in listing.files if not file.class_name]
    if loose:
        text = f"{len(loose):,} clips are in no class's folder and are left out."
        found.append(DataFinding(Trouble.LEFT_OUT, "", text, tuple(loose[:MAX_NAMES]), len(loose)))
    empty = sorted(_folders(path) - set(names))
    if empty:
        text = f"Folders without a clip are no classes: {', '.join(empty[:5])}."
        found.append(DataFinding(Trouble.LEFT_OUT, "", text, tuple(empty[:MAX_NAMES]), len(empty)))
    return found


def _folders(path: Path) -> set[str]:
    """Names of the folders that could be classes."""
    names: set[str] = set()
    for root in [path, *(path / part for part in PART_FOLDERS)]:
        try:
            names |= {entry.name for entry in root.iterdir() if entry.is_dir()}
        except OSError:  # not there, or named by the listing's findings
            continue
    hidden = {name for name in names if name.startswith(".") or name == "__MACOSX"}
    return {name for name in names - hidden if name.lower() not in PART_FOLDERS}


def _some_heads(files: Sequence[FoundFile], progress: Progress) -> list[ClipHead]:
    """Headers of clips drawn evenly; those that cannot be read are told when they are decoded."""
    places = np.unique(np.linspace(0, len(files) - 1, _HEADERS_READ).astype(np.int64))
    heads: list[ClipHead] = []
    for count, place in enumerate(places.tolist()):
        progress("Reading headers", count, len(places))
        try:
            heads.append(read_head(files[place].path))
        except DatasetError:
            continue
    return heads


def _facts(
    files: Sequence[FoundFile], heads: list[ClipHead], reader: ClipReader
) -> tuple[tuple[str, str], ...]:
    colours = "colour" if reader.channels == 3 else "grey"
    facts = [("Clips", f"{len(files):,}")]
    if heads:
        sizes = Counter((head.width, head.height) for head in heads).most_common()
        more = f" and {len(sizes) - 3} more" if len(sizes) > 3 else ""
        facts += [
            ("Sizes", ", ".join(f"{width} × {height}" for (width, height), _ in sizes[:3]) + more),
            ("Frame rate", _range([head.rate for head in heads], "per second")),
            ("Duration", _range([head.seconds for head in heads], "s")),
        ]
    facts.append(
        (
            "For the network",
            f"{reader.frames} frames, evenly drawn, stretched to {reader.width} × {reader.height}, "
            f"{colours}",
        )
    )
    return tuple(facts)


def _range(values: list[float], unit: str) -> str:
    known = [value for value in values if value > 0]
    if not known:
        return "not said"
    low, high = min(known), max(known)
    return f"{low:.3g} {unit}" if high - low < 0.01 * high else f"{low:.3g} to {high:.3g} {unit}"


def _distributions(heads: list[ClipHead]) -> tuple[Distribution, ...]:
    seconds = [head.seconds for head in heads if head.seconds > 0]
    return (Distribution.of("Duration", seconds, "s"),) if len(seconds) > 1 else ()


def _shown_rate(heads: list[ClipHead], frames: int) -> float:
    """Frames per second at which the drawn frames take as long as the usual clip."""
    seconds = [head.seconds for head in heads if head.seconds > 0]
    return frames / float(np.median(seconds)) if seconds else 8.0
