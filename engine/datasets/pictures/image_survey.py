"""What a folder's images are like, from headers; and the size and colours they are brought to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from engine.datasets.base import Progress
from engine.datasets.file_tables import FileTableParameters
from engine.datasets.pictures.image_files import ImageHead, ImageReader, read_head
from engine.datasets.pictures.value_survey import ValueSurvey, survey_values
from engine.datasets.pixel_range import RangeParameters
from engine.datasets.summaries import distribution
from engine.datasets.survey import read_heads
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.events.profile import Distribution
from engine.spec.parameters import parameter

# Headers are read of this many images, pixels of some of those.
_HEADS = 1_000
_LOOKED_AT = 48
# Images of one size up to this many pixels a side are taken as they are; others are shrunk so that
# their longer side has 128, where small networks learn within minutes on a laptop.
_LARGEST_AS_IS = 256
_LARGEST_CHOSEN = 128
_COLOUR_NAMES = {1: "grey", 3: "colour"}
_RESIZE_NAMES = {
    "stretch": "stretched to the size",
    "crop": "cropped to the proportions",
    "pad": "padded to the proportions",
}


class ImageParameters(RangeParameters, FileTableParameters):
    """How the images of a folder are brought to one size and one kind of colours."""

    height: Annotated[int, Field(ge=1, le=2048)] | None = parameter(
        None,
        label="Height",
        help="All images are brought to this height. Left open: that of the images where they are "
        "equal, else the usual one, at most 128.",
        unit="pixels",
    )
    width: Annotated[int, Field(ge=1, le=2048)] | None = parameter(
        None,
        label="Width",
        help="All images are brought to this width. Left open: chosen as the height is.",
        unit="pixels",
    )
    colour: Literal["auto", "grey", "colour"] = parameter(
        "auto",
        label="Colours",
        help="'grey' drops the colours, which is faster. 'auto' keeps them where there are any.",
    )
    resize: Literal["stretch", "crop", "pad"] = parameter(
        "stretch",
        label="Other proportions",
        help="What is done to an image of other proportions: 'stretch' fills the size, 'crop' cuts "
        "off what stands out, 'pad' adds black bars.",
    )


@dataclass(frozen=True)
class Survey:
    """What the headers of some images say.

    Attributes:
        heads: By index of the file.
        bad: Why others cannot be read, by index.
        reader: Brings the images to one size, one kind of colours and one range.
        values: What is black and white in them.
    """

    heads: dict[int, ImageHead]
    bad: dict[int, str]
    reader: ImageReader
    values: ValueSurvey = field(default_factory=ValueSurvey)

    def facts(self, paths: Sequence[Path]) -> tuple[tuple[str, str], ...]:
        """What was found, as label and value; of all `paths`, as far as names go."""
        heads, reader = list(self.heads.values()), self.reader
        types = Counter(path.suffix.lower().lstrip(".").upper() for path in paths)
        sizes = Counter((head.width, head.height) for head in heads)
        modes = Counter(head.mode for head in heads)
        found = _size_range(sizes)
        if len(heads) < len(paths):
            found += f" ({len(heads):,} looked at)"
        facts = [
            ("Files", ", ".join(f"{count:,} {name}" for name, count in types.most_common(4))),
            ("Sizes", found),
            ("Colours", ", ".join(f"{count:,} {mode}" for mode, count in modes.most_common(4))),
            ("Read as", f"{reader.width}×{reader.height}, {_COLOUR_NAMES[reader.channels]}"),
        ]
        if set(sizes) != {(reader.width, reader.height)}:
            facts.append(("Other sizes", _RESIZE_NAMES[reader.resize]))
        return (*facts, *self.values.facts)

    @property
    def findings(self) -> tuple[DataFinding, ...]:
        """What was understood, where that could surprise."""
        count = sum(head.has_more for head in self.heads.values())
        if not count:
            return self.values.findings
        text = (
            f"{count:,} of {len(self.heads):,} images looked at have several pages, or move; the "
            "first picture of each is taken."
        )
        return (DataFinding(Trouble.UNDERSTOOD, "", text, count=count), *self.values.findings)

    @property
    def distributions(self) -> tuple[Distribution, ...]:
        return (
            distribution("Width", [head.width for head in self.heads.values()], "pixels"),
            distribution("Height", [head.height for head in self.heads.values()], "pixels"),
        )


def survey(
    paths: Sequence[Path], names: Sequence[str], parameters: ImageParameters, progress: Progress
) -> Survey:
    """Reads the headers of images drawn evenly and chooses what is left open.

    Of images of more than 8 bits the values of all are read, for black and white.

    Args:
        paths: The images, at least one.
        names: What they are called.
        parameters: What is wanted.
        progress: Told how far it is.

    Raises:
        DatasetError: None of those looked at can be read, or white is not above black.
        Cancelled: Someone asked to stop.
    """
    heads, bad = read_heads(paths, names, _HEADS, read_head, "images", progress)
    reader = choose_reader(list(heads.values()), parameters)
    readable = [index for index in range(len(paths)) if index not in bad]
    values = survey_values(
        [paths[index] for index in readable],
        {head.storage for head in heads.values()},
        (parameters.black, parameters.white),
        progress,
    )
    bad |= {readable[place]: reason for place, reason in values.bad.items()}
    if len(bad) == len(paths):
        first, reason = next(iter(bad.items()))
        raise DatasetError(
            f"None of the images can be read. The first: '{names[first]}': {reason.rstrip('.')}.",
            "Choose other files.",
        )
    reader = replace(reader, ranges=values.ranges, is_told=True)
    if parameters.colour == "auto" and reader.channels == 3:
        reader = _without_colours(reader, [paths[index] for index in heads])
    return Survey(heads, bad, reader, values)


def choose_reader(heads: list[ImageHead], parameters: ImageParameters) -> ImageReader:
    """Closes the open choices of size and colour for images with these headers.

    Images of one size are taken as they are up to 256 pixels a side. Otherwise the medians of
    width and height count, shrunk in proportion to at most 128.
    """
    sizes = {(head.height, head.width) for head in heads}
    height = float(np.median([head.height for head in heads]))
    width = float(np.median([head.width for head in heads]))
    if parameters.height is not None or parameters.width is not None:
        scale = (
            parameters.height / height
            if parameters.height is not None
            else (parameters.width or width) / width
        )
    elif len(sizes) == 1 and max(height, width) <= _LARGEST_AS_IS:
        scale = 1.0
    else:
        scale = min(1.0, _LARGEST_CHOSEN / max(height, width))
    colour = parameters.colour
    is_grey = colour == "grey" or (colour == "auto" and all(head.is_grey for head in heads))
    return ImageReader(
        parameters.height or min(2048, max(1, round(height * scale))),
        parameters.width or min(2048, max(1, round(width * scale))),
        1 if is_grey else 3,
        parameters.resize,
    )


def _without_colours(reader: ImageReader, paths: list[Path]) -> ImageReader:
    """Reads grey where files that could hold colours hold none, as is usual of scans."""
    small = replace(reader, height=32, width=32, resize="stretch")
    spread = np.unique(np.linspace(0, len(paths) - 1, _LOOKED_AT).astype(np.int64)).tolist()
    for index in spread:
        try:
            pixels = small(paths[index]).astype(np.int16)
        except DatasetError:
            continue
        if np.ptp(pixels, axis=-1).max() > 2:
            return reader
    return replace(reader, channels=1)


def _size_range(sizes: Counter[tuple[int, int]]) -> str:
    usual = sizes.most_common(1)[0][0]
    if len(sizes) == 1:
        return f"all {usual[0]}×{usual[1]}"
    widths, heights = ([size[axis] for size in sizes] for axis in (0, 1))
    return (
        f"{min(widths)}×{min(heights)} to {max(widths)}×{max(heights)}, "
        f"most often {usual[0]}×{usual[1]}"
    )
