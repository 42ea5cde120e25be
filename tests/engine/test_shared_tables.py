"""The odd tables of ../shared/cases: what a person reads in them is what Descent reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.events.profile import ColumnProfile
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
pytestmark = pytest.mark.skipif(not CASES.exists(), reason="the shared cases are not here")


def load(name: str, target: str | None = None, **more: Any) -> Examples:
    values = {"source": str(CASES / name), "target": target, **more}
    return load_examples(DataSpec.model_validate(values))[1]


def column(examples: Examples, name: str) -> ColumnProfile:
    return next(item for item in examples.columns if item.name == name)


@pytest.mark.parametrize(
    ("name", "target", "of", "low", "high", "mean"),
    [
        ("a01_thousands.tsv", "y", "income", 234, 4991, 3082.625),
        ("a01_price.tsv", "price", "price", 681, 5853, 2789.883),
        ("a01_de.csv", "y", "einwohner", 477, 8907, 4468.95),
        ("a03_years.xlsx", "2022", "2019", 31.6, 65.4, 49.387),
        ("a03_years_same.csv", "2022", "2019", 26.8, 68.9, 50.873),
        ("a21_percent.csv", "y", "p", 5, 98, 54.75),
    ],
)
def test_numbers(name: str, target: str, of: str, low: float, high: float, mean: float) -> None:
    found = column(load(name, target), of)
    assert (found.type, found.minimum, found.maximum) == ("number", low, high)
    assert found.mean == pytest.approx(mean, abs=1e-3)


def test_money_is_a_quantity() -> None:
    examples = load("a21_price.csv", "price", task="regression")
    assert examples.y[0] == 327_408


def test_first_rows_of_data() -> None:
    examples = load("a02_haberman.data")
    means = [column(examples, f"column {number}").mean for number in range(1, 5)]
    assert means == pytest.approx([52.3, 63.867, 13.333, 1.567], abs=1e-3)
    assert load("a02_haberman.data").n_samples == load("a02_cats.data").n_samples == 60
    assert load("a03_years.xlsx").n_samples == 30


@pytest.mark.parametrize(("name", "row"), [("a23_title.xlsx", 4), ("a23_title_small.xlsx", 2)])
def test_titles(name: str, row: int) -> None:
    examples = load(name)
    assert dict(examples.facts)["Header"] == f"row {row}"
    assert examples.source_columns == ("a", "b", "y")


def test_blanks() -> None:
    examples = load("a22_autompg.data", "column 1")
    assert len(examples.source_columns) == 5
    assert column(examples, "column 4").n_missing == 4


def test_labels() -> None:
    examples = load("a06_german")
    assert examples.task is Task.REGRESSION
    assert float(examples.y.mean()) == pytest.approx(1.58333, abs=1e-5)
    for name, n_samples in (("a07_rev.csv", 54), ("a07_nan.csv", 53)):
        examples = load(name, "stars", format="text_table")
        assert (examples.n_samples, examples.class_names) == (n_samples, ("1", "2", "3", "4", "5"))


def test_cells_that_do_not_fit() -> None:
    assert column(load("a12_dots.csv"), "bmi").type == "number"
    examples = load("a12_lt.csv")
    assert column(examples, "conc").type == "number"
    assert any(item.names[:1] == ("line 4: '<0.5'",) for item in examples.findings)
    examples = load("a13_zerodate.csv")
    assert column(examples, "when").type == "date"
    assert any(item.names == ("line 9: '0000-00-00'",) for item in examples.findings)


def test_long_cells() -> None:
    examples = load("a14_long.csv", "sentiment", format="text_table")
    assert examples.n_samples == 40
    assert max(map(len, examples.x[:])) == 100_000


def test_many_whole_numbers_may_be_a_quantity() -> None:
    examples = load("a19_age.csv", "age")
    assert examples.task is Task.REGRESSION
    assert any("taken as a quantity" in note for note in examples.notes)
