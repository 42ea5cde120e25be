"""What of an example changes at random may touch, and how a target follows them."""

from __future__ import annotations

from dataclasses import dataclass

from engine.datasets.base import Examples
from engine.preprocessing import Preprocessing
from engine.preprocessing.inputs import ScaledInputs
from engine.preprocessing.table import TableInputs
from engine.preprocessing.targets import NumberTargets
from engine.preprocessing.text import TextInputs
from engine.spec.signature import Kind, Task


@dataclass(frozen=True)
class Scope:
    """What changes at random may touch.

    Attributes:
        measured: Of each feature of a table, whether it is a number that was measured: categories,
            words and gaps are what they are. Empty: all are.
        n_tokens: Of a text, how many tokens it has: what follows them in the input of a network
            that writes is the target's. 0: all are the text's.
        target_shifts: Where a forecast is of a channel of the series, which is scaled on its own:
            the channel's zero, from that of each target, in the target's scaled units. A series
            that is stretched about its zero takes its future along. Empty: the target stays.
    """

    measured: tuple[bool, ...] = ()
    n_tokens: int = 0
    target_shifts: tuple[float, ...] = ()

    @classmethod
    def of(cls, examples: Examples, preprocessing: Preprocessing) -> Scope:
        """What may be touched of such examples, as they are prepared."""
        inputs, targets = preprocessing.inputs, preprocessing.targets
        if isinstance(inputs, TableInputs):
            return cls(measured=inputs.measured)
        if isinstance(inputs, TextInputs):
            return cls(n_tokens=inputs.output_shape[0])
        is_forecast = (examples.kind, examples.task) == (Kind.SERIES, Task.FORECASTING)
        names = examples.feature_names
        if (
            not is_forecast
            or examples.target_name not in names
            or not isinstance(inputs, ScaledInputs)
            or not isinstance(targets, NumberTargets)
        ):
            return cls()
        zero = inputs.offset[names.index(examples.target_name)]
        return cls(target_shifts=tuple(((zero - targets.offset) / targets.scale).tolist()))
