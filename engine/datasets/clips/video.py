"""Video folders: a folder per class of clips, each drawn as the same number of frames."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from engine.datasets.base import Examples, Progress, silent
from engine.datasets.class_folders import labelled_by_folder
from engine.datasets.clips.video_files import SUFFIXES, ClipHead, ClipReader, read_head
from engine.datasets.files import FoundFile, Glance, list_files
from engine.datasets.folder_meaning import FolderParameters
from engine.datasets.formats import FileDataset, Format
from engine.datasets.labels import imbalance
from engine.datasets.packing import FileRows
from engine.datasets.summaries import distribution
from engine.datasets.survey import read_heads
from engine.errors import DatasetError
from engine.events.profile import Distribution
from engine.spec.parameters import parameter
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind

_HEADERS_READ = 24


class VideoParameters(FolderParameters):
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
        listing = list_files(self.path, SUFFIXES, self.data.exclude, progress, parameters)
        if not listing.files:
            raise DatasetError(
                f"The folder '{self.path}' holds no video clips.",
                f"Known types: {', '.join(SUFFIXES)}.",
            )
        labelled = labelled_by_folder(self.path, listing, self.data.task, "clips", has_tables=False)
        files, targets = labelled.files, labelled.targets
        paths, names = [file.path for file in files], tuple(file.name for file in files)
        heads = list(
            read_heads(paths, names, _HEADERS_READ, read_head, "clips", progress)[0].values()
        )
        channels = 3 if parameters.colour == "colour" else 1
        reader = ClipReader(parameters.frames, parameters.height, parameters.width, channels)
        troubles = (
            *listing.findings,
            *labelled.findings,
            *imbalance(targets.y, targets.class_names),
        )
        return Examples(
            x=FileRows(paths, reader, reader.shape, np.uint8, f"video 1 {reader}"),
            y=targets.y,
            kind=Kind.VIDEO,
            task=targets.task,
            target_name=labelled.target_name,
            class_names=targets.class_names,
            findings=troubles,
            facts=_facts(files, heads, reader),
            distributions=_distributions(heads),
            frame_rate=_shown_rate(heads, parameters.frames),
            names=names,
            given=labelled.given,
            reading={"format": VideoFolderFormat.name},
        )


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
    return (distribution("Duration", seconds, "s"),) if len(seconds) > 1 else ()


def _shown_rate(heads: list[ClipHead], frames: int) -> float:
    """Frames per second at which the drawn frames take as long as the usual clip."""
    seconds = [head.seconds for head in heads if head.seconds > 0]
    return frames / float(np.median(seconds)) if seconds else 8.0
