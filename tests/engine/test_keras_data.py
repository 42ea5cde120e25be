"""Keras's own data sets: read from a cache made here, refused where it is not the published one."""

import gzip
import hashlib
import io
import json
import pickle
import struct
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main as cli
from engine.datasets import DATASETS, load_examples
from engine.datasets.box import keras_data, keras_files
from engine.datasets.box.keras_data import KerasDataset, download
from engine.datasets.box.keras_files import KerasFile, NeedsDownload, datasets_folder
from engine.errors import Cancelled, DatasetError
from engine.events.messages import DataDownloaded
from engine.service.execution import download_data
from engine.spec.formatting import bytes_text
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

rng = np.random.default_rng(0)
REMOTE = [item for item in DATASETS if isinstance(item, KerasDataset)]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    path = tmp_path / "keras" / "datasets"
    path.mkdir(parents=True)
    return path


@pytest.fixture
def trusted(monkeypatch):
    """Takes the files that a test made for the published ones."""

    def trust(name):
        dataset = DATASETS[name]
        files = tuple(
            replace(item, digest=hashlib.sha256(item.location.read_bytes()).hexdigest())
            for item in dataset.files
        )
        monkeypatch.setattr(type(dataset), "files", files)

    return trust


def load(name):
    return load_examples(DataSpec(source=name))[1]


def objects(rows):
    array = np.empty(len(rows), object)
    array[:] = rows
    return array


def idx(values):
    head = struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape)
    return gzip.compress(head + values.tobytes())


class TestAbsent:
    @pytest.mark.parametrize("dataset", REMOTE, ids=lambda item: item.name)
    def test_file_folder_and_way_are_named(self, dataset, folder):
        with pytest.raises(NeedsDownload) as caught:
            load(dataset.name)
        error = pickle.loads(pickle.dumps(caught.value))
        for text in (error.message, caught.value.message):
            assert f"'{dataset.files[0].location.name}'" in text
            assert str(dataset.files[0].location.parent) in text
        assert f"data download {dataset.name}" in error.hint
        assert bytes_text(error.n_bytes) in error.hint
        assert error.dataset == dataset.name
        assert error.n_bytes > 500_000

    def test_folder_follows_keras(self, tmp_path, monkeypatch):
        assert datasets_folder() == tmp_path / "keras" / "datasets"
        monkeypatch.delenv("KERAS_HOME")
        assert datasets_folder() == Path.home() / ".keras" / "datasets"

    @pytest.mark.parametrize("dataset", REMOTE, ids=lambda item: item.name)
    def test_hashes_are_those_of_keras(self, dataset):
        import keras

        source = Path(keras.__file__).parent / "src" / "datasets" / f"{dataset.name}.py"
        text = source.read_text()
        for item in dataset.files:
            assert len(item.digest) in (32, 64)
            assert item.url.startswith("https://")
            if dataset.name != "fashion_mnist":
                assert item.digest in text
                assert item.url.rpartition("/")[2] in text


class TestReading:
    def test_mnist(self, folder):
        x, y = rng.integers(0, 256, (30, 28, 28), np.uint8), np.arange(30, dtype=np.uint8) % 10
        np.savez(folder / "mnist.npz", x_train=x[:20], y_train=y[:20], x_test=x[20:], y_test=y[20:])
        examples = load("mnist")
        np.testing.assert_array_equal(examples.x[:][..., 0], x)
        np.testing.assert_array_equal(examples.y, y)
        assert examples.target_name == "digit"
        assert examples.given.tolist() == [0] * 20 + [2] * 10

    def test_fashion_mnist(self, folder):
        x, y = rng.integers(0, 256, (40, 28, 28), np.uint8), np.arange(40, dtype=np.uint8) % 10
        (folder / "fashion-mnist").mkdir()
        for name, chosen in (("train", slice(30)), ("t10k", slice(30, 40))):
            part = folder / "fashion-mnist" / name
            Path(f"{part}-images-idx3-ubyte.gz").write_bytes(idx(x[chosen]))
            Path(f"{part}-labels-idx1-ubyte.gz").write_bytes(idx(y[chosen]))
        examples = load("fashion_mnist")
        np.testing.assert_array_equal(examples.x[:][..., 0], x)
        assert examples.class_names[9] == "Ankle boot"
        assert examples.given.tolist() == [0] * 30 + [2] * 10

    def test_california_housing(self, folder):
        x, y = rng.random((20, 8)), rng.random(20)
        np.savez(folder / "california_housing.npz", x=x, y=y)
        examples = load("california_housing")
        np.testing.assert_array_equal(examples.x, x)
        assert (examples.kind, examples.task) == (Kind.TABLE, Task.REGRESSION)
        assert examples.feature_names[0] == "median_income"
        assert len(set(examples.feature_names)) == 8

    def test_imdb(self, folder, trusted):
        train, test = objects([[1, 2, 3], [3]]), objects([[2, 1], [1]])
        y = np.array([1, 0])
        np.savez(folder / "imdb.npz", x_train=train, y_train=y, x_test=test, y_test=y)
        words = {"the": 1, "film": 2, "ends": 3}
        (folder / "imdb_word_index.json").write_text(json.dumps(words))
        trusted("imdb")
        examples = load("imdb")
        assert examples.x.tolist() == ["the film ends", "ends", "film the", "the"]
        assert examples.y.tolist() == [1, 0, 1, 0]
        assert examples.given.tolist() == [0, 0, 2, 2]
        (folder / "imdb_word_index.json").write_text(json.dumps({"the": 1}))
        with pytest.raises(DatasetError, match="does not belong"):
            load("imdb")

    def test_reuters(self, folder, trusted):
        np.savez(folder / "reuters.npz", x=objects([[1], [2, 1]]), y=np.array([3, 45]))
        (folder / "reuters_word_index.json").write_text(json.dumps({"oil": 1, "rises": 2}))
        trusted("reuters")
        examples = load("reuters")
        assert examples.x.tolist() == ["oil", "rises oil"]
        assert [examples.class_names[index] for index in examples.y] == ["earn", "lead"]
        assert len(examples.class_names) == 46

    @pytest.mark.parametrize("name", ["cifar10", "cifar100"])
    def test_cifar(self, folder, trusted, name, monkeypatch):
        dataset = DATASETS[name]
        members = (*dataset.train, dataset.test)
        counts = [50_000 // len(dataset.train)] * len(dataset.train) + [10_000]
        shade = {}
        with tarfile.open(dataset.files[0].location, "w:gz", compresslevel=1) as archive:
            for number, (member, count) in enumerate(zip(members, counts, strict=True)):
                shade[member] = number + 1
                data = np.zeros((count, 3072), np.uint8)
                data[:, :1024] = number + 1
                labels = [index % len(dataset.names) for index in range(count)]
                content = pickle.dumps({b"data": data, dataset.label: labels}, protocol=4)
                info = tarfile.TarInfo(f"cifar/{member}")
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        trusted(name)
        examples = load(name)
        assert examples.x.shape == (60_000, 32, 32, 3)
        assert examples.x[[0, 59_999]][:, 5, 5].tolist() == [[1, 0, 0], [len(members), 0, 0]]
        assert np.bincount(examples.given).tolist() == [50_000, 0, 10_000]
        assert len(set(examples.class_names)) == len(dataset.names)
        monkeypatch.setattr(keras_data, "_Unpickler", None)  # found again without unpacking
        assert load(name).x.shape == (60_000, 32, 32, 3)


class TestTrust:
    def test_pickles_of_another_hash_are_not_opened(self, folder, tmp_path):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "sprung",))

        np.savez(folder / "imdb.npz", x_train=np.array([Trap()], object))
        (folder / "imdb_word_index.json").write_text("{}")
        with pytest.raises(DatasetError, match=r"not the published file: its SHA-256 is"):
            load("imdb")
        (folder / "cifar-10-batches-py-target_archive").write_bytes(b"x")
        with pytest.raises(DatasetError, match="not the published file"):
            load("cifar10")
        assert not (tmp_path / "sprung").exists()

    def test_nothing_but_arrays_is_built(self, folder, tmp_path, trusted):
        class Trap:
            def __reduce__(self):
                return (Path.touch, (tmp_path / "sprung",))

        np.savez(folder / "reuters.npz", x=np.array([Trap()], object), y=np.zeros(1))
        (folder / "reuters_word_index.json").write_text("{}")
        trusted("reuters")
        with pytest.raises(DatasetError, match="is not allowed"):
            load("reuters")
        assert not (tmp_path / "sprung").exists()

    def test_damaged_files(self, folder):
        (folder / "mnist.npz").write_bytes(b"no archive")
        with pytest.raises(DatasetError, match="cannot be read"):
            load("mnist")


class TestDownload:
    @pytest.fixture
    def published(self, tmp_path, monkeypatch):
        """MNIST, published in a folder of this machine."""
        source = tmp_path / "storage" / "mnist.npz"
        source.parent.mkdir()
        y = np.arange(20) % 2
        np.savez(source, x_train=np.zeros((20, 2, 2), np.uint8), y_train=y)
        content = source.read_bytes()
        file = KerasFile(
            "mnist.npz", source.as_uri(), len(content), hashlib.sha256(content).hexdigest()
        )
        monkeypatch.setattr(keras_data.Mnist, "files", (file,))
        return source

    def test_once_asked_for(self, folder, published):
        notified = []
        download(DATASETS["mnist"], lambda *said: notified.append(said))
        assert (folder / "mnist.npz").read_bytes() == published.read_bytes()
        assert notified[0] == ("Downloading mnist.npz", 0, published.stat().st_size)
        assert load("mnist").n_samples == 20
        published.unlink()
        download(DATASETS["mnist"])

    def test_another_file_is_refused_and_leaves_nothing(self, folder, published):
        published.write_bytes(published.read_bytes() + b"more")
        with pytest.raises(DatasetError, match="not the published file"):
            download(DATASETS["mnist"])
        assert list(folder.iterdir()) == []

    def test_cancelled_leaves_nothing(self, folder, published):
        def stop(what, done, total):
            raise Cancelled

        with pytest.raises(Cancelled):
            download(DATASETS["mnist"], stop)
        assert list(folder.iterdir()) == []

    def test_unreachable(self, folder, published):
        published.unlink()
        with pytest.raises(DatasetError, match="cannot be downloaded") as caught:
            download(DATASETS["mnist"])
        assert str(folder) in caught.value.hint

    def test_hash_of_either_sort(self, folder):
        (folder / "a").write_bytes(b"content")
        for digest in (hashlib.sha256(b"content"), hashlib.md5(b"content")):
            assert KerasFile("a", "https://x/a", 7, digest.hexdigest()).verify() == folder / "a"
        with pytest.raises(DatasetError, match="its MD5 is"):
            KerasFile("a", "https://x/a", 7, "0" * 32).verify()

    def test_command(self, folder, published, capsys, monkeypatch):
        assert cli.main(["data", "download", "mnist"]) == 2
        assert "Download MNIST" in capsys.readouterr().err
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("sys.stdin.readline", lambda: "n\n", raising=False)
        assert cli.main(["data", "download", "mnist"]) == 1
        assert "Nothing was downloaded" in capsys.readouterr().out
        assert list(folder.iterdir()) == []
        assert cli.main(["data", "download", "mnist", "--yes", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["dataset"] == "mnist"
        assert cli.main(["data", "download", "mnist"]) == 0
        assert "already" in capsys.readouterr().out

    def test_asked_for_by_a_window(self, folder, published):
        assert download_data("mnist") == DataDownloaded("mnist")
        assert load("mnist").n_samples == 20
        with pytest.raises(DatasetError, match="nothing to download"):
            download_data("iris")

    def test_command_refuses(self, capsys):
        assert cli.main(["data", "download", "iris", "--yes"]) == 2
        assert "needs no download" in capsys.readouterr().err
        assert cli.main(["data", "download", "mnisst", "--yes"]) == 2
        assert "Did you mean 'mnist'" in capsys.readouterr().err

    def test_nothing_else_downloads(self, monkeypatch):
        def fail(*_, **__):
            raise AssertionError("opened a connection")

        monkeypatch.setattr(keras_files.urllib.request, "urlopen", fail)
        for dataset in REMOTE:
            with pytest.raises(NeedsDownload):
                load(dataset.name)
