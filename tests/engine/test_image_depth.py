"""Images of more than 8 bits: what is black and white is told by all values, and said."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.datasets import load_examples
from engine.datasets.base import InputSpec
from engine.datasets.packing import packed
from engine.datasets.pictures.image_files import ImageReader, read_inputs
from engine.datasets.pixel_range import PixelRange
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.inference.contract import Contract
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.prepared_data import prepare


def png_of_16_bits(pixels):
    """A PNG of 16 bits, (height, width, 1 to 4 channels); Pillow writes grey ones alone."""

    def chunk(name, content):
        check = struct.pack(">I", zlib.crc32(name + content))
        return struct.pack(">I", len(content)) + name + content + check

    height, width, channels = pixels.shape
    kind = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def tiff(values, sign="<", photometric=1):
    """A TIFF of one strip without compression (TIFF 6.0), of any numbers and byte order."""
    height, width = values.shape[:2]
    channels = 1 if values.ndim == 2 else values.shape[2]
    content = values.astype(values.dtype.newbyteorder(sign)).tobytes()
    bits, form = 8 * values.dtype.itemsize, {"u": 1, "i": 2, "f": 3}[values.dtype.kind]
    ends = 8 + len(content)
    after = ends + 2 + 12 * 10 + 4
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric), (273, 8)]
    tags += [(277, channels), (278, height), (279, len(content)), (339, form)]
    head = (b"II*\0" if sign == "<" else b"MM\0*") + struct.pack(sign + "I", ends)
    directory, more = struct.pack(sign + "H", len(tags)), b""
    for tag, value in tags:
        if tag in (258, 339) and channels > 1:
            directory += struct.pack(sign + "HHII", tag, 3, channels, after + len(more))
            more += struct.pack(f"{sign}{channels}H", *[value] * channels)
        elif tag in (273, 279):
            directory += struct.pack(sign + "HHII", tag, 4, 1, value)
        else:
            directory += struct.pack(sign + "HHIHH", tag, 3, 1, value, 0)
    return head + content + directory + struct.pack(sign + "I", 0) + more


def folder_of(tmp_path, images, suffix=".png"):
    """A folder of two classes with images, each an array that Pillow saves, or a file's bytes."""
    for number, image in enumerate(images):
        path = tmp_path / "x" / "ab"[number % 2] / f"{number:02}{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(image, bytes):
            path.write_bytes(image)
        else:
            Image.fromarray(image).save(path)
    return tmp_path / "x"


def load(folder, **parameters):
    return load_examples(DataSpec(source=str(folder), parameters=parameters))[1]


def found(examples, trouble):
    return [finding for finding in examples.findings if finding.trouble is trouble]


def in_order(examples):
    """Pixels by the number in their file's name."""
    order = np.argsort([name[2:4] for name in examples.names])
    return packed(examples).x[order]


def grey(high, n_images=8, dtype=np.uint16, low=0, seed=0):
    values = np.random.default_rng(seed).uniform(low, high, (n_images, 6, 5))
    values[0, 0, :2] = low, high
    return values.astype(dtype)


class TestRange:
    @pytest.mark.parametrize(
        ("low", "high", "taken"),
        [
            (0, 109, (0, 255)),
            (0, 900, (0, 1_023)),
            (3, 4_000, (0, 4_095)),
            (0, 16_000, (0, 16_383)),
            (0, 40_000, (0, 65_535)),
            (0, 65_535, (0, 65_535)),
            (0, 5, (0, 5)),
            (29_000, 31_000, (29_000, 31_000)),
        ],
    )
    def test_of_16_bits(self, tmp_path, low, high, taken):
        images = grey(high, low=low)
        examples = load(folder_of(tmp_path, images))
        assert examples.x.shape == (8, 6, 5, 1)
        expected = np.rint((images.astype(float) - taken[0]) / (taken[1] - taken[0]) * 255)
        assert np.abs(in_order(examples)[..., 0] - expected).max() <= 1
        assert examples.reading["ranges"] == {"integers": list(taken)}
        (fact,) = [text for label, text in examples.facts if label == "Values"]
        assert f"{taken[1]:,} (white)" in fact

    def test_what_is_not_the_whole_of_16_bits_is_said_with_the_other_reading(self, tmp_path):
        folder = folder_of(tmp_path, grey(4_000))
        (finding,) = found(load(folder), Trouble.UNDERSTOOD)
        assert "0 to 4,000 were found, 0 (black) to 4,095 (white) were taken" in finding.text
        (remedy,) = finding.remedies
        parameters = {key.rpartition(".")[2]: value for key, value in remedy.changes.items()}
        assert load(folder, **parameters).reading["ranges"] == {"integers": [0, 65_535]}

    @pytest.mark.parametrize(
        ("dtype", "low", "high", "taken"),
        [
            (np.float32, 0.0, 0.9, (0, 1)),
            (np.float32, -0.5, 1.0, (-1, 1)),
            (np.float32, 0.5, 254.5, (0, 255)),
            (np.float32, 0.5, 3_000.5, (0, 3_000.5)),
            (np.int16, -1_000, 3_000, (-1_000, 3_000)),
            (np.int32, 0, 100_000, (0, 100_000)),
        ],
    )
    @pytest.mark.parametrize("sign", ["<", ">"])
    def test_of_tiff(self, tmp_path, dtype, low, high, taken, sign):
        images = grey(high, low=low, dtype=dtype)
        examples = load(folder_of(tmp_path, [tiff(image, sign) for image in images], ".tif"))
        storage = "fractions" if dtype is np.float32 else "integers"
        assert examples.reading["ranges"] == {storage: list(taken)}
        assert np.ptp(in_order(examples)) > 150

    def test_where_white_is_the_smallest_value(self, tmp_path):
        images = [tiff(image, photometric=0) for image in grey(65_535)]
        turned = in_order(load(folder_of(tmp_path, images, ".tif")))[..., 0]
        expected = np.rint(255 - grey(65_535) / 257)
        assert np.abs(turned - expected).max() <= 1

    @pytest.mark.parametrize("channels", [2, 3, 4])
    @pytest.mark.parametrize("kind", [png_of_16_bits, tiff])
    def test_colours_of_12_bits_in_16(self, tmp_path, channels, kind):
        if kind is tiff and channels != 3:
            pytest.skip("Pillow opens none of them")
        rng = np.random.default_rng(0)
        images = rng.integers(0, 4_096, (6, 6, 5, channels)).astype(np.uint16)
        if channels in (2, 4):
            images[..., -1] = 65_535
        options = {"photometric": 2} if kind is tiff else {}
        folder = folder_of(tmp_path, [kind(image, **options) for image in images])
        examples = load(folder)
        assert examples.reading["ranges"] == {"integers": [0, 4_095]}
        colours = images[..., :1] if channels == 2 else images[..., :3]
        assert np.abs(in_order(examples) - colours / 4_095 * 255).max() <= 1

    def test_what_is_transparent_lies_on_white_and_does_not_count(self, tmp_path):
        images = np.full((4, 2, 2, 4), 1_000, np.uint16)
        images[:, 0, 0] = 60_000, 60_000, 60_000, 0
        images[:, 1, 1, 3] = 65_535
        images[:, 0, 1, 3] = images[:, 1, 0, 3] = 65_535
        examples = load(folder_of(tmp_path, [png_of_16_bits(image) for image in images]))
        assert examples.reading["ranges"] == {"integers": [0, 1_023]}
        assert in_order(examples)[0, ..., 0].tolist() == [[255, 249], [249, 249]]

    def test_values_that_are_none_are_no_darkness(self, tmp_path):
        values = grey(0.9, dtype=np.float32)
        values[3, 2, 2] = np.nan
        folder = folder_of(tmp_path, [tiff(image) for image in values], ".tif")
        (finding,) = found(load(folder), Trouble.UNREADABLE)
        assert finding.names == ("b/03.tif: holds values that are infinite or no numbers.",)

    def test_masks_of_8_bits(self, tmp_path):
        masks = (grey(4, dtype=np.float64) > 2).astype(np.uint8) * 3
        examples = load(folder_of(tmp_path, masks))
        assert set(np.unique(in_order(examples))) == {0, 255}
        assert examples.reading["ranges"] == {"bytes": [0, 3]}
        assert "No image holds a value above 3" in found(examples, Trouble.UNDERSTOOD)[0].text

    def test_8_bits_are_as_they_were(self, tmp_path):
        images = grey(200, dtype=np.uint8)
        examples = load(folder_of(tmp_path, images))
        np.testing.assert_array_equal(in_order(examples)[..., 0], images)
        assert examples.reading == {"resize": "stretch"}

    def test_files_of_8_and_16_bits_side_by_side(self, tmp_path):
        images = [*grey(4_000, 4), *grey(255, 4, np.uint8)]
        pixels = in_order(load(folder_of(tmp_path, images)))
        np.testing.assert_array_equal(pixels[4:, ..., 0], images[4:])
        assert pixels[:4].max() == 249


class TestOddFiles:
    def test_one_of_16_bits_among_12(self, tmp_path):
        images = list(grey(4_000, 12))
        images[5] = images[5] * 16
        examples = load(folder_of(tmp_path, images))
        assert examples.reading["ranges"] == {"integers": [0, 4_095]}
        (finding,) = found(examples, Trouble.UNREADABLE)
        assert finding.names[0].startswith("b/05.png: holds values up to 6")
        assert examples.n_samples == 11

    def test_one_of_0_to_1_among_bytes_in_fractions(self, tmp_path):
        images = list(grey(250, 12, np.float32, low=0.5))
        images[5] = images[5] / 255
        examples = load(folder_of(tmp_path, [tiff(image) for image in images], ".tif"))
        assert examples.n_samples == 11
        assert "b/05.tif" in found(examples, Trouble.UNREADABLE)[0].names[0]

    def test_some_hot_pixels_do_not_darken_the_rest(self, tmp_path):
        images = np.random.default_rng(0).integers(0, 4_000, (8, 60, 60)).astype(np.uint16)
        images[:, 5, 5] = 65_535
        examples = load(folder_of(tmp_path, images))
        assert examples.reading["ranges"] == {"integers": [0, 4_095]}
        assert "is cut off" in found(examples, Trouble.UNDERSTOOD)[0].text

    def test_nearly_black_files_are_said(self, tmp_path):
        images = list(grey(60_000, 12))
        images[3] = images[3] // 300
        texts = [item.text for item in found(load(folder_of(tmp_path, images)), Trouble.UNDERSTOOD)]
        assert any("almost black beside the others" in text for text in texts)

    def test_asked_for(self, tmp_path):
        images = list(grey(4_000, 12))
        images[5] = images[5] * 16
        examples = load(folder_of(tmp_path, images), black=100, white=8_000)
        assert examples.reading["ranges"] == {"integers": [100, 8_000]}
        assert examples.n_samples == 12
        with pytest.raises(DatasetError, match="White must be above black"):
            load(tmp_path / "x", white=-1)


class TestPrediction:
    def spec(self, examples):
        shape = examples.x.shape[1:]
        return InputSpec(
            Signature(Kind.IMAGE, Task.CLASSIFICATION, shape, 2), (), shape, examples.reading
        )

    def test_read_as_the_training_was(self, tmp_path):
        folder = folder_of(tmp_path, grey(4_000))
        examples = load(folder)
        path = folder / examples.names[0]
        read = read_inputs(path, self.spec(examples))
        np.testing.assert_array_equal(read, packed(examples).x[:1])

    @pytest.mark.parametrize("odd", [0, 65_535])
    def test_what_is_cut_off_in_training_is_no_reason_to_refuse(self, tmp_path, odd):
        images = np.random.default_rng(0).integers(29_000, 31_000, (8, 60, 60)).astype(np.uint16)
        images[:, 5, 5] = odd
        folder = folder_of(tmp_path, images)
        examples = load(folder)
        low, high = examples.reading["ranges"]["integers"]
        assert 29_000 <= low < high <= 31_000
        read = read_inputs(folder / examples.names[0], self.spec(examples))
        np.testing.assert_array_equal(read, packed(examples).x[:1])

    def test_fractions_without_a_range_are_refused(self, tmp_path):
        (tmp_path / "new.tif").write_bytes(tiff(grey(0.9, 1, np.float32)[0]))
        examples = load(folder_of(tmp_path, grey(255, dtype=np.uint8)))
        with pytest.raises(DatasetError, match="fractions, whose range is unknown"):
            read_inputs(tmp_path / "new.tif", self.spec(examples))

    def test_another_range_is_refused(self, tmp_path):
        examples = load(folder_of(tmp_path, grey(4_000)))
        Image.fromarray(grey(65_535, 1)[0]).save(tmp_path / "new.png")
        with pytest.raises(DatasetError, match=r"0 to 65,535, where the model knows .* 4,095"):
            read_inputs(tmp_path / "new.png", self.spec(examples))

    def test_a_model_knows_its_range(self, tmp_path):
        folder = folder_of(tmp_path, grey(4_000, 12))
        values = {"data": {"source": str(folder)}, "model": {"name": "mlp"}}
        data = prepare(RunSpec.from_dict(values))
        contract = Contract.of(data.examples, data.preprocessing)
        contract.check(data.examples)
        values["data"]["parameters"] = {"white": 65_535}
        with pytest.raises(DatasetError, match="black and white"):
            contract.check(prepare(RunSpec.from_dict(values)).examples)


class TestValues:
    @given(
        st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20),
        st.booleans(),
    )
    @settings(max_examples=200, deadline=None)
    def test_all_values_lie_in_the_range_in_their_order(self, values, is_whole):
        numbers = np.array(sorted(values))
        numbers = np.rint(numbers) if is_whole else numbers
        for choose in (PixelRange.of, PixelRange.of_files):
            taken = choose(float(numbers[0]), float(numbers[-1]), is_whole)
            assert taken.low < taken.high
            assert (np.diff(taken.pixels(numbers).astype(int)) >= 0).all()
            assert taken.low <= numbers[0]
            assert numbers[-1] <= taken.high

    def test_16_bits_without_anything_known_are_those_of_png(self, tmp_path):
        path = tmp_path / "a.png"
        Image.fromarray(np.array([[0, 257, 65_535]], np.uint16)).save(path)
        assert ImageReader(1, 3, 1)(path)[0, :, 0].tolist() == [0, 1, 255]
