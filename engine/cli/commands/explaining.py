"""The command `explain`: why a run's model says what it says."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator

import numpy as np

from engine.cli.commands.output import Output, number, table
from engine.cli.commands.waiting import waiting
from engine.datasets.base import silent
from engine.errors import DatasetError
from engine.events.explaining import (
    ExplainExample,
    Explanation,
    ModelExplained,
    ModelExplanation,
)
from engine.inference.trying.new_inputs import read_new_inputs
from engine.runs.store import RunStore
from engine.service.results.explaining import explain_example, explain_model
from engine.service.results.opened_run import OPENED, OpenedRun
from engine.spec.formatting import percent_text
from engine.spec.signature import Kind

_SHOWN = 10
_CELLS = 4
_SEPARATOR = "  "


def add_arguments(command: ArgumentParser) -> None:
    """Declares what may follow the run."""
    command.add_argument("input", nargs="*", metavar="INPUT", help="as for predict")
    # Read as text: whether there is such a row, the data says.
    command.add_argument(
        "--row", metavar="N", help="an example of its data, counted from 1, or its name"
    )
    command.add_argument(
        "--part",
        choices=("test", "validation", "train"),
        help="count --row in this part of the data (default: in all of it)",
    )
    command.add_argument(
        "--class",
        dest="class_",
        metavar="NAME",
        help="explain this class, label, value or token (default: what is predicted)",
    )
    command.add_argument("--method", metavar="NAME", help="default: the first that fits")


def explain(arguments: Namespace, store: RunStore, output: Output) -> int:
    """Explains examples; without any, what the model looks at as a whole."""
    run = OPENED.get(arguments.run, store)
    if not arguments.input and arguments.row is None:
        return _explain_model(run, arguments, output)
    for name, asked in _asked(run, arguments, output):
        answer = explain_example(run, asked, silent)
        found = answer.explanation
        findings = [run.change.to_finding()] if run.change else []
        output.event(
            "explanation", input=name, row=answer.row, **found.to_dict(), findings=findings
        )
        output.lines(*_words(name, found), *([run.change.text] if run.change else []), "")
    return 0


def _asked(
    run: OpenedRun, arguments: Namespace, output: Output
) -> Iterator[tuple[str, ExplainExample]]:
    """Every example that is to be explained, and what it is called."""
    target, method = arguments.class_, arguments.method
    if arguments.row is not None:
        if arguments.input:
            raise DatasetError(
                "An input and --row were given; one of them is explained at a time.",
                "Leave one of them out.",
            )
        row = _row(run, arguments.row, arguments.part)
        name = run.prepared().examples.name_of(row)
        yield name, ExplainExample(run.record.id, row, None, target, method)
        return
    if arguments.part is not None:
        raise DatasetError("--part says where --row counts.", "Give --row, too.")
    given = read_new_inputs(arguments.input, run.contract)
    for sentence in given.left_out:
        output.event("left_out", reason=sentence)
        output.lines(sentence)
    for name, x in zip(given.names, given.x, strict=True):
        yield name, ExplainExample(run.record.id, None, x, target, method)


def _row(run: OpenedRun, text: str, part: str | None) -> int:
    """The index in the data of what `--row` says: a number from 1 on, or an example's name."""
    names = run.prepared().examples.names
    if part is None and text in names:
        return names.index(text)
    try:
        place = int(text)
    except ValueError:
        place = 0
    rows = None if part is None else run.rows(part)[1]
    n_rows = run.prepared().examples.n_samples if rows is None else len(rows)
    if not 1 <= place <= n_rows:
        where = "The data" if part is None else f"The {part} part"
        raise DatasetError(
            f"{where} has {n_rows:,} examples. Received: --row {text}.",
            f"Give a number from 1 to {n_rows}.",
        )
    return place - 1 if rows is None else int(rows[place - 1])


def _words(name: str, found: Explanation) -> list[str]:
    """An explanation for people: what adds most, and what takes most away."""
    lines = [
        f"{name}: {found.said}",
        f"Why {_subject(found)} {_plain(found.prediction, found)}, by {found.method.title}:",
    ]
    marked = [(words, value) for words, value in _marked(found) if value]
    rows = [(words, _signed(value, found)) for words, value in marked[:_SHOWN]]
    if rows:
        lines += [_SEPARATOR + line for line in table(("part", _header(found)), rows)]
    else:
        lines.append("  No part of it makes a difference.")
    if len(marked) > _SHOWN:
        lines.append(f"  … and {len(marked) - _SHOWN:,} more")
    if found.is_sum:
        lines.append(
            f"Sum {_signed(found.sum, found)}, from {_plain(found.baseline, found)} "
            f"({found.compared_with})."
        )
        if not found.is_complete:
            lines.append(
                f"It misses {_signed(found.missed, found)} of the difference: more than the "
                f"{_plain(found.tolerance, found)} that rounding explains."
            )
    elif found.compared_with:
        lines.append(f"Compared with {found.compared_with}.")
    lines.append(found.sanity.text)
    return lines


def _subject(found: Explanation) -> str:
    return (
        found.target if found.target == found.target_name else f"{found.target_name} {found.target}"
    )


def _header(found: Explanation) -> str:
    return "adds" if found.is_sum or found.compared_with else "mark"


def _plain(value: float, found: Explanation) -> str:
    return percent_text(value, 1) if found.unit == "probability" else number(value)


def _signed(value: float, found: Explanation) -> str:
    if found.unit == "probability" and (found.is_sum or found.compared_with):
        return f"{100 * value:+.1f} points"
    return f"{value:+.4g}"


def _marked(found: Explanation) -> list[tuple[str, float]]:
    """The parts in words and what each adds, the strongest first."""
    values = found.values
    match Kind(found.kind):
        case Kind.TABLE:
            named = zip(found.parts, found.cells, values.tolist(), strict=True)
            parts = [(f"{part} = {cell}" if cell else part, it) for part, cell, it in named]
        case Kind.TEXT:
            tokens = [repr(part.strip() or part) for part in found.parts]
            parts = list(zip(tokens, values.tolist(), strict=True))
        case Kind.SERIES:
            parts = [
                (f"{channel}, {_steps(step, len(values))}", float(values[step, place]))
                for step in range(len(values))
                for place, channel in enumerate(found.parts)
            ]
        case _:
            parts = _cells(found)
    return sorted(parts, key=lambda item: -abs(item[1]))


def _steps(step: int, n_steps: int) -> str:
    back = n_steps - 1 - step
    return "the last step" if back == 0 else f"{back} steps before the last"


def _cells(found: Explanation) -> list[tuple[str, float]]:
    """What each cell of a coarse grid over a picture, a sound or a clip adds."""
    axes = {
        Kind.IMAGE: ("rows", "columns"),
        Kind.AUDIO: ("frames", "bands"),
        Kind.VIDEO: ("frames", "rows", "columns"),
    }[Kind(found.kind)]
    parts: list[tuple[str, float]] = []
    ends = [
        np.unique(np.linspace(0, side, min(side, _CELLS) + 1).astype(int))
        for side in found.values.shape
    ]
    for place in np.ndindex(*(len(end) - 1 for end in ends)):
        stretch = [(int(end[at]), int(end[at + 1])) for end, at in zip(ends, place, strict=True)]
        value = float(found.values[tuple(slice(*it) for it in stretch)].sum())
        words = ", ".join(
            f"{axis} {low + 1} to {high}" for axis, (low, high) in zip(axes, stretch, strict=True)
        )
        parts.append((words, value))
    return parts


def _explain_model(run: OpenedRun, arguments: Namespace, output: Output) -> int:
    if arguments.class_ is not None or arguments.method is not None or arguments.part is not None:
        raise DatasetError(
            "--class, --method and --part belong to an example, and none was given.",
            "Give an input, or --row.",
        )
    with waiting(output) as progress:
        answer: ModelExplained = explain_model(run, anew=False, progress=progress)
    found = answer.explanation
    output.event("model_explained", run=run.record.id, **_model_values(found))
    sign = {True: "grows by", False: "loses"}[found.is_error]
    rows = [
        (item.column, f"{item.value:+.4g}", f"{item.interval[0]:+.4g} to {item.interval[1]:+.4g}")
        for item in found.importance
    ]
    output.lines(
        f"{run.record.name}: {found.metric} {number(found.score)} on {found.n_samples} examples of "
        f"the {found.part} part.",
        f"What {found.metric} {sign} where a column is shuffled (mean of {found.n_repeats}, 95 %):",
        *(_SEPARATOR + line for line in table(("column", "importance", "interval"), rows)),
    )
    return 0


def _model_values(found: ModelExplanation) -> dict[str, object]:
    return {
        "part": found.part,
        "n": found.n_samples,
        "metric": found.metric,
        "score": found.score,
        "repeats": found.n_repeats,
        "importance": [
            {"column": it.column, "value": it.value, "interval": list(it.interval)}
            for it in found.importance
        ],
        "dependence": [
            {
                "column": it.column,
                "x": list(it.labels) or it.x,
                "mean": {name: it.mean[:, at] for at, name in enumerate(it.outputs)},
            }
            for it in found.dependence
        ],
    }
