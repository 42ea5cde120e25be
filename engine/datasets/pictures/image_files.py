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

from engine.datasets.pictures.depth import Storage, storage_of, values_of
from engine.datasets.pixel_range import DEPTHS, PixelRange
from engine.errors import DatasetError

if TYPE_CHECKING:
    from PIL.Image import Image as PillowImage

    from engine.datasets.base import InputSpec

Pixels = npt.NDArray[np.uint8]
Ranges = tuple[tuple[Storage, PixelRange], ...]
Resize = Literal["stretch", "crop", "pad"]
Read = TypeVar("Read")

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".ppm", ".pgm")
MAX_PIXELS = 50_000_000
"""An image file of some kilobytes can hold gigabytes of pixels; those beyond this are refused."""
# What Pillow may take a file for, whatever its suffix; others run programs (EPS) or are no images.
_DECODERS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_GREY_MODES = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
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
        storage: How the values of its pixels are stored.
        has_more: Other pictures follow the first: pages, or an animation.
    """

    width: int
    height: int
    mode: str
    storage: Storage = Storage.BYTES
    has_more: bool = False

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
        ranges: What is black and white, by how the values are stored, where the data tells. Else
            bytes are 0 to 255, whole numbers 0 to 65,535, and fractions cannot be read.
        is_told: The data tells for all that may come; others are refused.
    """

    height: int
    width: int
    channels: int
    resize: Resize = "stretch"
    ranges: Ranges = ()
    is_told: bool = False

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def reading(self) -> dict[str, Any]:
        """What `read_inputs` needs to read other images alike, as JSON values."""
        ranges = {storage.value: [ends.low, ends.high] for storage, ends in self.ranges}
        return {"resize": self.resize, **({"ranges": ranges} if ranges else {})}

    def __call__(self, path: Path) -> Pixels:
        """Returns uint8 (height, width, channels), 0 to 255.

        Turned as its camera noted; more than 8 bits become 8; what is transparent lies on white.
        Enlarged and shrunk by Pillow's bilinear filter, which averages where it shrinks.

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
            flat = _upright(self._plain(image, path), turn)
            fitted = self._fit(flat)
        return np.asarray(fitted).reshape(self.shape)

    def _plain(self, image: PillowImage, path: Path) -> PillowImage:
        """The image in 8 bits, without transparency, grey or coloured."""
        wanted = "L" if self.channels == 1 else "RGB"
        storage = storage_of(image)
        known = dict(self.ranges).get(storage)
        if storage is not Storage.BYTES and known is None and self.is_told:
            raise DatasetError(
                "has more than 8 bits, unlike the images that were looked at.",
                "Save it as the others are.",
            )
        if storage is not Storage.BYTES:
            return _eight_bits(image, path, known).convert(wanted)
        if image.mode == wanted:
            image.load()
            if "transparency" not in image.info:
                return _brightened(image, known)
        return _brightened(on_white(image), known).convert(wanted)

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
        seen = (height, width) if is_turned else (width, height)
        return ImageHead(*seen, image.mode, storage_of(image), _has_more(image))


def _has_more(image: PillowImage) -> bool:
    """Whether pictures follow the first, without counting them."""
    if image.format not in ("TIFF", "GIF"):
        return getattr(image, "n_frames", 1) > 1
    try:
        image.seek(1)
    except EOFError:
        return False
    return True


def read_values(path: Path) -> tuple[Storage, npt.NDArray[Any]] | None:
    """All values of an image of more than 8 bits that are seen, (n,); None: it is of bytes.

    Raises:
        DatasetError: It cannot be read; the message is the reason alone.
    """
    return _guarded(path, _read_values)


def _read_values(path: Path) -> tuple[Storage, npt.NDArray[Any]] | None:
    with _open(path) as image, _place_for(image):
        storage = storage_of(image)
        if storage is Storage.BYTES:
            return None
        values = values_of(image, path)
    if not len(values.seen):
        raise DatasetError("holds no values: all of it is transparent.", "Leave it out.")
    return storage, values.seen


def highest_byte(path: Path) -> int | None:
    """The highest value of an image of bytes; None: its bytes are no brightness, or of a photo.

    Raises:
        DatasetError: It cannot be read; the message is the reason alone.
    """
    return _guarded(path, _highest_byte)


def _highest_byte(path: Path) -> int | None:
    with _open(path) as image, _place_for(image):
        if image.mode not in ("L", "RGB") or image.format in ("JPEG", "WEBP"):
            return None
        return max(int(high) for _, high in np.reshape(image.getextrema(), (-1, 2)))


def read_inputs(path: Path, asked: InputSpec) -> Pixels:
    """Reads an image for prediction, (1, height, width, channels), as the training did.

    Raises:
        DatasetError: It cannot be read, or its values are of another range.
    """
    height, width, channels = asked.signature.input_shape
    resize, ranges = asked.reading.get("resize", "stretch"), asked.reading.get("ranges", {})
    known = tuple((Storage(name), PixelRange(*ends)) for name, ends in ranges.items())
    reader = ImageReader(height, width, channels, resize, known)
    try:
        found = read_values(path)
        misfit = dict(known)[found[0]].misfit(found[1]) if found and found[0] in dict(known) else ""
        if misfit:
            raise DatasetError(f"is of another range: {misfit}", "Save it as the others were.")
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
        raise DatasetError(_unknown(path), "Open and save it as PNG.") from None
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


def _unknown(path: Path) -> str:
    """Why a file is taken for no image."""
    if path.stat().st_size == 0:
        return "is empty."
    with path.open("rb") as file:
        is_tiff = file.read(4) in (b"II*\0", b"MM\0*")
    return "is a TIFF of a kind that cannot be read." if is_tiff else "is not an image."


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


def on_white(image: PillowImage) -> PillowImage:
    """An image of 8 bits whose transparent parts lie on white; others are returned as they are."""
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def _brightened(image: PillowImage, known: PixelRange | None) -> PillowImage:
    """Bytes of another range than 0 to 255, such as those of a mask, spread over it."""
    if known is None or known.is_bytes or image.mode not in ("L", "RGB", "RGBA"):
        return image
    return image.point(known.pixels(np.arange(256)).tolist() * len(image.getbands()))


def _eight_bits(image: PillowImage, path: Path, known: PixelRange | None) -> PillowImage:
    """An image of more than 8 bits in 8; what is transparent lies on white."""
    from PIL import Image

    values = values_of(image, path)
    if known is None:
        known = _full_range(values.colours)
    pixels = known.pixels(values.colours)
    if values.opacity is not None:
        opacity = values.opacity[..., np.newaxis]
        pixels = np.rint(255 - (255 - pixels.astype(np.float32)) * opacity).astype(np.uint8)
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _full_range(values: npt.NDArray[Any]) -> PixelRange:
    """What is black and white where nothing but the file tells: the 16 bits of PNG.

    Raises:
        DatasetError: It could be anything.
    """
    if values.dtype.kind == "f":
        raise DatasetError("holds fractions, whose range is unknown.", "Save it as PNG.")
    if values.size and (values.min() < 0 or values.max() > DEPTHS[-1]):
        raise DatasetError(
            f"holds values from {values.min()} to {values.max()}; up to 65,535 are known.",
            "Save it as PNG.",
        )
    return PixelRange(0, DEPTHS[-1])
