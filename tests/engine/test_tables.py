"""CSV files, honest and lying ones. Each file here is written by the test that reads it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import table_cases
from table_cases import found, load, refusal, types, write

from engine.datasets import load_examples, open_dataset
from engine.datasets.tables.table import column_names
from engine.datasets.tables.table_source import TableParameters
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Task

folder = table_cases.folder


PENGUINS = Path(__file__).parents[2].parent / "shared" / "data" / "penguins.csv"


class TestReading:
    def test_numbers_and_text_by_hand(self, folder: Path) -> None:
        examples = load(write(folder, "a,colour,y\n1,red,0.5\n-2.5,blue,1.5\n3e2,red,2.25\n"))
        assert examples.feature_names == ("a", "colour")
        assert examples.reading["columns"][1]["values"] == ["blue", "red"]
        assert examples.x.tolist() == [[1, 1], [-2.5, 0], [300, 1]]
        assert examples.y.tolist() == [0.5, 1.5, 2.25]
        assert (examples.kind, examples.task) == (Kind.TABLE, Task.REGRESSION)
        assert examples.target_name == "y"
        assert examples.notes == ()
        assert examples.source_columns == ("a", "colour", "y")
        assert examples.names == ("line 2", "line 3", "line 4")
        assert dict(examples.facts)["Delimiter"] == "comma"

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_delimiter_is_found(self, folder: Path, delimiter: str, newline: str) -> None:
        rows = [["a", "b", "y"], ["1.5", "2", "0.5"], ["3", "4", "1.5"], ["6", "7", "2.5"]]
        path = write(folder, newline.join(delimiter.join(row) for row in rows))
        assert load(path).x.tolist() == [[1.5, 2], [3, 4], [6, 7]]

    def test_text_with_the_delimiter_in_quotes(self, folder: Path) -> None:
        path = write(folder, 'place,y\n"Rome, Italy",1.5\n"a ""b""",2.5\n"Rome, Italy",3.5\n')
        assert load(path).reading["columns"][0]["values"] == ["Rome, Italy", 'a "b"']

    def test_quoted_line_break_counts_as_lines(self, folder: Path) -> None:
        path = write(folder, 'a,n,y\n1,"two\nlines",1.5\n2,k,2.5\n3,k,2.5,9\n')
        assert "Line 5 " in refusal(path).message

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    def test_encodings_are_found(self, folder: Path, encoding: str) -> None:
        text = "größe,y\n1,0.5\n2,1.5\n3,2.5\n"
        examples = load(write(folder, text.encode(encoding)))
        assert examples.feature_names == ("größe",)
        assert examples.notes == ()
        assert dict(examples.facts)["Encoding"] in (encoding.upper(), "UTF-8")

    def test_another_alphabet_is_found(self, folder: Path) -> None:
        towns = ["Москва", "Санкт-Петербург", "Новосибирск", "Екатеринбург", "Казань"] * 8
        rows = "".join(f"{town},{place}.5\n" for place, town in enumerate(towns))
        examples = load(write(folder, f"город,y\n{rows}".encode("windows-1251")))
        assert examples.feature_names == ("город",)
        assert dict(examples.facts)["Encoding"] == "WINDOWS-1251"

    def test_encoding_may_be_said(self, folder: Path) -> None:
        path = write(folder, "naïve,y\n1,0.5\n2,1.5\n".encode("mac-roman"))
        examples = load(path, parameters={"encoding": "mac-roman"})
        assert examples.feature_names == ("naïve",)
        error = refusal(path, parameters={"encoding": "utf-8"})
        assert "not readable as UTF-8" in error.message

    def test_latin_is_read_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "größe,y\n1,0.5\n2,1.5\n3,2.5\n".encode("cp1252")))
        assert examples.feature_names == ("größe",)
        assert "not UTF-8" in found(examples, Trouble.UNDERSTOOD).text
        assert column_names(folder / "table.csv") == ("größe", "y")

    def test_decimal_comma_is_read_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "a;y\n1,5;0,25\n-2,5;1\n1.234;3,5e2\n"))
        # Beside decimal commas, a point before three digits groups thousands.
        assert examples.x.tolist() == [[1.5], [-2.5], [1234]]
        assert "'1.234' is 1234" in found(examples, Trouble.UNDERSTOOD, "a").text
        assert examples.y.tolist() == [0.25, 1, 350]
        assert "decimal comma" in examples.notes[0]

    def test_decimal_sign_may_be_said(self, folder: Path) -> None:
        path = write(folder, 'a,y\n"1,5",1\n"2.000,5",2\n"1.234",4\n')
        examples = load(path, parameters={"decimal": "comma"})
        assert examples.x.tolist() == [[1.5], [2000.5], [1234]]
        path = write(folder, "a;y\n1,5;0.5\n2,5;1.5\n1,5;2.5\n2,5;2.5\n")
        assert types(load(path))["a"] == "number"
        assert types(load(path, parameters={"decimal": "point"}))["a"] == "category"

    def test_delimiter_may_be_said(self, folder: Path) -> None:
        path = write(folder, "a,b;y\n1,5;2\n2,5;3\n1,5;4\n")
        assert column_names(path) == ("a", "b;y")
        examples = load(path, parameters={"delimiter": "semicolon"})
        assert examples.x.tolist() == [[1.5], [2.5], [1.5]]
        assert dict(examples.facts)["Decimal sign"] == "comma"

    def test_blank_lines_and_blanks_around_cells(self, folder: Path) -> None:
        examples = load(write(folder, "\na , y\n\n 1, 0.5\n   \n2 ,1.5 \n3,2.5\n\n"))
        assert examples.x.tolist() == [[1], [2], [3]]
        assert examples.feature_names == ("a",)

    def test_row_numbers_without_a_name_are_left_out(self, folder: Path) -> None:
        examples = load(write(folder, ",a,y\n0,5,0.5\n1,7,1.5\n2,6,2.5\n"))
        assert examples.feature_names == ("a",)
        assert "numbers the rows" in found(examples, Trouble.LEFT_OUT, "column 1").text
        path = write(folder, "0,0.5\n1,1.5\n2,2.5\n")
        assert load(path, "column 2").feature_names == ("column 1",)

    def test_a_column_without_a_name_gets_one(self, folder: Path) -> None:
        examples = load(write(folder, "a,,y\n0,5,0.5\n1,7,1.5\n2,6,2.5\n"))
        assert examples.feature_names == ("a", "column 2")

    def test_a_file_without_header_is_numbered_and_reported(self, folder: Path) -> None:
        path = write(folder, "5.1,3.5,setosa\n4.9,3.0,setosa\n5.0,3.4,other\n4.8,3.1,other\n")
        examples = load(path, "column 3")
        assert examples.feature_names == ("column 1", "column 2")
        assert examples.n_samples == 4
        (remedy,) = found(examples, Trouble.UNDERSTOOD).remedies
        assert remedy.changes == {"data.parameters.header": "yes"}
        assert load(path, "setosa", parameters={"header": "yes"}).n_samples == 3

    def test_years_name_columns(self, folder: Path) -> None:
        examples = load(write(folder, "2019,2020\n1.5,2\n3,4\n5,6.5\n"), "2020")
        assert examples.feature_names == ("2019",)

    def test_header_may_be_denied(self, folder: Path) -> None:
        path = write(folder, "red,1\nblue,2\nred,3\nblue,5\n")
        examples = load(path, "column 2", parameters={"header": "no"})
        assert examples.x.tolist() == [[1], [0], [1], [0]]

    def test_column_names_without_reading_all(self, folder: Path) -> None:
        path = write(folder, "a;b c;y\n1;2;3\n1;2;3;4;5\n")
        assert column_names(path) == ("a", "b c", "y")

    @pytest.mark.parametrize(
        "name", ["with blanks .csv", "größe 表 🐧.csv", "x" * 251 + ".csv", "-y=1;.csv", "a.b.csv"]
    )
    def test_names_of_any_kind(self, folder: Path, name: str) -> None:
        examples = load(write(folder, "a,y\n1,0.5\n2,1.5\n", name))
        assert examples.n_samples == 2

    def test_source_may_start_at_home(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HOME", str(folder))
        monkeypatch.setenv("USERPROFILE", str(folder))
        write(folder, "a,y\n1,0.5\n2,1.5\n")
        dataset, _ = load_examples(DataSpec(source="~/table.csv", target="y"))
        assert dataset.title == "table.csv"


class TestRefusedFiles:
    def test_row_longer_than_the_header(self, folder: Path) -> None:
        error = refusal(write(folder, "a,y\n1,2\n3,4,5\n6,7\n"))
        assert "Line 3 " in error.message
        assert "has 3 cells" in error.message
        assert "3,4,5" in error.message

    def test_every_row_longer_than_the_header(self, folder: Path) -> None:
        # By default, pandas would take the first column as the index and shift the rest.
        assert "Line 2 " in refusal(write(folder, "a,y\n1,2,3\n4,5,6\n")).message

    def test_open_quote(self, folder: Path) -> None:
        error = refusal(write(folder, 'a,y\n1,2\n"3,4\n5,6\n'))
        assert "starts in line 3" in error.message
        assert "quotation mark" in error.hint

    def test_empty_file(self, folder: Path) -> None:
        assert "is empty" in refusal(write(folder, "")).message
        assert "is empty" in refusal(write(folder, "\n\n")).message

    def test_header_only(self, folder: Path) -> None:
        error = refusal(write(folder, "a,y\n"))
        assert "no rows" in error.message
        assert "a, y" in error.message

    def test_repeated_names(self, folder: Path) -> None:
        assert "same name: a" in refusal(write(folder, "a,b,a,y\n1,2,3,4\n")).message

    def test_binary_file(self, folder: Path) -> None:
        assert "not a text file" in refusal(write(folder, b"\x7fELF\0\0\0\0")).message
        assert "as a workbook" in refusal(write(folder, b"PK\x03\x04\0\0\0")).message

    def test_broken_utf_16(self, folder: Path) -> None:
        content = "a,y\n1,2\n".encode("utf-16") + b"\xd8"
        assert "UTF-16" in refusal(write(folder, content)).message

    def test_one_column(self, folder: Path) -> None:
        assert "only one column" in refusal(write(folder, "y\n1\n2\n")).message

    def test_a_file_that_disappears(self, folder: Path) -> None:
        path = write(folder, "a,y\n1,0.5\n2,1.5\n")
        dataset = open_dataset(DataSpec(source=str(path), target="y"))
        path.unlink()
        with pytest.raises(DatasetError, match="cannot be opened: no such file"):
            dataset.load(TableParameters())

    def test_unreadable_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(folder, "a,y\n1,2\n")

        def refuse(*args: object, **kwargs: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        assert "permission denied" in refusal(path).message


class TestWeights:
    def test_are_no_feature(self, folder: Path) -> None:
        examples = load(write(folder, "a,w,y\n1,2,0.5\n2,0,1.5\n3,0.5,2.5\n"), weights="w")
        assert examples.feature_names == ("a",)
        assert examples.weights is not None
        assert examples.weights.tolist() == [2, 0, 0.5]
        assert examples.weights.dtype == np.float32

    @pytest.mark.parametrize("cell", ["-1", "", "NA", "heavy"])
    def test_others_are_refused_with_the_line(self, folder: Path, cell: str) -> None:
        path = write(folder, f"a,w,y\n1,2,0.5\n2,{cell},1.5\n3,1,2.5\n")
        error = refusal(path, weights="w")
        assert "'w'" in error.message
        assert "in line 3" in error.message


class TestColumnAccess:
    def test_every_column_by_name(self, folder: Path) -> None:
        path = write(
            folder,
            "a,who,t,y\n1,ann,2024-01-02,0.5\n,bob,2024-01-01,1.5\n3,cid,,\n4,dan,2024-01-03,2.5\n",
        )
        column = load(path).column
        assert column is not None
        np.testing.assert_array_equal(column("a"), [1, np.nan, 4])
        assert column("who").tolist() == ["ann", "bob", "dan"]
        assert np.argsort(column("t")).tolist() == [1, 0, 2]
        with pytest.raises(DatasetError, match="no column 'when'"):
            column("when")


@pytest.mark.skipif(not PENGUINS.exists(), reason="the shared penguins are not here")
class TestPenguins:
    def test_species(self) -> None:
        examples = load(PENGUINS, None)
        assert examples.target_name == "species"
        assert examples.class_names == ("Adelie", "Chinstrap", "Gentoo")
        assert np.bincount(examples.y).tolist() == [152, 68, 124]
        assert examples.x.shape == (344, 6)
        assert {column.name: column.n_missing for column in examples.columns}["sex"] == 11

    def test_body_mass_agrees_with_pandas(self) -> None:
        import pandas as pd

        examples = load(PENGUINS, "body_mass_g")
        frame = pd.read_csv(PENGUINS).dropna(subset="body_mass_g")
        assert examples.task is Task.REGRESSION
        np.testing.assert_array_equal(examples.y, frame["body_mass_g"])
        for index, name in enumerate(examples.feature_names):
            expected = frame[name]
            if not pd.api.types.is_numeric_dtype(expected):
                expected = expected.astype("category").cat.codes.replace(-1, np.nan)
            np.testing.assert_array_equal(examples.x[:, index], expected)
