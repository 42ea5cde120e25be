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
    values = f"{metric} {_number(one.value(metric))} against {_number(two.value(metric))}"
    doubt = _doubt(metric, decision)
    match decision.verdict:
        case Verdict.FIRST | Verdict.SECOND:
            by = amount(metric, abs(decision.difference))
            return f"'{one.name}' is better than '{two.name}': {values}, by {by} ({doubt})."
        case Verdict.SAME:
            rope = amount(metric, decision.rope)
            return (
                f"No difference that matters between '{one.name}' and '{two.name}': {values}; "
                f"it is at most {rope} either way ({doubt})."
            )
        case Verdict.UNDECIDED:
            return f"Undecided between '{one.name}' and '{two.name}': {values} ({doubt})."


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
    unit = " point" if points == "1" else " points"
    return points + (unit if has_unit else "")


def _effort(found: RunComparison, pair: ComparedPair) -> str:
    effort, n_more = pair.decision.effort, pair.n_more
    assert effort is not None
    examples = "" if effort.n_examples is None else f"{effort.n_examples:,}"
    if n_more is None:
        if not examples:
            return "How much more it takes is not known."
        return f"More seeds alone would not decide it: it takes about {examples} test examples."
    seeds = f"{n_more:,} more seed{'s' if n_more > 1 else ''} of each"
    minutes = duration_text(pair.duration_s)
    rope = amount(found.metric, pair.decision.rope)
    if found.is_of_seeds:
        least = "at least " if effort.is_least else ""
        return (
            f"A difference of {rope} would be found by {least}{seeds} in 9 of 10 cases: "
            f"{minutes} of training."
        )
    return (
        f"It takes about {examples} test examples to tell these two models apart, or at least "
        f"{seeds} to tell their settings apart: {minutes} of training."
    )


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
