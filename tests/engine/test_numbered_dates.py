"""Dates that are written as numbers or by the calendar: they are offered, and read when asked."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables.numbered_dates import CALENDAR, NUMBERED, cell_of
from engine.datasets.tables.table_cells import read_dates
from engine.datasets.tables.table_source import text_cells
from engine.errors import DatasetError
from engine.spec.run_spec import DataSpec

DAYS = [
    datetime.datetime(2024, 1, 29, tzinfo=datetime.UTC) + datetime.timedelta(7 * k)
    for k in range(12)
]
WAYS = {
    "%Y%m%d": [f"{day:%Y%m%d}" for day in DAYS],
    "%Y%m": [f"2023{month:02}" for month in range(1, 13)],
    "%Y%m%d%H%M": [f"{day:%Y%m%d}1345" for day in DAYS],
    "%Y%m%d%H%M%S": [f"{day:%Y%m%d}134507" for day in DAYS],
    "unix s": [f"{day.timestamp():.0f}" for day in DAYS],
    "unix ms": [f"{1000 * day.timestamp():.0f}" for day in DAYS],
    "unix us": [f"{1_000_000 * day.timestamp():.0f}" for day in DAYS],
    "excel days": [str((day.date() - datetime.date(1899, 12, 30)).days) for day in DAYS],
    CALENDAR: ["{}-W{:02}".format(*day.isocalendar()) for day in DAYS],
}


def load(folder: Path, name: str, cells: list[str], **columns: object) -> Examples:
    rows = "".join(f"{cell},{row % 5},{row}\n" for row, cell in enumerate(cells))
    (folder / "table.csv").write_text(f"{name},x,y\n{rows}")
    values = {"source": str(folder / "table.csv"), "target": "y", "columns": columns}
    return load_examples(DataSpec.model_validate(values))[1]


def offers(examples: Examples, name: str) -> list[str]:
    """Texts of the findings that offer to read a column as dates."""
    path = ("data", "columns", name, "type")
    return [
        finding.text
        for finding in examples.findings
        if any(remedy.changes == {path: "date"} for remedy in finding.remedies)
    ]


@pytest.mark.parametrize("form", WAYS)
def test_each_way_is_offered_and_read_as_the_days_it_means(tmp_path: Path, form: str) -> None:
    (told,) = offers(load(tmp_path, "created_at", WAYS[form]), "created_at")
    assert ("2023-01 to 2023-12" if form == "%Y%m" else "2024-01-29 to 2024-04-15") in told
    examples = load(tmp_path, "created_at", WAYS[form], created_at={"type": "date"})
    assert not offers(examples, "created_at")
    assert examples.feature_names[0] == "created_at (year)"
    days = examples.x[:, examples.feature_names.index("created_at (days)")]
    expected = [datetime.datetime(2023, month, 1, tzinfo=datetime.UTC) for month in range(1, 13)]
    seconds = [day.timestamp() for day in (expected if form == "%Y%m" else DAYS)]
    np.testing.assert_array_equal(np.floor(days), np.array(seconds) // 86_400)
    has_clock = "created_at (hour)" in examples.feature_names
    assert has_clock == (form in ("%Y%m%d%H%M", "%Y%m%d%H%M%S", "unix s", "unix ms", "unix us"))


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("price", ["20240131", "20240230"]),  # there is no 30th of February
        ("price", ["20240131", "20240131"]),
        ("code", ["20240131", "31012024"]),
        ("date", ["20240131", "20240201.5"]),
        ("n", ["202401", "202402", "202402"]),  # by accident
        ("n", ["202401", "202402", "202403", "202413"]),
        ("amount", ["1706659200", "1706659300"]),  # nothing says that it is a time
        ("elapsed time", ["1706659200", "1706659300"]),
        ("date", ["5", "7"]),
        ("week", ["2024-W05", "2024-W54"]),
        ("week", ["2024-W05", "later"]),
    ],
)
def test_what_may_be_something_else_is_left_alone(
    tmp_path: Path, name: str, cells: list[str]
) -> None:
    assert not offers(load(tmp_path, name, cells * 4), name)


def test_what_is_predicted_is_no_date(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("x,day\n1,20240131\n2,20240201\n3,20240202\n4,20240203\n")
    values = {"source": str(tmp_path / "table.csv"), "target": "day", "task": "regression"}
    assert not offers(load_examples(DataSpec.model_validate(values))[1], "day")


def test_a_cell_that_is_no_date_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"'day' must hold dates.*'20240230' in line 4"):
        load(tmp_path, "day", ["20240131", "20240201", "20240230"], day={"type": "date"})


@pytest.mark.parametrize("form", NUMBERED)
@pytest.mark.parametrize("cell", ["", "x", "2024013", "2024131", "nan", "inf", "1e400", "-", "１"])
def test_other_cells_are_none(form: str, cell: str) -> None:
    found = read_dates(text_cells([cell, cell]), form)
    if form.startswith("unix") or form == "excel days":
        assert np.isnan(found).all() or cell.isdecimal()
    else:
        assert np.isnan(found).all()


@pytest.mark.parametrize("form", NUMBERED)
def test_no_cells(form: str) -> None:
    assert read_dates(text_cells([]), form).shape == (0,)


@pytest.mark.parametrize("form", NUMBERED)
def test_a_moment_is_written_as_its_column_is_read(form: str) -> None:
    moments = read_dates(text_cells(WAYS[form]), form)
    cells = [cell_of(moment, form) for moment in moments.tolist()]
    np.testing.assert_array_equal(read_dates(text_cells(cells), form), moments)
    if form != CALENDAR:  # which has several ways for one day
        assert cells == WAYS[form]
