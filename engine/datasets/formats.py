"""Formats: the ways in which files and folders of people's own are understood.

To add one: a file in this folder with a `Format`, and a line in `engine.datasets.FORMATS`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from engine.datasets.base import Dataset, NoParameters
from engine.datasets.files import Glance
from engine.spec.parameters import Parameters
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task


class Format(ABC):
    """A way to understand a file or a folder.

    Attributes:
        name: What people type after ``--format``: lower case and underscores.
        title: What people read, such as ``Images, a folder per class``.
        kind: What one example is.
        suffixes: Suffixes of single files it opens; empty for folders alone.
        parameters: The declared parameters of its datasets.
        tasks: Where one of these is asked for, this format is taken if it can open the path.

    Example::

        class PlainFormat(Format):
            name, title = "plain", "Numbers and a class, by spaces"
            kind, suffixes = Kind.TABLE, (".plain",)

            def likeness(self, glance):
                return 1.0 if glance.path.suffix == ".plain" else 0.0

            def open(self, path, data):
                return PlainFile(path, data)

        class PlainFile(FileDataset):
            format = PlainFormat()

            def load(self, parameters, progress=silent):
                table = np.loadtxt(self.path)
                classes = tuple(str(index) for index in range(int(table[:, -1].max()) + 1))
                return Examples(
                    table[:, :-1], table[:, -1].astype(int), self.kind, Task.CLASSIFICATION,
                    class_names=classes,
                )
    """

    name: str
    title: str
    kind: Kind
    suffixes: tuple[str, ...] = ()
    parameters: type[Parameters] = NoParameters
    tasks: tuple[Task, ...] = ()

    @abstractmethod
    def likeness(self, glance: Glance) -> float:
        """How sure it is, from names alone, that the path is of this format: 0 (not) to 1."""

    @abstractmethod
    def open(self, path: Path, data: DataSpec) -> Dataset:
        """Returns the dataset, without reading it."""

    def example(self, folder: Path) -> Path | None:
        """Writes a small file or folder of this format, to be opened when it is checked.

        Asked of the formats of other packages; it need not be there.

        Args:
            folder: Where to; it is empty.

        Returns:
            What was written; None: nothing.
        """
        return None


class FileDataset(Dataset):
    """A dataset in a file or folder of someone's own.

    Args:
        path: Where it is.
        data: The part of the specification that says how it is read.
    """

    format: Format

    def __init__(self, path: Path, data: DataSpec) -> None:
        self.path = path
        self.data = data
        self.name = str(path)
        self.title = path.name
        self.description = f"{self.format.title}, in {path}."
        self.kind = self.format.kind
        self.parameters = self.format.parameters
        self.task = data.task
