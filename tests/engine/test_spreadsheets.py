"""Workbooks and Parquet files, and files that are not what their suffix says."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbooks import write_workbook

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables.table import column_names
from engine.datasets.tables.table_source import stored_parameters
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec

ROWS = [
    ["size", "code", "colour", "when", "y"],
    [1.5, "01", "red", datetime.date(2024, 1, 2), 0.5],
    [2, "02", None, datetime.date(2024, 1, 3), 1.5],
    [None, "01", "blue", datetime.date(2024, 2, 4), 2.25],
    [4, "02", "red", None, 3.5],
]


def load(path: Path, target: str | None = "y", **more: Any) -> Examples:
    values = {"source": str(path), "target": target, **more}
    return load_examples(DataSpec.model_validate(values))[1]


def refusal(path: Path, **more: Any) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        load(path, **more)
    assert caught.value.hint
    return caught.value


class TestWorkbooks:
    def test_cells_of_every_type(self, tmp_path: Path) -> None:
        examples = load(write_workbook(tmp_path / "book.xlsx", {"Data": ROWS}))
        assert {column.name: column.type for column in examples.columns} == {
            "size": "number",
            "code": "category",
            "colour": "category",
            "when": "date",
            "y": "number",
        }
        np.testing.assert_array_equal(examples.x[:, 0], [1.5, 2, np.nan, 4])
        np.testing.assert_array_equal(examples.x[:, 2], [1, np.nan, 0, 1])
        np.testing.assert_array_equal(examples.x[:, 4], [1, 1, 2, np.nan])
        assert examples.names[0] == "row 2"
        assert column_names(tmp_path / "book.xlsx") == tuple(ROWS[0])

    def test_sheets(self, tmp_path: Path) -> None:
        path = write_workbook(
            tmp_path / "book.xlsx", {"Notes": [["a", "y"], [1, 2.5]], "Data": ROWS}
        )
        assert load(path, parameters={"sheet": "Data"}).n_samples == 4
        assert "Sheets: Notes, Data" in refusal(path, parameters={"sheet": "Dada"}).hint
        rows = [["a", "y"], *([number, number + 0.5] for number in range(5))]
        path = write_workbook(tmp_path / "two.xlsx", {"Notes": rows, "Data": ROWS})
        (finding,) = [item for item in load(path).findings if "sheets" in item.text]
        assert finding.remedies[0].changes == {"data.parameters.sheet": "Data"}

    def test_without_a_header(self, tmp_path: Path) -> None:
        rows = [[number, number * 1.5] for number in range(5)]
        path = write_workbook(tmp_path / "book.xlsx", {"Data": rows})
        assert load(path, "column 2").n_samples == 5

    def test_empty_sheets(self, tmp_path: Path) -> None:
        path = write_workbook(tmp_path / "book.xlsx", {"Data": []})
        assert "is empty" in refusal(path).message
        path = write_workbook(tmp_path / "book.xlsx", {"Data": [["a", "y"]]})
        assert "a header but no rows" in refusal(path).message

    @pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods"])
    @pytest.mark.parametrize("content", [b"", b"a,y\0\n1,2\n", b"PK\x03\x04 nothing"])
    def test_damaged(self, tmp_path: Path, suffix: str, content: bytes) -> None:
        path = tmp_path / f"book{suffix}"
        path.write_bytes(content)
        assert "cannot be read as a workbook" in refusal(path).message

    @pytest.mark.parametrize("content", [b"a,y\n1,2\n", "a\ty\n1\t2\n".encode("utf-16")])
    def test_a_text_named_as_a_workbook_is_read(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "export.xls"
        path.write_bytes(content)
        assert column_names(path) == ("a", "y")

    @pytest.mark.parametrize(
        "content", [b"<html><table></table>", b'\xef\xbb\xbf <?xml version="1.0"?>']
    )
    def test_a_web_page_named_as_a_workbook(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "export.xls"
        path.write_bytes(content)
        assert "web page or XML" in refusal(path).message

    def test_a_workbook_named_csv_is_opened(self, tmp_path: Path) -> None:
        assert load(write_workbook(tmp_path / "book.csv", {"Data": ROWS})).n_samples == 4

    def test_infinite_numbers_are_refused_with_the_row(self, tmp_path: Path) -> None:
        rows = [["a", "y"], [1, 0.5], ["inf", 1.5], [3, 2.5]]
        path = write_workbook(tmp_path / "book.xlsx", {"Data": rows})
        assert "'inf' in row 3" in refusal(path).message


class TestParquet:
    @pytest.fixture
    def table(self) -> pa.Table:
        columns = dict(zip(ROWS[0], zip(*ROWS[1:], strict=True), strict=True))
        return pa.table({name: pa.array(values) for name, values in columns.items()})

    def test_cells_of_every_type(self, tmp_path: Path, table: pa.Table) -> None:
        table = table.append_column("yes", pa.array([True, False, None, True]))
        table = table.append_column("float", pa.array([0.1, float("nan"), 1, 2], pa.float32()))
        table = table.append_column("lists", pa.array([[1], [2], [3], []]))
        table = table.set_column(2, "colour", table["colour"].dictionary_encode())
        pq.write_table(table, tmp_path / "table.parquet")
        examples = load(tmp_path / "table.parquet")
        names = list(examples.feature_names)
        np.testing.assert_array_equal(examples.x[:, 0], [1.5, 2, np.nan, 4])
        np.testing.assert_array_equal(examples.x[:, names.index("colour")], [1, np.nan, 0, 1])
        np.testing.assert_array_equal(examples.x[:, names.index("yes")], [1, 0, np.nan, 1])
        np.testing.assert_array_equal(examples.x[:, names.index("float")], [0.1, np.nan, 1, 2])
        (finding,) = [item for item in examples.findings if item.names == ("lists",)]
        assert finding.trouble is Trouble.LEFT_OUT

    def test_damaged(self, tmp_path: Path, table: pa.Table) -> None:
        path = tmp_path / "table.parquet"
        pq.write_table(table, path)
        path.write_bytes(path.read_bytes()[:-20])
        assert "cannot be read as Parquet" in refusal(path).message
        path.write_text("a,y\n1,2\n")
        assert "cannot be read as Parquet" in refusal(path).message

    def test_no_rows(self, tmp_path: Path, table: pa.Table) -> None:
        pq.write_table(table.slice(0, 0), tmp_path / "table.parquet")
        assert "columns but no rows" in refusal(tmp_path / "table.parquet").message

    def test_batches_are_joined(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("engine.datasets.tables.spreadsheet.CHUNK_CELLS", 1)
        values = np.random.default_rng(0).normal(size=(1000, 2))
        pq.write_table(pa.table({"a": values[:, 0], "y": values[:, 1]}), tmp_path / "t.parquet")
        examples = load(tmp_path / "t.parquet")
        np.testing.assert_array_equal(examples.x[:, 0], values[:, 0])
        assert examples.names[-1] == "row 1000"


class TestDurations:
    """They are in seconds whatever unit a file has, and it is said; until 0.1 they were not."""

    SECONDS = (90.0, 3_725.5, 0.25, 7_200.0)

    def told(self, examples: Examples) -> str:
        (text,) = (it.text for it in examples.findings if "durations" in it.text)
        return text

    def parquet(self, path: Path, unit: str) -> Path:
        ticks = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
        values = pa.array([int(ticks * value) for value in self.SECONDS], pa.duration(unit))
        pq.write_table(pa.table({"took": values, "y": [0.5, 1.5, 2.5, 3.5]}), path)
        return path

    @pytest.mark.parametrize(
        ("unit", "word"), [("ms", "milliseconds"), ("us", "microseconds"), ("ns", "nanoseconds")]
    )
    def test_parquet(self, tmp_path: Path, unit: str, word: str) -> None:
        examples = load(self.parquet(tmp_path / "t.parquet", unit))
        np.testing.assert_array_equal(examples.x[:, 0], self.SECONDS)
        assert word in self.told(examples)

    def test_workbook(self, tmp_path: Path) -> None:
        rows: list[list[Any]] = [["took", "y"]]
        rows += [
            [datetime.timedelta(seconds=value), row / 2] for row, value in enumerate(self.SECONDS)
        ]
        examples = load(write_workbook(tmp_path / "book.xlsx", {"Data": rows}))
        np.testing.assert_allclose(examples.x[:, 0], self.SECONDS, atol=1e-3)
        assert "'took' holds durations" in self.told(examples)

    def test_as_stored(self, tmp_path: Path) -> None:
        path = self.parquet(tmp_path / "t.parquet", "us")
        examples = load(path, parameters={"durations": "as stored"})
        np.testing.assert_array_equal(examples.x[:, 0], 1e6 * np.array(self.SECONDS))
        assert "read in microseconds" in self.told(examples)

    def test_a_model_of_an_earlier_version_sees_them_as_it_learnt_them(self) -> None:
        assert stored_parameters({"parameters": {"decimal": "point"}}).durations == "as stored"
        assert stored_parameters({"parameters": {"durations": "seconds"}}).durations == "seconds"
