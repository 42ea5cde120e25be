"""Keras's own data sets, read from Keras's cache with NumPy alone; downloaded only on request."""

from __future__ import annotations

import io
import pickle
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any, cast

import numpy as np

from engine.datasets.base import AnyArray, Dataset, Examples, Progress, silent
from engine.datasets.box import keras_files, keras_names
from engine.datasets.box.keras_files import KerasFile, NeedsDownload
from engine.datasets.numpy_files.array_files import arrays_in, reading
from engine.datasets.numpy_files.array_pairs import pair
from engine.datasets.numpy_files.arrays import ArrayParameters, load_found
from engine.datasets.packing import stored_rows
from engine.errors import DatasetError
from engine.files.bounded import open_archive, read_object
from engine.files.bounded_arrays import array_header
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

_MAX_BYTES = 4 << 30
"""Of a published archive, unpacked."""
_PICKLE_GLOBALS = {
    ("numpy", "ndarray"),
    ("numpy", "dtype"),
    ("numpy.core.multiarray", "_reconstruct"),
    ("numpy._core.multiarray", "_reconstruct"),
}


class KerasDataset(Dataset):
    """A data set that `keras.datasets` offers, with Keras's own division where it has one.

    Attributes:
        files: What it is read from.
    """

    files: tuple[KerasFile, ...]
    is_remote = True

    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Reads it from Keras's cache.

        Raises:
            NeedsDownload: It is not on this machine.
            DatasetError: A file is damaged, or is not the published one.
        """
        missing = keras_files.missing(self.files)
        if missing:
            raise NeedsDownload(self.name, self.title, missing)
        return self._read(progress)

    def _read(self, progress: Progress) -> Examples:
        raise NotImplementedError

    def _arrays(self, progress: Progress) -> Examples:
        """Examples from plain arrays, as any file of arrays is read."""
        found = {item.name: item for file in self.files for item in arrays_in(file.location)}
        known = pair(found, None, None, self.files[0].location.name)
        data = DataSpec(source=self.name, task=self.task)
        return replace(load_found(known, data, ArrayParameters(), progress), facts=())


class Mnist(KerasDataset):
    """LeCun, Cortes, Burges: handwritten digits."""

    name = "mnist"
    title = "MNIST digits"
    description = (
        "70,000 handwritten digits, 0 to 9, as grey images of 28×28 pixels; 10,000 are the test "
        "part. From Keras's data sets."
    )
    kind = Kind.IMAGE
    task = Task.CLASSIFICATION
    recommended_model = "cnn"
    files = (keras_files.MNIST,)

    def _read(self, progress: Progress) -> Examples:
        return replace(self._arrays(progress), target_name="digit")


class FashionMnist(KerasDataset):
    """Xiao, Rasul, Vollgraf (2017), arXiv:1708.07747."""

    name = "fashion_mnist"
    title = "Fashion-MNIST"
    description = (
        "70,000 pictures of clothes in 10 kinds, as grey images of 28×28 pixels; 10,000 are the "
        "test part. From Keras's data sets."
    )
    kind = Kind.IMAGE
    task = Task.CLASSIFICATION
    recommended_model = "cnn"
    files = keras_files.FASHION

    def _read(self, progress: Progress) -> Examples:
        return _named(self._arrays(progress), "article", keras_names.FASHION)


class _Cifar(KerasDataset):
    """Krizhevsky (2009), Learning Multiple Layers of Features from Tiny Images."""

    kind = Kind.IMAGE
    task = Task.CLASSIFICATION
    recommended_model = "cnn"
    names: tuple[str, ...]
    train: tuple[str, ...]
    test: str
    label: bytes

    def _read(self, progress: Progress) -> Examples:
        file = self.files[0]

        @cache
        def batches() -> tuple[AnyArray, AnyArray]:
            return self._unpacked(progress)

        key = f"{self.name}-{file.digest[:16]}"
        x = stored_rows(f"{key}-x", (60_000, 32, 32, 3), np.uint8, lambda: _bytes(batches()[0]))
        y = stored_rows(f"{key}-y", (60_000,), np.int64, lambda: _bytes(batches()[1]))[:]
        return Examples(
            x=x,
            y=y,
            kind=self.kind,
            task=self.task,
            target_name="thing",
            class_names=self.names,
            given=np.repeat(np.array([0, 2], np.int8), [50_000, 10_000]),
        )

    def _unpacked(self, progress: Progress) -> tuple[AnyArray, AnyArray]:
        """All images, (60000, 32, 32, 3), and labels, the test part last."""
        path = self.files[0].verify()
        wanted = (*self.train, self.test)
        found: dict[str, tuple[AnyArray, AnyArray]] = {}
        with reading(path), tarfile.open(path) as archive:
            for member in archive:
                name = member.name.rpartition("/")[2]
                content = archive.extractfile(member)
                if name in wanted and content is not None:
                    progress("Unpacking", len(found), len(wanted))
                    batch = cast(dict[bytes, Any], _Unpickler(content, encoding="bytes").load())
                    pixels = np.reshape(batch[b"data"], (-1, 3, 32, 32)).transpose(0, 2, 3, 1)
                    found[name] = pixels, np.asarray(batch[self.label], np.int64)
        ordered = [found[name] for name in wanted]
        return np.concatenate([x for x, _ in ordered]), np.concatenate([y for _, y in ordered])


class Cifar10(_Cifar):
    """Ten classes."""

    name = "cifar10"
    title = "CIFAR-10"
    description = (
        "60,000 colour pictures of 32×32 pixels in 10 classes, from airplane to truck; 10,000 are "
        "the test part. From Keras's data sets."
    )
    files = (keras_files.CIFAR10,)
    names = keras_names.CIFAR10
    train = tuple(f"data_batch_{number}" for number in range(1, 6))
    test = "test_batch"
    label = b"labels"


class Cifar100(_Cifar):
    """A hundred classes."""

    name = "cifar100"
    title = "CIFAR-100"
    description = (
        "60,000 colour pictures of 32×32 pixels in 100 classes, from apple to worm; 10,000 are "
        "the test part. From Keras's data sets."
    )
    files = (keras_files.CIFAR100,)
    names = keras_names.CIFAR100
    train = ("train",)
    test = "test"
    label = b"fine_labels"


class Imdb(KerasDataset):
    """Maas et al. (2011), Learning Word Vectors for Sentiment Analysis."""

    name = "imdb"
    title = "IMDB film reviews"
    description = (
        "50,000 film reviews in English, kind or unkind; half are the test part. In lower case and "
        "without punctuation. From Keras's data sets."
    )
    kind = Kind.TEXT
    task = Task.CLASSIFICATION
    files = (keras_files.IMDB, keras_files.IMDB_WORDS)

    def _read(self, progress: Progress) -> Examples:
        arrays = _object_arrays(self.files[0])
        words = _words(self.files[1])
        x = [*arrays["x_train"], *arrays["x_test"]]
        n_train = len(arrays["x_train"])
        return Examples(
            x=_texts(x, words, progress),
            y=np.concatenate([arrays["y_train"], arrays["y_test"]]).astype(np.int64),
            kind=self.kind,
            task=self.task,
            target_name="opinion",
            class_names=("unkind", "kind"),
            given=np.repeat(np.array([0, 2], np.int8), [n_train, len(x) - n_train]),
        )


class Reuters(KerasDataset):
    """Reuters-21578, prepared by F. Chollet."""

    name = "reuters"
    title = "Reuters newswires"
    description = (
        "11,228 newswires in English by 46 topics, of very different frequency. In lower case and "
        "without punctuation. From Keras's data sets."
    )
    kind = Kind.TEXT
    task = Task.CLASSIFICATION
    files = (keras_files.REUTERS, keras_files.REUTERS_WORDS)

    def _read(self, progress: Progress) -> Examples:
        arrays = _object_arrays(self.files[0])
        texts = _texts(list(arrays["x"]), _words(self.files[1]), progress)
        return Examples(
            x=texts,
            y=arrays["y"].astype(np.int64),
            kind=self.kind,
            task=self.task,
            target_name="topic",
            class_names=keras_names.REUTERS,
        )


class CaliforniaHousing(KerasDataset):
    """Pace, Barry (1997), Sparse Spatial Autoregressions."""

    name = "california_housing"
    title = "California housing"
    description = (
        "20,640 districts of California in 1990: the median value of a house, in dollars, from "
        "income, rooms, age and place. From Keras's data sets."
    )
    kind = Kind.TABLE
    task = Task.REGRESSION
    recommended_model = "mlp"
    files = (keras_files.HOUSING,)

    def _read(self, progress: Progress) -> Examples:
        examples = self._arrays(progress)
        return replace(examples, feature_names=keras_names.HOUSING, target_name="house_value")


def download(dataset: KerasDataset, progress: Progress = silent) -> None:
    """Downloads what is missing of a data set into Keras's cache. Ask first.

    Raises:
        DatasetError: A file cannot be had, or is not the published one.
        Cancelled: Someone asked to stop.
    """
    keras_files.download(dataset.files, progress)


def _named(examples: Examples, target: str, names: tuple[str, ...]) -> Examples:
    return replace(examples, target_name=target, class_names=names)


def _bytes(array: AnyArray) -> Iterator[memoryview]:
    yield np.ascontiguousarray(array).reshape(-1).view(np.uint8).data


class _Unpickler(pickle.Unpickler):
    """Builds NumPy arrays and nothing else; used on files of known SHA-256 alone."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PICKLE_GLOBALS:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        # NumPy 2 keeps the old name only as a signpost.
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def _object_arrays(file: KerasFile) -> dict[str, AnyArray]:
    """Arrays of lists, which are pickled; opened only where the file is the published one."""
    path = file.verify()
    arrays: dict[str, AnyArray] = {}
    with reading(path), open_archive(path, _MAX_BYTES) as archive:
        for member in archive.namelist():
            content = io.BytesIO(archive.read(member))
            _, _, dtype = array_header(content)
            name = member.removesuffix(".npy")
            if dtype.hasobject:
                arrays[name] = cast(AnyArray, _Unpickler(content).load())
            else:
                content.seek(0)
                arrays[name] = np.lib.format.read_array(content, allow_pickle=False)
    return arrays


def _words(file: KerasFile) -> list[str]:
    """Words by their rank; rank 0 is none."""
    path = file.location
    with reading(path):
        ranks = read_object(path)
        words = [""] * (max(ranks.values()) + 1)
        for word, rank in ranks.items():
            words[rank] = word
    return words


def _texts(ranks: list[Any], words: list[str], progress: Progress) -> AnyArray:
    texts = np.empty(len(ranks), object)
    for index, row in enumerate(ranks):
        if index % 1_000 == 0:
            progress("Putting words together", index, len(ranks))
        try:
            texts[index] = " ".join([words[rank] for rank in row])
        except IndexError:
            raise DatasetError(
                "The list of words does not belong to the texts.", "Delete it, download it again."
            ) from None
    return texts
