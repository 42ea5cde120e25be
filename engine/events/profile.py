"""Profile: what inspection found in a dataset, as plain records that a window can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.events.findings import DataFinding, Trouble
from engine.spec.signature import Signature

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@dataclass(frozen=True)
class Distribution:
    """How a quantity of the examples is distributed, such as the length of texts.

    Attributes:
        name: What is counted.
        unit: Its unit; may be empty.
        edges: Edges of the bins, (bins + 1,).
        counts: Examples in each bin, (bins,).
    """

    name: str
    unit: str
    edges: npt.NDArray[np.float64]
    counts: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a table, the target included.

    Attributes:
        name: Column name.
        minimum, maximum, mean, deviation: In the column's own unit; NaN where it has no numbers.
        histogram: Counts in 20 equal bins from minimum to maximum, (bins,); empty likewise.
        type: What it holds, by the names of `engine.spec.run_spec.ColumnType`.
        n_missing: Cells that hold nothing.
        n_distinct: Different values.
        values: The most frequent values with their counts, where it holds categories.
        gaps: What stands in for a missing value, by the names of `GapStrategy`.
        is_used: The model sees it, or predicts it.
        n_rows: Its cells, in rows without a target, too; 0: one for each example.
        decimal: The decimal sign of its numbers, ``point`` or ``comma``, where it is text that
            says so and another could be chosen; else empty.
    """

    name: str
    minimum: float
    maximum: float
    mean: float
    deviation: float
    histogram: npt.NDArray[np.int64]
    type: str = "number"
    n_missing: int = 0
    n_distinct: int = 0
    values: tuple[tuple[str, int], ...] = ()
    gaps: str = "auto"
    is_used: bool = True
    n_rows: int = 0
    decimal: str = ""


@dataclass(frozen=True)
class Trace:
    """A series as it is drawn.

    Attributes:
        name: Its column.
        times: Seconds since 1970, or the number of the row, (points,).
        values: In its own unit, NaN in gaps, (points,); thinned out where they are many.
        ends: Times at which the training and the validation part end.
    """

    name: str
    times: npt.NDArray[np.float64]
    values: npt.NDArray[np.float64]
    ends: tuple[float, ...] = ()


@dataclass(frozen=True)
class Profile:
    """What was found.

    Attributes:
        source: Name or path as it was asked for.
        title: What people read.
        n_samples: Number of examples.
        signature: Kind, task and shapes, as the network receives them.
        feature_names: Columns of a table, one per column of `sample_x`; channels of a series.
        target_name: What is predicted.
        class_names: Classes in index order; empty where none are predicted.
        class_counts: Examples per class, (classes,).
        columns: One per column of a table, used or not, the target last.
        sample_x: Some raw inputs as in `Examples.x`, (n, *shape); of tables and series in their
            original order.
        sample_y: Their targets, as in `Examples.y`, (n, …).
        split_sizes: Examples in the training, validation and test part.
        notes: What people should know of the data, one sentence each.
        format: Name of the format of a file or folder; empty for datasets in the box.
        sample_names: What the samples are called; empty: row numbers.
        findings: What is wrong with the data, with remedies.
        facts: What was found, as label and value.
        distributions: How quantities of the examples are distributed.
        traces: The series themselves, for series.
        rate: Samples per second of `sample_x`, for audio; else 0.
        frame_rate: Frames per second of `sample_x`, for video; else 0.
        split_method: How the parts were divided, by the names of `SplitSpec.method`.
        source_columns: Every column the source offers, in its order; empty where it has none.
        categories: Names of a feature's categories by their index in `sample_x`, by its name.
    """

    source: str
    title: str
    n_samples: int
    signature: Signature
    feature_names: tuple[str, ...]
    target_name: str
    class_names: tuple[str, ...]
    class_counts: npt.NDArray[np.int64]
    columns: tuple[ColumnProfile, ...]
    sample_x: npt.NDArray[np.generic]
    sample_y: npt.NDArray[np.generic]
    split_sizes: tuple[int, int, int]
    notes: tuple[str, ...] = ()
    format: str = ""
    sample_names: tuple[str, ...] = ()
    findings: tuple[DataFinding, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    distributions: tuple[Distribution, ...] = ()
    traces: tuple[Trace, ...] = ()
    rate: int = 0
    frame_rate: float = 0.0
    split_method: str = "random"
    source_columns: tuple[str, ...] = ()
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def question(self) -> DataFinding | None:
        """What must be answered before anything is trained; None: nothing."""
        asked = (found for found in self.findings if found.trouble is Trouble.QUESTION)
        return next(asked, None)

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values, without the samples."""
        signature = self.signature
        return {
            "source": self.source,
            "title": self.title,
            "kind": signature.kind.value,
            "task": signature.task.value,
            "n_samples": self.n_samples,
            "input_shape": list(signature.input_shape),
            "target": self.target_name,
            "classes": dict(zip(self.class_names, self.class_counts.tolist(), strict=False)),
            "columns": [
                {
                    "name": column.name,
                    "type": column.type,
                    "missing": column.n_missing,
                    "gaps": column.gaps,
                    "used": column.is_used,
                    **({"decimal": column.decimal} if column.decimal else {}),
                    **({"values": dict(column.values)} if column.values else {}),
                    **(
                        {
                            "minimum": column.minimum,
                            "maximum": column.maximum,
                            "mean": column.mean,
                            "deviation": column.deviation,
                        }
                        if len(column.histogram)
                        else {}
                    ),
                }
                for column in self.columns
            ],
            "split": dict(zip(("train", "validation", "test"), self.split_sizes, strict=True)),
            "split_method": self.split_method,
            "format": self.format,
            "facts": dict(self.facts),
            "notes": list(self.notes),
            "findings": [finding.to_dict() for finding in self.findings],
        }
