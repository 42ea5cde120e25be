"""What is found in real files is said in Chinese, whatever columns are called."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from engine_sentences import english_in
from table_cases import folder, load, write

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.division import division_findings
from engine.datasets.leakage import across_parts
from engine.datasets.split import split
from engine.events.findings import DataFinding
from engine.spec.run_spec import DataSpec, SplitSpec
from engine.spec.sentences import catalogue_of

__all__ = ["folder"]

CHINESE = catalogue_of("zh_CN")
N = 60


def _table(**columns: list[object]) -> str:
    rows = zip(*columns.values(), strict=True)
    lines = [";".join(columns), *(";".join(map(str, row)) for row in rows)]
    return "\n".join(lines) + "\n"


def _x(n: int = N) -> list[str]:
    return [f"{value:.3f}" for value in np.random.default_rng(0).normal(size=n)]


def _y(n: int = N) -> list[str]:
    return ["yes" if i % 3 else "no" for i in range(n)]


TABLES = {
    "gaps": _table(x=["", *_x()[1:]], y=_y()),
    "an empty column": _table(x=_x(), e=[""] * N, c=["same"] * N, y=_y()),
    "numbers of rows": _table(id=list(range(N)), x=_x(), y=_y()),
    "texts that are all different": _table(t=[f"w{i} é{i}" for i in range(N)], x=_x(), y=_y()),
    "copies": _table(x=["1"] * N, z=["2", "3"] * (N // 2), y=_y()),
    "a rare class": _table(x=_x(), y=["a"] * (N - 2) + ["b"] * 2),
    "decimal commas": _table(x=[it.replace(".", ",") for it in _x()], y=_y()),
    "units": _table(x=[f"{it} kg" for it in _x()], y=_y()),
    "several units": _table(
        z=_x(), x=[f"{it} {'kg' if i % 2 else 'm'}" for i, it in enumerate(_x())], y=_y()
    ),
    "an odd cell": _table(x=[*_x()[1:], "abc"], y=_y()),
    "a code": _table(x=["-999"] * 6 + [f"{20 + i % 9}.5" for i in range(N - 6)], y=_y()),
    "days or months": _table(
        d=[f"0{1 + i % 9}/0{1 + i % 7}/2024" for i in range(N)], x=_x(), y=_y()
    ),
    "dates as numbers": _table(day=[20240101 + i % 28 for i in range(N)], x=_x(), y=_y()),
    "spellings": _table(c=["Red", "red", "blue"] * (N // 3), x=_x(), y=_y()),
    "a leak": _table(x=_x(), leak=["1" if it == "yes" else "0" for it in _y()], y=_y()),
    "whole numbers": _table(x=_x(), y=[i % 4 for i in range(N)]),
    "several labels": _table(x=_x(), y=["a|b", "a", "b"] * (N // 3)),
    "parts": _table(x=_x(), part=["train", "test", "train"] * (N // 3), y=_y()),
    "owners": _table(x=_x(), patient_id=[i // 4 for i in range(N)], y=_y()),
    "a title above": "A title;;\n" + _table(x=_x(), z=_x(), y=_y()),
    "short rows": _table(x=_x(), z=_x(), y=_y()) + "1\n",
    "no names": "\n".join(f"{it};{other}" for it, other in zip(_x(), _y(), strict=True)) + "\n",
}
"""Text files, each with something to tell."""

HOSTILE = ("The data is held in memory.", "is empty and was left out", "{n} 1 {0}", "training")


def findings_of(examples: Examples) -> Iterator[DataFinding]:
    parts = split(examples, SplitSpec(), 0)
    yield from examples.findings
    yield from division_findings(examples, parts)
    yield from across_parts(examples, parts)


def told(examples: Examples) -> Iterator[str]:
    for finding in findings_of(examples):
        yield finding.text
        yield from (remedy.label for remedy in finding.remedies)
    yield from examples.notes


def check(examples: Examples) -> None:
    texts = list(told(examples))
    assert texts, "nothing to tell"
    for text in texts:
        assert CHINESE.knows(text), text
        assert not english_in(CHINESE.translate(text)), text
    for title, value in examples.facts:
        assert CHINESE.knows(title), title
        assert not english_in(CHINESE.translate(value)), (title, value)


@pytest.mark.parametrize("name", TABLES)
def test_of_a_table(name: str, folder: Path):
    target = None if name == "no names" else "y"
    check(load(write(folder, TABLES[name]), target))


@pytest.mark.parametrize("column", HOSTILE)
def test_of_columns_with_hostile_names(column: str, folder: Path):
    text = _table(**{column: [""] * N, "x": _x(), "y": _y()})
    examples = load(write(folder, text))
    (said,) = [it.text for it in examples.findings if it.subject == column]
    assert CHINESE.translate(said) == f"列“{column}”为空，已排除。"


@pytest.mark.parametrize(
    "change",
    [
        lambda days: days,  # sound, but nobody says what is forecast
        lambda days: [*days[:20], *days[24:]],  # some are missing
        lambda days: [days[0], *days],  # one is there twice
        lambda days: days[::-1],
        lambda days: [day + i**2 // 9 for i, day in enumerate(days)],  # irregular
    ],
)
def test_of_a_series(change, folder: Path):
    days = change(list(range(90)))
    begin = np.datetime64("2024-01-01")
    rows = [f"{begin + np.timedelta64(day, 'D')},{day % 7}.5,{day}" for day in days]
    path = write(folder, "time,a,b\n" + "\n".join(rows) + "\n")
    parameters = {"window": 7, "horizon": 1}
    check(load(path, None, format="series", parameters=parameters))


def test_of_texts(folder: Path):
    for name, lines in {
        "good": ["fine", "fine", "", "very fine"] * 9,
        "bad": ["fine", "poor", "awful"] * 9,
    }.items():
        (folder / f"{name}.txt").write_text("\n".join(lines))
    check(load_examples(DataSpec(source=str(folder)))[1])
