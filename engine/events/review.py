"""Review: labels that a person looks at one after the other, and what was said of each.

Suspects stand between examples that nothing speaks against, and what models think of one is not
shown before the answer: so it is known how often the person errs. Of the test part it is not shown
before everything is answered, or its labels would become those that the models like.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Self

LabelValue = str | float | list[str] | list[float]
"""A label as JSON has it: a class, a number, a text, names of labels, or several numbers."""


class Decision(StrEnum):
    """What a person says of a label."""

    KEEP = "keep"
    CORRECT = "correct"
    EXCLUDE = "exclude"
    UNSURE = "unsure"


@dataclass(frozen=True)
class ReviewItem:
    """One example to be looked at.

    Attributes:
        row: Its index in the data.
        name: What it is called.
        mark: The digest of its content.
        value: The label that stands in the data.
        label: The same in words.
        part: ``train``, ``validation``, ``test``, or empty.
        is_control: Nothing speaks against its label; it is there to know the reviewer.
        suggested: What models that never saw it say, in words.
        score: How well the label agrees with that, from 1 to 0.
    """

    row: int
    name: str
    mark: str
    value: LabelValue
    label: str
    part: str
    is_control: bool
    suggested: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What was said of an example.

    Attributes:
        decision: What.
        label: The right label, where it is corrected.
        when: In UTC, as ISO 8601.
        is_blind: Said before the opinion of the models was shown.
    """

    decision: Decision
    label: LabelValue | None = None
    when: str = ""
    is_blind: bool = True


@dataclass(frozen=True)
class Review:
    """A review, whole or begun; every change makes a new one.

    Attributes:
        run: The run from which it was begun.
        source: Name or path of the data.
        target: What is predicted.
        fingerprint: Of the data.
        output: What a label is, by the names of `engine.spec.signature.Output`.
        choices: Classes or labels to choose from; empty: something is typed.
        items: In the order in which they are shown.
        answers: What was said, by the place of the item.
        seen: Places of which the opinion of the models was shown.
        history: What each answer took the place of, the newest last: place and what was there.
        done: Rows of earlier reviews, which are not asked again.
        place: Which item is shown.
        taken_back: Places of which an answer was taken back.
    """

    run: str
    source: str
    target: str
    fingerprint: str
    output: str
    choices: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    answers: dict[int, Answer]
    seen: frozenset[int] = frozenset()
    history: tuple[tuple[int, Answer | None], ...] = ()
    done: tuple[int, ...] = ()
    place: int = 0
    taken_back: frozenset[int] = frozenset()

    @property
    def is_over(self) -> bool:
        """Everything is answered."""
        return len(self.answers) == len(self.items)

    @property
    def controls(self) -> tuple[int, int]:
        """With how many labels of controls the person disagreed, and of how many answered."""
        places = [p for p, it in enumerate(self.items) if it.is_control and p in self.answers]
        said = [self.answers[p] for p in places]
        changed = (Decision.CORRECT, Decision.EXCLUDE)
        return sum(answer.decision in changed for answer in said), len(said)

    def count(self, decision: Decision) -> int:
        """How many suspects were decided so."""
        said = (answer for p, answer in self.answers.items() if not self.items[p].is_control)
        return sum(answer.decision is decision for answer in said)

    def shows_opinion(self, place: int) -> bool:
        """Whether what models think of an item may be seen now."""
        if self.is_over:
            return True
        return place in self.answers and self.items[place].part != "test"

    def go(self, place: int) -> Self:
        """Shows another item."""
        return replace(self, place=max(0, min(place, len(self.items) - 1)))

    def answer(self, decision: Decision, label: LabelValue | None = None, when: str = "") -> Self:
        """Says something of the item that is shown; what was said before is remembered."""
        place = self.place
        found = Answer(decision, label, when, place not in self.seen)
        changed = replace(
            self,
            answers={**self.answers, place: found},
            history=(*self.history, (place, self.answers.get(place))),
        )
        shown = {p for p in range(len(self.items)) if changed.shows_opinion(p)}
        return replace(changed, seen=self.seen | shown)

    def next_open(self) -> Self:
        """Shows the next item that is not answered; the same one where there is none."""
        n = len(self.items)
        order = [(self.place + step) % n for step in range(1, n + 1)]
        return self.go(next((p for p in order if p not in self.answers), self.place))

    def undo(self) -> Self:
        """Takes the last answer back, and shows its item."""
        if not self.history:
            return self
        place, before = self.history[-1]
        answers = {p: answer for p, answer in self.answers.items() if p != place}
        if before is not None:
            answers[place] = before
        return replace(
            self,
            answers=answers,
            history=self.history[:-1],
            taken_back=self.taken_back | {place},
            place=place,
        )
