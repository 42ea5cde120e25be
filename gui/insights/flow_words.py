"""What the gradient flow of a run means, in plain words: what vanishes, explodes or is dead."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from engine.spec.formatting import percent_text
from gui.formatting.numbers import rounded_text
from gui.formatting.translation import translate
from gui.plots.flow_data import FlowHistory, Quantity

STILL: Final = 1e-6
"""A layer whose weights change by less in a step learns nothing in thousands of steps."""
WILD: Final = 0.1
"""A step that changes a tenth of the weights is far above the usual 0.001."""
STEEP: Final = 1e3
"""Gradients of the first and the last layer that differ by this much have vanished or exploded."""
DEAD: Final = 0.5
N_RECENT: Final = 5
"""Measurements whose median counts: one batch alone says little."""


class Mark(StrEnum):
    """What is wrong with a layer."""

    VANISHING = "vanishing"
    EXPLODING = "exploding"
    DEAD = "dead"


SIGNS: Final = {Mark.VANISHING: "▼", Mark.EXPLODING: "▲", Mark.DEAD: "✕"}
"""What stands beside a layer in a map, and before the sentence about it."""


@dataclass(frozen=True)
class FlowFinding:
    """What the newest measurements say.

    Attributes:
        text: In words.
        marks: What is wrong, by the layer's place.
    """

    text: str
    marks: dict[int, Mark]


def findings(history: FlowHistory) -> FlowFinding:
    """Judges the newest measurements of a run."""
    if not len(history):
        return FlowFinding("", {})
    gradients, ratios, dead = (
        _recent(history, quantity)
        for quantity in (Quantity.GRADIENT, Quantity.UPDATE, Quantity.DEAD)
    )
    marks: dict[int, Mark] = {}
    texts: list[str] = []
    wild = ~np.isfinite(gradients) | (ratios > WILD)
    still = (ratios < STILL) & ~wild  # a layer whose weights are all 0 has no ratio
    if wild.any():
        marks |= dict.fromkeys(map(int, np.flatnonzero(wild)), Mark.EXPLODING)
        texts.append(_signed(Mark.EXPLODING, _exploding(history, wild)))
    if still.all():
        texts.append(
            translate(
                "No layer changes any more: the learning rate is very small, or there is nothing "
                "left to learn."
            )
        )
    elif still.any():
        marks |= dict.fromkeys(map(int, np.flatnonzero(still)), Mark.VANISHING)
        texts.append(_signed(Mark.VANISHING, _still(history, still)))
    slope = _slope(gradients)
    if not wild.any() and slope > STEEP:
        marks.setdefault(0, Mark.VANISHING)
        texts.append(_signed(Mark.VANISHING, _vanishing(history, slope)))
    elif not wild.any() and 0 < slope < 1 / STEEP:
        marks.setdefault(0, Mark.EXPLODING)
        texts.append(_signed(Mark.EXPLODING, _growing(history, 1 / slope)))
    dying = np.nan_to_num(dead) >= DEAD
    if dying.any():
        for place in map(int, np.flatnonzero(dying)):
            marks.setdefault(place, Mark.DEAD)
        texts.append(_signed(Mark.DEAD, _dying(history, dead)))
    if not texts and np.isfinite(ratios).any():
        texts.append(_healthy(ratios))
    return FlowFinding("\n".join(texts), marks)


def _signed(mark: Mark, text: str) -> str:
    return f"{SIGNS[mark]} {text}"


def _recent(history: FlowHistory, quantity: Quantity) -> np.ndarray:
    values = history.values(quantity)[:, -N_RECENT:]
    newest = values[:, -1]
    # What is no number now is no number; a median of what was before would hide it.
    return np.where(np.isfinite(newest), np.median(values, axis=1), newest)


def _slope(gradients: np.ndarray) -> float:
    """How many times larger the last layer's gradient is than the first's; 0 if unknown."""
    first, last = gradients[0], gradients[-1]
    return float(last / first) if first > 0 and last > 0 else 0.0


def _exploding(history: FlowHistory, wild: np.ndarray) -> str:
    return translate(
        "Gradients explode in {layers}: a step changes a tenth of the weights or more. Try a "
        "learning rate ten times smaller, or clip the gradients."
    ).format(layers=_named(history, wild))


def _still(history: FlowHistory, still: np.ndarray) -> str:
    return translate(
        "Gradients vanish in {layers}: a step changes less than a millionth of the weights, while "
        "other layers learn. ReLU, batch normalization, residual connections or an LSTM let more "
        "through."
    ).format(layers=_named(history, still))


def _vanishing(history: FlowHistory, slope: float) -> str:
    return translate(
        "Gradients vanish on their way to the input: that of {first} is {n} times smaller than "
        "that of {last}. ReLU, batch normalization, residual connections or an LSTM let more "
        "through."
    ).format(first=history.layers[0], last=history.layers[-1], n=rounded_text(slope))


def _growing(history: FlowHistory, slope: float) -> str:
    return translate(
        "Gradients explode on their way to the input: that of {first} is {n} times larger than "
        "that of {last}. Clip the gradients, or use batch normalization or an LSTM."
    ).format(first=history.layers[0], last=history.layers[-1], n=rounded_text(slope))


def _dying(history: FlowHistory, dead: np.ndarray) -> str:
    place = int(np.nanargmax(dead))
    return translate(
        "{share} of the units of {layer} are dead: they answered 0 to every example, and learn "
        "nothing. A smaller learning rate keeps more alive, and so does ELU or GELU."
    ).format(share=percent_text(dead[place]), layer=history.layers[place])


def _healthy(ratios: np.ndarray) -> str:
    return translate(
        "Every layer learns: a step changes {low} to {high} of the weights. About 0.001 is healthy."
    ).format(low=rounded_text(np.nanmin(ratios)), high=rounded_text(np.nanmax(ratios)))


def _named(history: FlowHistory, which: np.ndarray) -> str:
    names = [history.layers[place] for place in np.flatnonzero(which)]
    if len(names) <= 3:
        return ", ".join(names)
    return translate("{n} layers, {first} to {last}").format(
        n=len(names), first=names[0], last=names[-1]
    )
