"""What an analysis says, for people at a terminal: numbers with their doubt, and beside others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from engine.cli.commands.output import number, table
from engine.inference.evaluation.analysis import LOWER_IS_BETTER, Analysis, BaselineScore, Range

_GROUPS_SHOWN = 10
_USUAL = frozenset(("median_absolute_error", "word_error_rate", "bleu", "chrf"))
_SAME = 1e-9
_EXTRA = ("conformal", "skill", "future")
"""What of `Analysis.extra` is told as it is."""


def analysis_values(analysis: Analysis) -> dict[str, Any]:
    """What `evaluate --json` says of it beside the evaluation itself."""
    values = analysis.to_dict()
    kept = ("main_metric", "intervals", "methods", "n_tried")
    return {
        **{name: values[name] for name in kept},
        "baselines": values["baselines"] or [],
        "groups": values["groups"] or [],
        "notes": list(analysis.extra.get("notes", ())),
        **{name: analysis.extra[name] for name in _EXTRA if name in analysis.extra},
    }


def metrics_of(
    told: Mapping[str, float], analysis: Analysis
) -> tuple[dict[str, float], dict[str, float]]:
    """The metrics that an evaluation tells, with those that reports compare by, and all others."""
    more = {name: value for name, value in analysis.metrics.items() if name not in told}
    usual = {name: value for name, value in more.items() if name in _USUAL}
    return {**told, **usual}, {name: value for name, value in more.items() if name not in usual}


def analysis_lines(analysis: Analysis, metrics: Mapping[str, float]) -> list[str]:
    """Lines of text: every metric with its interval, simple models, groups, notes.

    Args:
        analysis: What is told.
        metrics: All metrics by name.
    """
    rows = [
        (name, number(value), _range_text(analysis.intervals.get(name)), _method(analysis, name))
        for name, value in metrics.items()
        if math.isfinite(value)
    ]
    lines = ["", *table(("metric", "value", "95 % interval", "by"), rows)] if rows else []
    if analysis.baselines:
        lines += ["", *_baseline_lines(analysis, metrics)]
    if analysis.groups is not None and analysis.main_metric:
        lines += ["", *_group_lines(analysis)]
    notes = [f"Note: {note}" for note in analysis.extra.get("notes", ())]
    return [*lines, *(["", *notes] if notes else [])]


def doubt_text(value: float, interval: Range | None) -> str:
    """A value with its doubt: ``0.909 ± 0.02``; the ends where they are of other lengths."""
    if interval is None or not all(map(math.isfinite, interval)):
        return number(value)
    below, above = value - interval[0], interval[1] - value
    if max(below, above) <= 1.5 * min(below, above):
        return f"{number(value)} ± {max(below, above):.2g}"
    return f"{number(value)} ({_range_text(interval)})"


def _range_text(interval: Range | None) -> str:
    if interval is None or not all(map(math.isfinite, interval)):
        return ""
    return f"{number(interval[0])} to {number(interval[1])}"


def _method(analysis: Analysis, name: str) -> str:
    return analysis.methods.get(name, "")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _baseline_lines(analysis: Analysis, metrics: Mapping[str, float]) -> list[str]:
    main = analysis.main_metric
    value = metrics.get(main, analysis.metrics.get(main, math.nan))
    said = f"{_words(main).capitalize()} {doubt_text(value, analysis.intervals.get(main))}."
    return [said, *(f"  {_baseline_text(item, main)}" for item in analysis.baselines or ())]


def _baseline_text(score: BaselineScore, main: str) -> str:
    """``Boosted trees do better: 0.963 (0.95 to 0.98).``, as plainly as a success is told."""
    if score.problem:
        return f"{score.title}: {score.problem}"
    note = f" [{score.note}]" if score.note else ""
    reached = doubt_text(score.metrics.get(main, math.nan), score.intervals.get(main))
    return f"{score.title}: {reached}, {_verdict(score, main)}.{note}"


def _verdict(score: BaselineScore, main: str) -> str:
    """Whether the simple model is better, worse, or not told apart from the run's own."""
    if score.difference is None:
        return "not compared"
    low, high = score.difference
    if main in LOWER_IS_BETTER:
        low, high = -high, -low
    if low > _SAME:
        return "worse than this model"
    if high < -_SAME:
        return "BETTER than this model"
    return "not told apart from this model"


def _group_lines(analysis: Analysis) -> list[str]:
    groups, main = analysis.groups or (), analysis.main_metric
    if not groups:
        tried = f"{analysis.n_tried:,} groups of examples were looked at"
        return [f"{tried}; in none the model is surely worse than elsewhere."]
    rows = [
        (
            group.where,
            f"{group.n:,}",
            doubt_text(group.metrics.get(main, math.nan), group.intervals.get(main)),
            number(group.elsewhere),
        )
        for group in groups[:_GROUPS_SHOWN]
    ]
    header = ("worse where", "examples", _words(main), "elsewhere")
    said = f"Surely so, although {analysis.n_tried:,} groups were looked at:"
    return [said, *table(header, rows)]
