"""What a comparison of runs says, in sentences."""

from __future__ import annotations

import math

from engine.inference.comparing.deciding import Decision, Verdict, is_in_unit
from engine.inference.comparing.looks import FIRST_LOOK
from engine.service.results.run_comparison import ComparedPair, RunComparison
from engine.spec.formatting import duration_text


def sentences(found: RunComparison, pair: ComparedPair) -> list[str]:
    """What is said of two sides: the decision, what more it takes, and who is right where."""
    said = [_decision(found, pair)]
    if pair.decision.verdict is Verdict.UNDECIDED:
        said.append(_effort(found, pair))
    if not found.is_of_seeds:
        said.append(
            "This is about the two trained models. Trained anew with other seeds, the same "
            "settings may come out differently."
        )
    if pair.right is not None:
        said.append(_right(found, pair))
    return said


def _decision(found: RunComparison, pair: ComparedPair) -> str:
    metric, decision = found.metric, pair.decision
    one, two = found.sides[pair.first], found.sides[pair.second]
    if decision.verdict is Verdict.SECOND:
        one, two = two, one
    x, y = _number(one.value(metric)), _number(two.value(metric))
    doubt = _doubt(metric, decision)
    match decision.verdict:
        case Verdict.FIRST | Verdict.SECOND:
            by = amount(metric, abs(decision.difference))
            return (
                f"'{one.name}' is better than '{two.name}': {metric} {x} against {y}, by {by} "
                f"({doubt})."
            )
        case Verdict.SAME:
            rope = amount(metric, decision.rope)
            return (
                f"No difference that matters between '{one.name}' and '{two.name}': {metric} {x} "
                f"against {y}; it is at most {rope} either way ({doubt})."
            )
        case Verdict.UNDECIDED:
            return (
                f"Undecided between '{one.name}' and '{two.name}': {metric} {x} against {y} "
                f"({doubt})."
            )


def _doubt(metric: str, decision: Decision) -> str:
    low, high = decision.interval
    if not (math.isfinite(low) and math.isfinite(high)):
        return f"nothing is decided before {FIRST_LOOK} seeds of each"
    is_turned = decision.verdict in (Verdict.FIRST, Verdict.SECOND) and decision.difference < 0
    if is_turned:  # it is told by how much the better one is better
        low, high = -high, -low
    level = f"{100 * decision.level:.3g}"
    return f"{level} % interval: {amount(metric, low, False)} to {amount(metric, high)}"


def amount(metric: str, difference: float, has_unit: bool = True) -> str:
    """A difference of a metric: in points of a share, else as it is."""
    if is_in_unit(metric):
        return _number(difference)
    points = f"{100 * difference:.2g}" if abs(difference) < 0.1 else f"{100 * difference:.1f}"
    if not has_unit:
        return points
    return "1 point" if points == "1" else f"{points} points"


def _effort(found: RunComparison, pair: ComparedPair) -> str:
    effort = pair.decision.effort
    if effort is None or (pair.n_more is None and effort.n_examples is None):
        return "How much more it takes is not known."
    n = f"{effort.n_examples or 0:,}"
    if pair.n_more is None:
        return f"More seeds alone would not decide it: it takes about {n} test examples."
    seeds, time = _seeds(pair.n_more), duration_text(pair.duration_s)
    if not found.is_of_seeds:
        return (
            f"About {n} test examples would tell these two models apart; at least {seeds} would "
            f"tell their settings apart: {time} of training."
        )
    if effort.is_least:
        return f"It takes at least {seeds}: {time} of training."
    return f"About {seeds} should decide it: {time} of training."


def _seeds(n_more: int) -> str:
    return "1 more seed of each" if n_more == 1 else f"{n_more:,} more seeds of each"


def _right(found: RunComparison, pair: ComparedPair) -> str:
    one, two, right = found.sides[pair.first], found.sides[pair.second], pair.right
    assert right is not None
    first, second = f"{len(right.only_first):,}", f"{len(right.only_second):,}"
    if right.is_closeness:
        return (
            f"'{one.name}' is closer to the truth in {first} of {found.n_examples:,} test "
            f"examples, '{two.name}' in {second}."
        )
    return (
        f"Of {found.n_examples:,} test examples only '{one.name}' gets {first} right, only "
        f"'{two.name}' {second}; both get {right.n_both:,} right, neither {right.n_neither:,}."
    )


def _number(value: float) -> str:
    return f"{value:.4g}"
