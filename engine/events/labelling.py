"""What is asked of the labels of a run's data, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events.results import ResultAnswer, ResultCommand
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
