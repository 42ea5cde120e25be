"""Image files: their size from the header, their pixels at the size and in the colours wanted."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from engine.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

    from engine.datasets.base import InputSpec

Pixels = npt.NDArray[np.uint8]
Resize = Literal["stretch", "crop", "pad"]
Read = TypeVar("Read")

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
"""An image file of some kilobytes can hold gigabytes of pixels; those beyond this are refused."""
# What Pillow may take a file for, whatever its suffix; others run programs (EPS) or are no images.
_DECODERS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L")
# Images above this size are decoded two at a time, so that readers side by side stay small.
_LARGE_PIXELS = 8_000_000
_large = threading.BoundedSemaphore(2)
# Headers that hold the orientation before any pixel.
_ORIENTED = ("JPEG", "MPO", "WEBP", "TIFF")
_TURNED = (5, 6, 7, 8)
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class ImageHead:
    """What an image's header says.

    Attributes:
        width, height: In pixels, as it is seen: turned as its camera noted.
        mode: Pillow's name for its colours, such as ``RGB`` or ``L``.
    """

    width: int
    height: int
    mode: str

    @property
    def is_grey(self) -> bool:
        return self.mode in _GREY_MODES


@dataclass(frozen=True)
class ImageReader:
    """Reads images to one size and one kind of colours.

    Attributes:
        height, width: In pixels.
        channels: 1 (grey) or 3 (red, green, blue).
        resize: ``stretch`` fills the size whatever the proportions, ``crop`` keeps them and cuts
            off what stands out, ``pad`` keeps them and adds black bars.
    """

    height: int
    width: int
    channels: int
    resize: Resize = "stretch"

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    def __call__(self, path: Path) -> Pixels:
        """Returns uint8 (height, width, channels), 0 to 255.

        Turned as its camera noted; 16 bits become 8; what is transparent lies on white. Enlarged
        and shrunk by Pillow's bilinear filter, which averages where it shrinks.

        Raises:
            DatasetError: It is no image, damaged or too large; the message is the reason alone.
        """
        return _guarded(path, self._read)

    def _read(self, path: Path) -> Pixels:
        with _open(path) as image, _place_for(image):
            turn = _orientation(image)
            if turn in _TURNED:
                self._draft(image, (self.height, self.width))
            else:
                self._draft(image, (self.width, self.height))
            flat = _upright(_plain(image, self.channels), turn)
            fitted = self._fit(flat)
        return np.asarray(fitted).reshape(self.shape)

    def _draft(self, image: PillowImage, size: tuple[int, int]) -> None:
        """Lets a JPEG decoder skip detail, down to twice the size; other formats ignore it."""
        if image.format == "JPEG" and image.mode in ("L", "RGB", "YCbCr"):
            image.draft(None, (2 * size[0], 2 * size[1]))

    def _fit(self, image: PillowImage) -> PillowImage:
        from PIL import Image

        width, height = image.size
        target = (self.width, self.height)
        if image.size == target:
            return image
        bilinear = Image.Resampling.BILINEAR
        if self.resize == "crop":
            # In proportion to the sides, so that equal proportions cut off nothing.
            scale = min(width / self.width, height / self.height)
            cut_x, cut_y = width - scale * self.width, height - scale * self.height
            box = (cut_x / 2, cut_y / 2, width - cut_x / 2, height - cut_y / 2)
            return image.resize(target, bilinear, box)
        if self.resize == "pad":
            scale = min(self.width / width, self.height / height)
            inner = (max(1, round(width * scale)), max(1, round(height * scale)))
            bars = Image.new(image.mode, target)
            corner = ((self.width - inner[0]) // 2, (self.height - inner[1]) // 2)
            bars.paste(image.resize(inner, bilinear), corner)
            return bars
        return image.resize(target, bilinear)


def read_head(path: Path) -> ImageHead:
    """Reads an image's header and none of its pixels.

    Raises:
        DatasetError: It is no image, or too large; the message is the reason alone.
    """
    return _guarded(path, _read_head)


def _read_head(path: Path) -> ImageHead:
    with _open(path) as image:
        width, height = image.size
        is_turned = image.format in _ORIENTED and _orientation(image) in _TURNED
        return ImageHead(*((height, width) if is_turned else (width, height)), image.mode)


def read_inputs(path: Path, asked: InputSpec) -> Pixels:
    """Reads an image for prediction, (1, height, width, channels), as the training did.

    Raises:
        DatasetError: It cannot be read.
    """
    height, width, channels = asked.signature.input_shape
    reader = ImageReader(height, width, channels, asked.reading.get("resize", "stretch"))
    try:
        return reader(path)[np.newaxis]
    except DatasetError as error:
        raise DatasetError(
            f"The image '{path}' cannot be used: it {error.message}", error.hint
        ) from None


def _guarded(path: Path, read: Callable[[Path], Read]) -> Read:
    """What a decoder says of a damaged file, as a reason in plain words."""
    from PIL import UnidentifiedImageError

    try:
        return read(path)
    except UnidentifiedImageError:
        is_empty = path.stat().st_size == 0
        raise DatasetError(
            "is empty." if is_empty else "is not an image.", "Open and save it as PNG."
        ) from None
    except DatasetError:
        raise
    except OSError as error:
        if error.errno is not None:  # of the file system, not of the decoder
            raise DatasetError(
                f"cannot be read: {(error.strerror or str(error)).lower()}.", "Check the file."
            ) from None
        raise _damaged(error) from None
    except Exception as error:  # decoders raise whatever they like on damaged files
        raise _damaged(error) from None


def _damaged(error: Exception) -> DatasetError:
    reason = str(error).rstrip(".") or type(error).__name__
    return DatasetError(f"cannot be read: {reason}.", "Open and save it as PNG.")


@cache
def _decoders() -> tuple[str, ...]:
    """Those of `_DECODERS` that this build of Pillow has."""
    from PIL import Image

    Image.init()
    # Pillow only warns, with a limit of its own; here the size is looked at before any pixel.
    Image.MAX_IMAGE_PIXELS = None
    return tuple(name for name in _DECODERS if name in Image.OPEN)


def _open(path: Path) -> PillowImage:
    """Opens an image, header read and size checked."""
    from PIL import Image

    image = Image.open(path, formats=_decoders())
    if image.width * image.height > MAX_PIXELS:
        image.close()
        raise DatasetError(
            f"has too many pixels: {image.width}×{image.height}.",
            f"Make it smaller than {MAX_PIXELS // 1_000_000} million pixels.",
        )
    return image


def _place_for(image: PillowImage) -> AbstractContextManager[object]:
    return _large if image.width * image.height > _LARGE_PIXELS else nullcontext()


def _orientation(image: PillowImage) -> int:
    if image.format in _ORIENTED or "exif" in image.info:
        return int(image.getexif().get(_ORIENTATION_TAG, 1))
    return 1


def _upright(image: PillowImage, orientation: int) -> PillowImage:
    """Undoes what a camera noted of how it was held (EXIF 2.3, tag 0x0112)."""
    if not 2 <= orientation <= 8:
        return image
    from PIL.Image import Transpose

    undo = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(undo[orientation])


def _plain(image: PillowImage, channels: int) -> PillowImage:
    """The image in 8 bits, without transparency, grey or coloured."""
    from PIL import Image

    wanted = "L" if channels == 1 else "RGB"
    if image.mode == wanted:
        image.load()
        if "transparency" not in image.info:
            return image
    if image.mode.startswith("I"):
        # Pillow would clip the upper half byte by byte, not scale it.
        return Image.fromarray(_eight_bits(np.asarray(image))).convert(wanted)
    if image.mode == "F":
        raise DatasetError("holds fractions, whose range is unknown.", "Save it as PNG.")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    return image.convert(wanted)


def _eight_bits(values: npt.NDArray[Any]) -> Pixels:
    """16 bits to 8: 65,535 becomes 255."""
    if values.size and (values.min() < 0 or values.max() > 65_535):
        raise DatasetError(
            f"holds values from {values.min()} to {values.max()}; up to 65,535 are known.",
            "Save it as PNG.",
        )
    scaled: Pixels = np.rint(values.astype(np.float32) / 257.0).astype(np.uint8)
    return scaled
