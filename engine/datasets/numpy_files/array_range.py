"""What is black and white in arrays of images: told by all values, and said where in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.datasets.base import Progress, Rows
from engine.datasets.numpy_files.array_values import Meaning, blocks_of, value_range
from engine.datasets.pixel_range import PixelRange, RangeParameters, number_text
from engine.events.findings import DataFinding, Remedy, Trouble
from engine.spec.signature import Kind

_LOOKED_AT = 1 << 18
# Where all but a hundredth of the values would get fewer than 16 steps of 256.
_DOUBTFUL = 16.0


@dataclass(frozen=True)
class ArrayRange:
    """Black and white of an array.

    Attributes:
        range: What they are; of arrays that are no pictures, that of bytes.
        facts: Label and value.
        findings: What else it could be.
    """

    range: PixelRange
    facts: tuple[tuple[str, str], ...] = ()
    findings: tuple[DataFinding, ...] = ()


def range_of(
    rows: Rows, name: str, meaning: Meaning, parameters: RangeParameters, progress: Progress
) -> ArrayRange:
    """Looks at all values of an array of numbers.

    Raises:
        DatasetError: One is no finite number, or white is not above black.
        Cancelled: Someone asked to stop.
    """
    lowest, highest = value_range(rows, name, progress)
    usual = PixelRange.of(lowest, highest, rows.dtype.kind in "iub")
    if meaning.kind not in (Kind.IMAGE, Kind.VIDEO):
        return ArrayRange(usual)
    chosen = usual.asked(parameters.black, parameters.white)
    facts = (("Values", f"{lowest:g} to {highest:g}, taken as {chosen}"),)
    if chosen != usual or rows.dtype == np.uint8:
        return ArrayRange(chosen, facts)
    return ArrayRange(chosen, facts, _doubt(rows, chosen, progress))


def _doubt(rows: Rows, taken: PixelRange, progress: Progress) -> tuple[DataFinding, ...]:
    """Says that nearly all values lie close together, as beside hot pixels or a mark for none."""
    lows, highs = [], []
    for _, block in blocks_of(rows, progress, "Looking at values"):
        some = block.ravel()[:: max(1, block.size // _LOOKED_AT)]
        low, high = np.quantile(some, (0.01, 0.99), method="nearest").tolist()
        lows.append(low)
        highs.append(high)
    low, high = min(lows), max(highs)
    if low >= high or taken.high - taken.low < _DOUBTFUL * (high - low):
        return ()
    text = (
        f"Nearly all pixels lie between {number_text(low)} and {number_text(high)}, but {taken} "
        "were taken: hardly any steps are left for them."
    )
    remedy = Remedy(
        "Cut off the others", {"data.parameters.black": low, "data.parameters.white": high}
    )
    return (DataFinding(Trouble.UNDERSTOOD, "", text, remedies=(remedy,)),)
