"""Units that are in no list, and codes that look like powers of ten: read and told, or text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables.label_numbers import read_all_numbers
from engine.datasets.tables.table import read_inputs, read_row
from engine.events.findings import DataFinding, Trouble
from engine.inference.contract import Contract
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec

N = 40


def load(path: Path, **more: Any) -> Examples:
    values = {"source": str(path), "target": "y", **more}
    return load_examples(DataSpec.model_validate(values))[1]


def table(folder: Path, cells: list[str]) -> Path:
    """A table with these cells, a number and a target."""
    path = folder / "table.csv"
    rows = [f'"{cell}",{place * place},{"pq"[place % 2]}' for place, cell in enumerate(cells)]
    path.write_text("\n".join(["a,b,y", *rows]) + "\n", encoding="utf-8")
    return path


def kind(examples: Examples) -> str:
    return next(item.type for item in examples.columns if item.name == "a")


def values(examples: Examples) -> list[float]:
    assert examples.column is not None
    return [float(value) for value in examples.column("a")]


def told(examples: Examples) -> DataFinding:
    return next(
        item
        for item in examples.findings
        if (item.trouble, item.subject) == (Trouble.UNDERSTOOD, "a") and "are read" in item.text
    )


@pytest.mark.parametrize(
    ("form", "unit", "value"),
    [
        ("{} foo", "foo", 1.0),
        ("{} Widgets", "Widget", 1.0),
        ("{}widgets", "widget", 1.0),
        ("{}岁", "岁", 1.0),
        ("-{} foo", "foo", -1.0),
        ("{},25 foo", "foo", 1.25),
        ("{}.25 foo/m2", "foo/m2", 1.25),
        ("{} foo bar", "foo bar", 1.0),
    ],
)
def test_what_stands_behind_every_number_is_a_unit(
    tmp_path: Path, form: str, unit: str, value: float
) -> None:
    cells = [form.format(place**2 + 3) for place in range(N)]
    path = table(tmp_path, cells)
    examples = load(path)
    assert kind(examples) == "number"
    sign, rest = np.sign(value), abs(value) - 1
    assert values(examples) == [sign * (place**2 + 3 + rest) for place in range(N)]
    finding = told(examples)
    assert f"they are in {unit}, which is in every cell and no unit we know" in finding.text
    (remedy,) = finding.remedies
    (field,) = remedy.changes
    as_text = load(path, columns={"a": {"type": remedy.changes[field]}})
    assert (field, kind(as_text)) == (("data", "columns", "a", "type"), "category")


@pytest.mark.parametrize("plain", [True, False])
def test_one_and_several_are_the_same_unit_and_gaps_have_none(tmp_path: Path, plain: bool) -> None:
    cells = ["1 item", "", "n/a"] + [f"{place} items" for place in range(2, N)]
    examples = load(table(tmp_path, cells if plain else cells[::-1]))
    assert kind(examples) == "number"
    assert np.nanmax(values(examples)) == N - 1
    assert np.isnan(values(examples)).sum() == 2


@pytest.mark.parametrize(
    "cells",
    [
        [f"{place}A" for place in range(N)],
        [f"{place}D" for place in range(N)],
        [f"{place}AB" for place in range(N)],
        [f"{place:03d} foo" for place in range(N)],
        [f"{place} foo" for place in range(N - 1)] + ["5 bar"],
        [f"{place} foo" for place in range(N - 1)] + ["sold"],
        ["sold"] + [f"{place} foo" for place in range(N - 1)],
        [f"{place} foo" for place in range(N - 1)] + ["5"],
        ["5"] + [f"{place} foo" for place in range(N - 1)],
        [f"{place} foo" for place in range(N - 1)] + ["5 kg"],
        [f"{place} of 40" for place in range(N)],
        [f"Room {place}" for place in range(N)],
    ],
)
def test_codes_and_what_not_all_cells_have_stay_text(tmp_path: Path, cells: list[str]) -> None:
    assert kind(load(table(tmp_path, cells))) in ("identifier", "text", "category")


@pytest.mark.parametrize("largest", [1 << 25, 0], ids=["in memory", "on disk"])
def test_what_all_cells_say_counts_not_what_the_first_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, largest: int
) -> None:
    monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("engine.datasets.tables.table_passes.LARGE_BYTES", largest)
    monkeypatch.setattr("engine.datasets.tables.delimited.CHUNK_CELLS", 128)
    whole = [f"{place} foo" for place in range(200)]
    # A quotation mark within a cell: the rows are read a few at a time.
    examples = load(table(tmp_path, [*whole, '5 ""foo""']))
    assert kind(examples) == "identifier"
    path = table(tmp_path, whole)
    path.write_text(path.read_text().replace(",p\n", ',"p""p"\n'))
    examples = load(path)
    assert kind(examples) == "number"
    assert values(examples) == [float(place) for place in range(200)]


def test_new_inputs_are_read_alike(tmp_path: Path) -> None:
    examples = load(table(tmp_path, [f"{place},5 foos" for place in range(N)]))
    prepared = Preprocessing.fit(examples, np.arange(N), PreprocessingSpec())
    asked = Contract.of(examples, prepared).input_spec
    new = tmp_path / "new.csv"
    new.write_text('a,b\n"7,5 foos",1\n"8,5 foo",2\n"9,5",3\n')
    np.testing.assert_array_equal(read_inputs(new, asked)[:, 0], [7.5, 8.5, 9.5])
    np.testing.assert_array_equal(read_row("1,5 foo;3", asked), [[1.5, 3.0]])


@pytest.mark.parametrize("others", [[], ["12", "14"]])
def test_codes_that_read_as_powers_of_ten_are_told(tmp_path: Path, others: list[str]) -> None:
    path = table(tmp_path, [*others, *(f"{place}E{place % 5}" for place in range(N))])
    examples = load(path)
    finding = told(examples)
    assert f"{N} are powers of ten, unless they are codes. '0E0' is 0." in finding.text
    assert [remedy.label for remedy in finding.remedies] == ["Use it as categories"]
    many = [f"{place}E{place % 5}" for place in range(1_200)]
    assert [remedy.label for remedy in told(load(table(tmp_path, many))).remedies] == [
        "Use it as text"
    ]


def test_numbers_that_programs_write_are_told_of_nothing(tmp_path: Path) -> None:
    cells = [f"{1.5 * 10.0 ** (place % 30 - 15):e}" for place in range(N)]
    examples = load(table(tmp_path, cells))
    assert kind(examples) == "number"
    assert not [it for it in examples.findings if it.subject == "a" and "powers" in it.text]


def test_codes_beyond_all_numbers_are_text(tmp_path: Path) -> None:
    cells = [f"{place}E{place + 300}" for place in range(N)]
    assert kind(load(table(tmp_path, cells))) == "identifier"


def test_labels_beside_files_are_classes_for_nobody_is_told() -> None:
    assert read_all_numbers(np.array(["1 dog", "2 dogs"], object)) is None
    assert read_all_numbers(np.array(["1 kg", "2 kg"], object)) is not None
