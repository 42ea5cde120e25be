"""Arrays: which are inputs and targets, what they hold, and files that lie."""

import contextlib
import gzip
import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from engine.datasets import load_examples, packing, recognise
from engine.datasets.numpy_files.array_files import arrays_in
from engine.datasets.numpy_files.array_pairs import role_of
from engine.datasets.numpy_files.array_values import JoinedRows, meaning_of
from engine.datasets.packing import DiskRows
from engine.datasets.pixel_range import PixelRange
from engine.errors import Cancelled, DatasetError
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.prepared_data import prepare

MNIST = Path(__file__).parents[3] / "shared" / "data" / "mnist"
rng = np.random.default_rng(0)
IMAGES = rng.integers(0, 256, (30, 8, 6), np.uint8)
LABELS = np.arange(30, dtype=np.int64) % 3


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


def refusal(path, **values):
    with pytest.raises(DatasetError) as caught:
        load(path, **values)
    return f"{caught.value.message} {caught.value.hint}"


def npz(path, compressed=False, **arrays):
    (np.savez_compressed if compressed else np.savez)(path, **arrays)
    return path


def idx(path, values, code=8, claim=None):
    shape = claim or values.shape
    content = struct.pack(f">HBB{len(shape)}I", 0, code, len(shape), *shape) + values.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


class TestNames:
    @pytest.mark.parametrize(
        ("name", "expected"),
        [
            ("x", ("x", -1)),
            ("y", ("y", -1)),
            ("X_train", ("x", 0)),
            ("y_test", ("y", 2)),
            ("trainX", ("x", 0)),
            ("xtest", ("x", 2)),
            ("train_images", ("x", 0)),
            ("test-labels", ("y", 2)),
            ("x_val", ("x", 1)),
            ("validation_data", ("x", 1)),
            ("t10k-images-idx3-ubyte", ("x", 2)),
            ("train-labels.idx1-ubyte", ("y", 0)),
            ("photos", ("", -1)),
            ("photos_labels", ("y", -1)),
            ("training", ("", 0)),
        ],
    )
    def test_role_and_part(self, name, expected):
        assert role_of(name) == expected


class TestArchives:
    @pytest.mark.parametrize("compressed", [False, True])
    @pytest.mark.parametrize("limit", [10, 1 << 20])
    def test_x_and_y(self, tmp_path, monkeypatch, compressed, limit):
        monkeypatch.setattr(packing, "MEMORY_LIMIT", limit)
        examples = load(npz(tmp_path / "a.npz", compressed, x=IMAGES, y=LABELS))
        assert (examples.kind, examples.task) == (Kind.IMAGE, Task.CLASSIFICATION)
        assert examples.x.shape == (30, 8, 6, 1)
        assert examples.x.dtype == np.uint8
        np.testing.assert_array_equal(examples.x[:][..., 0], IMAGES)
        np.testing.assert_array_equal(examples.x[[3, 1]][..., 0], IMAGES[[3, 1]])
        np.testing.assert_array_equal(examples.y, LABELS)
        assert examples.class_names == ("0", "1", "2")
        assert examples.target_name == "y"
        assert examples.given is None

    @pytest.mark.parametrize("limit", [10, 1 << 20])
    def test_parts(self, tmp_path, monkeypatch, limit):
        monkeypatch.setattr(packing, "MEMORY_LIMIT", limit)
        path = npz(
            tmp_path / "a.npz",
            x_test=IMAGES[20:],
            y_test=LABELS[20:],
            x_train=IMAGES[:20],
            y_train=LABELS[:20],
        )
        examples = load(path)
        np.testing.assert_array_equal(examples.x[:][..., 0], IMAGES)
        assert examples.given.tolist() == [0] * 20 + [2] * 10
        parts = prepare(
            RunSpec.from_dict({"data": {"source": str(path)}, "model": {"name": "mlp"}})
        )
        assert parts.parts.method == "given"
        assert len(parts.parts.test) == 10

    def test_arrays_of_other_names(self, tmp_path):
        path = npz(tmp_path / "a.npz", photos=IMAGES, kinds=LABELS)
        assert load(path).target_name == "kinds"
        path = npz(tmp_path / "b.npz", photos=IMAGES, kinds=LABELS, age=rng.random(30))
        assert "Which array of 'b.npz'" in refusal(path)
        assert load(path, target="age").task is Task.REGRESSION
        chosen = load(path, target="kinds", parameters={"inputs": "photos"})
        assert chosen.class_names == ("0", "1", "2")
        assert "has no array 'age2'" in refusal(path, parameters={"inputs": "age2"})

    def test_a_target_that_is_not_there(self, tmp_path):
        path = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
        assert "no array 'z' to predict" in refusal(path, target="z")
        assert load(path, target="y").n_samples == 30

    @pytest.mark.parametrize(
        ("y", "task", "names"),
        [
            (np.array(["b", "a", "b"] * 10), Task.CLASSIFICATION, ("a", "b")),
            (np.eye(3, dtype=np.float32)[LABELS], Task.CLASSIFICATION, ("0", "1", "2")),
            (LABELS[:, np.newaxis], Task.CLASSIFICATION, ("0", "1", "2")),
            (LABELS > 0, Task.CLASSIFICATION, ("False", "True")),
            (LABELS.astype(float) + 5, Task.CLASSIFICATION, ("5", "6", "7")),
            (rng.random(30), Task.REGRESSION, ()),
            (rng.random((30, 4)), Task.REGRESSION, ()),
            (np.arange(30), Task.REGRESSION, ()),
        ],
        ids=["text", "one-hot", "column", "bool", "whole", "numbers", "several", "counting"],
    )
    def test_targets(self, tmp_path, y, task, names):
        examples = load(npz(tmp_path / "a.npz", x=IMAGES, y=y))
        assert (examples.task, examples.class_names) == (task, names)
        if task is Task.REGRESSION:
            np.testing.assert_array_equal(examples.y, y)

    def test_task_of_choice(self, tmp_path):
        path = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
        assert load(path, task="regression").y.dtype == np.float64
        path = npz(tmp_path / "b.npz", x=IMAGES, y=np.arange(30))
        assert len(load(path, task="classification").class_names) == 30
        path = npz(tmp_path / "c.npz", x=IMAGES, y=np.array(["a", "b", "c"] * 10))
        assert "must hold numbers. Received: 'a'" in refusal(path, task="regression")


class TestMeaning:
    @pytest.mark.parametrize(
        ("shape", "dtype", "holds", "kind", "one"),
        [
            ((9, 4), "f8", "auto", Kind.TABLE, (4,)),
            ((9,), "f8", "auto", Kind.TABLE, (1,)),
            ((9, 28, 28), "f4", "auto", Kind.IMAGE, (28, 28, 1)),
            ((9, 20, 3), "u1", "auto", Kind.IMAGE, (20, 3, 1)),
            ((9, 20, 3), "f4", "auto", Kind.SERIES, (20, 3)),
            ((9, 20, 20), "f4", "series", Kind.SERIES, (20, 20)),
            ((9, 20), "f4", "series", Kind.SERIES, (20, 1)),
            ((9, 8, 6, 3), "u1", "auto", Kind.IMAGE, (8, 6, 3)),
            ((9, 8, 6, 4), "u1", "auto", Kind.IMAGE, (8, 6, 3)),
            ((9, 3, 8, 6), "u1", "auto", Kind.IMAGE, (8, 6, 3)),
            ((9, 8, 6, 3), "u1", "table", Kind.TABLE, (144,)),
            ((9, 5, 8, 6, 1), "u1", "auto", Kind.VIDEO, (5, 8, 6, 1)),
            ((9,), "U5", "auto", Kind.TEXT, ()),
        ],
    )
    def test_by_shape(self, shape, dtype, holds, kind, one):
        meaning = meaning_of(shape, np.dtype(dtype), holds)
        assert (meaning.kind, meaning.shape) == (kind, one)

    @pytest.mark.parametrize(
        ("shape", "dtype", "holds"),
        [
            ((9, 8, 6, 7), "u1", "auto"),
            ((9, 4), "f8", "images"),
            ((9, 4), "c8", "auto"),
            ((9, 2, 2, 2, 2, 2), "f8", "auto"),
        ],
    )
    def test_refusals(self, shape, dtype, holds):
        with pytest.raises(DatasetError):
            meaning_of(shape, np.dtype(dtype), holds)

    @pytest.mark.parametrize(
        ("values", "low", "high"),
        [
            ([0, 255], 0, 255),
            ([0, 200], 0, 255),
            ([0, 1], 0, 1),
            ([0, 16], 0, 16),
            ([0.0, 1.0], 0, 1),
            ([-1.0, 1.0], -1, 1),
            ([0.0, 255.0], 0, 255),
            ([-3.0, 7.0], -3, 7),
            ([0, 65_535], 0, 65_535),
        ],
    )
    def test_black_and_white(self, tmp_path, values, low, high):
        x = np.zeros((30, 4, 4), np.array(values).dtype)
        x[:15], x[15:] = values
        examples = load(npz(tmp_path / "a.npz", x=x, y=LABELS))
        assert examples.reading == {"low": low, "high": high}
        expected = np.rint((np.array(values) - low) / (high - low) * 255)
        np.testing.assert_array_equal(examples.x[[0, 29]][:, 0, 0, 0], expected)

    def test_constant_images(self):
        for value in (0.0, 7.0, -7.0):
            grey = PixelRange.of(value, value, False)
            assert grey.high > grey.low
            assert grey.pixels(np.array([value])).dtype == np.uint8

    def test_channels_first_are_moved(self, tmp_path):
        x = rng.integers(0, 256, (30, 3, 5, 9), np.uint8)
        examples = load(npz(tmp_path / "a.npz", x=x, y=LABELS))
        np.testing.assert_array_equal(examples.x[:], x.transpose(0, 2, 3, 1))

    def test_texts(self, tmp_path):
        x = np.array([f"text {index}" for index in range(30)])
        examples = load(npz(tmp_path / "a.npz", x=x, y=LABELS))
        assert examples.kind is Kind.TEXT
        assert examples.x[:].tolist() == x.tolist()

    def test_joined_rows(self):
        rows = JoinedRows([IMAGES[:7], IMAGES[7:8], IMAGES[8:]])
        assert rows.shape == IMAGES.shape
        for chosen in (slice(None), slice(5, 12), [29, 0, 7, 7], 8, np.zeros(0, np.int64)):
            np.testing.assert_array_equal(rows[chosen], IMAGES[chosen])


class TestNpy:
    def test_labels_beside(self, tmp_path):
        np.save(tmp_path / "x.npy", IMAGES)
        np.save(tmp_path / "y.npy", LABELS)
        np.save(tmp_path / "other.npy", LABELS[:3])
        assert load(tmp_path / "x.npy").class_names == ("0", "1", "2")
        np.save(tmp_path / "photos.npy", IMAGES)
        np.save(tmp_path / "photos_labels.npy", LABELS.astype(str))
        (tmp_path / "y.npy").unlink()
        assert load(tmp_path / "photos.npy").target_name == "photos_labels"

    def test_parts_beside(self, tmp_path):
        for part, chosen in (("train", slice(20)), ("test", slice(20, 30))):
            np.save(tmp_path / f"x_{part}.npy", IMAGES[chosen])
            np.save(tmp_path / f"y_{part}.npy", LABELS[chosen])
        for source in (tmp_path / "x_train.npy", tmp_path):
            assert load(source).given.tolist() == [0] * 20 + [2] * 10

    def test_table_of_its_own(self, tmp_path):
        table = np.column_stack([rng.normal(size=(30, 2)), LABELS])
        np.save(tmp_path / "t.npy", table)
        examples = load(tmp_path / "t.npy")
        assert examples.kind is Kind.TABLE
        assert examples.feature_names == ("column 1", "column 2")
        assert examples.target_name == "column 3"
        assert examples.class_names == ("0", "1", "2")
        np.testing.assert_array_equal(examples.x, table[:, :2])
        other = load(tmp_path / "t.npy", target="column 1")
        assert other.task is Task.REGRESSION
        np.testing.assert_array_equal(other.x, table[:, 1:])
        np.testing.assert_array_equal(other.column("column 2"), table[:, 1])
        assert "no column 'z'" in refusal(tmp_path / "t.npy", target="z")

    def test_saved_column_by_column(self, tmp_path):
        table = np.asfortranarray(np.column_stack([rng.normal(size=(30, 2)), LABELS]))
        np.save(tmp_path / "t.npy", table)
        np.testing.assert_array_equal(load(tmp_path / "t.npy").x, table[:, :2])

    def test_large_ones_stay_on_disk(self, tmp_path, monkeypatch):
        np.save(tmp_path / "x.npy", IMAGES)
        np.save(tmp_path / "y.npy", LABELS)
        monkeypatch.setattr(packing, "MEMORY_LIMIT", 100)
        (array,) = arrays_in(tmp_path / "x.npy")
        assert isinstance(array.rows(), DiskRows)
        np.testing.assert_array_equal(load(tmp_path / "x.npy").x[[4]][..., 0], IMAGES[[4]])

    def test_without_targets(self, tmp_path):
        np.save(tmp_path / "images.npy", IMAGES)
        assert "has no targets" in refusal(tmp_path / "images.npy")
        np.save(tmp_path / "images.npy", np.zeros(30))
        assert "has no targets" in refusal(tmp_path / "images.npy")


class TestIdx:
    @pytest.mark.parametrize("suffix", ["", ".gz"])
    @pytest.mark.parametrize("limit", [10, 1 << 20])
    def test_images_with_labels_beside(self, tmp_path, monkeypatch, suffix, limit):
        monkeypatch.setattr(packing, "MEMORY_LIMIT", limit)
        path = idx(tmp_path / f"t10k-images-idx3-ubyte{suffix}", IMAGES)
        idx(tmp_path / f"t10k-labels-idx1-ubyte{suffix}", LABELS.astype(np.uint8))
        for source in (path, tmp_path):
            examples = load(source)
            assert recognise(source).name == "idx"
            np.testing.assert_array_equal(examples.x[:][..., 0], IMAGES)
            np.testing.assert_array_equal(examples.y, LABELS)
            assert examples.target_name == "label"
            assert examples.given is None

    def test_parts(self, tmp_path):
        for name, chosen in (("train", slice(20)), ("t10k", slice(20, 30))):
            idx(tmp_path / f"{name}-images.idx3-ubyte", IMAGES[chosen])
            idx(tmp_path / f"{name}-labels.idx1-ubyte", LABELS[chosen].astype(np.uint8))
        assert load(tmp_path).given.tolist() == [0] * 20 + [2] * 10
        assert load(tmp_path / "train-images.idx3-ubyte").n_samples == 20

    def test_packed_twin_counts_once(self, tmp_path):
        for suffix in ("", ".gz"):
            idx(tmp_path / f"a-images-idx3-ubyte{suffix}", IMAGES)
            idx(tmp_path / f"a-labels-idx1-ubyte{suffix}", LABELS.astype(np.uint8))
        assert load(tmp_path).n_samples == 30

    @pytest.mark.parametrize(
        ("code", "dtype"), [(9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")]
    )
    def test_other_types(self, tmp_path, code, dtype):
        values = np.arange(12).reshape(3, 4).astype(dtype)
        (array,) = arrays_in(idx(tmp_path / "a-idx2-int", values, code))
        np.testing.assert_array_equal(array.rows()[:], values)

    def test_labels_missing(self, tmp_path):
        path = idx(tmp_path / "t10k-images-idx3-ubyte", IMAGES)
        assert "has no targets" in refusal(path)

    @pytest.mark.skipif(not MNIST.exists(), reason="needs the shared sample data")
    def test_real_mnist(self):
        examples = load(MNIST)
        assert examples.x.shape == (10_000, 28, 28, 1)
        assert np.bincount(examples.y).min() == 892


class TestFilesThatLie:
    def test_objects_are_never_opened(self, tmp_path):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "sprung",))

        np.save(tmp_path / "x.npy", np.array([Trap()], object), allow_pickle=True)
        np.savez(tmp_path / "a.npz", x=np.array([Trap()] * 3, object), y=np.arange(3))
        for name in ("x.npy", "a.npz"):
            assert "holds Python objects" in refusal(tmp_path / name)
        assert not (tmp_path / "sprung").exists()

    def npy_header(self, shape):
        held = io.BytesIO()
        header = {"descr": "<f8", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(held, header)
        return held.getvalue()

    def test_header_of_terabytes(self, tmp_path):
        path = tmp_path / "x.npy"
        path.write_bytes(self.npy_header((500_000_000_000,)) + bytes(800))
        assert "promises 4,000,000,000,000 bytes, there are 800" in refusal(path)
        path.write_bytes(self.npy_header((2**62, 2**62)))
        assert "promises" in refusal(path)

    def test_header_of_less_than_nothing(self, tmp_path):
        path = tmp_path / "x.npy"
        path.write_bytes(self.npy_header((-5, 4)) + bytes(800))
        assert "promises the shape (-5, 4)" in refusal(path)

    def test_header_of_terabytes_in_an_archive(self, tmp_path):
        path = tmp_path / "a.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", self.npy_header((500_000_000_000,)) + bytes(800))
        assert "promises" in refusal(path)

    def test_archive_that_lies_about_sizes(self, tmp_path):
        path = tmp_path / "a.npz"
        content = self.npy_header((1_000,)) + rng.bytes(8_000)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("x.npy", content)
        bad = path.read_bytes().replace(struct.pack("<I", len(content)), struct.pack("<I", 2**31))
        path.write_bytes(bad)
        assert "cannot hold" in refusal(path)

    @pytest.mark.parametrize("suffix", ["", ".gz"])
    def test_idx_of_terabytes(self, tmp_path, suffix):
        path = tmp_path / f"a-images-idx3-ubyte{suffix}"
        idx(path, np.zeros(9, np.uint8), claim=(2**31, 2**10, 2**10))
        assert "cannot be read" in refusal(path)

    def test_idx_that_promises_a_little_more(self, tmp_path):
        path = idx(tmp_path / "a-images-idx3-ubyte.gz", IMAGES, claim=(31, 8, 6))
        idx(tmp_path / "a-labels-idx1-ubyte.gz", np.zeros(31, np.uint8))
        assert "promises 1,488 bytes, there are 1,440" in refusal(path)

    @pytest.mark.parametrize("name", ["x.npy", "x.npz", "a-images-idx3-ubyte", "a-idx3-ubyte.gz"])
    @pytest.mark.parametrize("content", [b"", b"no array", b"\x93NUMPY\x01\x00", bytes(4)])
    def test_other_content(self, tmp_path, name, content):
        (tmp_path / name).write_bytes(content)
        words = refusal(tmp_path / name)
        assert name in words
        assert "unpack" not in words
        assert ("is empty" in words) == (content == b"")

    @pytest.mark.parametrize("compressed", [False, True])
    def test_cut_off_and_damaged(self, tmp_path, compressed):
        path = npz(tmp_path / "a.npz", compressed, x=IMAGES, y=LABELS)
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
        assert refusal(path)
        for seed in range(40):
            damage = np.random.default_rng(seed)
            content = bytearray(whole)
            for place in damage.integers(0, len(whole), 20):
                content[place] = damage.integers(256)
            path.write_bytes(bytes(content))
            with contextlib.suppress(DatasetError):
                load(path)

    def test_values_that_are_not_finite(self, tmp_path):
        x = np.ones((30, 3))
        x[7, 2] = np.inf
        assert "Received: inf in row 8" in refusal(npz(tmp_path / "a.npz", x=x, y=LABELS))
        x[7, 2] = np.nan
        assert "Received: nan in row 8" in refusal(npz(tmp_path / "a.npz", x=x, y=LABELS))
        y = np.where(LABELS == 0, np.inf, 1.5)
        text = refusal(npz(tmp_path / "a.npz", x=IMAGES, y=y))
        assert "'y' must hold finite numbers. Received: inf in row 1" in text

    def test_lengths_and_shapes_that_disagree(self, tmp_path):
        path = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS[:29])
        assert "30 examples and 29 targets" in refusal(path)
        path = npz(
            tmp_path / "a.npz",
            x_train=IMAGES,
            y_train=LABELS,
            x_test=IMAGES[:, :4],
            y_test=LABELS,
        )
        assert "one shape and type" in refusal(path)

    def test_nothing_in_it(self, tmp_path):
        assert "holds no arrays" in refusal(npz(tmp_path / "a.npz"))
        path = npz(tmp_path / "a.npz", x=IMAGES[:0], y=LABELS[:0])
        assert "holds no examples" in refusal(path)
        text = refusal(npz(tmp_path / "a.npz", x=IMAGES, y=np.ones(30, bool)))
        assert "only 'True'" in text

    def test_one_class_only(self, tmp_path):
        text = refusal(npz(tmp_path / "a.npz", x=IMAGES, y=np.array(["a"] * 30)))
        assert "at least two classes. Received: only 'a'" in text

    def test_can_be_cancelled(self, tmp_path):
        path = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)

        def stop(what, done, total):
            raise Cancelled

        with pytest.raises(Cancelled):
            load_examples(DataSpec(source=str(path)), stop)
