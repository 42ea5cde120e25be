"""Answers whoever tries a model: what it takes, what it says of an input, examples, an episode."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from engine.datasets.base import AnyArray, Progress
from engine.datasets.box.cartpole import MAX_STEPS, OBSERVED, PUSHES, STEP_S, play
from engine.errors import DatasetError
from engine.events.insights import EpisodePlayed, Forecast
from engine.events.results import ExamplesShown
from engine.events.trying import (
    ExampleTaken,
    FormField,
    Given,
    InputTried,
    ModelAnswer,
    ModelLookedAt,
    PolicyDriven,
)
from engine.inference.contract import Contract
from engine.inference.trying.answers import answers_of, in_full
from engine.inference.trying.drawing import DrawingStyle, drawn
from engine.inference.trying.new_inputs import (
    NewInputs,
    as_inputs,
    columns_of,
    read_cells,
    read_content,
    read_new_inputs,
    suffixes_of,
    typed_text,
)
from engine.preprocessing.table import TableInputs
from engine.service.results.cells import cells_of
from engine.service.results.examples import show_examples
from engine.service.results.tried_run import TriedRun
from engine.spec.signature import Kind, Task

MAX_ANSWERS = 200
"""Inputs of one file that are answered at once; more are what a table to a file is for."""
_MAX_PAST = 400  # steps of a window that are drawn
_SEEN = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO)


def look_at_model(run: TriedRun, progress: Progress) -> ModelLookedAt:
    """Loads the newest model of a run, asks it once, and tells what it takes.

    Raises:
        DescentError: It has none, or it cannot be read.
    """
    run.freshen()
    contract = run.contract
    style, problem = run.style(progress)
    _ask(run, _blank(contract))  # what is made at the first call is made by now
    signature, reading = contract.signature, contract.reading
    rate = float(reading.get("rate", 0) or 0)
    if signature.kind in (Kind.AUDIO, Kind.VIDEO) and not problem and not rate:
        rate = _rate(run, progress)
    return ModelLookedAt(
        run.record.id,
        signature.kind.value,
        signature.task.value,
        signature.output.value,
        tuple(contract.preprocessing.inputs.raw_shape),
        contract.target_name,
        contract.class_names,
        fields_of(contract) if signature.kind is Kind.TABLE else (),
        run.epoch,
        style is not None,
        style is not None and style.is_dark,
        style.pen if style is not None else 0.08,
        rate,
        suffixes_of(signature),
        _is_pole(contract),
        problem,
    )


def _rate(run: TriedRun, progress: Progress) -> float:
    try:
        examples = run.prepared(progress).examples
    except DatasetError:
        return 0.0
    return float(examples.rate or examples.frame_rate)


def _blank(contract: Contract) -> AnyArray:
    """An input of the right shape that says nothing, (1, *raw_shape)."""
    signature = contract.signature
    if signature.kind is Kind.TEXT:
        return np.array([" "], object)
    shape = (1, *contract.preprocessing.inputs.raw_shape)
    return np.zeros(shape, np.float64 if signature.kind in (Kind.TABLE, Kind.SERIES) else np.uint8)


def fields_of(contract: Contract) -> tuple[FormField, ...]:
    """The columns of a row of a table that can be filled in, in order."""
    ranges = dict(enumerate(contract.preprocessing.ranges))
    features = contract.reading.get("columns")
    if features is None:
        names = contract.feature_names or tuple(
            f"column {place + 1}" for place in range(contract.preprocessing.inputs.raw_shape[0])
        )
        places = {name: place for place, name in enumerate(names)}
        return tuple(
            _number(name, ranges.get(places[name]))
            if values is None
            else FormField(name, "category", values=tuple(values))
            for name, values in columns_of(names).items()
        )
    found: dict[str, FormField] = {}
    for place, feature in enumerate(features):
        name, kind = feature["column"], feature["type"]
        if name in found:
            continue
        if kind == "number":
            found[name] = _number(name, ranges.get(place))
        else:
            values = _known(contract, place) or tuple(map(str, feature.get("values", ())))
            found[name] = FormField(name, kind, values=values if kind != "text" else ())
    return tuple(found.values())


def _number(name: str, pair: tuple[float, float] | None) -> FormField:
    return FormField(name, "number", *(pair or ()))


def _known(contract: Contract, place: int) -> tuple[str, ...]:
    """The categories of a column that were seen in training."""
    inputs = contract.preprocessing.inputs
    if not isinstance(inputs, TableInputs) or inputs.sources[place].type != "category":
        return ()
    source = inputs.sources[place]
    return tuple(source.values[int(index)] for index in source.known)


def read_given(run: TriedRun, given: Given, progress: Progress) -> NewInputs:
    """Reads an input as the model takes it.

    Raises:
        DatasetError: There is none, it cannot be read, or does not fit the model.
    """
    contract = run.contract
    if given.row is not None:
        return as_inputs(run.prepared(progress).examples.x[np.array([given.row])], contract)
    if given.strokes:
        shape = contract.preprocessing.inputs.raw_shape
        style = run.style(progress)[0] or DrawingStyle.usual((shape[0], shape[1]))
        picture = drawn(given.strokes, style)
        if picture is None:
            raise DatasetError("Nothing is drawn.", "Draw with the pointer.")
        return as_inputs(picture.reshape(1, *shape), contract)
    if given.content:
        return read_content(given.content, given.suffix, contract)
    if given.path:
        return read_new_inputs([given.path], contract)
    if given.text is not None:
        return typed_text(given.text, contract)
    return read_cells(dict(given.cells), contract)


def try_input(run: TriedRun, given: Given, number: int, progress: Progress) -> InputTried:
    """Asks the model about an input.

    Raises:
        DescentError: The input cannot be read, or the model cannot be used.
    """
    started = time.perf_counter()
    run.freshen()
    found = read_given(run, given, progress)
    left_out = list(found.left_out)
    if len(found.x) > MAX_ANSWERS:
        left_out.append(
            f"These are the first {MAX_ANSWERS:,} of {len(found.x):,}. "
            "All of them can be written to a file."
        )
    x = found.x[:MAX_ANSWERS]
    outputs = _ask(run, x)
    contract = run.contract
    names = [name.replace(given.path, Path(given.path).name) for name in found.names]
    answers = answers_of(contract, outputs, names, found.unfamiliar)
    if run.epoch is None and run.doubt is not None:  # it is of the weights that were kept
        answers = tuple(_doubted(answer, *run.doubt) for answer in answers)
    seen = np.asarray(x[0]) if contract.signature.kind in _SEEN else None
    return InputTried(
        run.record.id,
        number,
        answers,
        seen,
        str(x[0]) if contract.signature.kind is Kind.TEXT else np.asarray(x[0]),
        _forecast(run, x[0], answers[0].values, given, progress),
        tuple(left_out),
        run.epoch,
        time.perf_counter() - started,
    )


def _doubted(answer: ModelAnswer, half_width: float, level: float) -> ModelAnswer:
    """An answer with the interval in which its one number lies."""
    if len(answer.values) != 1 or answer.threshold is not None:
        return answer
    (value,) = answer.values
    return replace(answer, interval=(value - half_width, value + half_width), interval_level=level)


def _ask(run: TriedRun, x: AnyArray) -> AnyArray:
    return in_full(run.contract, run.model.answer(x))


def _forecast(
    run: TriedRun, window: AnyArray, values: Sequence[float], given: Given, progress: Progress
) -> Forecast | None:
    """The window of a series with what is expected after it, and what came where it is known."""
    contract = run.contract
    if contract.signature.task is not Task.FORECASTING:
        return None
    past = np.zeros(0)
    if contract.target_name in contract.feature_names:
        past = np.asarray(window)[-_MAX_PAST:, contract.feature_names.index(contract.target_name)]
    truth = np.full(len(values), np.nan)
    if given.row is not None:
        truth = np.asarray(run.prepared(progress).examples.y[given.row], np.float64).reshape(-1)
    floats = (np.asarray(it, np.float32) for it in (past, truth, values))
    return Forecast("", *floats)


def take_example(run: TriedRun, place: int, progress: Progress) -> ExampleTaken:
    """Takes an example of the test part, or of what there is.

    Raises:
        DescentError: The data is gone, or cannot be read.
    """
    part, rows = _rows(run, progress)
    row = int(rows[place % len(rows)])
    shown: ExamplesShown = show_examples(run.opened, [row], progress)
    if not shown.examples:
        raise DatasetError("; ".join(shown.problems) or "The example cannot be read.")
    example = shown.examples[0]
    content, features = example.content, run.contract.reading.get("columns")
    if features and not isinstance(content, str):
        example = replace(example, cells=example.cells or cells_of(content, features))
    return ExampleTaken(run.record.id, example, part)


def _rows(run: TriedRun, progress: Progress) -> tuple[str, AnyArray]:
    parts = run.prepared(progress).parts
    for part, rows in (("test", parts.test), ("validation", parts.validation)):
        if len(rows):
            return part, rows
    return "train", parts.train


def _is_pole(contract: Contract) -> bool:
    return contract.feature_names == OBSERVED and contract.class_names == PUSHES


def drive_policy(run: TriedRun, seed: int) -> PolicyDriven:
    """Lets a policy balance the pole once.

    Raises:
        DatasetError: It is no policy of the pole.
    """
    run.freshen()
    if not _is_pole(run.contract):
        raise DatasetError(
            "Only a policy for balancing the pole can be let drive here.",
            "Train one on 'cartpole'.",
        )

    def push(state: AnyArray) -> int:
        return int(_ask(run, state[np.newaxis])[0].argmax())

    states = play(push, seed, MAX_STEPS)
    epoch = run.epoch if run.epoch is not None else run.record.epochs_done
    return PolicyDriven(
        run.record.id, EpisodePlayed(run.record.id, epoch, states, MAX_STEPS, STEP_S)
    )
