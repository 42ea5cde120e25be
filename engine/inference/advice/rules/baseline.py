"""A simple model does better on the same examples."""

from __future__ import annotations

from collections.abc import Iterator

from engine.events.verdicts import Finding, FindingKind, Place, Severity
from engine.inference.advice.evidence import Evidence
from engine.inference.advice.words import metric_text
from engine.inference.evaluation.analysis import LOWER_IS_BETTER, BaselineScore

_CONSTANT = frozenset({"commonest_class", "mean", "usual_labels", "commonest_text"})


def better_baselines(evidence: Evidence) -> list[BaselineScore]:
    """Simple models that do better beyond the doubt, the best first."""
    metric = evidence.main_metric
    sign = -1 if metric in LOWER_IS_BETTER else 1
    found = []
    for score in evidence.baselines or ():
        if score.problem or score.difference is None or score.name in _CONSTANT:
            continue
        low, high = sorted(sign * end for end in score.difference)
        if high < 0 and low == low:
            found.append(score)
    return sorted(found, key=lambda score: -sign * score.metrics.get(metric, 0.0))


def worse_than_baseline(evidence: Evidence) -> Iterator[Finding]:
    """Names the best of them."""
    better, part = better_baselines(evidence), evidence.test
    if not better or part is None or evidence.is_running:
        return
    best, metric = better[0], evidence.main_metric
    assert best.difference is not None
    low, high = sorted(abs(end) for end in best.difference)
    name = metric.replace("_", " ")
    yield Finding(
        FindingKind.WORSE_THAN_BASELINE,
        Severity.WARNING,
        f"{best.title} did better on the same {len(part):,} test examples: {name} "
        f"{metric_text(metric, best.metrics[metric])}, which is {metric_text(metric, low)} to "
        f"{metric_text(metric, high)} better (95 %).",
        {
            "baseline": best.name,
            "title": best.title,
            "metric": metric,
            "baseline_value": best.metrics[metric],
            "difference": list(best.difference),
        },
        Place("baselines", subject=best.name),
    )
