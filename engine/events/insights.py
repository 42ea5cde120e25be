"""What is told of the inside of a network while it learns: events to look at.

Only `GradientFlow` is recorded; of the others the newest says all.

Like all events they are frozen, picklable, and hold plain values and copied arrays only. Large
arrays travel as `Bytes`, a byte for each number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from engine.events.run_events import RunEvent

if TYPE_CHECKING:
    from engine.events.messages import FloatArray

_STEPS = 255


@dataclass(frozen=True, eq=False)
class Bytes:
    """Numbers of a known range, as a byte each: right to a 510th of the range.

    Attributes:
        levels: 0 for the lowest to 255 for the highest, any shape.
        low, high: The ends of the range.
    """

    levels: npt.NDArray[np.uint8]
    low: float
    high: float

    @classmethod
    def of(
        cls, values: npt.NDArray[Any], low: float | None = None, high: float | None = None
    ) -> Bytes:
        """Packs numbers; the range is theirs unless given. What is not finite becomes the lowest.

        Args:
            values: Any shape.
            low, high: Ends of the range.
        """
        known = values[np.isfinite(values)]
        if low is None:
            low = float(known.min()) if known.size else 0.0
        if high is None:
            high = float(known.max()) if known.size else low
        shares = (values.astype(np.float64) - low) / ((high - low) or 1.0)
        shares = np.nan_to_num(np.clip(shares, 0.0, 1.0), nan=0.0)
        return cls(np.rint(_STEPS * shares).astype(np.uint8), low, high)

    @classmethod
    def around_zero(cls, values: npt.NDArray[Any]) -> Bytes:
        """Packs numbers with a range that reaches as far below zero as above."""
        known = np.abs(values[np.isfinite(values)])
        most = float(known.max()) if known.size else 0.0
        return cls.of(values, -most, most)

    @property
    def values(self) -> FloatArray:
        """The numbers again, in the shape of `levels`."""
        found = self.low + (self.high - self.low) * (self.levels / _STEPS)
        return found.astype(np.float32)


@dataclass(frozen=True)
class Insight(RunEvent):
    """Something to look at inside the network; the newest of its type says all."""


@dataclass(frozen=True)
class SurfaceUpdated(Insight):
    """What a model on one or two features predicts now, over a grid, in the data's own units.

    Attributes:
        axes: One or two axes of the grid, each (points,).
        values: (points, outputs) for one feature; (points of axis 1, points of axis 0, outputs)
            for two. Regression: the prediction. Classification: probabilities of all classes.
    """

    axes: tuple[FloatArray, ...]
    values: FloatArray


@dataclass(frozen=True)
class CoefficientsUpdated(Insight):
    """The coefficients of a linear model, in the data's own units.

    Attributes:
        terms: Names of the rows: ``intercept``, then the features.
        outputs: Names of the columns: the target, or the classes.
        values: (terms, outputs).
    """

    terms: tuple[str, ...]
    outputs: tuple[str, ...]
    values: FloatArray


@dataclass(frozen=True)
class UnitMaps:
    """What the units of a layer answer over the range of two features.

    Attributes:
        layer: The layer's name.
        n_units: Units it has; the first of them are shown.
        answers: (units, points of axis 1, points of axis 0), a range around zero.
    """

    layer: str
    n_units: int
    answers: Bytes


@dataclass(frozen=True)
class HiddenUnitsUpdated(Insight):
    """What each hidden unit of a model on two features answers now, as TensorFlow Playground shows.

    Attributes:
        axes: The two axes of the grid in the data's own units, each (points,).
        layers: From input to output.
    """

    axes: tuple[FloatArray, FloatArray]
    layers: tuple[UnitMaps, ...]


@dataclass(frozen=True)
class FilterBank:
    """The weights of a convolution's filters.

    Attributes:
        layer: The layer's name.
        n_filters: Filters it has; the first of them are shown.
        kernels: (filters, height, width, channels), a range around zero. Over time: height is the
            input's channels, the last of them on top, width is time, and channels is 1.
        is_image: It looks at the input itself, whose channels are grey or red, green and blue.
    """

    layer: str
    n_filters: int
    kernels: Bytes
    is_image: bool


@dataclass(frozen=True)
class FiltersUpdated(Insight):
    """The filters of the convolutions now.

    Attributes:
        banks: One for each convolution, from input to output.
    """

    banks: tuple[FilterBank, ...]


@dataclass(frozen=True)
class FeatureMaps:
    """What the filters of a convolution answer for the samples.

    Attributes:
        layer: The layer's name.
        n_filters: Filters it has; the first of them are shown.
        answers: (samples, maps, height, width). Over time: one map, with a row for each filter.
    """

    layer: str
    n_filters: int
    answers: Bytes


@dataclass(frozen=True)
class FeatureMapsUpdated(Insight):
    """What the convolutions see in some samples now.

    Attributes:
        samples: What each sample is called.
        inputs: The samples as pictures, (samples, height, width, channels).
        layers: One for each convolution, from input to output.
    """

    samples: tuple[str, ...]
    inputs: Bytes
    layers: tuple[FeatureMaps, ...]


@dataclass(frozen=True)
class AttentionMap:
    """Where each position of one text looks.

    Attributes:
        layer: The layer's name.
        queries: The tokens that look, in words.
        keys: The tokens that are looked at.
        weights: (heads, queries, keys), from 0 to the largest; each row adds up to 1 at most: what
            goes to tokens that are not shown is missing.
    """

    layer: str
    queries: tuple[str, ...]
    keys: tuple[str, ...]
    weights: Bytes


@dataclass(frozen=True)
class AttendedText:
    """One text and the attention of every layer to it.

    Attributes:
        text: The text.
        maps: One for each layer with attention, from input to output.
    """

    text: str
    maps: tuple[AttentionMap, ...]


@dataclass(frozen=True)
class AttentionUpdated(Insight):
    """Where the attention of a model for texts goes now.

    Attributes:
        texts: The samples.
    """

    texts: tuple[AttendedText, ...]


@dataclass(frozen=True)
class TextSample:
    """What is written for one sample.

    Attributes:
        source: The text that is read, or the name of the recording.
        expected: The right text.
        predicted: What the model writes.
    """

    source: str
    expected: str
    predicted: str


@dataclass(frozen=True)
class TextsPredicted(Insight):
    """What the model writes for the same samples after an epoch.

    Attributes:
        epoch: From 1.
        samples: At most eight.
    """

    epoch: int
    samples: tuple[TextSample, ...]


@dataclass(frozen=True)
class Forecast:
    """One window of a series, in the data's own units.

    Attributes:
        name: What it is called.
        past: The target before, (steps,); empty where the model does not see it.
        truth: What came, (horizon,).
        forecast: What the model expects, (horizon,).
    """

    name: str
    past: FloatArray
    truth: FloatArray
    forecast: FloatArray


@dataclass(frozen=True)
class ForecastsMade(Insight):
    """What the model forecasts for the same windows after an epoch.

    Attributes:
        epoch: From 1.
        target: What is forecast.
        windows: At most eight.
    """

    epoch: int
    target: str
    windows: tuple[Forecast, ...]


@dataclass(frozen=True)
class EpisodePlayed(Insight):
    """How the policy balanced the pole after an epoch.

    Attributes:
        epoch: From 1.
        states: Cart position in metres, its velocity, the pole's angle from upright in radians and
            its velocity, (steps + 1, 4): before the first push and after each.
        max_steps: So many steps are a success.
        step_s: Seconds of one step.
    """

    epoch: int
    states: FloatArray
    max_steps: int
    step_s: float

    @property
    def n_steps(self) -> int:
        """Steps until the pole fell or the episode was over."""
        return len(self.states) - 1


@dataclass(frozen=True, eq=False)
class GradientFlow(Insight):
    """What reaches each layer in one training step, and what the step does to it. Recorded.

    Attributes:
        step: Steps done in the whole run before the one that was measured.
        epoch: Epochs done before it, with their fraction.
        layers: Names of the layers that learn, from input to output.
        gradient_norms: L2 norm of all gradients of a layer, before any clipping, (layers,).
        weight_norms: L2 norm of the weights before the step, (layers,).
        update_ratios: L2 norm of what the step changed over that of the weights, (layers,); NaN
            where they are all 0. About 0.001 is healthy (Andrej Karpathy: CS231n, "Neural Networks
            Part 3", "Ratio of weights:updates", https://cs231n.github.io/neural-networks-3/).
        dead_units: Share of units that answered 0 to every example of the batch, (layers,); NaN
            where units are not of a sort that can die, as ReLU is.
        off: Why nothing can be measured in this run; empty where something is.
    """

    step: int
    epoch: float
    layers: tuple[str, ...]
    gradient_norms: FloatArray
    weight_norms: FloatArray
    update_ratios: FloatArray
    dead_units: FloatArray
    off: str = ""

    @classmethod
    def unavailable(cls, run: str, reason: str) -> GradientFlow:
        """Says why nothing is measured in a run."""
        nothing = np.empty(0, np.float32)
        return cls(run, 0, 0.0, (), nothing, nothing, nothing, nothing, reason)
