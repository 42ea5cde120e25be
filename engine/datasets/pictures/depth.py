"""Images of more than 8 bits: how a file stores its values, and all of them, exactly.

Pillow keeps grey of 16 and 32 bits and fractions; of colours of 16 bits it keeps the upper half.
Those are decoded by FFmpeg.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.datasets.base import AnyArray
from engine.datasets.pixel_range import DEPTHS
from engine.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

# FFmpeg's names of the decoders, by Pillow's names of the formats.
_COLOUR_DECODERS = {"PNG": "png", "TIFF": "tiff", "PPM": "ppm"}
_MIN_IS_WHITE = 0
_PHOTOMETRIC, _NO_DATA = 262, 42113  # TIFF 6.0; GDAL_NODATA, as geographers write it


class Storage(StrEnum):
    """How a file stores the values of its pixels."""

    BYTES = "bytes"
    INTEGERS = "integers"
    FRACTIONS = "fractions"


@dataclass(frozen=True)
class Values:
    """All values of an image of more than 8 bits.

    Attributes:
        colours: As they are in the file, (height, width, 1 or 3).
        opacity: 0 to 1, (height, width); None: all of it is seen.
    """

    colours: AnyArray
    opacity: AnyArray | None = None

    @property
    def seen(self) -> AnyArray:
        """The values that are not transparent, (n,)."""
        return self.colours.ravel() if self.opacity is None else self.colours[self.opacity > 0]


def storage_of(image: PillowImage) -> Storage:
    """How an image that was opened, but not loaded, stores its values."""
    if image.mode == "F":
        return Storage.FRACTIONS
    if image.mode.startswith("I") or _is_deep_colour(image):
        return Storage.INTEGERS
    return Storage.BYTES


def values_of(image: PillowImage, path: Path) -> Values:
    """All values of an image whose storage is not bytes.

    Raises:
        DatasetError: Some are no numbers, or cannot be decoded; the message is the reason alone.
    """
    if _is_deep_colour(image):
        return _deep_colours(image, path)
    colours = np.asarray(image)[..., np.newaxis]
    opacity = None
    tags: Any = getattr(image, "tag_v2", {})  # of TIFF alone
    if tags.get(_PHOTOMETRIC) == _MIN_IS_WHITE and colours.dtype == np.uint16:
        colours = 65_535 - colours  # Pillow turns around 8 bits alone
    with suppress(KeyError, OverflowError, ValueError):
        no_data = float(str(tags[_NO_DATA]).strip("\0 "))
        opacity = 1.0 - (colours[..., 0] == colours.dtype.type(no_data))
    if colours.dtype.kind == "f":
        finite = np.isfinite(colours[..., 0])
        if not (finite if opacity is None else finite | (opacity == 0)).all():
            raise DatasetError("holds values that are infinite or no numbers.", "Fill them.")
    return Values(colours, opacity)


def _is_deep_colour(image: PillowImage) -> bool:
    """Whether colours, or grey with transparency, have 16 bits each."""
    if image.mode not in ("RGB", "RGBA", "LA") or image.format not in _COLOUR_DECODERS:
        return False
    tiles: list[Any] = getattr(image, "tile", [])
    for tile in tiles[:1]:
        given = tile[3] if isinstance(tile[3], tuple) else (tile[3],)
        if image.format == "PPM":
            return len(given) > 1 and isinstance(given[1], int) and given[1] > 255
        return bool(re.fullmatch(r"\w+;16\w?", str(given[0])))
    return False


def _deep_colours(image: PillowImage, path: Path) -> Values:
    import av

    try:
        # Of FFmpeg's ways to open files none is used: this decoder alone sees the bytes.
        decoder: Any = av.CodecContext.create(_COLOUR_DECODERS[str(image.format)], "r")
        # Room for the edges that decoders add.
        most = (image.width + 256) * (image.height + 256)
        decoder.options = {"max_pixels": str(most)}
        frames = decoder.decode(av.Packet(path.read_bytes())) or decoder.decode(None)
        decoded = frames[0].reformat(format="rgba64le").to_ndarray()
        is_seen_through = "a" in frames[0].format.name
    except (av.FFmpegError, ValueError, IndexError) as error:
        raise DatasetError(
            f"holds 16 bits for each colour, which cannot be decoded ({error}).",
            "Save it as PNG of 8 bits.",
        ) from None
    if decoded.shape[:2] != (image.height, image.width):
        raise DatasetError("holds colours that cannot be decoded.", "Save it as PNG of 8 bits.")
    colours, opacity = decoded[..., :3], None
    if is_seen_through and np.ptp(alpha := decoded[..., 3]):
        most = int(alpha.max())
        opacity = alpha / next(depth for depth in DEPTHS if depth >= most)
    return Values(colours, opacity)
