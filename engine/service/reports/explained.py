"""The sections of a report that tell why a model says what it says: as a whole, and of examples."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from engine.events.explaining import Explanation
from engine.service.reports import charts
from engine.service.reports.document import Block, Heading, Paragraph
from engine.service.reports.examples import ToldExample
from engine.service.reports.facts import RunFacts
from engine.service.reports.marks import marked
from engine.service.reports.sections import left_out, metric_words, number
from engine.service.reports.words import Words
from engine.spec.formatting import percent_text
from engine.spec.signature import Task

_MAX_BARS: Final = 15
_PROBABILITY: Final = "probability"
_WRITTEN: Final = (Task.TRANSLATION.value, Task.TRANSCRIPTION.value)


def whole_model(facts: RunFacts, say: Words) -> Iterator[Block]:
    """What the model looks at, where somebody asked for it."""
    found = facts.explanation
    if found is None or not found.importance:
        return
    yield Heading(say("What the model looks at"))
    values = [
        charts.Value(it.column, it.value, *it.interval) for it in found.importance[:_MAX_BARS]
    ]
    metric = metric_words(found.metric, say)
    yield charts.bars(values, metric)
    left = len(found.importance) - _MAX_BARS
    if left > 0:
        yield Paragraph(left_out(left, say), "muted")
    text = "How much {metric} is lost where a column is shuffled, with 95 % intervals."
    yield Paragraph(say(text, metric=metric), "muted")


def examples(facts: RunFacts, say: Words) -> Iterator[Block]:
    """Single examples: what is true, what the model says, and what of the example speaks for it."""
    if not facts.examples:
        return
    yield Heading(say("Examples, explained"))
    if all(it.explanation.unit == _PROBABILITY for it in facts.examples):
        yield Paragraph(say("Orange speaks for what is explained, blue against it."), "muted")
    else:
        yield Paragraph(say("Orange makes the number larger, blue smaller."), "muted")
    for told in facts.examples:
        yield from _example(told, facts, say)


def _example(told: ToldExample, facts: RunFacts, say: Words) -> Iterator[Block]:
    found = told.explanation
    # What a model writes is no word of ours, though it may be one by chance.
    names = facts.names | ({found.said, told.truth} if found.task in _WRITTEN else set())
    yield Heading(f"{say(told.role)}: {say.sentence(told.name)}", 3)
    said = say("The model says: {said}.", said=say.sentence(found.said, names))
    truth = say("True: {truth}.", truth=say.sentence(told.truth, names)) if told.truth else ""
    yield Paragraph(say.together(said, truth))
    is_share = found.unit == _PROBABILITY
    what = say("percentage points") if is_share else found.target_name
    yield Paragraph(
        say(
            "Explained: {what}, {value}.",
            what=say.sentence(found.target, names),
            value=_value(found.prediction, found),
        ),
        "muted",
    )
    picture = marked(found, what, say("{n} other columns"))
    if picture is None:
        yield Paragraph(say("No part of it makes a difference."), "muted")
    else:
        yield picture
    yield Paragraph(_how(found, say), "muted")
    if found.sanity.is_passed is False:
        yield Paragraph(say.sentence(found.sanity.text), "warning", say("Warning"))


def _how(found: Explanation, say: Words) -> str:
    """By what, compared with what, and what the parts sum to."""
    parts = [say("By: {method}.", method=say.sentence(found.method.title))]
    if found.is_sum:
        text = "From {base} for {what}, all parts together add {sum}."
        base, total = _value(found.baseline, found), _sum(found)
        parts.append(say(text, base=base, what=say.sentence(found.compared_with), sum=total))
    elif found.compared_with:
        parts.append(say("Compared with {what}.", what=say.sentence(found.compared_with)))
    return say.together(*parts)


def _value(value: float, found: Explanation) -> str:
    if found.unit == _PROBABILITY and math.isfinite(value):
        return percent_text(value, 1)
    return number(value)


def _sum(found: Explanation) -> str:
    if found.unit == _PROBABILITY:
        return f"{100 * found.sum:+.1f}".replace("-", "\N{MINUS SIGN}")
    return f"{found.sum:+.4g}".replace("-", "\N{MINUS SIGN}")
