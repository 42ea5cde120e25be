"""What is asked of the labels of a run's data, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.events.results import ResultAnswer, ResultCommand
from engine.events.review import Review
from engine.events.verdicts import Finding


@dataclass(frozen=True)
class FindSuspects(ResultCommand):
    """Which labels look wrong? Answered by `SuspectsFound`; kept with the run.

    Attributes:
        method: ``cross_validation``: all of the data, by quick models; ``network``: likewise, by
            the run's own architecture; ``kept``: the validation and the test part, at once.
        anew: Not as they were found before.
    """

    method: str = "cross_validation"
    anew: bool = False


@dataclass(frozen=True)
class Suspect:
    """A label that looks wrong.

    Attributes:
        row: Which example of the data, by its index.
        name: What it is called.
        label: What stands there, in words.
        suggested: What a model that never saw it says.
        score: How well the label agrees with that, from 1 to 0.
        part: ``train``, ``validation``, ``test``, or empty: in none.
        is_likely: So clearly contradicted that most of such labels are wrong.
    """

    row: int
    name: str
    label: str
    suggested: str
    score: float
    part: str = ""
    is_likely: bool = False


@dataclass(frozen=True)
class SuspectsFound(ResultAnswer):
    """Labels of a run's data, the one that looks most wrong first.

    Attributes:
        suspects: At most some ten thousand.
        method: How they were found, by the names of `FindSuspects.method`.
        model: Which model was asked: ``trees``, ``words``, ``network``, ``mean`` …
        n_checked: How many labels were looked at.
        n_likely: How many of them are contradicted so clearly that most will be wrong.
        finding: What there is to say of it; None: no more labels look wrong than by chance.
    """

    suspects: tuple[Suspect, ...]
    method: str
    model: str
    n_checked: int
    n_likely: int
    finding: Finding | None = None


@dataclass(frozen=True)
class StartReview(ResultCommand):
    """Begin a review of labels, or go on with it. Answered by `ReviewReady`.

    Attributes:
        method: How suspects are found, where they were not before; as in `FindSuspects`.
        anew: Others than those of the review that there is.
    """

    method: str = "cross_validation"
    anew: bool = False


@dataclass(frozen=True)
class ReviewReady(ResultAnswer):
    """A review to go on with.

    Attributes:
        review: Where it stands.
        found: In which its suspects were found; without the suspects.
    """

    review: Review
    found: SuspectsFound


@dataclass(frozen=True)
class CompareOnTest(ResultCommand):
    """Is a run better on the test part than another one? Answered by `ComparedOnTest`.

    Attributes:
        before: The other run's id.
    """

    is_quick: ClassVar[bool] = True

    before: str = ""


@dataclass(frozen=True)
class ComparedOnTest(ResultAnswer):
    """Two runs on the same test examples, with the labels that the newer one knows.

    Attributes:
        before: The other run's id.
        metric: ``accuracy`` or ``mean_absolute_error``.
        values: Of the other run, then of this one.
        difference: This one's less the other's, as a paired 95 % interval.
        n: How many test examples both know.
    """

    before: str
    metric: str
    values: tuple[float, float]
    difference: tuple[float, float]
    n: int
