"""Why a model says what it says: what is asked of an example or of the whole model, and answers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from engine.events.results import ResultAnswer, ResultCommand

Floats = npt.NDArray[np.float64]
Range = tuple[float, float]

_DIGITS = 5


@dataclass(frozen=True, eq=False)
class ExplainExample(ResultCommand):
    """Explain what the model of a run says of one example. Answered by `Explained`.

    Attributes:
        row: Which example of the data, by its index; None: `x` is given.
        x: A new example as one of `Examples.x`; a text as it is.
        target: The class, label, value or token to explain, by its name; None: what is predicted.
        method: By its name; None: the first that fits.
        key: Comes back with the answer, so that whoever asked knows it.
    """

    is_quick: ClassVar[bool] = True

    row: int | None = None
    x: npt.NDArray[Any] | str | None = None
    target: str | None = None
    method: str | None = None
    key: str = ""


@dataclass(frozen=True)
class Sanity:
    """Whether an explanation changes when the network forgets what it learnt last.

    Attributes:
        correlation: Mean rank correlation with explanations of the network with the last layers'
            weights shuffled; NaN: there are too few parts to tell.
        limit: Above it the explanation is the same.
        n_layers: How many layers were shuffled.
    """

    correlation: float
    limit: float
    n_layers: int

    @property
    def is_passed(self) -> bool | None:
        """It changed, as it should; None: that cannot be told."""
        return None if math.isnan(self.correlation) else self.correlation <= self.limit

    @property
    def text(self) -> str:
        """A sentence for people."""
        if self.is_passed is None:
            return "There are too few parts to check the marks against a shuffled network."
        layers = "layer" if self.n_layers == 1 else f"{self.n_layers} layers"
        number = f"rank correlation {self.correlation:.2f}, limit {self.limit:g}"
        if self.is_passed:
            return f"With the weights of the last {layers} shuffled, the marks change ({number})."
        return (
            f"Take care: with the weights of the last {layers} shuffled, the marks stay much the "
            f"same ({number}). They show the example more than what the model learnt."
        )

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values."""
        known = self.is_passed is not None
        return {
            "correlation": round(self.correlation, 4) if known else None,
            "limit": self.limit,
            "shuffled_layers": self.n_layers,
            "passed": self.is_passed,
        }


@dataclass(frozen=True)
class Choice:
    """Something to choose by name.

    Attributes:
        name: What is asked for.
        title: What people read.
        summary: What it does; may be empty.
    """

    name: str
    title: str
    summary: str = ""


@dataclass(frozen=True, eq=False)
class Explanation:
    """What each part of an example adds to what a model says of it.

    Attributes:
        kind: What an example is: a value of `engine.spec.signature.Kind`.
        task: What is predicted: a value of `engine.spec.signature.Task`.
        method: What made it, by its name.
        methods: All that can be asked for.
        target: What is explained: a class, label, value or token.
        targets: All that can be asked for; of classes and labels the likeliest first.
        target_name: What is predicted.
        unit: ``probability``, ``score`` or ``unit``: that of the target.
        prediction: The number that is explained.
        said: What the model says of the example, in words.
        values: Image: (height, width). Sound: (frames, bands). Clip: (frames, height, width).
            Series: (steps, channels). Text: (tokens,). Table: (columns,).
        parts: What the last axis is called: tokens as they stand in the text, columns, channels.
        cells: Of a table: what stands in each column.
        content: What is drawn below the marks: pixels, decibels (frames, bands), values of a
            series; a text that is not read any more behind its tokens.
        baseline: The number for what the example is compared with; NaN: there is none.
        compared_with: What that is, in words.
        tolerance: How far `sum` may be from prediction less baseline; NaN: the values are no parts
            of a sum.
        errors: Standard error of each value, where they are sampled; else empty.
        sanity: Whether the marks depend on what was learnt.
        seconds: How long a sound or a clip lasts; else 0.
        duration_s: How long it took.
    """

    kind: str
    task: str
    method: Choice
    methods: tuple[Choice, ...]
    target: str
    targets: tuple[str, ...]
    target_name: str
    unit: str
    prediction: float
    said: str
    values: Floats
    parts: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    content: npt.NDArray[Any] | str = ""
    baseline: float = math.nan
    compared_with: str = ""
    tolerance: float = math.nan
    errors: Floats = field(default_factory=lambda: np.zeros(0))
    sanity: Sanity = Sanity(math.nan, 0.6, 0)
    seconds: float = 0.0
    duration_s: float = 0.0

    @property
    def is_sum(self) -> bool:
        """The values are parts of prediction less baseline."""
        return not math.isnan(self.tolerance)

    @property
    def sum(self) -> float:
        """Of all values."""
        return float(self.values.sum())

    @property
    def missed(self) -> float:
        """What the sum is from prediction less baseline."""
        return self.sum - (self.prediction - self.baseline)

    @property
    def is_complete(self) -> bool:
        """The values sum to prediction less baseline, to the tolerance."""
        return self.is_sum and abs(self.missed) <= self.tolerance

    @property
    def strength(self) -> float:
        """How far the strongest value is from zero; 0 where nothing is marked."""
        return float(np.abs(self.values).max(initial=0.0))

    def to_dict(self) -> dict[str, Any]:
        """Returns JSON-ready values; those of the parts with five digits."""
        found: dict[str, Any] = {
            "kind": self.kind,
            "task": self.task,
            "method": self.method.name,
            "methods": [it.name for it in self.methods],
            "target": self.target,
            "target_name": self.target_name,
            "unit": self.unit,
            "prediction": _rounded(self.prediction),
            "said": self.said,
            "baseline": _rounded(self.baseline),
            "compared_with": self.compared_with,
            "sum": _rounded(self.sum) if self.is_sum else None,
            "missed": _rounded(self.missed) if self.is_sum else None,
            "tolerance": _rounded(self.tolerance),
            "complete": self.is_complete if self.is_sum else None,
            "sanity": self.sanity.to_dict(),
            "shape": list(self.values.shape),
            "values": _nested(self.values),
            "duration_s": round(self.duration_s, 4),
        }
        if self.parts:
            found["parts"] = list(self.parts)
        if self.cells:
            found["cells"] = list(self.cells)
        if self.errors.size:
            found["errors"] = _nested(self.errors)
        return found


@dataclass(frozen=True, eq=False)
class Explained(ResultAnswer):
    """Why the model says what it says of one example.

    Attributes:
        row: Its index in the data; None: it is a new one.
        name: What the example is called.
        explanation: What each part of it adds.
        key: That of the question.
    """

    row: int | None
    name: str
    explanation: Explanation
    key: str = ""


@dataclass(frozen=True)
class ExplainModel(ResultCommand):
    """Explain what the model of a run looks at as a whole. Answered by `ModelExplained`.

    Attributes:
        anew: Although it is kept with the run already.
    """

    anew: bool = False


@dataclass(frozen=True)
class ColumnImportance:
    """How much worse the model is without knowing a column.

    Attributes:
        column: The column, or the channel of a series.
        value: The loss of the metric where the column is shuffled.
        interval: 95 % of it, over examples and shufflings.
    """

    column: str
    value: float
    interval: Range


@dataclass(frozen=True, eq=False)
class Dependence:
    """How the mean prediction moves with one column, all else as it is in the data.

    Attributes:
        column: The column.
        outputs: What is predicted: classes, labels or values.
        x: Values of the column, (points,); of categories their places.
        labels: Categories, (points,); empty: the column holds numbers.
        mean: Mean predictions, (points, outputs).
        low, high: Between them 80 % of the single examples' predictions, (points, outputs).
        counts: Examples in equal bins between the ends of x, or of each category.
        is_date: x counts days since 1970.
    """

    column: str
    outputs: tuple[str, ...]
    x: Floats
    mean: Floats
    low: Floats
    high: Floats
    counts: npt.NDArray[np.int64]
    labels: tuple[str, ...] = ()
    is_date: bool = False


@dataclass(frozen=True, eq=False)
class ModelExplanation:
    """What a model looks at as a whole; kept with the run.

    Attributes:
        part: The part of the data it was measured on.
        n_samples: How many examples of it.
        metric: By which importance is measured, such as ``accuracy``.
        score: What the model reaches there.
        is_error: A smaller metric is better; importance counts what is lost either way.
        n_repeats: How often each column was shuffled.
        importance: Of each column, the most important first.
        dependence: Of the most important columns.
        target_name: What is predicted.
    """

    part: str
    n_samples: int
    metric: str
    score: float
    is_error: bool
    n_repeats: int
    importance: tuple[ColumnImportance, ...]
    dependence: tuple[Dependence, ...]
    target_name: str


@dataclass(frozen=True, eq=False)
class ModelExplained(ResultAnswer):
    """What a model looks at as a whole.

    Attributes:
        explanation: It lies in the run's folder.
        is_kept: It was made earlier.
    """

    explanation: ModelExplanation
    is_kept: bool = False


def _rounded(value: float) -> float | None:
    return float(f"{value:.{_DIGITS + 2}g}") if math.isfinite(value) else None


def _nested(values: Floats) -> Any:
    """Values as lists, to five digits of the largest: more is noise."""
    largest = float(np.abs(values).max(initial=0.0))
    if not largest or not math.isfinite(largest):
        return values.tolist()
    n_places = _DIGITS - 1 - math.floor(math.log10(largest))
    return np.round(values.astype(np.float64), n_places).tolist()
