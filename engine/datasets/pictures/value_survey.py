"""What is black and white in a folder's images: told by all values of those of more than 8 bits.

Files whose values are of another range than those of the others are no examples beside them.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.datasets.pictures.depth import Storage
from engine.datasets.pictures.image_files import Ranges, highest_byte, read_values
from engine.datasets.pixel_range import FEW_STEPS, PixelRange, number_text
from engine.datasets.survey import evenly
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.formatting import percent_text

Asked = tuple[float | None, float | None]
"""Black and white, as far as people say."""

_READERS = min(8, 1 + (os.cpu_count() or 1))
_AT_ONCE = 64
# Images of 8 bits are looked at only to see if they hold a few steps, such as those of a mask.
_BYTES_LOOKED_AT = 24
# Of another range are at most this share of the files, by at least this factor.
_ODD_SHARE, _ODD_FACTOR = 0.1, 8.0
# Where the brightest thousandth of the pixels would leave the others fewer than 16 steps of 256,
# it is cut off.
_CUT_OFF = 16.0
# -9999 and the like, among heights or temperatures, is so many times farther than these are wide.
_GAP = 4.0


@dataclass(frozen=True)
class FileValues:
    """What the values of one file are like.

    Attributes:
        storage: How they are stored.
        lowest, highest: The range of those that are not transparent.
        low, high: All but a thousandth are not below, and not above. Where the lowest value is
            far below all others, as one that stands for no value is, it does not count.
        has_gap: It is so.
        body: A tenth is above.
        is_whole: All are whole numbers.
    """

    storage: Storage
    lowest: float
    highest: float
    low: float
    body: float
    high: float
    is_whole: bool
    has_gap: bool = False

    @classmethod
    def of(cls, storage: Storage, values: AnyArray) -> FileValues:
        """Looks at values, (n,), at least one."""
        low, body, high = np.quantile(values, (0.001, 0.9, 0.999), method="nearest").tolist()
        is_whole = values.dtype.kind in "iu" or bool((values == np.rint(values)).all())
        lowest, highest = float(values.min()), float(values.max())
        above = values[values > values.min()]
        second = float(above.min()) if len(above) else lowest
        has_gap = second < highest and second - lowest >= _GAP * (highest - second)
        if has_gap:
            low = max(low, second)
        return cls(storage, lowest, highest, low, body, high, is_whole, has_gap)


@dataclass(frozen=True)
class ValueSurvey:
    """What is black and white.

    Attributes:
        ranges: By storage, for `ImageReader`.
        bad: Why files cannot be used, by index.
        facts: Label and value.
        findings: What was chosen, and what else it could be.
    """

    ranges: Ranges = ()
    bad: Mapping[int, str] = field(default_factory=dict)
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[DataFinding, ...] = ()


def survey_values(
    paths: Sequence[Path],
    storages: Collection[Storage],
    asked: Asked,
    progress: Progress,
) -> ValueSurvey:
    """Reads all images, where some of them have more than 8 bits, and chooses black and white.

    Args:
        paths: The images.
        storages: How those store their values whose headers were read.
        asked: Black and white, where people say so.
        progress: Told how far it is.

    Raises:
        DatasetError: White is not above black.
        Cancelled: Someone asked to stop.
    """
    if all(storage is Storage.BYTES for storage in storages):
        return _of_bytes(paths, asked, progress)
    values, bad = _read_all(paths, progress)
    ranges: dict[Storage, PixelRange] = {}
    facts: list[tuple[str, str]] = []
    findings: list[DataFinding] = []
    for storage in (Storage.INTEGERS, Storage.FRACTIONS):
        of_it = {index: item for index, item in values.items() if item.storage is storage}
        if not of_it:
            continue
        if asked == (None, None):
            odd = _odd(of_it)
            bad |= odd
            of_it = {index: item for index, item in of_it.items() if index not in odd}
        chosen = _chosen(list(of_it.values()), asked)
        ranges[storage] = chosen.range
        facts.append(("Values", f"{chosen.found}, taken as {chosen.range}"))
        findings += chosen.findings
    return ValueSurvey(tuple(ranges.items()), bad, tuple(facts), tuple(findings))


def _read_all(
    paths: Sequence[Path], progress: Progress
) -> tuple[dict[int, FileValues], dict[int, str]]:
    """The values of the files of more than 8 bits, by index, and why others cannot be read."""

    def read(path: Path) -> FileValues | str | None:
        try:
            found = read_values(path)
        except DatasetError as error:
            return error.message
        return None if found is None else FileValues.of(*found)

    values: dict[int, FileValues] = {}
    bad: dict[int, str] = {}
    with ThreadPoolExecutor(_READERS, "values") as pool:
        for start in range(0, len(paths), _AT_ONCE):
            progress("Looking at values", start, len(paths))
            for index, found in enumerate(pool.map(read, paths[start : start + _AT_ONCE]), start):
                if isinstance(found, str):
                    bad[index] = found
                elif found is not None:
                    values[index] = found
    return values, bad


def _odd(values: Mapping[int, FileValues]) -> dict[int, str]:
    """The few files whose values are of another range than those of all others, with the reason."""
    most = max(1, round(_ODD_SHARE * len(values)))
    if len(values) < 4:
        return {}
    ordered = sorted(values, key=lambda index: values[index].high)
    for count in range(most, 0, -1):
        rest, above = ordered[:-count], ordered[-count:]
        top = values[rest[-1]].high
        if top > 0 and all(
            values[i].high >= _ODD_FACTOR * top and values[i].body > top for i in above
        ):
            return {i: _reason(values[i], [values[j] for j in rest]) for i in above}
    usual = float(np.median([values[index].high for index in ordered]))
    below = [
        index
        for index in ordered
        if values[index].highest <= 1 and usual > FEW_STEPS and not values[index].is_whole
    ]
    if len(below) > most:
        return {}
    rest = [index for index in ordered if index not in below]
    return {i: _reason(values[i], [values[j] for j in rest]) for i in below}


def _reason(value: FileValues, others: Sequence[FileValues]) -> str:
    highest = max(other.highest for other in others)
    return (
        f"holds values up to {number_text(value.highest)}, the others up to {number_text(highest)}."
    )


@dataclass(frozen=True)
class _Choice:
    """Black and white of the files of one storage.

    Attributes:
        range: What was chosen.
        found: The values there are, in words.
        findings: What was chosen, and what else it could be.
    """

    range: PixelRange
    found: str
    findings: tuple[DataFinding, ...]


def _chosen(values: Sequence[FileValues], asked: Asked) -> _Choice:
    lowest, highest = min(v.lowest for v in values), max(v.highest for v in values)
    is_whole = all(value.is_whole for value in values)
    found = f"{number_text(lowest)} to {number_text(highest)}"
    whole = PixelRange.of_files(lowest, highest, is_whole)
    bulk = PixelRange.of_files(min(v.low for v in values), max(v.high for v in values), is_whole)
    is_cut = whole.high - whole.low >= _CUT_OFF * (bulk.high - bulk.low)
    is_cut |= any(value.has_gap and value.lowest < bulk.low for value in values)
    usual = bulk if is_cut else whole
    if asked != (None, None):
        return _Choice(usual.asked(*asked), found, ())
    text = f"Values of more than 8 bits: {found} were found, {usual} were taken."
    remedies: tuple[Remedy, ...] = ()
    if is_cut:
        text += " What lies outside, few pixels or a value that stands for none, is cut off."
        remedies = (_remedy("Take all values", whole),)
    elif usual == PixelRange(0, 65_535):
        return _Choice(usual, found, _dark(values, usual))
    elif is_whole and lowest >= 0 and highest <= 65_535:
        remedies = (_remedy("Take 0 to 65,535", PixelRange(0, 65_535)),)
    finding = DataFinding(Trouble.UNDERSTOOD, "", text, remedies=remedies)
    return _Choice(usual, found, (finding, *_dark(values, usual)))


def _remedy(label: str, chosen: PixelRange) -> Remedy:
    return Remedy(
        label, {"data.parameters.black": chosen.low, "data.parameters.white": chosen.high}
    )


def _dark(values: Sequence[FileValues], taken: PixelRange) -> tuple[DataFinding, ...]:
    """Says that some images use hardly any of the range that others need."""
    limit = taken.low + (taken.high - taken.low) / _CUT_OFF
    count = sum(value.high <= limit and value.high > value.low for value in values)
    if not count or count == len(values):
        return ()
    text = (
        f"{percent_text(count / len(values))} of these images are almost black beside the others: "
        f"their values end at {number_text(limit)}. Perhaps they are of fewer bits."
    )
    return (DataFinding(Trouble.UNDERSTOOD, "", text, count=count),)


def _of_bytes(paths: Sequence[Path], asked: Asked, progress: Progress) -> ValueSurvey:
    """Bytes are 0 to 255, but for masks and the like, where all of them are a few steps."""
    if asked != (None, None):
        return _bytes_as(PixelRange().asked(*asked))
    highest = 0
    # Some from everywhere first: the usual folder is told by one image.
    some = evenly(len(paths), _BYTES_LOOKED_AT)
    for done, index in enumerate(dict.fromkeys([*some, *range(len(paths))])):
        progress("Looking at values", done, len(paths))
        try:
            of_image = highest_byte(paths[index])
        except DatasetError:
            continue  # told where all files are read
        if of_image is None or of_image > FEW_STEPS:
            return ValueSurvey()
        highest = max(highest, of_image)
    if not highest:
        return ValueSurvey()
    chosen = PixelRange(0, highest)
    text = f"No image holds a value above {highest}; {chosen} were taken."
    remedy = _remedy("Take 0 to 255", PixelRange())
    return _bytes_as(chosen, DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)))


def _bytes_as(chosen: PixelRange, *findings: DataFinding) -> ValueSurvey:
    ranges = ((Storage.BYTES, chosen),)
    return ValueSurvey(ranges, {}, (("Values", f"{chosen}"),), findings)
