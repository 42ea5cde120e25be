"""Sets of examples worth a look, by what the model said of them. Plain NumPy; knows no widget."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.signature import Output
from gui.formatting.translation import translate
from gui.pages.results.shown_result import Places

SURE: Final = 0.9
UNSURE: Final = 0.6
WORST_SHARE: Final = 0.05


@dataclass(frozen=True, eq=False)
class ErrorSet:
    """Some examples.

    Attributes:
        title: What they have in common.
        places: Where they are in the part.
        order: By what they are sorted at first.
    """

    title: str
    places: Places
    order: str = "loss"


def error_sets(scored: ScoredExamples) -> list[ErrorSet]:
    """What can be looked at with one click; those that hold nothing, too: that is worth knowing."""
    found = scored.predictions
    everything = ErrorSet(translate("All examples"), scored.everything)
    if found.output is Output.NUMBERS and not found.is_anomaly:
        return [*_of_numbers(scored), everything]
    right = scored.is_right
    if right is None:
        return [everything]
    sets = [ErrorSet(translate("All errors"), np.flatnonzero(~right))]
    if found.is_anomaly:
        alarms = np.flatnonzero(~right & (found.truth == 0))
        missed = np.flatnonzero(~right & (found.truth == 1))
        sets.append(ErrorSet(translate("False alarms"), alarms, "confidence"))
        sets.append(ErrorSet(translate("Missed"), missed, "doubt"))
    elif scored.has_confidence:
        sure = scored.confidence >= SURE
        unsure = scored.confidence < UNSURE
        sets.append(ErrorSet(translate("Sure and wrong"), np.flatnonzero(sure & ~right)))
        sets.append(ErrorSet(translate("Unsure"), np.flatnonzero(unsure), "doubt"))
        doubted = np.flatnonzero(unsure & right)
        sets.append(ErrorSet(translate("Right by luck"), doubted, "doubt"))
    sets.append(ErrorSet(translate("All right"), np.flatnonzero(right)))
    return [*sets, everything]


def _of_numbers(scored: ScoredExamples) -> list[ErrorSet]:
    errors = residuals_of(scored)
    sets = []
    n_worst = max(1, round(WORST_SHARE * len(scored)))
    worst = scored.ordered(scored.everything, "loss")[:n_worst]
    text = translate("Worst {percent} %").format(percent=round(100 * WORST_SHARE))
    sets.append(ErrorSet(text, worst))
    sets.append(ErrorSet(translate("Too high"), np.flatnonzero(errors > 0)))
    sets.append(ErrorSet(translate("Too low"), np.flatnonzero(errors < 0)))
    bad = np.flatnonzero(~np.isfinite(errors))
    if len(bad):
        sets.append(ErrorSet(translate("Not a number"), bad, "row"))
    return sets


def residuals_of(scored: ScoredExamples) -> np.ndarray:
    """Predicted less true, (n,); of several values their mean."""
    found = scored.predictions
    return np.asarray((found.outputs - found.truth).reshape(len(found), -1).mean(axis=1))
