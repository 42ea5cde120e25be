"""What is asked when somebody tries a model, and what comes back: answers to inputs of any kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from engine.events.insights import EpisodePlayed, Forecast
from engine.events.results import ResultAnswer, ResultCommand, ShownExample


@dataclass(frozen=True, eq=False)
class Stroke:
    """A line drawn by hand.

    Attributes:
        points: Where it goes, (n, 2): x and y in units of the canvas, 0 to 1.
        width: Of the pen, in units of the canvas.
        erases: It takes away what lies below it.
    """

    points: npt.NDArray[np.float32]
    width: float
    erases: bool = False


@dataclass(frozen=True, eq=False)
class Given:
    """An input to be tried; one of its attributes is set.

    Attributes:
        strokes: A drawing.
        path: A file.
        content: The bytes of a file that has no place: pasted, taken, recorded.
        suffix: What type of file `content` is, such as ``.png``.
        text: A text.
        cells: A row of a table: columns with what stands in them; empty cells are gaps.
        row: An example of the run's own data, by its index.
    """

    strokes: tuple[Stroke, ...] = ()
    path: str = ""
    content: bytes = b""
    suffix: str = ""
    text: str | None = None
    cells: tuple[tuple[str, str], ...] = ()
    row: int | None = None


@dataclass(frozen=True, eq=False)
class FormField:
    """A column of a row that can be filled in.

    Attributes:
        name: The column.
        type: ``number``, ``category``, ``boolean``, ``date`` or ``text``.
        low, high: Smallest and largest number in training; equal or NaN: not known.
        values: Its categories, in order.
    """

    name: str
    type: str
    low: float = float("nan")
    high: float = float("nan")
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class TrialCommand(ResultCommand):
    """Something asked of the newest model of a run, which may be under way."""


@dataclass(frozen=True)
class LookAtModel(TrialCommand):
    """Make the newest model of a run ready to be tried. Answered by `ModelLookedAt`."""

    is_quick: ClassVar[bool] = True


@dataclass(frozen=True, eq=False)
class ModelLookedAt(ResultAnswer):
    """A model is ready: what it takes and gives.

    Attributes:
        kind: What one input is: a value of `engine.spec.signature.Kind`.
        task: What is predicted: a value of `engine.spec.signature.Task`.
        output: What an answer consists of: a value of `engine.spec.signature.Output`.
        shape: Of one raw input.
        target: What is predicted.
        class_names: Classes or labels.
        fields: Of tables, the columns of a row.
        epoch: The weights are those after so many epochs of a run that is under way, or ended
            before its time; None: they are the saved model's.
        is_drawable: Its pictures are drawn by a pen, as digits are.
        is_dark: What is drawn is darker than what it is drawn on.
        pen: How wide strokes are, in units of a canvas.
        rate: Samples per second of sounds, or frames per second of clips; else 0.
        suffixes: Types of the files that hold inputs, such as ``.png``.
        is_pole: It is a policy that can balance the pole.
        data_problem: Why nothing can be told of how its pictures are drawn; empty: it is told.
    """

    kind: str
    task: str
    output: str
    shape: tuple[int, ...]
    target: str
    class_names: tuple[str, ...] = ()
    fields: tuple[FormField, ...] = ()
    epoch: int | None = None
    is_drawable: bool = False
    is_dark: bool = False
    pen: float = 0.08
    rate: float = 0.0
    suffixes: tuple[str, ...] = ()
    is_pole: bool = False
    data_problem: str = ""


@dataclass(frozen=True, eq=False)
class TryInput(TrialCommand):
    """Ask the model about an input. Answered by `InputTried`.

    Attributes:
        given: The input.
        number: Of the question, given back with the answer.
    """

    is_quick: ClassVar[bool] = True

    given: Given = Given()
    number: int = 0


@dataclass(frozen=True, eq=False)
class ModelAnswer:
    """What a model says of one input.

    Attributes:
        name: What the input is called; may be empty.
        best: The class, or the text; empty: numbers or labels are said.
        shares: Class or label with its probability, the likeliest first; the first ones, where
            there are very many.
        labels: Those that are said, where there may be several.
        thresholds: Above which probability each of the labels in `shares` is said.
        values: Numbers in the target's unit; of anomalies the score.
        interval: Where a single number lies with `interval_level`; None: not known.
        interval_level: Probability, 0 to 1.
        threshold: Above which score an input is unusual; None: not known, or no score.
        unfamiliar: What of the input the model never met, a sentence each.
    """

    name: str = ""
    best: str = ""
    shares: tuple[tuple[str, float], ...] = ()
    labels: tuple[str, ...] = ()
    thresholds: tuple[float, ...] = ()
    values: tuple[float, ...] = ()
    interval: tuple[float, float] | None = None
    interval_level: float = 0.0
    threshold: float | None = None
    unfamiliar: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class InputTried(ResultAnswer):
    """The model has answered.

    Attributes:
        number: Of the question.
        answers: One for each input; a file may hold several.
        seen: The first input as the model receives it, raw: a picture (height, width, channels),
            samples of a sound, frames of a clip; None where what was typed is all there is.
        raw: The first input as one of `Examples.x`, or its text; None: there is none.
        forecast: Of a series: the window and what is expected after it.
        left_out: What could not be predicted for, a sentence each.
        epoch: As `ModelLookedAt.epoch`.
        seconds: How long it took.
    """

    number: int
    answers: tuple[ModelAnswer, ...]
    seen: npt.NDArray[Any] | None = None
    raw: npt.NDArray[Any] | str | None = None
    forecast: Forecast | None = None
    left_out: tuple[str, ...] = ()
    epoch: int | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class TakeExample(TrialCommand):
    """Take an example of the run's data to be tried. Answered by `ExampleTaken`.

    Attributes:
        place: Which of the test part (or of what there is), from 0; taken modulo their number.
    """

    is_quick: ClassVar[bool] = True

    place: int = 0


@dataclass(frozen=True, eq=False)
class ExampleTaken(ResultAnswer):
    """An example of the run's data.

    Attributes:
        example: The example.
        part: Which part it is of.
    """

    example: ShownExample
    part: str


@dataclass(frozen=True, eq=False)
class FindChange(TrialCommand):
    """Find the nearest row of which the model says something else. Answered by `ChangeFound`.

    Attributes:
        cells: The row.
        wanted: The class it shall say; empty: any other. Of anomalies nothing need be said.
    """

    is_quick: ClassVar[bool] = True

    cells: tuple[tuple[str, str], ...] = ()
    wanted: str = ""


@dataclass(frozen=True, eq=False)
class ChangeFound(ResultAnswer):
    """The nearest row that was found.

    Attributes:
        changes: Column, what it held, what it shall hold; empty: none was found.
        answer: What the model says of the changed row; None where none was found.
        n_tried: Rows that the model was asked about.
    """

    changes: tuple[tuple[str, str, str], ...]
    answer: ModelAnswer | None
    n_tried: int


@dataclass(frozen=True, eq=False)
class FindNearest(TrialCommand):
    """Find the examples of the training part that are nearest. Answered by `NearestFound`.

    Attributes:
        given: The input.
        number: Of the question, given back with the answer.
    """

    given: Given = Given()
    number: int = 0


@dataclass(frozen=True, eq=False)
class NearestFound(ResultAnswer):
    """Training examples like an input.

    Attributes:
        number: Of the question.
        kind: As `ModelLookedAt.kind`.
        examples: The nearest first.
        by: What they are compared by, in words.
        n_searched: Examples that were compared.
        n_train: Examples of the training part.
        is_far: It is farther from them than nearly all of them are from each other.
        rate: As `ModelLookedAt.rate`.
    """

    number: int
    kind: str
    examples: tuple[ShownExample, ...]
    by: str
    n_searched: int
    n_train: int
    is_far: bool
    rate: float = 0.0


@dataclass(frozen=True)
class DrivePolicy(TrialCommand):
    """Let a policy balance the pole once. Answered by `PolicyDriven`.

    Attributes:
        seed: Decides how the pole stands at first.
    """

    is_quick: ClassVar[bool] = True

    seed: int = 0


@dataclass(frozen=True, eq=False)
class PolicyDriven(ResultAnswer):
    """An episode of the pole."""

    episode: EpisodePlayed


@dataclass(frozen=True)
class PredictMany(TrialCommand):
    """Predict for a whole folder or table, and write it to a CSV file. Answered by `ManyPredicted`.

    Attributes:
        source: The folder or the table.
        to: The file, which is replaced.
    """

    source: str = ""
    to: str = ""


@dataclass(frozen=True)
class ManyPredicted(ResultAnswer):
    """The file is written.

    Attributes:
        to: The file.
        n_predicted: Rows in it that have a prediction.
        n_failed: Rows or files that could not be predicted for; they are in it, without.
        n_unfamiliar: Rows of which something is unfamiliar to the model.
        problems: The first of what could not be read, and why.
        n_right: Of those with a truth, how many are predicted right; None: there is no truth.
        n_true: Rows with a truth.
    """

    to: str
    n_predicted: int
    n_failed: int = 0
    n_unfamiliar: int = 0
    problems: tuple[str, ...] = ()
    n_right: int | None = None
    n_true: int = 0
