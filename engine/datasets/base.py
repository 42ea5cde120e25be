"""What every kind of data offers: a description without loading, and examples when asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from engine.events.findings import DataFinding
from engine.events.profile import ColumnProfile, Distribution, Trace
from engine.spec.parameters import Parameters
from engine.spec.signature import Kind, Output, Signature, Task, output_of

AnyArray: TypeAlias = npt.NDArray[Any]
IndexArray: TypeAlias = npt.NDArray[np.int64]

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: not known).

Called often and cheap. Raises `engine.errors.Cancelled` where someone asked to stop.
"""


def silent(what: str, done: int, total: int) -> None:
    """A `Progress` that nobody watches."""


class NoParameters(Parameters):
    """For datasets that have nothing to set."""


class Rows(Protocol):
    """Examples one after another, in memory or elsewhere: an array as far as reading goes.

    `shape` is (n_samples, *shape of one); indexing takes an array of indices or a slice and
    returns an array in memory.
    """

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Any, /) -> AnyArray: ...


@dataclass(frozen=True)
class Examples:
    """Examples before any split, scaling or tokenising.

    Attributes:
        x: Inputs, (n_samples, *shape). Table: float64, one column each, NaN in gaps, categories
            as their index. Image: uint8, 0 to 255, (height, width, channels). Text: object array
            of str, (n_samples,). Audio: int16, (waveform samples,). Video: uint8, (frames, height,
            width, channels). Series: float64, (steps, channels). May be on disk, or read from
            files only when asked (`engine.datasets.packing`).
        y: Targets. Classes: index as int64, (n_samples,). Several labels at once: 1 where an
            example has the label, else 0, uint8, (n_samples, labels). Numbers: float64,
            (n_samples,), or (n_samples, n_values). Tokens: object array of str, (n_samples,).
        kind: What one example is.
        task: What is predicted.
        feature_names: Column names of a table, one per column of x; channels of a series.
        target_name: What `y` is called.
        class_names: Names of the classes, or of the labels, in index order; empty where none are
            predicted. Where anomalies are looked for, `y` and these say what is known of each
            example, if anything.
        unusual: Where anomalies are looked for and classes are known: the class to be found.
        notes: What people should know of the data, one sentence each: rows left out, columns
            that were understood in a way that could surprise, the truth behind made data.
        findings: What is wrong with the data, with remedies.
        facts: What was found, as label and value: ``("Sample rate", "8 kHz")``.
        distributions: How quantities of the examples are distributed.
        columns: What there is to see of each column of a table, used or not, the target last;
            empty: columns of numbers, described from x and y.
        traces: The series themselves, for series.
        rate: Samples per second of audio; else 0.
        frame_rate: Frames per second of video; else 0.
        source_columns: Every column the source offers, in its order; empty where it has none.
        names: What each example is called: its file, relative to the folder. Empty: row numbers.
        weights: Weight of each example in training, (n_samples,) float32; None: all equal.
        given: Part of each example where the data says so, (n_samples,) int8: 0 training,
            1 validation, 2 test, -1 not said; None: it says nothing.
        groups: Examples of one group stay in one part, (n_samples,); None: no groups.
        order: Position in time, (n_samples,), where the past should predict the future; else None.
        until: Where a target reaches over time: its last position in time, (n_samples,), as
            `order` is its first; else None.
        column: Returns any column of the source by name, (n_samples,), text or numbers, for splits
            by a column; None where there are no columns. Raises DatasetError for unknown names.
        reading: How new inputs are read for prediction, as JSON values; the dataset's file that
            wrote it reads it.
    """

    x: Rows
    y: AnyArray
    kind: Kind
    task: Task
    feature_names: tuple[str, ...] = ()
    target_name: str = "target"
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    distributions: tuple[Distribution, ...] = ()
    columns: tuple[ColumnProfile, ...] = ()
    traces: tuple[Trace, ...] = ()
    rate: int = 0
    frame_rate: float = 0.0
    source_columns: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    unusual: str = ""
    weights: npt.NDArray[np.float32] | None = None
    given: npt.NDArray[np.int8] | None = None
    groups: AnyArray | None = None
    order: AnyArray | None = None
    until: AnyArray | None = None
    column: Callable[[str], AnyArray] | None = None
    reading: Mapping[str, Any] = field(default_factory=dict)

    @property
    def n_samples(self) -> int:
        return len(self.x)

    @property
    def output(self) -> Output:
        """What a prediction consists of."""
        return output_of(self.task, len(self.class_names))

    @property
    def has_classes(self) -> bool:
        """Whether `y` holds classes, predicted or known for measuring alone."""
        return bool(self.class_names) and self.output not in (Output.TOKENS, Output.LABELS)

    def name_of(self, index: int) -> str:
        """What an example is called."""
        return self.names[index] if self.names else f"row {index + 1:,}"

    def rest_of(self, kept: IndexArray) -> dict[str, Any]:
        """Everything but `x` that has one entry per example, for these examples alone."""
        per_example = ("y", "weights", "given", "groups", "order", "until")
        found: dict[str, Any] = {
            name: None if (values := getattr(self, name)) is None else values[kept]
            for name in per_example
        }
        found["names"] = tuple(self.names[index] for index in kept) if self.names else ()
        column = self.column
        found["column"] = None if column is None else lambda name: column(name)[kept]
        return found


@dataclass(frozen=True)
class InputSpec:
    """What a trained model takes: what a file of new inputs is read into.

    Attributes:
        signature: Kind, task and shapes, as the network receives them.
        feature_names: Columns of a table, in order; channels of a series.
        raw_shape: Shape of one example before preprocessing.
        reading: How inputs are read; see `Examples.reading`.
    """

    signature: Signature
    feature_names: tuple[str, ...]
    raw_shape: tuple[int, ...]
    reading: Mapping[str, Any]


class Dataset(ABC):
    """A source of examples someone can pick.

    Attributes:
        name: What people type: lower case, digits and underscores; for a file, its path.
        title: What people read.
        description: One or two sentences: what it holds, where it comes from.
        kind: What one example is.
        task: What is predicted; None where only loading tells.
        recommended_model: Name of the architecture to start with; empty: told by kind and task.
        parameters: The declared parameters of `load`.
        is_remote: It may have to be downloaded first (`engine.datasets.box.keras_data`).

    Example::

        class Heights(Dataset):
            name, title = "heights", "Heights and weights"
            description = "Made from a seed: how tall people are, and how heavy."
            kind, task = Kind.TABLE, Task.REGRESSION

            def load(self, parameters, progress=silent):
                height = np.random.default_rng(0).normal(170, 10, 200)
                weight = 0.9 * height - 85
                return Examples(
                    height[:, None], weight, self.kind, self.task, ("height",), "weight"
                )
    """

    name: str
    title: str
    description: str
    kind: Kind
    task: Task | None
    recommended_model: str = ""
    parameters: type[Parameters] = NoParameters
    is_remote: bool = False

    @abstractmethod
    def load(self, parameters: Any, progress: Progress = silent) -> Examples:
        """Returns all examples. Files that are many are listed here, and read later.

        Args:
            parameters: An instance of `self.parameters`.
            progress: Told how far it is.

        Raises:
            DatasetError: The data cannot be read.
            Cancelled: Someone asked to stop.
        """
