"""What the head of the Results page says: the main number, its doubt, and the verdict."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from engine.events.verdicts import Severity
from gui.formatting.numbers import count_text, number_text
from gui.formatting.run_words import averaged_title, is_share, metric_text, reading_order
from gui.formatting.translation import translate
from gui.formatting.verdict_words import verdict_role
from gui.pages.results.run_summary import part_text
from gui.pages.results.shown_result import ShownResult

if TYPE_CHECKING:
    from engine.inference.evaluation.analysis import BaselineScore, Range


def main_name(shown: ShownResult) -> str:
    """By what the run is judged; empty where nothing was measured."""
    metrics = shown.metrics
    name = shown.analysis.main_metric if shown.analysis is not None else ""
    if shown.analysis is None and shown.scored is not None:
        from engine.inference.evaluation.analysing import main_metric

        name = main_metric(shown.scored.predictions)  # so that it stays when the analysis comes
    return name if name in metrics else next(iter(reading_order(metrics)), "")


def main_interval(shown: ShownResult) -> Range | None:
    """The 95 % interval of the main number; None where it is not known."""
    found = None if shown.analysis is None else shown.analysis.intervals.get(main_name(shown))
    return found if found is not None and all(map(math.isfinite, found)) else None


def doubt_text(name: str, interval: Range) -> str:
    """Half an interval: ``± 2.1 %``, ``± 0.02``."""
    half = (interval[1] - interval[0]) / 2
    return f"± {metric_text(name, half) if is_share(name) else number_text(half, 2)}"


def range_text(name: str, interval: Range) -> str:
    """Both ends of an interval: ``90.1 % to 94.4 %``."""
    low, high = (metric_text(name, end) for end in interval)
    return translate("{low} to {high}").format(low=low, high=high)


def title_of(name: str, shown: ShownResult) -> str:
    """Names a metric, and how it averages."""
    averages = shown.evaluation.averages if shown.evaluation is not None else {}
    return averaged_title(name, averages.get(name, ""))


def is_lower_better(name: str) -> bool:
    """The metric is an error."""
    from engine.inference.evaluation.analysis import LOWER_IS_BETTER

    return name in LOWER_IS_BETTER


def verdict(shown: ShownResult) -> tuple[str, str]:
    """One or two sentences on what the result is worth, and their colour."""
    number = _number_sentence(shown)
    telling = [found for found in shown.findings if found.severity is not Severity.NOTE]
    if telling:
        return telling[0].text, verdict_role(telling)
    compared = _comparison(shown)
    if compared is None:
        return number, "muted"
    text, role = compared
    return f"{number} {text}", role


def _number_sentence(shown: ShownResult) -> str:
    name, evaluation = main_name(shown), shown.evaluation
    if evaluation is None or not name:
        return ""
    value = metric_text(name, shown.metrics[name])
    interval = main_interval(shown)
    doubt = f" {doubt_text(name, interval)}" if interval is not None else ""
    text = translate("{title} {value}{doubt} on {n} examples of the {part} part.")
    return text.format(
        title=title_of(name, shown),
        value=value,
        doubt=doubt,
        n=count_text(evaluation.n_samples),
        part=part_text(evaluation.part),
    )


def fitted(shown: ShownResult) -> list[BaselineScore]:
    """The simple models that were fitted and have the main number."""
    name = main_name(shown)
    found = shown.analysis.baselines if shown.analysis is not None else None
    return [
        score
        for score in found or ()
        if not score.problem and math.isfinite(score.metrics.get(name, math.nan))
    ]


def _comparison(shown: ShownResult) -> tuple[str, str] | None:
    """How the best simple model does beside it; None where none was fitted."""
    name, scores = main_name(shown), fitted(shown)
    if not scores:
        return None
    sign = -1.0 if is_lower_better(name) else 1.0
    best = max(scores, key=lambda score: sign * score.metrics[name])
    words = {"baseline": best.title, "value": metric_text(name, best.metrics[name])}
    difference = best.difference
    if difference is None or not all(map(math.isfinite, difference)):
        return translate("{baseline} reaches {value}.").format(**words), "muted"
    low, high = sorted(sign * end for end in difference)
    if low > 0:
        return translate("It does better than {baseline}, {value}.").format(**words), "success"
    if high < 0:
        return translate("{baseline}, {value}, does better.").format(**words), "warning"
    text = translate("{baseline} does as well: {value}.")
    return text.format(**words), "accent"
