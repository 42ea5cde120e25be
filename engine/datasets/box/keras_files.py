"""The files of Keras's own data sets: where they are kept, where they come from, and their hashes.

Nothing is downloaded unless `download` is called, which callers do once someone has said yes.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from engine.datasets.base import Progress, silent
from engine.errors import Cancelled, DatasetError
from engine.spec.formatting import bytes_text

KERAS_VARIABLE = "KERAS_HOME"
_STORAGE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_BLOCK_BYTES = 1 << 18
_TIMEOUT_S = 30
_PARTIAL, _NOTHING_MORE = 206, 416  # of HTTP


@dataclass(frozen=True)
class KerasFile:
    """One file of a data set.

    Attributes:
        path: Below Keras's folder of data sets, as Keras calls it there.
        url: Where it is published.
        n_bytes: About how large it is.
        digest: The SHA-256 that `keras.datasets` publishes; where that publishes none or another,
            the MD5 of `keras.datasets` or of the data set's authors. Told apart by length.
        can_resume: What was downloaded is kept where the rest cannot be had.
    """

    path: str
    url: str
    n_bytes: int
    digest: str
    can_resume: ClassVar[bool] = False

    @property
    def location(self) -> Path:
        """Where it is looked for."""
        return datasets_folder() / self.path

    def verify(self) -> Path:
        """Compares the file with its digest; returns its path.

        Raises:
            DatasetError: It is another file, cut off or tampered with.
        """
        digest = self._new_digest()
        with self.location.open("rb") as file:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        self.compare(digest.hexdigest())
        return self.location

    def compare(self, found: str) -> None:
        """Raises a DatasetError unless a digest is the published one, where one is published."""
        if self.digest and found != self.digest:
            raise DatasetError(
                f"'{self.location}' is not the published file: its {self._digest_name} is {found}. "
                f"Expected: {self.digest}.",
                "Delete it, and download it again.",
            )

    def _new_digest(self) -> Any:
        if len(self.digest) == 64:
            return hashlib.sha256()
        return hashlib.md5(usedforsecurity=False)

    @property
    def _digest_name(self) -> str:
        return "SHA-256" if len(self.digest) == 64 else "MD5"

    def fetch(self, progress: Progress) -> None:
        """Downloads the file; it gets its name once it is complete and its digest is right.

        Raises:
            DatasetError: It cannot be had, or is another file.
            Cancelled: Someone asked to stop.
        """
        location = self.location
        location.parent.mkdir(parents=True, exist_ok=True)
        aside, is_kept = self._aside(), False
        try:
            self._receive(aside, progress)
            digest = self._new_digest()
            with aside.open("rb") as file:
                while block := file.read(_BLOCK_BYTES):
                    digest.update(block)
            self.compare(digest.hexdigest())
            aside.chmod(0o644)
            aside.replace(location)
        except (OSError, Cancelled):
            is_kept = self.can_resume
            raise
        finally:
            if not is_kept:
                aside.unlink(missing_ok=True)

    def _aside(self) -> Path:
        """What is downloaded into: one that can go on has the same name each time."""
        location = self.location
        if self.can_resume:
            return location.with_name(f".download-{location.name}")
        number, name = tempfile.mkstemp(prefix=".download-", dir=location.parent)
        os.close(number)
        return Path(name)

    def _receive(self, aside: Path, progress: Progress) -> None:
        """Downloads what is missing of a file, and writes it to the disk.

        Raises:
            OSError: The connection ended before.
        """
        done = aside.stat().st_size if aside.exists() else 0
        request = urllib.request.Request(self.url)
        if done:
            request.add_header("Range", f"bytes={done}-")
        try:
            answer = urllib.request.urlopen(request, timeout=_TIMEOUT_S)
        except urllib.error.HTTPError as error:
            if error.code != _NOTHING_MORE or not done:
                raise
            return  # all of it is there; its digest tells
        with answer, aside.open("ab") as file:
            if done and answer.status != _PARTIAL:  # it begins anew
                file.truncate(0)
                done = 0
            promised = answer.headers.get("Content-Length")
            total = done + int(promised) if promised else self.n_bytes
            while block := answer.read(_BLOCK_BYTES):
                progress(f"Downloading {self.location.name}", done, total)
                file.write(block)
                done += len(block)
            file.flush()
            os.fsync(file.fileno())
        if promised and done != total:
            raise OSError(None, f"the connection ended after {done:,} of {total:,} bytes")


class NeedsDownload(DatasetError):
    """A data set is not on this machine; it can be downloaded once someone has said yes.

    Attributes:
        dataset: Name of the data set.
        n_bytes: About how much is downloaded.
    """

    def __init__(self, dataset: str, title: str, missing: Iterable[KerasFile]) -> None:
        self.dataset, self._title = dataset, title
        self._missing = tuple(missing)
        self.n_bytes = sum(item.n_bytes for item in self._missing)
        names = [item.location.name for item in self._missing]
        files = f"'{names[0]}'" if len(names) == 1 else ", ".join(f"'{name}'" for name in names)
        it = "it" if len(names) == 1 else "them"
        super().__init__(
            f"{title} is not on this machine: {files} {'is' if it == 'it' else 'are'} missing in "
            f"'{self._missing[0].location.parent}'.",
            f"Put {it} there, or let Descent download {it} ({bytes_text(self.n_bytes)}, from "
            f"{self._missing[0].url.split('/')[2]}): descent-cli data download {dataset}",
        )

    def __reduce__(self) -> tuple[type[Self], tuple[Any, ...]]:
        return (type(self), (self.dataset, self._title, self._missing))


def keras_folder() -> Path:
    """Keras's own folder: ``KERAS_HOME``, else ``~/.keras``."""
    home = os.environ.get(KERAS_VARIABLE, "").strip()
    return Path(home).expanduser() if home else Path.home() / ".keras"


def datasets_folder() -> Path:
    """Keras's folder of data sets."""
    return keras_folder() / "datasets"


def missing(files: Iterable[KerasFile]) -> tuple[KerasFile, ...]:
    """Those that are not on this machine."""
    return tuple(item for item in files if not item.location.is_file())


def download(files: Iterable[KerasFile], progress: Progress = silent) -> None:
    """Downloads what is missing of some files. Ask first.

    Raises:
        DatasetError: A file cannot be had, or is not the published one.
        Cancelled: Someone asked to stop; nothing half is left.
    """
    for item in missing(files):
        try:
            item.fetch(progress)
        except (OSError, ValueError) as error:  # urllib's errors are OSErrors
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise DatasetError(
                f"'{item.url}' cannot be downloaded. Received: {reason}.",
                f"Check the connection, or put the file into '{item.location.parent}' yourself.",
            ) from None


# Hashes and addresses as in keras.datasets (Keras 3.15); Fashion-MNIST's are of its authors
# (github.com/zalandoresearch/fashion-mnist, "Get the Data"), for Keras publishes none.
MNIST = KerasFile(
    "mnist.npz",
    f"{_STORAGE}mnist.npz",
    11_490_434,
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
)
FASHION = tuple(
    KerasFile(f"fashion-mnist/{name}-ubyte.gz", f"{_STORAGE}{name}-ubyte.gz", size, digest)
    for name, size, digest in (
        ("train-images-idx3", 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
        ("train-labels-idx1", 29_515, "25c81989df183df01b3e8a0aad5dffbe"),
        ("t10k-images-idx3", 4_422_102, "bef4ecab320f06d8554ea6380940ec79"),
        ("t10k-labels-idx1", 5_148, "bb300cfdad3c16e7a12a480ee83cd310"),
    )
)
CIFAR10 = KerasFile(
    "cifar-10-batches-py-target_archive",
    f"{_TORONTO}cifar-10-python.tar.gz",
    170_498_071,
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
)
CIFAR100 = KerasFile(
    "cifar-100-python-target_archive",
    f"{_TORONTO}cifar-100-python.tar.gz",
    169_001_437,
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
)
IMDB = KerasFile(
    "imdb.npz",
    f"{_STORAGE}imdb.npz",
    17_464_789,
    "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
)
IMDB_WORDS = KerasFile(
    "imdb_word_index.json",
    f"{_STORAGE}imdb_word_index.json",
    1_641_221,
    "bfafd718b763782e994055a2d397834f",
)
REUTERS = KerasFile(
    "reuters.npz",
    f"{_STORAGE}reuters.npz",
    2_110_848,
    "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
)
REUTERS_WORDS = KerasFile(
    "reuters_word_index.json",
    f"{_STORAGE}reuters_word_index.json",
    550_378,
    "4d44cc38712099c9e383dc6e5f11a921",
)
HOUSING = KerasFile(
    "california_housing.npz",
    f"{_STORAGE}california_housing.npz",
    743_530,
    "1a2e3a52e0398de6463aebe6f4a8da34fb21fbb6b934cf88c3425e766f2a1a6f",
)
