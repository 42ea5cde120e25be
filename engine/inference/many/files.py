"""FolderFiles: the files of a folder as a model takes them, in blocks; and a single file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.datasets.files import FoundFile, list_files
from engine.datasets.unfamiliar import Unfamiliar
from engine.errors import DatasetError
from engine.inference.contract import Contract
from engine.inference.many.blocks import Block, joined
from engine.inference.trying.new_inputs import NewInputs, read_new_inputs, suffixes_of
from engine.spec.signature import Kind

_FILES = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, Kind.TEXT)
_BLOCK_FILES = 64
_BLOCK_BYTES = 64 << 20


class FolderFiles:
    """All files in a folder, and in the folders below it, that hold inputs.

    Args:
        folder: Where they are.
        contract: Of the model.
        progress: Told how many were found.

    Raises:
        DatasetError: There are none, or the inputs of the model are no files.
        Cancelled: Someone asked to stop.
    """

    noun = "file"

    def __init__(self, folder: Path, contract: Contract, progress: Progress) -> None:
        kind = contract.signature.kind
        if kind not in _FILES:
            raise DatasetError(
                f"A model of {kind.value} data takes a table, not a folder. Received: '{folder}'.",
                "Give the table.",
            )
        suffixes = suffixes_of(contract.signature)
        self._contract = contract
        self._files = list_files(folder, suffixes, progress=progress).files
        if not self._files:
            raise DatasetError(
                f"The folder '{folder}' holds no file of the kind the model takes.",
                f"Known types: {', '.join(suffixes)}.",
            )
        classes = {file.class_name for file in self._files}
        self.has_truth = bool(classes & set(contract.class_names))
        self.columns = ("file",)
        self.left_out: tuple[str, ...] = ()

    def blocks(self, progress: Progress) -> Iterator[Block]:
        """Yields all inputs in order; see `ManyInputs.blocks`."""
        growing = _Growing(self._contract)
        for number, file in enumerate(self._files):
            progress("Predicting", number, len(self._files))
            growing.add(file)
            if growing.is_full:
                yield growing.block()
                growing = _Growing(self._contract)
        if growing.cells:
            yield growing.block()


class _Growing:
    """A block in the making."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.cells: list[tuple[str]] = []
        self._x: list[AnyArray] = []
        self._good: list[int] = []
        self._unfamiliar: list[tuple[Unfamiliar, ...]] = []
        self._problems: dict[int, str] = {}
        self._truths: list[str] = []

    def add(self, file: FoundFile) -> None:
        """Reads a file; why it cannot be read is noted beside it."""
        known = self._contract.class_names
        truth = file.class_name if file.class_name in known else ""
        try:
            found = read_new_inputs([str(file.path)], self._contract)
        except (DatasetError, OSError) as error:
            self._problems[len(self.cells)] = str(getattr(error, "message", error))
            self.cells.append((file.name,))
            self._truths.append(truth)
            return
        n = len(found.x)
        self._x.append(found.x)
        self._good += range(len(self.cells), len(self.cells) + n)
        self._unfamiliar += found.unfamiliar
        names = [file.name] if n == 1 else [f"{file.name}[{place}]" for place in range(n)]
        self.cells += [(name,) for name in names]
        self._truths += [truth] * n

    @property
    def is_full(self) -> bool:
        """It should be predicted for now."""
        n_bytes = sum(part.nbytes for part in self._x)
        return len(self.cells) >= _BLOCK_FILES or n_bytes >= _BLOCK_BYTES

    def block(self) -> Block:
        """Everything that was added."""
        shape = tuple(self._contract.preprocessing.inputs.raw_shape)
        return Block(
            self.cells,
            joined(self._x, shape),
            np.array(self._good, np.int64),
            self._unfamiliar,
            self._problems,
            self._truths,
        )


class OneFile:
    """A file that holds one input or many, and has no columns of its own: an array, a series.

    Args:
        path: The file.
        contract: Of the model.

    Raises:
        DatasetError: It cannot be read, or does not fit the model.
    """

    has_truth = False
    noun = "input"

    def __init__(self, path: Path, contract: Contract) -> None:
        self._found: NewInputs = read_new_inputs([str(path)], contract)
        self.left_out = tuple(self._found.left_out)
        self.columns = ("input",)

    def blocks(self, progress: Progress) -> Iterator[Block]:
        """Yields all inputs in order; see `ManyInputs.blocks`."""
        found = self._found
        size = max(1, _BLOCK_BYTES // max(1, found.x[:1].nbytes))
        for start in range(0, len(found.x), size):
            progress("Predicting", start, len(found.x))
            rows = slice(start, start + size)
            cells = [(name,) for name in found.names[rows]]
            yield Block(cells, found.x[rows], np.arange(len(cells)), found.unfamiliar[rows], {})
