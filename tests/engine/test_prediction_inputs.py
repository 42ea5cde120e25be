"""What `predict` is given: rows, tables, images and arrays, and what is wrong with them."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from engine.datasets.base import InputSpec
from engine.datasets.pictures.image_files import ImageReader
from engine.errors import DatasetError
from engine.inference.trying.new_inputs import read_inputs
from engine.spec.signature import Kind, Signature, Task

FLOWER = InputSpec(
    Signature(Kind.TABLE, Task.CLASSIFICATION, (2,), 2), ("width", "height"), (2,), {}
)
HOUSE = InputSpec(
    Signature(Kind.TABLE, Task.REGRESSION, (3,)), ("area", "town=Bern", "town=Rome"), (3,), {}
)
DIGIT = InputSpec(Signature(Kind.IMAGE, Task.CLASSIFICATION, (4, 6, 1), 2), (), (4, 6, 1), {})
PHOTO = InputSpec(Signature(Kind.IMAGE, Task.CLASSIFICATION, (4, 6, 3), 2), (), (4, 6, 3), {})


def refused(inputs, asked):
    with pytest.raises(DatasetError) as caught:
        read_inputs([str(text) for text in inputs], asked)
    return f"{caught.value.message} {caught.value.hint}"


class TestTables:
    def test_rows_typed_out(self):
        names, x = read_inputs(["1.5,2", " -3, 1e2"], FLOWER)
        assert names == ["1.5,2", "-3, 1e2"]
        np.testing.assert_array_equal(x, [[1.5, 2], [-3, 100]])

    def test_rows_with_categories(self):
        _, x = read_inputs(["80,Rome", "50,Bern"], HOUSE)
        np.testing.assert_array_equal(x, [[80, 0, 1], [50, 1, 0]])
        assert "Known: Bern, Rome." in refused(["80,Oslo"], HOUSE)

    def test_file(self, tmp_path):
        path = tmp_path / "new.csv"
        path.write_text("height,other,width\n2,x,1\n4,y,3\n")
        names, x = read_inputs([str(path)], FLOWER)
        np.testing.assert_array_equal(x, [[1, 2], [3, 4]])
        assert names == [f"{path}[0]", f"{path}[1]"]

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("1", "needs 2 values. Received 1"),
            ("1,2,3", "width, height"),
            ("1,x", "'height' must be a number. Received: 'x'"),
            ("1,nan", "must be a number"),
            ("1,inf", "must be a number"),
            ("missing.csv", "no file 'missing.csv'"),
        ],
    )
    def test_refusals(self, text, expected):
        assert expected in refused([text], FLOWER)

    def test_other_kinds_of_files(self, tmp_path):
        path = tmp_path / "picture.png"
        Image.new("L", (6, 4)).save(path)
        assert "Known types: .csv" in refused([path], FLOWER)


class TestImages:
    def test_size_and_channels_are_made_to_fit(self, tmp_path):
        path = tmp_path / "large.png"
        Image.new("RGB", (60, 40), (200, 200, 200)).save(path)
        names, x = read_inputs([str(path)], DIGIT)
        assert names == [str(path)]
        np.testing.assert_array_equal(x, np.full((1, 4, 6, 1), 200))
        _, x = read_inputs([str(path), str(path)], PHOTO)
        assert x.shape == (2, 4, 6, 3)

    def test_fitting_image_is_taken_as_it_is(self, tmp_path):
        pixels = np.random.default_rng(0).integers(0, 256, (4, 6), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "exact.png")
        _, x = read_inputs([str(tmp_path / "exact.png")], DIGIT)
        np.testing.assert_array_equal(x[0, :, :, 0], pixels)

    def test_damaged(self, tmp_path):
        path = tmp_path / "photo.png"
        path.write_text("no image")
        assert "is not an image" in refused([path], DIGIT)
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60), np.uint8)).save(path)
        path.write_bytes(path.read_bytes()[:-600])
        assert "cannot be read" in refused([path], DIGIT)

    def test_bomb_is_refused_by_its_header(self, tmp_path):
        path = tmp_path / "huge.png"
        Image.new("1", (10_000, 10_000)).save(path)
        assert "10000×10000" in refused([path], DIGIT)

    def test_folder_and_table(self, tmp_path):
        assert "is a folder" in refused([tmp_path], DIGIT)
        (tmp_path / "x.csv").write_text("a\n1\n")
        assert "Known types: .png" in refused([tmp_path / "x.csv"], DIGIT)

    @pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
    def test_resized_as_in_training(self, tmp_path, resize):
        path = tmp_path / "wide.png"
        Image.fromarray(np.random.default_rng(0).integers(0, 256, (10, 60), np.uint8)).save(path)
        asked = replace(DIGIT, reading={"resize": resize})
        _, x = read_inputs([str(path)], asked)
        np.testing.assert_array_equal(x[0], ImageReader(4, 6, 1, resize)(path))

    def test_bad_images_are_named(self, tmp_path):
        path = tmp_path / "empty.png"
        path.write_bytes(b"")
        assert f"The image '{path}' cannot be used: it is empty." in refused([path], DIGIT)


class TestArrays:
    def test_range_of_the_training(self, tmp_path):
        path = tmp_path / "digits.npy"
        np.save(path, np.linspace(0, 1, 24).reshape(4, 6))
        _, x = read_inputs([str(path)], replace(DIGIT, reading={"low": 0.0, "high": 1.0}))
        np.testing.assert_array_equal(x.ravel(), np.rint(np.linspace(0, 255, 24)))

    def test_archives_and_idx(self, tmp_path):
        values = np.arange(48, dtype=np.uint8).reshape(2, 4, 6)
        np.savez(tmp_path / "a.npz", x=values, y=[0, 1])
        head = bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 4, 0, 0, 0, 6])
        (tmp_path / "t10k-images-idx3-ubyte").write_bytes(head + values.tobytes())
        for name in ("a.npz", "t10k-images-idx3-ubyte"):
            _, x = read_inputs([str(tmp_path / name)], DIGIT)
            np.testing.assert_array_equal(x[..., 0], values)
        np.savez(tmp_path / "b.npz", a=values, b=values)
        assert "one array of inputs" in refused([tmp_path / "b.npz"], DIGIT)

    @pytest.mark.parametrize("shape", [(4, 6), (4, 6, 1), (3, 4, 6), (3, 4, 6, 1)])
    def test_one_or_several(self, tmp_path, shape):
        path = tmp_path / "digits.npy"
        values = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
        np.save(path, values)
        names, x = read_inputs([str(path)], DIGIT)
        assert x.shape == (len(names), 4, 6, 1)
        np.testing.assert_array_equal(x.ravel(), values.ravel())

    @pytest.mark.parametrize(
        ("values", "expected"),
        [
            (np.zeros((6, 4)), "shape (4, 6, 1). Received: (6, 4)"),
            (np.full((4, 6), np.nan), "finite numbers"),
            (np.full((4, 6), "x"), "finite numbers"),
            (np.zeros((0, 4, 6)), "no examples"),
        ],
    )
    def test_refusals(self, tmp_path, values, expected):
        path = tmp_path / "digits.npy"
        np.save(path, values)
        assert expected in refused([path], DIGIT)

    def test_objects_and_lies(self, tmp_path):
        path = tmp_path / "digits.npy"
        np.save(path, np.array([{}], object), allow_pickle=True)
        assert "cannot be read" in refused([path], DIGIT)
        np.save(path, np.zeros((100, 4, 6)))
        path.write_bytes(path.read_bytes()[:1000])
        assert "cannot be read" in refused([path], DIGIT)
        path.write_bytes(b"")
        assert "is empty" in refused([path], DIGIT)
