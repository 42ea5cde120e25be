"""What is asked for so that a run's result is analysed, and what comes back."""

from __future__ import annotations

from dataclasses import dataclass

from engine.events.results import ResultAnswer, ResultCommand


@dataclass(frozen=True)
class AnalyseRun(ResultCommand):
    """Analyse a part: intervals, curves, simple models, groups. Answered by `RunAnalysed`.

    What is there already is not made again; a run that has no predictions is evaluated first.

    Attributes:
        part: ``test``, ``validation`` or ``train``; None: the test part, or what there is.
        anew: Make everything again.
    """

    part: str | None = None
    anew: bool = False


@dataclass(frozen=True)
class RunAnalysed(ResultAnswer):
    """A run's `Analysis` lies in its folder, with all its parts that can be made.

    Attributes:
        part: Which part of the data it is of.
    """

    part: str
