"""Comparing: a model against whoever always says the same, on the examples it is judged by.

For every kind of output; what it finds is the head of the verdict.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from engine.inference.advice import association
from engine.inference.advice.doubt import Floats, Interval, blocks_of, mean_of, skill_of, wilson
from engine.inference.advice.evidence import Evidence, Targets
from engine.inference.advice.words import examples_text, listed, number_text, range_text, share_text
from engine.inference.evaluation.predictions import Predictions
from engine.spec.signature import Output

USEFUL = 0.4
"""Share of the way from a constant to perfection that must be out of reach of the doubt."""
_MAX_TEXTS = 300


@dataclass(frozen=True)
class Comparison:
    """How a model stands against a constant.

    Attributes:
        n: Examples it is judged by.
        gain: Share of the way from the constant to perfection; may be below 0.
        z: Standard errors by which predictions go with the truth.
        text: Both, in a sentence.
        evidence: The numbers, by name.
        subject: The class that is always said; empty: none.
        may_trade: It was trained to be right in rare classes, which costs the common ones.
        is_above: It is right more often than by chance, the classes all counting the same.
    """

    n: int
    gain: Interval
    z: float
    text: str
    worse_text: str
    evidence: dict[str, object]
    subject: str = ""
    may_trade: bool = False
    is_above: bool = True

    @property
    def is_better(self) -> bool:
        """It is better, beyond its doubt, and not by chance alone."""
        return self.gain.low > 0 and self.z >= association.SURE

    @property
    def knows_nothing(self) -> bool:
        """It is not better, and there are examples enough to say so."""
        if self.is_better:
            return False
        if self.gain.high < 0 and not self.may_trade and not self.is_above:
            return True
        return self.z < association.SURE and self.gain.high < USEFUL


def comparison(evidence: Evidence) -> Comparison | None:
    """Compares a run's model with a constant; None where there is nothing to compare."""
    return _compared(evidence, evidence.judged)


def knows_nothing(evidence: Evidence) -> bool:
    """It is no better than a constant; where the test part is small, the validation part counts."""
    found = comparison(evidence)
    if found is None or found.is_better or found.knows_nothing:
        return found is not None and found.knows_nothing
    more = _compared(evidence, evidence.pooled)
    return more is not None and more.knows_nothing


def _compared(evidence: Evidence, part: Predictions | None) -> Comparison | None:
    targets = evidence.targets
    if part is None or len(part) < 2:
        return None
    if part.is_anomaly:
        return _of_anomalies(part)
    match part.output:
        case Output.CLASSES if targets is not None and targets.counts.size:
            return _of_classes(part, targets, evidence.spec.training.class_weights != "none")
        case Output.LABELS if targets is not None:
            return _of_labels(part, targets)
        case Output.NUMBERS if targets is not None:
            return _of_numbers(part, targets)
        case Output.TOKENS:
            return _of_texts(part)
        case _:
            return None


def _of_classes(part: Predictions, targets: Targets, is_weighted: bool) -> Comparison:
    blocks = blocks_of(part)
    right = (part.predicted == part.truth).astype(np.float64)
    base = (part.truth == targets.commonest).astype(np.float64)
    found, share = mean_of(right - base, blocks), float(base.mean())
    accuracy = wilson(float(right.sum()), len(part))
    gain = _rescaled(found, max(1.0 - share, 1.0 / len(part)))
    name = targets.class_names[targets.commonest] if targets.class_names else ""
    said = f"always saying '{name}'" if name else "always saying the commonest class"
    rate, doubt = share_text(accuracy.value), range_text(accuracy)
    return Comparison(
        len(part),
        gain,
        association.of_classes(part, blocks),
        f"{rate} of {examples_text(part)} are right (95 %: {doubt}); {said} would be right in "
        f"{share_text(share)}.",
        f"No better than {said}: {rate} against {share_text(share)} on {examples_text(part)} "
        f"(95 %: {doubt}).",
        {
            "accuracy": accuracy.value,
            "low": accuracy.low,
            "high": accuracy.high,
            "baseline_accuracy": share,
        },
        name,
        is_weighted,
        _is_above_chance(part),
    )


def _is_above_chance(part: Predictions) -> bool:
    """The mean recall of the classes is above that of guessing, beyond its doubt."""
    recalls, errors = [], []
    for label in np.unique(part.truth):
        hit = (part.predicted[part.truth == label] == label).astype(np.float64)
        recalls.append(hit.mean())
        errors.append((hit.mean() * (1 - hit.mean()) + 0.25 / len(hit)) / len(hit))
    k = len(recalls)
    return float(np.mean(recalls)) - 2 * float(np.sqrt(np.sum(errors))) / k > 1 / k


def _rescaled(found: Interval, room: float) -> Interval:
    """A difference as a share of what there was to be gained."""
    return Interval(found.value / room, found.low / room, found.high / room)


def _of_labels(part: Predictions, targets: Targets) -> Comparison:
    blocks = blocks_of(part)
    always = (2 * targets.counts > targets.n).astype(np.uint8)
    right = (part.predicted == part.truth).mean(axis=1)
    base = (always == part.truth).mean(axis=1)
    found = mean_of(right - base, blocks)
    room = max(1.0 - float(base.mean()), 1e-9)
    names = [name for name, is_said in zip(targets.class_names, always, strict=True) if is_said]
    said = f"always saying {listed(names)}" if names else "never saying any label"
    rates = share_text(float(right.mean())), share_text(float(base.mean()))
    return Comparison(
        len(part),
        _rescaled(found, room),
        association.of_labels(part, blocks),
        f"{rates[0]} of the labels of {examples_text(part)} are right; {said} would be right in "
        f"{rates[1]}.",
        f"No better than {said}: {rates[0]} of the labels of {examples_text(part)} are right, "
        f"against {rates[1]}.",
        {"binary_accuracy": float(right.mean()), "baseline_accuracy": float(base.mean())},
        may_trade=True,  # thresholds weigh what is missed against what is said in vain
    )


def _of_numbers(part: Predictions, targets: Targets) -> Comparison:
    blocks = blocks_of(part)
    truth = part.truth.reshape(len(part), -1).astype(np.float64)
    outputs = part.outputs.reshape(truth.shape).astype(np.float64)
    spread = np.where(targets.spreads > 0, targets.spreads, 1.0)
    ours, theirs = (
        np.asarray((((truth - said) / spread) ** 2).mean(axis=1))
        for said in (outputs, targets.means)
    )
    skill = skill_of(ours, theirs, blocks)
    error, base = (
        float(np.abs(truth - said).mean()) for said in (outputs, np.asarray(targets.means))
    )
    what = f"'{part.target_name}'" if part.target_name else "the target"
    change = "less" if skill.value >= 0 else "more"
    gone = f"{share_text(abs(skill.value))} {change} squared error, 95 %: {range_text(skill)} less"
    return Comparison(
        len(part),
        skill,
        association.of_numbers(truth, outputs, blocks),
        f"Its mean error on {examples_text(part)} is {number_text(error)}; always saying the mean "
        f"of {what} would have {number_text(base)} ({gone}).",
        f"No better than always saying the mean of {what}: its mean error on "
        f"{examples_text(part)} is {number_text(error)}, that of the mean {number_text(base)} "
        f"({gone}).",
        {
            "skill": skill.value,
            "low": skill.low,
            "high": skill.high,
            "mean_absolute_error": error,
            "baseline_mean_absolute_error": base,
        },
        is_above=False,
    )


def _of_texts(part: Predictions) -> Comparison:
    """Against the texts that the model wrote for other examples."""
    from engine.inference.evaluation.evaluation import edit_distance

    places = np.unique(np.linspace(0, len(part) - 1, min(len(part), _MAX_TEXTS)).astype(int))
    order = np.random.default_rng(0).permutation(len(places))
    shift = places[np.roll(order, 1)[np.argsort(order)]]  # a circle: nobody gets their own

    def errors(of: Floats) -> Floats:
        pairs = zip(part.truth[places], part.outputs[of], strict=True)
        return np.array([_error(str(true), str(said), edit_distance) for true, said in pairs])

    own, others = errors(places), errors(shift)
    found = mean_of(others - own, np.arange(len(places)))
    base = max(float(others.mean()), 1e-9)
    exact = wilson(float(np.sum(part.predicted == part.truth)), len(part))
    rates = share_text(float(own.mean())), share_text(float(others.mean()))
    return Comparison(
        len(places),
        _rescaled(found, base),
        found.value / max(found.half_width / 1.96, 1e-12),
        f"{share_text(exact.value)} of {examples_text(part)} are written exactly "
        f"(95 %: {range_text(exact)}); {rates[0]} of the characters are wrong.",
        f"What it writes fits other examples as well as its own: {rates[0]} of the characters are "
        f"wrong, and {rates[1]} beside the truth of another of {examples_text(part)}.",
        {
            "exact_match": exact.value,
            "low": exact.low,
            "high": exact.high,
            "character_error_rate": float(own.mean()),
            "character_error_rate_of_others": float(others.mean()),
        },
    )


def _error(truth: str, said: str, distance: Callable[[str, str], int]) -> float:
    return min(1.0, distance(truth, said) / max(1, len(truth)))


def _of_anomalies(part: Predictions) -> Comparison | None:
    """Unusual examples against usual ones, where some of both are known."""
    scores, truth = part.outputs, part.truth
    n_unusual, n_usual = int((truth == 1).sum()), int((truth == 0).sum())
    if min(n_unusual, n_usual) < 3:
        return None
    from engine.inference.advice.doubt import area_under_roc

    area = area_under_roc(scores[truth == 1], scores[truth == 0])
    numbers = f"ROC AUC {area.value:.3f} (95 %: {area.low:.2f} to {area.high:.2f})"
    of = f"{n_unusual:,} unusual and {n_usual:,} usual examples"
    gain = Interval(2 * area.value - 1, 2 * area.low - 1, 2 * area.high - 1)
    return Comparison(
        n_unusual + n_usual,
        gain,
        1.96 * gain.value / max(gain.half_width, 1e-12),
        f"Unusual examples score higher than usual ones: {numbers}, of {of}.",
        f"Unusual examples score no higher than usual ones: {numbers}, of {of}.",
        {"roc_auc": area.value, "low": area.low, "high": area.high},
        is_above=False,
    )
