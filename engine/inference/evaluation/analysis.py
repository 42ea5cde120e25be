"""Analysis: the doubt in a run's numbers, what simple models reach, and where it is worse.

Made from `Predictions` in a worker, kept with the run, and drawn by the window as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.events.verdicts import Finding

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]
"""The ends of a 95 % interval."""


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
    """

    name: str
    title: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    intervals: Mapping[str, Range] = field(default_factory=dict)
    duration_s: float = 0.0
    difference: Range | None = None
    problem: str = ""


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
        extra: What one kind alone has, JSON-ready, such as what calls for a threshold cost.
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
