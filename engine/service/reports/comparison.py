"""The section of a report that sets several runs side by side."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from engine.errors import DescentError
from engine.runs.store import RunStore
from engine.service.reports import charts
from engine.service.reports.document import N_SERIES, Block, Heading, Paragraph, Table
from engine.service.reports.facts import RunFacts
from engine.service.reports.results import range_text
from engine.service.reports.sections import left_out, metric_words, number
from engine.service.reports.words import Words
from engine.service.results.comparing import compare_on_test
from engine.service.results.comparison_words import sentences
from engine.service.results.run_comparison import compare_runs, differing
from engine.spec.formatting import duration_text


def comparison(runs: Sequence[RunFacts], store: RunStore, say: Words) -> Iterator[Block]:
    """What tells runs apart: their numbers with intervals, curves, and settings."""
    yield Heading(say("Comparison"))
    yield Table(
        [_row(facts, say) for facts in runs],
        tuple(map(say, ("run", "model", "data", "state", "epochs", "weights", "duration"))),
        (4, 5, 6),
    )
    yield from _numbers(runs, store, say)
    yield from _decisions(runs, store, say)
    yield from _curves(runs, say)
    yield from _settings(runs, say)


def _row(facts: RunFacts, say: Words) -> tuple[str, ...]:
    record, model = facts.record, facts.model
    return (
        record.name,
        say.sentence(record.model_title),
        say.sentence(record.dataset_title),
        say(record.state.value),
        str(record.epochs_done),
        "–" if model is None else f"{model.n_parameters:,}",
        duration_text(record.duration_s),
    )


def _numbers(runs: Sequence[RunFacts], store: RunStore, say: Words) -> Iterator[Block]:
    """The metric by which most of the runs are judged, with what the first one's lead is worth."""
    mains = [it.analysis.main_metric for it in runs if it.analysis is not None]
    if not mains or not mains[0]:
        return
    main, nothing = mains[0], (math.nan, math.nan)
    values, rows = [], []
    for facts in runs:
        analysis = facts.analysis
        interval = nothing if analysis is None else analysis.intervals.get(main, nothing)
        value = facts.metrics.get(main, math.nan)
        values.append(charts.Value(facts.record.name, value, *interval, facts is runs[0]))
        part = "" if facts.evaluation is None else say(facts.evaluation.part)
        examples = "" if facts.evaluation is None else f"{facts.evaluation.n_samples:,}"
        difference = _difference(runs[0], facts, store, say)
        said = range_text(interval, say)
        rows.append((facts.record.name, number(value), said, part, examples, difference))
    yield charts.with_intervals(values, metric_words(main, say))
    header = ("run", "95 % interval", "part", "examples", "difference to the first")
    words = list(map(say, header))
    yield Table(rows, (words[0], metric_words(main, say), *words[1:]), (1, 2, 4))
    if len({_examples(facts) for facts in runs}) > 1:
        text = "The parts that these runs are judged by may be of different examples."
        yield Paragraph(say(text), "warning", say("Warning"))


def _examples(facts: RunFacts) -> object:
    """By what it is known whether runs are judged by the same examples."""
    found = facts.predictions
    return None if found is None else (facts.fingerprint and found.rows.tobytes(), found.part)


def _difference(first: RunFacts, facts: RunFacts, store: RunStore, say: Words) -> str:
    """What the metric is beyond that of the first run, on the examples that both know."""
    if facts is first:
        return ""
    try:
        found = compare_on_test(facts.record.id, store, first.record.id)
    except DescentError:
        return say("not compared")
    value = found.values[1] - found.values[0]
    ends = range_text(found.difference, say)
    on = say("on {n} examples that both were tested with", n=f"{found.n:,}")
    return f"{metric_words(found.metric, say)} {number(value)} ({ends}), {on}"


def _decisions(runs: Sequence[RunFacts], store: RunStore, say: Words) -> Iterator[Block]:
    """Whether another is better than the first, where what they said of the test part is kept."""
    kept = [it.predictions for it in runs]
    if any(it is None or it.part != "test" for it in kept):
        return
    try:
        found = compare_runs([facts.record.id for facts in runs], store)
    except DescentError:  # as the table says
        return
    yield Heading(say("Which is better?"), 3)
    told: set[str] = set()
    for pair in found.pairs:
        said = [it for it in sentences(found, pair) if it not in told] if pair.first == 0 else []
        told.update(said)
        if said:
            yield Paragraph(" ".join(map(say.sentence, said)))


def _curves(runs: Sequence[RunFacts], say: Words) -> Iterator[Block]:
    lines = []
    for facts in runs:
        epochs = [it for it in facts.epochs if "val_loss" in it.metrics]
        if epochs:
            x = [float(it.epoch) for it in epochs]
            lines.append(
                charts.Line(facts.record.name, x, [it.metrics["val_loss"] for it in epochs])
            )
    if lines:
        yield charts.curves(lines[:N_SERIES], say("validation loss"), say("epoch"))
        if len(lines) > N_SERIES:
            yield Paragraph(left_out(len(lines) - N_SERIES, say), "muted")


def _settings(runs: Sequence[RunFacts], say: Words) -> Iterator[Block]:
    """Settings that are not the same in all runs."""
    found = differing([facts.record.settings for facts in runs])
    rows = [(name, *values) for name, values in found.items()]
    if rows:
        yield Heading(say("Settings that differ"), 3)
        yield Table(rows, (say("setting"), *(facts.record.name for facts in runs)))
