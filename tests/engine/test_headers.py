"""Which row names the columns; what parts the cells of a file, and what quotation marks mean."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from workbooks import write_workbook

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables.header_rows import find_header
from engine.datasets.tables.table import column_names
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.spec.run_spec import DataSpec


def load(path: Path, target: str | None = "y", **more: Any) -> Examples:
    values = {"source": str(path), "target": target, **more}
    return load_examples(DataSpec.model_validate(values))[1]


def write(folder: Path, text: str, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode())
    return path


def about(examples: Examples, words: str) -> DataFinding:
    (finding,) = [item for item in examples.findings if words in item.text]
    return finding


class TestFirstRow:
    @pytest.mark.parametrize(
        "text",
        [
            "66,62,20,1\n55,68,4,2\n51,68,11,1\n65,68,4,1",  # numbers, as those below
            "e,x,n\ne,s,y\np,b,n\np,s,w\ne,s,n",  # letters, as those below
            "2024-01-31,red\n2024-02-29,blue\n2024-03-31,red",
            "7\n8\n6\n9",
            "5,setosa\n4,other\n6,setosa\n3,other",
            "5 kg,7\n6 kg,8\n5.5 kg,9",
            "$5,red\n$7,blue\n$6,red",
            "1,2,3\n4,5,6\n7,8,9",
            "2019,5,1\n2020,6,2\n2021,5,1",
            "<0.5,7\n1.5,8\n2.5,9\n3.5,6",
        ],
    )
    def test_of_plain_data_is_data(self, tmp_path: Path, text: str) -> None:
        n_columns = text.partition("\n")[0].count(",") + 1
        names = tuple(f"column {number}" for number in range(1, n_columns + 1))
        for delimiter in (",", ";", "\t"):
            path = write(tmp_path, text.replace(",", delimiter))
            assert column_names(path) == names, delimiter

    @pytest.mark.parametrize(
        "text",
        [
            "a,b\n1,2\n3,4",
            "2019,2020,2021\n55.1,59.6,39.4\n39.4,53.8,48.2",
            "2010,2015,2019,2020\n5.1,9.6,3.4,1\n3.4,5.8,4.2,2",
            "0,1,2\n0.5,1.25,7.5\n1.5,2.5,3.5",
            "30 days,60 days,y\n5,7,1\n6,8,2\n5,9,1",
            "country,2019,2020\nNorway,1.5,2.5\nChad,2.5,3.5\nPeru,1.2,2.2",
            "label,0,1,2,3,4\n7,0,255,17,3,9\n3,18,0,255,7,7",
            "country,1/22/20,1/23/20\nNorway,0,1\nChad,0,2",
            "col1,col2,col3\n1,2,3\na,b,c\nA,B,C\n22,22,12",
            "filename,path\nc.txt,/tmp/c.txt\npython.txt,/tmp/python.txt",
            "sample,fastq_1\nA1-35-8,R1.gz\nA2-102-5,R2.gz\nArg1366,R3.gz",
            "text,label\ngood film,pos\nbad film,neg\ndull plot,neg",
            "y,colour\ny,red\nn,blue\ny,red\nn,red",
            "name,is_nc\nAda,False\nBob,False\nCy,False",
        ],
    )
    def test_of_names_names_the_columns(self, tmp_path: Path, text: str) -> None:
        names = tuple(text.partition("\n")[0].split(","))
        assert column_names(write(tmp_path, text)) == names

    def test_what_could_be_otherwise_is_told_with_a_remedy(self, tmp_path: Path) -> None:
        path = write(tmp_path, "2019,2020\n1.5,2\n3,4\n5,6.5\n")
        (remedy,) = about(load(path, "2020"), "taken for the names").remedies
        assert remedy.changes == {"data.parameters.header": "no"}
        assert load(path, "column 2", parameters={"header": "no"}).n_samples == 4
        path = write(tmp_path, "66,62,1\n55,68,2\n51,68,1\n65,68,2\n")
        (remedy,) = about(load(path, "column 3"), "holds data, not names").remedies
        assert remedy.changes == {"data.parameters.header": "yes"}

    def test_repeated_headers_do_not_make_the_first_one_data(self) -> None:
        rows = [["city", "kind"], ["Oslo", "a"], ["city", "kind"], ["Rome", "b"], ["Lima", "b"]]
        assert find_header(rows).is_there

    def test_rows_that_repeat_it_are_passed_over(self, tmp_path: Path) -> None:
        rows = "".join(f"{n}.5,k,{n}\n" for n in range(10))
        examples = load(write(tmp_path, f"a,b,y\n{rows}a,b,y\n{rows}a,q,y\n"))
        assert about(examples, "repeat the names").names == ("line 12",)
        assert examples.names[10] == "line 13"


class TestRowsAbove:
    def test_titles_in_a_text_file_are_passed_over(self, tmp_path: Path) -> None:
        text = "Sales report,,\n,,\ncity,amount,y\nRome,1,0.5\nOslo,2,1.5\nRome,3,2.5\n"
        for written in (text, text.replace(",,", "").replace("\n\n", "\n")):
            examples = load(write(tmp_path, written))
            assert examples.feature_names == ("city", "amount")
            assert examples.n_samples == 3
            finding = about(examples, "above the names of the columns")
            assert finding.names == ("line 1: 'Sales report'",)

    @pytest.mark.parametrize("names", ["a,b,y", "# a,b,y"])
    def test_comments_are_passed_over_unless_they_name_the_columns(
        self, tmp_path: Path, names: str
    ) -> None:
        text = f"# made by us, for you\n#,,units\n{names}\n1,2,0.5\n3,4,1.5\n5,6,2.5\n"
        found = column_names(write(tmp_path, text))
        assert found[1:] == ("b", "y")

    def test_a_first_column_without_a_name_is_no_title(self, tmp_path: Path) -> None:
        path = write(tmp_path, ",a\n0,5\n1,7\n2,6\n")
        assert column_names(path) == ("column 1", "a")
        path = write(tmp_path, ",colour\nr1,red\nr2,blue\nr3,green\n")
        assert column_names(path) == ("column 1", "colour")

    def test_large_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("engine.datasets.tables.table_passes.LARGE_BYTES", 0)
        monkeypatch.setattr("engine.datasets.tables.delimited.QUICK_BYTES", 0)
        rows = "".join(f"{n},{n}.5\n" for n in range(100))
        examples = load(write(tmp_path, f"A title,\n,\na,y\n{rows}"))
        assert examples.x[:, 0].tolist() == list(range(100))
        assert examples.names[0] == "line 4"

    @pytest.mark.parametrize("n_blank", [0, 1, 3])
    def test_titles_in_a_workbook(self, tmp_path: Path, n_blank: int) -> None:
        above = [["Quarterly report", None, None], ["made by lab"], *[[None] * 3] * n_blank]
        rows = [["a", "b", "y"], *([n * 1.5, n % 3, "pq"[n % 2]] for n in range(8))]
        path = write_workbook(tmp_path / "book.xlsx", {"Data": [*above, *rows]})
        examples = load(path)
        assert examples.feature_names == ("a", "b")
        assert examples.n_samples == 8
        assert examples.names[0] == f"row {4 + n_blank}"
        finding = about(examples, "above the names of the columns")
        assert finding.names == ("row 1: 'Quarterly report'", "row 2: 'made by lab'")

    def test_merged_cells_above_repeated_names_tell_them_apart(self, tmp_path: Path) -> None:
        above = [["place", "spring", None, "autumn", None, None]]
        names = [[None, "low", "high", "low", "high", "y"]]
        rows = [[f"p{n}", n, n + 2, n + 1, n + 4, n * 0.5] for n in range(8)]
        path = write_workbook(tmp_path / "book.xlsx", {"Data": [*above, *names, *rows]})
        found = column_names(path)
        assert found == (
            "place",
            "spring low",
            "spring high",
            "autumn low",
            "autumn high",
            "autumn y",
        )

    def test_years_name_the_columns_of_a_workbook(self, tmp_path: Path) -> None:
        rows = [[2019, 2020, 2021], *([n * 1.5, n + 0.25, n * n] for n in range(30, 40))]
        path = write_workbook(tmp_path / "book.xlsx", {"Data": rows})
        assert column_names(path) == ("2019", "2020", "2021")
        assert load(path, "2021").n_samples == 10


ROWS = [["a", "y"], *([n, n + 0.5] for n in range(6))]


class TestSheets:
    def test_a_hidden_one_is_not_read(self, tmp_path: Path) -> None:
        sheets = {"Lists": [["code", "z"], ["x", 1]], "Data": ROWS}
        path = write_workbook(tmp_path / "book.xlsx", sheets, hidden=("Lists",))
        examples = load(path)
        assert dict(examples.facts)["Sheet"] == "Data"
        assert not [item for item in examples.findings if "sheets" in item.text]
        assert column_names(path) == ("a", "y")

    def test_an_empty_one_is_passed_over_and_others_are_offered(self, tmp_path: Path) -> None:
        sheets = {"Cover": [], "Data": ROWS, "More": ROWS}
        path = write_workbook(tmp_path / "book.xlsx", sheets)
        examples = load(path)
        assert dict(examples.facts)["Sheet"] == "Data"
        offered = [remedy.changes for remedy in about(examples, "sheets").remedies]
        assert {"data.parameters.sheet": "More"} in offered


class TestCells:
    def test_blanks_may_part_them(self, tmp_path: Path) -> None:
        text = '20.4   4      291.0\t"car a"\n 20.8 6   315.0 "car  b"\n 9.5  8 123.0\t"car a" \n'
        examples = load(write(tmp_path, text, "auto.data"), "column 3")
        assert dict(examples.facts)["Delimiter"] == "blank"
        assert examples.x[:, :2].tolist() == [[20.4, 4], [20.8, 6], [9.5, 8]]
        assert examples.reading["columns"][2]["values"] == ["car  b", "car a"]

    def test_blanks_part_numbers_with_decimal_commas(self, tmp_path: Path) -> None:
        text = "A 95,7 -12,8 1.199 5\nB 76,6 -10,7 704 2,2\nC 70,1 -1,7 1.704 2\nB 71 -2 94 2,2\n"
        examples = load(write(tmp_path, text, "t.txt"), "column 5")
        assert examples.x[:, 1:].tolist()[:2] == [[95.7, -12.8, 1199], [76.6, -10.7, 704]]

    @pytest.mark.parametrize(
        "text",
        [
            "a\ty\n1 233\t0.5\n2 344\t1.5\n4 500\t2.5\n",
            "text,y\n12 a 4,1.5\n13 b 5,2.5\n",
            "a;y\n1 2;1.5\n3 4;2.5\n",
        ],
    )
    def test_blanks_within_cells_do_not(self, tmp_path: Path, text: str) -> None:
        assert "y" in column_names(write(tmp_path, text))

    def test_long_ones_are_read(self, tmp_path: Path) -> None:
        rows = "".join(f"{'x' * 200_000},{n},{n}.5\n" for n in range(3))
        assert load(write(tmp_path, f"text,a,y\n{rows}")).n_samples == 3

    @pytest.mark.parametrize(
        "odd",
        ['"Lorem Ipsum" dolor', '5" disc', '"big', 'he said "no"', '"', '"a" and "b"'],
    )
    def test_quotation_marks_between_tabs_may_be_text(self, tmp_path: Path, odd: str) -> None:
        rows = [f"plain {n}\t{n}.5" for n in range(4)]
        text = "\n".join(["text\ty", rows[0], f"{odd}\t7.5", *rows[1:3], '"whole"\t8.5', rows[3]])
        examples = load(write(tmp_path, text), columns={"text": {"type": "category"}})
        assert examples.y.tolist() == [0.5, 7.5, 1.5, 2.5, 8.5, 3.5]
        values = examples.reading["columns"][0]["values"]
        assert {odd, "whole"} <= set(values)

    def test_a_cell_that_would_swallow_rows_is_none(self, tmp_path: Path) -> None:
        text = 'text\ty\n"big\t0.5\nplain\t1.5\nsize 5"\t2.5\nother\t3.5\n'
        examples = load(write(tmp_path, text), columns={"text": {"type": "category"}})
        assert examples.y.tolist() == [0.5, 1.5, 2.5, 3.5]

    def test_line_breaks_in_quotation_marks_are_kept(self, tmp_path: Path) -> None:
        text = 'text\ty\n"two\nlines"\t0.5\nplain\t1.5\n"a ""b"""\t2.5\n'
        examples = load(write(tmp_path, text), columns={"text": {"type": "category"}})
        assert examples.reading["columns"][0]["values"] == ['a "b"', "plain", "two\nlines"]


class TestParquet:
    def test_columns_that_are_no_single_values_are_named(self, tmp_path: Path) -> None:
        n = 6
        ids = [uuid.UUID(int=place).bytes for place in range(n)]
        table = pa.table(
            {
                "a": np.arange(n) * 1.5,
                "raw": pa.array([b"\xff\x00"] * n, pa.binary()),
                "uuid": pa.array(ids, pa.binary(16)),
                "lists": pa.array([[1, 2]] * n),
                "pairs": pa.array([{"k": 1}] * n),
                "took": pa.array([datetime.timedelta(seconds=1)] * n),
                "price": pa.array([f"{place}.50" for place in range(n)]),
                "y": [f"{'pq'[place % 2]}" for place in range(n)],
            }
        )
        pq.write_table(table, tmp_path / "t.parquet")
        examples = load(tmp_path / "t.parquet")
        finding = about(examples, "passed over")
        assert finding.trouble is Trouble.LEFT_OUT
        assert {"raw", "uuid", "lists", "pairs"} <= set(finding.names)
        assert "'raw', 'uuid', 'lists', 'pairs'" in finding.text
        assert examples.feature_names[0] == "a"


class TestColumnsByName:
    def test_may_be_left_out_as_lines_may(self, tmp_path: Path) -> None:
        path = write(tmp_path, "part,a,y\ntrain,1,0.5\ntest,2,1.5\ntrain,3,2.5\ntest,4,3.5\n")
        examples = load(path, exclude=["part", "line 3"])
        assert examples.feature_names == ("a",)
        assert examples.n_samples == 3

    def test_what_is_neither_is_refused(self, tmp_path: Path) -> None:
        path = write(tmp_path, "part,a,y\ntrain,1,0.5\ntest,2,1.5\n")
        with pytest.raises(DatasetError, match="nothing called 'prat' to leave out") as caught:
            load(path, exclude=["prat"])
        assert "part, a, y" in caught.value.hint
