"""Words for explanations: contributions, what they sum to, and whether they can be trusted."""

from __future__ import annotations

import numpy as np

from engine.events.explaining import Explanation
from engine.spec.formatting import percent_text
from gui.formatting.numbers import MINUS, number_text
from gui.formatting.translation import translate


def contribution_text(value: float, unit: str) -> str:
    """What a part adds, with its sign; of a probability in points of a hundred."""
    if unit == "probability":
        value, digits = 100 * value, 1
        text = f"{abs(value):.{digits}f}"
        return f"+{text}" if value >= 0 else f"{MINUS}{text}"
    text = number_text(abs(value))
    return f"+{text}" if value >= 0 else f"{MINUS}{text}"


def prediction_text(value: float, unit: str) -> str:
    """A number that is explained."""
    return percent_text(value, 1) if unit == "probability" else number_text(value)


def headline(found: Explanation) -> str:
    """What is explained, such as ``digit: 6 · 99.8 %``."""
    number = prediction_text(found.prediction, found.unit)
    if found.target == found.target_name:
        return f"{found.target} · {number}"
    return f"{found.target_name}: {found.target} · {number}"


def sum_text(found: Explanation) -> str:
    """What the parts sum to, and from where; or what each is compared with."""
    if not found.is_sum:
        if not found.compared_with:
            return found.method.summary
        return f"{found.method.summary} " + translate("Compared with {what}.").format(
            what=found.compared_with
        )
    text = translate("From {base} for {what}, all parts together {sum}, to {end}.").format(
        base=prediction_text(found.baseline, found.unit),
        what=found.compared_with,
        sum=_with_unit(found.sum, found.unit),
        end=prediction_text(found.prediction, found.unit),
    )
    if found.is_complete:
        return text
    missed = translate("The parts miss {rest} of the difference: time was up.")
    return f"{text} " + missed.format(rest=_with_unit(abs(found.missed), found.unit))


def _with_unit(value: float, unit: str) -> str:
    text = contribution_text(value, unit)
    return translate("{n} points").format(n=text) if unit == "probability" else text


def spoken_parts(found: Explanation, n_parts: int = 5) -> str:
    """The strongest parts of a row or a text, for screen readers; empty for pictures."""
    if found.values.ndim != 1 or not found.parts:
        return ""
    order = np.argsort(-np.abs(found.values))[:n_parts]
    return ", ".join(
        f"{found.parts[place].strip()} {contribution_text(float(found.values[place]), found.unit)}"
        for place in order
    )
