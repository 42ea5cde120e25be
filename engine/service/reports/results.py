"""The sections of a report that tell what a model is worth: verdict, numbers, groups, reasons."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

import numpy as np

from engine.inference.evaluation.analysis import LOWER_IS_BETTER, Analysis, BaselineScore, Range
from engine.inference.evaluation.class_order import confusion_of
from engine.service.reports import charts
from engine.service.reports.document import Block, Heading, Paragraph, Table
from engine.service.reports.facts import RunFacts
from engine.service.reports.sections import left_out, metric_words, number
from engine.service.reports.words import Words
from engine.spec.signature import Output

_MAX_CLASSES: Final = 60
_MAX_CELLS: Final = 12
_MAX_GROUPS: Final = 12
_MAX_POINTS: Final = 600
_MAX_TEXTS: Final = 8
_SAME: Final = 1e-9


def verdict(facts: RunFacts, say: Words) -> Iterator[Block]:
    """What the run has to say of itself, the gravest first."""
    findings = facts.findings
    if not findings:
        return
    yield Heading(say("Verdict"))
    for finding in findings:
        role = finding.severity.value
        yield Paragraph(say.sentence(finding.text), role, say(role.capitalize()))


def results(facts: RunFacts, say: Words) -> Iterator[Block]:
    """Every metric with its interval, simple models beside it, classes, pictures."""
    evaluation, analysis = facts.evaluation, facts.analysis
    if evaluation is None and analysis is None:
        return
    yield Heading(say("Results"))
    if evaluation is not None:
        n, part = f"{evaluation.n_samples:,}", say(evaluation.part)
        yield Paragraph(say("On {n} examples of the {part} part.", n=n, part=part))
    yield from _metrics(facts, say)
    if analysis is not None and analysis.baselines and analysis.main_metric:
        yield from _baselines(facts, analysis, say)
    yield from _classes(facts, say)
    yield from _pictures(facts, say)
    notes = analysis.extra.get("notes", ()) if analysis is not None else ()
    for note in notes:
        yield Paragraph(say.sentence(str(note)), "note", say("Note"))


def _metrics(facts: RunFacts, say: Words) -> Iterator[Block]:
    intervals = facts.analysis.intervals if facts.analysis is not None else {}
    methods = facts.analysis.methods if facts.analysis is not None else {}
    rows = [
        (
            metric_words(name, say),
            number(value),
            range_text(intervals.get(name), say),
            say.sentence(methods.get(name, "")),
        )
        for name, value in facts.metrics.items()
        if math.isfinite(value)
    ]
    if rows:
        yield Table(rows, tuple(map(say, ("metric", "value", "95 % interval", "by"))), (1, 2))


def range_text(interval: Range | None, say: Words) -> str:
    """The ends of an interval; empty: there is none."""
    if interval is None or not all(map(math.isfinite, interval)):
        return ""
    return say("{low} to {high}", low=number(interval[0]), high=number(interval[1]))


def _baselines(facts: RunFacts, analysis: Analysis, say: Words) -> Iterator[Block]:
    main = analysis.main_metric
    own = facts.metrics.get(main, math.nan)
    nothing = (math.nan, math.nan)
    values = [charts.Value(say("this model"), own, *analysis.intervals.get(main, nothing), True)]
    rows = []
    for score in analysis.baselines or ():
        title = say.sentence(score.title)
        if score.problem:
            rows.append((title, "–", "", say.sentence(score.problem)))
            continue
        value = score.metrics.get(main, math.nan)
        values.append(charts.Value(title, value, *score.intervals.get(main, nothing)))
        said = compared(score, main, say)
        interval = range_text(score.intervals.get(main), say)
        note = say.sentence(score.note)
        rows.append((title, number(value), interval, f"{said} {note}".strip()))
    yield Heading(say("Simple models"), 3)
    yield charts.with_intervals(values, metric_words(main, say))
    yield Paragraph(say("The lines are 95 % intervals."), "muted")
    header = (say("model"), metric_words(main, say), say("95 % interval"), say("than this model"))
    yield Table(rows, header, (1, 2))


def compared(score: BaselineScore, main: str, say: Words) -> str:
    """Whether a simple model is surely better or worse than the run's own, paired."""
    if score.difference is None:
        return say("not compared")
    low, high = score.difference
    if main in LOWER_IS_BETTER:
        low, high = -high, -low
    if low > _SAME:
        return say("worse")
    return say("better") if high < -_SAME else say("not told apart")


def _classes(facts: RunFacts, say: Words) -> Iterator[Block]:
    scores = facts.evaluation.per_class if facts.evaluation is not None else ()
    if not scores:
        return
    yield Heading(say("Classes"), 3)
    header = tuple(map(say, ("class", "precision", "recall", "f1 score", "examples")))
    rows = [
        (it.name, number(it.precision), number(it.recall), number(it.f1), f"{it.support:,}")
        for it in scores[:_MAX_CLASSES]
    ]
    yield Table(rows, header, (1, 2, 3, 4), left_out(len(scores) - _MAX_CLASSES, say))


def _pictures(facts: RunFacts, say: Words) -> Iterator[Block]:
    found = facts.predictions
    if found is None or not len(found) or found.is_anomaly:
        return
    if found.output is Output.CLASSES and len(found.class_names) <= _MAX_CELLS:
        names = found.class_names
        counts = confusion_of(found.truth, found.predicted, len(names))
        yield charts.confusion(counts, names, say("true class"), say("predicted class"))
        text = "Each row is a true class; the darker, the larger its share."
        yield Paragraph(say(text), "muted")
    elif found.output is Output.NUMBERS:
        truth, said = found.truth.reshape(-1), found.outputs.reshape(-1)
        shown = np.unique(np.linspace(0, len(truth) - 1, min(len(truth), _MAX_POINTS)).astype(int))
        known = shown[np.isfinite(truth[shown]) & np.isfinite(said[shown])]
        yield charts.points(truth[known], said[known], say("true value"), say("predicted value"))
        yield Paragraph(say("On the dashed line, both are the same."), "muted")
    elif found.output is Output.TOKENS:
        pairs = zip(found.truth[:_MAX_TEXTS], found.outputs[:_MAX_TEXTS], strict=True)
        header = (say("true text"), say("predicted text"))
        yield Table([(str(true), str(said)) for true, said in pairs], header)


def groups(facts: RunFacts, say: Words) -> Iterator[Block]:
    """Where the model is worse than elsewhere."""
    analysis = facts.analysis
    if analysis is None or analysis.groups is None or not analysis.main_metric:
        return
    yield Heading(say("Where it is worse"))
    n, main = f"{analysis.n_tried:,}", analysis.main_metric
    if not analysis.groups:
        text = "{n} groups were looked at; in none the model is surely worse than elsewhere."
        yield Paragraph(say(text, n=n))
        return
    yield Paragraph(say("{n} groups were looked at; in these it is surely worse.", n=n))
    rows = [
        (
            say.sentence(it.where, facts.names),
            f"{it.n:,}",
            number(it.metrics.get(main, math.nan)),
            range_text(it.intervals.get(main), say),
            number(it.elsewhere),
        )
        for it in analysis.groups[:_MAX_GROUPS]
    ]
    header = (
        say("group"),
        say("examples"),
        metric_words(main, say),
        say("95 % interval"),
        say("elsewhere"),
    )
    left = len(analysis.groups) - _MAX_GROUPS
    yield Table(rows, header, (1, 2, 3, 4), left_out(left, say))
