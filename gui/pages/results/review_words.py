"""What a review of labels says, in words."""

from __future__ import annotations

from engine.datasets.corrections.marks import value_words
from engine.events.labelling import ComparedOnTest
from engine.events.review import Answer, Decision, Review, ReviewItem
from engine.inference.evaluation.scored import ScoredExamples
from engine.spec.formatting import percent_text
from engine.spec.signature import Task
from gui.formatting.numbers import count_text, counted, value_text
from gui.formatting.translation import translate


def has_labels(scored: ScoredExamples | None) -> bool:
    """Whether a run predicts something that a person has said, and that may be wrong."""
    if scored is None or scored.predictions.task is Task.FORECASTING:
        return False
    found = scored.predictions
    return not (found.is_anomaly and bool((found.truth < 0).any()))


def part_words(part: str) -> str:
    """In which part an example is."""
    return {
        "train": translate("Training part"),
        "validation": translate("Validation part"),
        "test": translate("Test part: what models think is shown at the end"),
    }.get(part, translate("In no part"))


def progress_text(review: Review) -> str:
    """Which example is shown, and how many are answered."""
    place, n = count_text(review.place + 1), count_text(len(review.items))
    done = count_text(len(review.answers))
    return translate("{place} of {n}, {done} answered").format(place=place, n=n, done=done)


def answer_text(answer: Answer | None) -> str:
    """What was said of an example; empty: nothing yet."""
    if answer is None:
        return ""
    match answer.decision:
        case Decision.KEEP:
            return translate("You: the label is right")
        case Decision.CORRECT:
            label = "" if answer.label is None else value_words(answer.label)
            return translate("You: it is {label}").format(label=label)
        case Decision.EXCLUDE:
            return translate("You: left out")
        case Decision.UNSURE:
            return translate("You: not sure")


def opinion_text(item: ReviewItem) -> str:
    """What models think of a label that they never saw."""
    if item.is_control or item.suggested == item.label:
        return translate("Models agree with the label")
    text = translate("Models say {suggested}; they agree with the label to {share}")
    return text.format(suggested=item.suggested, share=percent_text(item.score, 1))


def last_text(review: Review) -> str:
    """What was said last and what models think of it, where that may be seen; else empty."""
    if not review.history:
        return ""
    place = review.history[-1][0]
    item, answer = review.items[place], review.answers.get(place)
    if answer is None:
        return ""
    hidden = translate("what models think of the test part is shown at the end")
    opinion = opinion_text(item) if review.shows_opinion(place) else hidden
    text = translate("Before: {name} · {answer} · {opinion}")
    return text.format(name=item.name, answer=answer_text(answer), opinion=opinion)


def controls_text(review: Review) -> str:
    """How often the person disagreed with labels that nothing speaks against."""
    disagreed, n = review.controls
    if not n:
        return translate(
            "Among the suspects stand some examples that nothing speaks against, to know how often "
            "a reviewer errs."
        )
    one = translate("You disagreed with {k} of {n} control")
    many = translate("You disagreed with {k} of {n} controls")
    return (one if n == 1 else many).format(k=count_text(disagreed), n=count_text(n))


def summary_text(review: Review) -> str:
    """What came of a review."""
    parts = (
        (Decision.CORRECT, translate("{n} label corrected"), translate("{n} labels corrected")),
        (Decision.EXCLUDE, translate("{n} example left out"), translate("{n} examples left out")),
        (Decision.KEEP, translate("{n} label kept"), translate("{n} labels kept")),
        (Decision.UNSURE, translate("{n} not sure"), translate("{n} not sure")),
    )
    counts = [(review.count(decision), one, many) for decision, one, many in parts]
    said = ", ".join(counted(n, one, many) for n, one, many in counts if n)
    return translate("Everything is answered: {said}.").format(said=said or "–")


def compared_text(compared: ComparedOnTest) -> str:
    """How a run with corrections compares with the one before."""
    before, after = compared.values
    low, high = compared.difference
    if compared.metric == "accuracy":
        metric, is_better, is_worse = translate("accuracy"), low > 0, high < 0
    else:
        metric, is_better, is_worse = translate("mean absolute error"), high < 0, low > 0
    verdict = translate("no difference that {n} examples can show")
    if is_better:
        verdict = translate("surely better")
    elif is_worse:
        verdict = translate("surely worse")
    text = translate(
        "With the corrections, on the same {n} test examples: {metric} {before} → {after}, "
        "difference {low} to {high}: {verdict}."
    )
    n = count_text(compared.n)
    return text.format(
        n=n,
        metric=metric,
        before=value_text(before, 3),
        after=value_text(after, 3),
        low=value_text(low, 2),
        high=value_text(high, 2),
        verdict=verdict.format(n=n),
    )
