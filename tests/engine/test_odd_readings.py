"""Odd but ordinary tables: what could be read wrongly is told, and one click reads it otherwise.

Made after public reports: codes such as -999 (SFrame 44), a.m. and p.m. and years of two digits
(submersion 1829), categories that differ in capitals, times as milliseconds (datatable 1701).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.labels import understand_targets
from engine.datasets.tables.missing_codes import missing_code
from engine.datasets.tables.table import read_inputs, read_row
from engine.errors import DatasetError
from engine.events.findings import DataFinding
from engine.inference.contract import Contract
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec

N = 60


def load(path: Path, **more: Any) -> Examples:
    return load_examples(DataSpec.model_validate({"source": str(path), **more}))[1]


def write(folder: Path, header: str, rows: list[str]) -> Path:
    path = folder / "table.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def findings(examples: Examples, words: str) -> list[DataFinding]:
    return [item for item in examples.findings if words in item.text]


class TestCodesForAGap:
    def table(self, folder: Path, code: str) -> Path:
        cells = [code if place % 9 == 4 else f"{10 + place / 10:.1f}" for place in range(N)]
        rows = [f"{cell},{place % 9 - 4},{'ab'[place % 2]}" for place, cell in enumerate(cells)]
        return write(folder, "temp,depth,y", rows)

    @pytest.mark.parametrize("code", ["-999", "-999.0", "9999", "-99.9", "99999"])
    def test_one_is_asked_about_and_one_click_takes_it_out(self, tmp_path: Path, code: str) -> None:
        path = self.table(tmp_path, code)
        examples = load(path, target="y")
        (finding,) = findings(examples, "far from all other numbers")
        assert finding.subject == "temp"
        (remedy,) = finding.remedies
        assert remedy.changes == {"data.parameters.missing": (f"temp: {float(code):g}",)}
        parameters = {"missing": list(remedy.changes["data.parameters.missing"])}
        mended = load(path, target="y", parameters=parameters)
        (temp, depth, _) = mended.columns
        assert (temp.n_missing, depth.n_missing) == (7, 0)
        assert (temp.minimum, temp.maximum) == (10.0, 15.9)
        assert not findings(mended, "far from all other numbers")

    def test_it_holds_in_all_columns_or_in_one(self, tmp_path: Path) -> None:
        path = self.table(tmp_path, "-4")
        for missing, expected in ((["-4"], (7, 7)), (["depth: -4"], (0, 7))):
            examples = load(path, target="y", parameters={"missing": missing})
            assert tuple(item.n_missing for item in examples.columns[:2]) == expected

    def test_new_inputs_are_read_alike(self, tmp_path: Path) -> None:
        parameters = {"missing": ["temp: -999"]}
        examples = load(self.table(tmp_path, "-999"), target="y", parameters=parameters)
        prepared = Preprocessing.fit(examples, np.arange(N), PreprocessingSpec())
        asked = Contract.of(examples, prepared).input_spec
        new = tmp_path / "new.csv"
        new.write_text("temp,depth\n-999.0,-999\n12.5,3\n")
        np.testing.assert_array_equal(read_inputs(new, asked), [[np.nan, -999], [12.5, 3]])
        np.testing.assert_array_equal(read_row("-999,2", asked), [[np.nan, 2]])

    def test_a_series_asks_as_well(self, tmp_path: Path) -> None:
        rows = [f"{place},{-999 if place % 20 == 7 else place % 12}" for place in range(120)]
        path = write(tmp_path, "time,load", rows)
        asked = {"task": "forecasting", "format": "series"}
        (finding,) = findings(load(path, **asked), "far from all other numbers")
        changes = finding.remedies[0].changes
        assert changes == {"data.parameters.missing": ("load: -999",)}
        mended = load(path, **asked, parameters={"missing": ["load: -999"]})
        assert not findings(mended, "far from all other numbers")
        assert mended.reading["missing"] == ["load: -999"]

    @pytest.mark.parametrize(
        "values",
        [
            [1.0, 2, 3, 4, 5, 6, -999],  # once is no habit
            [-999.0, -999, -998, -997, -996, -995, -990],  # not far from the others
            [0.0, 1, 2, 3, 4, 5, -2, -2],  # no such code
            [-1000.0, 500, -999, -999, 3, 900, 20],  # others are beyond it
        ],
    )
    def test_other_numbers_are_let_be(self, values: list[float]) -> None:
        assert missing_code(np.array(values)) is None


class TestSpellings:
    rows = tuple(
        f"{('Male', 'male', 'FEMALE', 'female ')[place % 4]},{place % 7}" for place in range(N)
    )

    def test_classes_of_one_name_are_one_class(self, tmp_path: Path) -> None:
        path = write(tmp_path, "sex,x", list(self.rows))
        examples = load(path, target="sex")
        assert examples.class_names == ("FEMALE", "Male")
        assert examples.y.tolist() == [(1, 1, 0, 0)[place % 4] for place in range(N)]
        (finding,) = findings(examples, "Taken for one class")
        exact = load(path, target="sex", parameters=_values(finding))
        assert len(exact.class_names) == 4
        assert not findings(exact, "Taken for one class")

    def test_categories_of_one_name_are_told(self, tmp_path: Path) -> None:
        rows = [f"{row},{'ab'[place % 2]}" for place, row in enumerate(self.rows)]
        (finding,) = findings(load(write(tmp_path, "sex,x,y", rows), target="y"), "capitals")
        assert finding.names == ("'FEMALE' = 'female'", "'Male' = 'male'")

    def test_where_one_class_would_be_left_they_stay_apart(self, tmp_path: Path) -> None:
        rows = [f"{('yea', 'YEA')[place % 2]},{place}" for place in range(N)]
        assert load(write(tmp_path, "y,x", rows), target="y").class_names == ("YEA", "yea")


class TestTimes:
    def test_years_of_two_digits_are_told(self, tmp_path: Path) -> None:
        rows = [
            f"{place % 28 + 1}.{place % 12 + 1}.{60 + place % 30},{place}" for place in range(N)
        ]
        path = write(tmp_path, "when,y", rows)
        assert findings(load(path, target="y"), "two digits in 'when' are read as 1969 to 2068")

    def test_hours_before_and_after_noon(self, tmp_path: Path) -> None:
        rows = [
            f"2024-01-{place % 28 + 1:02d} {place % 12 + 1}:30 {'AP'[place % 2]}M,{place}"
            for place in range(N)
        ]
        examples = load(write(tmp_path, "when,y", rows), target="y")
        assert next(item.type for item in examples.columns if item.name == "when") == "date"
        hours = examples.x[:, [name == "when (hour)" for name in examples.feature_names]]
        expected = [(place % 12 + 1) % 12 + 12 * (place % 2) for place in range(N)]
        assert hours[:, 0].tolist() == expected

    def test_milliseconds_are_the_time_and_no_channel(self, tmp_path: Path) -> None:
        rows = [f"{1_700_000_000_000 + place * 60_000},{place % 12}" for place in range(120)]
        path = write(tmp_path, "ts,value", rows)
        examples = load(path, task="forecasting", format="series")
        assert examples.x.shape[2] == 1


def test_255_beside_classes_from_0_on_is_told() -> None:
    values = np.array([0, 1, 2, 255] * 20, np.uint8)
    (finding,) = understand_targets(values, "mask", None).findings
    assert "'255' is a class of 'mask'" in finding.text


def test_money_in_thousands_is_a_unit_that_is_known(tmp_path: Path) -> None:
    rows = [f"${place**2 + 50}K,{'ab'[place % 2]}" for place in range(N)]
    (finding,) = findings(load(write(tmp_path, "salary,y", rows), target="y"), "are in $k")
    assert "no unit we know" not in finding.text


def _values(finding: DataFinding) -> dict[str, Any]:
    changes = finding.remedies[0].changes
    return {str(path).rpartition(".")[2]: value for path, value in changes.items()}


class TestListsAndMarks:
    """After readr 1520, 1349 and 271, and letters that were taken for Cyrillic."""

    def test_lists_of_codes_are_no_numbers_with_commas(self, tmp_path: Path) -> None:
        cells = ["1", "1,23,4", "1,2,3,4", "2,3", "4,1"]
        rows = [f'"{cells[place % 5]}",{place}' for place in range(N)]
        examples = load(write(tmp_path, "codes,y", rows), target="y", task="regression")
        assert {column.name: column.type for column in examples.columns}["codes"] == "category"
        assert findings(examples, "24 of 60") or findings(examples, "are numbers, but others")

    def test_one_mark_beside_measured_numbers_stays_a_gap(self, tmp_path: Path) -> None:
        rows = [f"{'<0.5' if place % 3 == 0 else place / 7:},{place}" for place in range(N)]
        examples = load(write(tmp_path, "conc,y", rows), target="y", task="regression")
        assert {column.name: column.type for column in examples.columns}["conc"] == "number"

    def test_quotation_marks_and_dashes_say_nothing_of_the_alphabet(self, tmp_path: Path) -> None:
        rows = [f"\u201cRen\u00e9\u201d \u2013 {place % 3},{place}" for place in range(N)]
        path = tmp_path / "table.csv"
        path.write_bytes(("name,y\n" + "\n".join(rows) + "\n").encode("cp1252"))
        examples = load(path, target="y", task="regression")
        assert "\u201cRen\u00e9\u201d \u2013 1" in dict(examples.columns[0].values)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("a.csv.gz", "unpack it"),
        ("a.jsonl", "CSV or Parquet"),
        ("a.ARFF", "Weka"),
        ("a.feather", "Parquet"),
        ("a.pkl", "may run code"),
        ("a.sqlite", "database"),
    ],
)
def test_a_file_of_a_known_type_is_refused_with_what_to_do(
    tmp_path: Path, name: str, advice: str
) -> None:
    (tmp_path / name).write_bytes(b"something")
    with pytest.raises(DatasetError) as caught:
        load(tmp_path / name)
    assert advice in caught.value.hint


def test_records_with_fields_are_refused_with_their_names(tmp_path: Path) -> None:
    records = np.zeros(20, [("size", "f4"), ("colour", "S1")])
    np.save(tmp_path / "records.npy", records)
    with pytest.raises(DatasetError, match=r"records with fields .* size, colour"):
        load(tmp_path / "records.npy")
