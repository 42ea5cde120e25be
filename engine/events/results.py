"""What is asked of the result of a run, and what comes back: examples behind a mark, and the like.

Questions that take long, and those that someone waits for, are answered by different workers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from engine.events.commands import Command
from engine.events.messages import Terminal

if TYPE_CHECKING:
    import numpy.typing as npt


@dataclass(frozen=True)
class ResultCommand(Command):
    """Something asked of the result of a run, answered by `engine.service.results`.

    Attributes:
        is_quick: Someone waits for the answer: it is not queued behind what takes long.
        run: The run's id.
    """

    is_quick: ClassVar[bool] = False

    run: str


@dataclass(frozen=True)
class ResultAnswer(Terminal):
    """The answer to a `ResultCommand`.

    Attributes:
        run: The run's id.
    """

    run: str


@dataclass(frozen=True)
class EvaluateRun(ResultCommand):
    """Evaluate a part of the data anew and keep what is found. Answered by `RunEvaluated`.

    Attributes:
        part: ``test``, ``validation`` or ``train``; None: the test part, or what there is.
    """

    part: str | None = None


@dataclass(frozen=True)
class RunEvaluated(ResultAnswer):
    """A run's `Evaluation` and `Predictions` lie in its folder.

    Attributes:
        part: Which part of the data it is of.
    """

    part: str


@dataclass(frozen=True)
class ShowExamples(ResultCommand):
    """Fetch examples to be looked at. Answered by `ExamplesShown`.

    Attributes:
        rows: Which examples of the data, by their index.
        key: Comes back with the answer, so that whoever asked knows it.
    """

    is_quick: ClassVar[bool] = True

    rows: tuple[int, ...] = ()
    key: str = ""


@dataclass(frozen=True, eq=False)
class ShownExample:
    """One example as it is in the data.

    Attributes:
        row: Its index in the data.
        name: What it is called.
        path: Its file; empty: it is a row of a table, or made.
        content: As `Examples.x` has it, one example: a picture, samples of a sound, a text, …
        cells: Of a table: each column of the source with what stands there, as text.
        truth: What it is known to be, in words.
    """

    row: int
    name: str
    path: str
    content: npt.NDArray[Any] | str
    cells: tuple[tuple[str, str], ...] = ()
    truth: str = ""


@dataclass(frozen=True, eq=False)
class ExamplesShown(ResultAnswer):
    """Examples to be looked at.

    Attributes:
        kind: What one is: a value of `engine.spec.signature.Kind`.
        examples: In the order they were asked for; those that cannot be read are missing.
        rate: Samples per second of sounds; frames per second of clips; else 0.
        columns: Names of the columns, or of the channels of a series.
        problems: What could not be read, and why.
        key: That of the question; empty: of one without.
    """

    kind: str
    examples: tuple[ShownExample, ...]
    rate: float = 0.0
    columns: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    key: str = ""
