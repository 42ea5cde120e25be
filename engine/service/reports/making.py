"""Puts reports together from their sections: of one run, of several, as a model card."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine import __version__
from engine.runs.environment import environment_now
from engine.runs.store import RunStore
from engine.service.reports import explained, results, sections
from engine.service.reports.comparison import comparison
from engine.service.reports.document import Block, Document, Heading, Paragraph, Table
from engine.service.reports.facts import RunFacts
from engine.service.reports.words import Words


def report_of(runs: Sequence[RunFacts], store: RunStore, language: str) -> Document:
    """A report.

    Args:
        runs: The first is the one that was asked for; others are compared with it.
        store: Where they are kept.
        language: As `Words` takes it.
    """
    say = Words(language)
    blocks: list[Block] = []
    first = runs[0].record
    title, subtitle = first.name, f"{say('Report of a run')} · {first.id}"
    if len(runs) > 1:
        title = say("Comparison of {n} runs", n=len(runs))
        subtitle = ", ".join(facts.record.name for facts in runs)
        blocks += comparison(runs, store, say)
    for facts in runs:
        if len(runs) > 1:
            blocks.append(Heading(f"{facts.record.name} · {facts.record.id}", 1))
        blocks += _of_run(facts, say)
    blocks += _made_with(say)
    n_examples = sum(len(facts.examples) for facts in runs)
    return Document(title, subtitle, language, tuple(blocks), _foot(say, n_examples))


def _of_run(facts: RunFacts, say: Words) -> Iterator[Block]:
    if facts.record.note:
        yield Paragraph(facts.record.note, "note", say("note"))
    yield from sections.question(facts, say)
    yield from results.verdict(facts, say)
    yield from results.results(facts, say)
    yield from results.groups(facts, say)
    yield from explained.whole_model(facts, say)
    yield from explained.examples(facts, say)
    yield from sections.data(facts, say)
    yield from sections.division(facts, say)
    yield from sections.model(facts, say)
    yield from sections.training(facts, say)
    yield from sections.settings(facts, say)
    yield from sections.environments(facts, say)
    if facts.problems:
        yield Heading(say("What is not known"))
        for problem in facts.problems:
            yield Paragraph(say.sentence(problem), "note")


def card_of(facts: RunFacts, language: str) -> Document:
    """A model card: what the model is for, what it is worth, where it comes from.

    Its sections are those of Mitchell et al. (2019), "Model Cards for Model Reporting".
    """
    say = Words(language)
    blocks: list[Block] = [
        *sections.question(facts, say),
        Heading(say("Intended use and limits")),
        Paragraph(
            say("It was made to answer the question above for data like that described here.")
        ),
        Paragraph(say("For other data its numbers do not hold.")),
        *(
            Paragraph(say.sentence(it.text), it.severity.value, say(it.severity.value.capitalize()))
            for it in facts.findings
        ),
        *results.results(facts, say),
        *results.groups(facts, say),
        *explained.whole_model(facts, say),
        *sections.data(facts, say),
        *sections.division(facts, say),
        *sections.model(facts, say),
        *sections.training(facts, say),
        *sections.environments(facts, say),
        *_made_with(say),
    ]
    record = facts.record
    subtitle = f"{say.sentence(record.model_title)}, {record.id}"
    return Document(record.name, subtitle, language, tuple(blocks), _foot(say))


def _made_with(say: Words) -> Iterator[Block]:
    yield Heading(say("This report is made with"))
    now = environment_now()
    machine = [(say(name), value) for name, value in now.machine.items()]
    yield Table([*now.versions.items(), *machine])


def _foot(say: Words, n_examples: int = 0) -> str:
    date = f"{datetime.now().astimezone():%Y-%m-%d %H:%M}"
    made = say("Made on {date} with Descent {version}.", date=date, version=__version__)
    if n_examples:
        part = say("Of the data itself, {n} examples are part of this file.", n=n_examples)
    else:
        part = say("The data itself is not part of this file.")
    return say.together(made, part)
