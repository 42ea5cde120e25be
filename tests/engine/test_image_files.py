"""Decoding image files: pixels against Pillow's and Keras's, and what becomes of files that lie."""

import contextlib
import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from engine.datasets.pictures.image_files import MAX_PIXELS, ImageReader, read_head
from engine.errors import DatasetError


def noise(height, width, channels=3, seed=0):
    shape = (height, width, channels) if channels > 1 else (height, width)
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def saved(path, pixels, **options):
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def reason(read, path):
    with pytest.raises(DatasetError) as caught:
        read(path)
    return caught.value.message


def claimed_png(width, height):
    """A PNG of a few bytes whose header claims a size."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b"")


class TestPixels:
    @pytest.mark.parametrize("channels", [1, 3])
    @pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "webp", "ppm"])
    def test_lossless_files_are_read_bit_by_bit(self, tmp_path, suffix, channels):
        pixels = noise(20, 30, channels)
        options = {"lossless": True} if suffix == "webp" else {}
        path = saved(tmp_path / f"a.{suffix}", pixels, **options)
        read = ImageReader(20, 30, channels)(path)
        np.testing.assert_array_equal(read, pixels.reshape(20, 30, channels))
        assert read.dtype == np.uint8

    @pytest.mark.parametrize(("height", "width"), [(10, 15), (7, 50), (60, 40), (20, 30)])
    @pytest.mark.parametrize("colour", ["rgb", "grayscale"])
    def test_stretched_as_keras_does(self, tmp_path, height, width, colour):
        from keras.utils import img_to_array, load_img

        path = saved(tmp_path / "a.png", noise(20, 30))
        keras_image = load_img(
            path, color_mode=colour, target_size=(height, width), interpolation="bilinear"
        )
        read = ImageReader(height, width, 3 if colour == "rgb" else 1)(path)
        np.testing.assert_array_equal(read, img_to_array(keras_image).astype(np.uint8))

    def test_large_jpeg_is_close_to_the_whole_decoding(self, tmp_path):
        rows, columns = np.mgrid[:400, :600] / 600
        pixels = np.stack([rows * 255, columns * 255, 255 - rows * 200], axis=-1).astype(np.uint8)
        path = saved(tmp_path / "a.jpg", pixels, quality=95)
        whole = Image.open(path).resize((60, 40), Image.Resampling.BILINEAR)
        difference = ImageReader(40, 60, 3)(path).astype(int) - np.asarray(whole)
        assert np.abs(difference).max() <= 6

    def test_cropping_keeps_the_middle(self, tmp_path):
        pixels = np.zeros((10, 30, 3), np.uint8)
        pixels[:, 10:20] = 200
        path = saved(tmp_path / "a.png", pixels)
        np.testing.assert_array_equal(ImageReader(10, 10, 3, "crop")(path), pixels[:, 10:20])

    def test_padding_adds_black_bars(self, tmp_path):
        path = saved(tmp_path / "a.png", np.full((10, 30, 3), 200, np.uint8))
        read = ImageReader(30, 30, 3, "pad")(path)
        np.testing.assert_array_equal(read[10:20], 200)
        assert not read[:10].any()
        assert not read[20:].any()

    @pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
    @pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 40), (33, 2)])
    def test_extreme_proportions_give_the_size(self, tmp_path, resize, height, width):
        path = saved(tmp_path / "a.png", noise(3, 50))
        assert ImageReader(height, width, 3, resize)(path).shape == (height, width, 3)

    @pytest.mark.parametrize("orientation", range(1, 9))
    def test_turned_as_the_camera_noted(self, tmp_path, orientation):
        from PIL import ImageOps

        exif = Image.Exif()
        exif[0x0112] = orientation
        path = saved(tmp_path / "a.jpg", noise(16, 32), exif=exif, quality=100)
        with Image.open(path) as image:
            upright = np.asarray(ImageOps.exif_transpose(image))
        head = read_head(path)
        assert (head.height, head.width) == upright.shape[:2]
        np.testing.assert_array_equal(ImageReader(*upright.shape)(path), upright)

    def test_sixteen_bits_are_scaled(self, tmp_path):
        values = np.array([[0, 257, 256 * 257 - 257, 65535]], np.uint16)
        path = saved(tmp_path / "a.png", values)
        assert read_head(path).is_grey
        np.testing.assert_array_equal(ImageReader(1, 4, 1)(path)[0, :, 0], [0, 1, 255, 255])
        np.testing.assert_array_equal(ImageReader(1, 4, 3)(path)[0, 1], [1, 1, 1])

    def test_transparent_parts_lie_on_white(self, tmp_path):
        pixels = np.zeros((1, 3, 4), np.uint8)
        pixels[0, :, 3] = 0, 128, 255
        path = saved(tmp_path / "a.png", pixels)
        np.testing.assert_array_equal(ImageReader(1, 3, 3)(path)[0, :, 0], [255, 127, 0])
        grey = np.zeros((1, 2, 2), np.uint8)
        grey[0, :, 1] = 0, 255
        path = saved(tmp_path / "b.png", Image.fromarray(grey, "LA"))
        np.testing.assert_array_equal(ImageReader(1, 2, 1)(path)[0, :, 0], [255, 0])

    def test_palettes(self, tmp_path):
        pixels = np.zeros((4, 4, 3), np.uint8)
        pixels[:2, :, 0] = 200
        indexed = Image.fromarray(pixels).convert("P", palette=Image.Palette.ADAPTIVE)
        for name in ("a.png", "a.gif"):
            path = saved(tmp_path / name, indexed)
            np.testing.assert_array_equal(ImageReader(4, 4, 3)(path), pixels)
        path = saved(tmp_path / "t.png", indexed, transparency=0)
        assert (ImageReader(4, 4, 3)(path) == 255).any()

    @pytest.mark.parametrize("mode", ["1", "CMYK", "YCbCr", "LAB"])
    def test_other_modes(self, tmp_path, mode):
        image = Image.new("RGB", (4, 4), "white")
        image = image.convert("L").convert("1") if mode == "1" else _in_mode(image, mode)
        path = saved(tmp_path / "a.tif", image)
        assert ImageReader(4, 4, 3)(path).min() >= 250

    def test_first_picture_of_an_animation(self, tmp_path):
        frames = [Image.new("L", (4, 4), value) for value in (10, 200)]
        frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
        assert (ImageReader(4, 4, 1)(tmp_path / "a.gif") == 10).all()


def _in_mode(image, mode):
    if mode != "LAB":
        return image.convert(mode)
    from PIL import ImageCms

    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(srgb, lab, "RGB", "LAB")
    return ImageCms.applyTransform(image, transform)


class TestFilesThatLie:
    def test_suffix_does_not_matter(self, tmp_path):
        pixels = noise(5, 6)
        Image.fromarray(pixels).save(tmp_path / "a.jpg", format="PNG")
        np.testing.assert_array_equal(ImageReader(5, 6, 3)(tmp_path / "a.jpg"), pixels)

    @pytest.mark.parametrize(
        ("content", "expected"),
        [
            (b"", "is empty."),
            (b"no image", "is not an image."),
            (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not an image."),
            (b"\x89PNG\r\n\x1a\n", "is not an image."),
            (claimed_png(30_000, 30_000), "has too many pixels: 30000×30000."),
            (claimed_png(2**31 - 1, 2**31 - 1), "has too many pixels"),
        ],
        ids=["empty", "text", "program", "cut header", "bomb", "absurd"],
    )
    def test_reasons(self, tmp_path, content, expected):
        path = tmp_path / "a.png"
        path.write_bytes(content)
        assert expected in reason(read_head, path)
        assert expected in reason(ImageReader(8, 8, 3), path)

    @pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "webp", "tif"])
    def test_cut_off(self, tmp_path, suffix):
        path = saved(tmp_path / f"a.{suffix}", noise(64, 64))
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        assert "cannot be read" in reason(ImageReader(8, 8, 3), path)

    def test_small_file_of_many_pixels_is_refused_by_its_header(self, tmp_path):
        path = saved(tmp_path / "a.png", Image.new("1", (10_000, MAX_PIXELS // 10_000 + 1)))
        assert "has too many pixels: 10000×5001" in reason(read_head, path)

    def test_large_within_the_cap_is_shrunk(self, tmp_path):
        path = saved(tmp_path / "a.png", Image.new("L", (5_000, 2_000), 7))
        assert (ImageReader(4, 10, 1)(path) == 7).all()

    def test_missing_and_folder(self, tmp_path):
        assert "no such file" in reason(ImageReader(8, 8, 3), tmp_path / "gone.png")
        assert "cannot be read" in reason(ImageReader(8, 8, 3), tmp_path)

    def test_values_without_a_known_range(self, tmp_path):
        path = saved(tmp_path / "a.tif", Image.fromarray(np.ones((2, 2), np.float32)))
        assert "fractions" in reason(ImageReader(2, 2, 1), path)
        path = saved(tmp_path / "b.tif", Image.fromarray(np.full((2, 2), 10**6, np.int32)))
        assert "1000000" in reason(ImageReader(2, 2, 1), path)

    def test_random_damage_ends_nothing(self, tmp_path):
        rng = np.random.default_rng(0)
        path = tmp_path / "a.bin"
        for suffix in ("PNG", "JPEG", "GIF", "WEBP", "TIFF", "BMP"):
            held = io.BytesIO()
            Image.fromarray(noise(24, 24)).save(held, suffix)
            for _ in range(25):
                content = bytearray(held.getvalue())
                for place in rng.integers(0, len(content), 8):
                    content[place] = rng.integers(256)
                path.write_bytes(bytes(content))
                with contextlib.suppress(DatasetError):
                    assert ImageReader(8, 8, 3)(path).shape == (8, 8, 3)
