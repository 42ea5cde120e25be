"""What simple models reach on the same part, learnt from the same examples; by scikit-learn.

To add one: a `Baseline` in a module here, and a line in `BASELINES`.
"""

from __future__ import annotations

from engine.inference.baselines.base import Baseline
from engine.inference.baselines.constant import CommonestClass, CommonestText, Mean, UsualLabels
from engine.inference.baselines.linear import Linear, TextLinear
from engine.inference.baselines.sequences import LastValue, NearestText, Season
from engine.inference.baselines.trees import BoostedTrees
from engine.inference.baselines.unusual import IsolationForestScores, PlaneDistance

BASELINES: tuple[type[Baseline], ...] = (
    CommonestClass,
    UsualLabels,
    Mean,
    CommonestText,
    LastValue,
    Season,
    NearestText,
    Linear,
    TextLinear,
    BoostedTrees,
    PlaneDistance,
    IsolationForestScores,
)
"""From the simplest on."""
