"""Analysis: the doubt in a run's numbers, what simple models reach, and where it is worse.

Made from `Predictions` in a worker, kept with the run, and drawn by the window as it is.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from engine.events.verdicts import Finding
from engine.files.bounded import member
from engine.files.sealed import read_sealed, write_sealed

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
"""The ends of a 95 % interval."""

SCHEMA_NUMBER = 1
IN_UNITS = frozenset(
    {
        "loss",
        "log_loss",
        "mean_squared_error",
        "root_mean_squared_error",
        "mean_absolute_error",
        "median_absolute_error",
    }
)
"""Metrics that are no shares: they have a unit of their own."""
LOWER_IS_BETTER = IN_UNITS | {
    "character_error_rate",
    "word_error_rate",
    "expected_calibration_error",
    "false_alarm_rate",
}
"""Metrics that are errors; of all others more is better."""
_DIGITS = 7


def file_name(part: str) -> str:
    """The name of the file that holds the analysis of a part."""
    return "analysis.json" if part == "test" else f"analysis-{part}.json"


@dataclass(frozen=True, eq=False)
class Curve:
    """A curve of at most some hundred points.

    Attributes:
        kind: ``roc``, ``precision_recall``, ``calibration``, ``top_k``, ``residuals``, …
        name: What it is of: a class, a label, a horizon; empty: the whole.
        x, y: (points,).
        values: What stands behind each point, such as its threshold or how many examples it is
            of, (points,); may be empty.
        area: Under it; NaN where that means nothing.
    """

    kind: str
    name: str
    x: Floats
    y: Floats
    values: Floats = field(default_factory=lambda: np.zeros(0))
    area: float = float("nan")

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; points as fine as anyone can see."""
        return {
            "kind": self.kind,
            "name": self.name,
            "x": _listed(self.x),
            "y": _listed(self.y),
            "values": _listed(self.values),
            "area": _plain(self.area),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned."""
        x, y = _floats(values["x"]), _floats(values["y"])
        if len(x) != len(y):
            raise ValueError("a curve has other x than y")
        return cls(
            member(values, "kind", str),
            member(values, "name", str),
            x,
            y,
            _floats(values["values"]),
            _number(values["area"]),
        )


@dataclass(frozen=True)
class BaselineScore:
    """What a simple model reaches on the same part, learnt from the same examples.

    Attributes:
        name: Stable, such as ``commonest_class``, ``mean``, ``linear``, ``boosted_trees``.
        title: What people read.
        metrics: By the names of `Evaluation.metrics`.
        intervals: Of each metric.
        duration_s: How long it took to fit.
        difference: Of the main metric, the model's less its own, as a paired 95 % interval; None
            where it is not known.
        problem: Why it could not be fitted; empty: it could.
        note: What else to know, such as that it learnt from a sample; may be empty.
    """

    name: str
    title: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Range] = field(default_factory=dict)
    duration_s: float = 0.0
    difference: Range | None = None
    problem: str = ""
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "name": self.name,
            "title": self.title,
            "metrics": _plain_metrics(self.metrics),
            "intervals": _plain_ranges(self.intervals),
            "duration_s": self.duration_s,
            "difference": None if self.difference is None else list(map(_plain, self.difference)),
            "problem": self.problem,
            "note": self.note,
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned."""
        difference = values["difference"]
        return cls(
            member(values, "name", str),
            member(values, "title", str),
            _metrics(values["metrics"]),
            _ranges(values["intervals"]),
            float(values["duration_s"]),
            None if difference is None else _range(difference),
            member(values, "problem", str),
            member(values, "note", str),
        )


@dataclass(frozen=True)
class Group:
    """A group of examples in which the model is worse than elsewhere.

    Attributes:
        where: What they have in common, in words: ``site = north``, ``width below 40 px``.
        column: What they were grouped by.
        value: Its value, or range, in words.
        n: How many there are.
        rows: Which examples of the data, worst first, at most some thousand.
        metrics: Of the group alone.
        intervals: Of each, corrected for how many groups were tried.
        elsewhere: The main metric of all others.
        p_value: That it is no worse than elsewhere, corrected likewise.
    """

    where: str
    column: str
    value: str
    n: int
    rows: tuple[int, ...]
    metrics: Mapping[str, float]
    intervals: Mapping[str, Range]
    elsewhere: float
    p_value: float

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        return {
            "where": self.where,
            "column": self.column,
            "value": self.value,
            "n": self.n,
            "rows": list(self.rows),
            "metrics": _plain_metrics(self.metrics),
            "intervals": _plain_ranges(self.intervals),
            "elsewhere": _plain(self.elsewhere),
            "p_value": _plain(self.p_value),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Rebuilds what `to_dict` returned."""
        return cls(
            member(values, "where", str),
            member(values, "column", str),
            member(values, "value", str),
            member(values, "n", int),
            tuple(int(row) for row in values["rows"]),
            _metrics(values["metrics"]),
            _ranges(values["intervals"]),
            _number(values["elsewhere"]),
            _number(values["p_value"]),
        )


@dataclass(frozen=True, eq=False)
class Analysis:
    """What is known of a run's result beyond its numbers; each part is there once it is made.

    Attributes:
        part: Which part of the data it is of.
        main_metric: By what models are compared, such as ``accuracy``.
        intervals: 95 % of each metric.
        methods: How each interval was made, such as ``wilson`` or ``bootstrap``.
        metrics: Those beyond `Evaluation.metrics`, such as ``ece`` or ``top_5_accuracy``.
        curves: To be drawn.
        baselines: None: not fitted yet.
        groups: Where it is worse, most surely so first; None: not looked for yet.
        n_tried: How many groups were looked at.
        findings: What the run has to say of itself, the gravest first.
        extra: What one kind alone has, JSON-ready; `engine.inference.evaluation.analysing` says
            what. ``notes`` are sentences that people should read.
        source: Digest of the predictions it was made from; see `Predictions.digest`.
    """

    part: str
    main_metric: str
    intervals: Mapping[str, Range] = field(default_factory=dict)
    methods: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    curves: tuple[Curve, ...] = ()
    baselines: tuple[BaselineScore, ...] | None = None
    groups: tuple[Group, ...] | None = None
    n_tried: int = 0
    findings: tuple[Finding, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""

    @property
    def is_complete(self) -> bool:
        """Baselines were fitted, and groups looked for."""
        return self.baselines is not None and self.groups is not None

    # ---- on disk

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; numbers that are not finite become null."""
        baselines, groups = self.baselines, self.groups
        return {
            "part": self.part,
            "main_metric": self.main_metric,
            "intervals": _plain_ranges(self.intervals),
            "methods": dict(self.methods),
            "metrics": _plain_metrics(self.metrics),
            "curves": [curve.to_dict() for curve in self.curves],
            "baselines": None if baselines is None else [item.to_dict() for item in baselines],
            "groups": None if groups is None else [group.to_dict() for group in groups],
            "n_tried": self.n_tried,
            "findings": [finding.to_dict() for finding in self.findings],
            "extra": dict(self.extra),
            "source": self.source,
        }

    def save(self, folder: Path) -> None:
        """Writes it into a run's folder.

        Raises:
            WorkspaceError: It cannot be written.
        """
        write_sealed(folder / file_name(self.part), self.to_dict(), folder.name, SCHEMA_NUMBER)

    @classmethod
    def load(cls, folder: Path, part: str = "test") -> Self | None:
        """Reads what `save` wrote; None where there is none.

        Raises:
            WorkspaceError: The file is damaged, or was written by a newer Descent.
        """
        return read_sealed(
            folder / file_name(part),
            folder.name,
            SCHEMA_NUMBER,
            cls._from_dict,
            "analysis",
            "evaluate the run again",
        )

    @classmethod
    def _from_dict(cls, values: dict[str, Any]) -> Self:
        baselines, groups = values["baselines"], values["groups"]
        return cls(
            member(values, "part", str),
            member(values, "main_metric", str),
            _ranges(values["intervals"]),
            {name: str(method) for name, method in values["methods"].items()},
            _metrics(values["metrics"]),
            tuple(Curve.from_dict(item) for item in values["curves"]),
            None if baselines is None else tuple(map(BaselineScore.from_dict, baselines)),
            None if groups is None else tuple(map(Group.from_dict, groups)),
            member(values, "n_tried", int),
            tuple(Finding.from_dict(item) for item in values["findings"]),
            member(values, "extra", dict),
            member(values, "source", str),
        )


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def _plain_metrics(metrics: Mapping[str, float]) -> dict[str, float | None]:
    return {name: _plain(value) for name, value in metrics.items()}


def _metrics(values: Mapping[str, Any]) -> dict[str, float]:
    return {name: _number(value) for name, value in values.items()}


def _plain_ranges(ranges: Mapping[str, Range]) -> dict[str, list[float | None]]:
    return {name: [_plain(low), _plain(high)] for name, (low, high) in ranges.items()}


def _range(ends: Any) -> Range:
    low, high = ends
    return _number(low), _number(high)


def _ranges(values: Mapping[str, Any]) -> dict[str, Range]:
    return {name: _range(ends) for name, ends in values.items()}


def _listed(values: Floats) -> list[float | None]:
    return [_plain(float(f"{value:.{_DIGITS}g}")) for value in values.tolist()]


def _floats(values: Any) -> Floats:
    return np.array([_number(value) for value in values], np.float64)
