"""Tables that other programs were reported to read wrongly: each is read rightly here, or told.

Each test is named by the report: project and number.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task


def lines(*rows: str, times: int = 1) -> str:
    return "".join(f"{row}\n" for row in rows * times)


@pytest.fixture
def read(tmp_path: Path) -> Any:
    def load(text: str, target: str | None = "y", suffix: str = ".csv", **more: Any) -> Examples:
        path = tmp_path / f"table{suffix}"
        path.write_bytes(text.encode())
        values = {"source": str(path), "target": target, **more}
        return load_examples(DataSpec.model_validate(values))[1]

    return load


def numbers(examples: Examples, name: str) -> list[float]:
    assert examples.column is not None
    return examples.column(name).tolist()


def kind(examples: Examples, name: str) -> str:
    return next(item.type for item in examples.columns if item.name == name)


def texts(examples: Examples) -> str:
    return " ".join(item.text for item in examples.findings)


class TestNumbers:
    def test_polars_18797(self, read: Any) -> None:
        rows = ("1.299,99;p", "99,50;q", "12.345.678,00;p", "7,25;q")
        examples = read("price;y\n" + lines(*rows))
        assert numbers(examples, "price") == [1299.99, 99.5, 12345678, 7.25]

    def test_pandas_59299(self, read: Any) -> None:
        examples = read("a;y\n" + lines("1,20;p", "22,3;q", "1.234,56;p", "5;q"))
        assert numbers(examples, "a") == [1.2, 22.3, 1234.56, 5]

    def test_pandas_31920(self, read: Any) -> None:
        rows = lines(*(f"{n},5;{'pq'[n % 2]}" for n in range(20)))
        examples = read("a;y\n" + rows + "1a.2,3;p\n1,2,3;q\n")
        assert np.isnan(numbers(examples, "a")[-2:]).all()
        assert "'1a.2,3' in line 22" in texts(examples)

    def test_csv_jl_626(self, read: Any) -> None:
        rows = ("A 95,7 -12,8 1.199 5", "B 76,6 -10,7 704 2,2", "C 70,1 -1,7 1.704 2")
        examples = read(lines(*rows), "column 5", ".txt")
        assert numbers(examples, "column 4") == [1199, 704, 1704]

    def test_csv_jl_1147(self, read: Any) -> None:
        rows = ("$100,90€,70.00 CHF,p", "$200,80€,60.50 CHF,q", "$50,70€,5.25 CHF,p")
        examples = read("a,b,c,y\n" + lines(*rows))
        found = [numbers(examples, name) for name in "abc"]
        assert found == [[100, 200, 50], [90, 80, 70], [70, 60.5, 5.25]]

    def test_readr_449(self, read: Any) -> None:
        examples = read("p;y\n" + lines("20 %;p", "35,5 %;q", "7 %;p"))
        assert numbers(examples, "p") == [20, 35.5, 7]

    def test_orange3_3875(self, read: Any) -> None:
        rows = (f"2019-06-12 {h:02}:54:17;28,{h:02}" for h in range(20))
        examples = read("Datum;Temperatur\n" + lines(*rows), "Temperatur")
        assert kind(examples, "Datum") == "date"
        assert examples.y[3] == 28.03

    def test_clickhouse_53384(self, read: Any) -> None:
        rows = (f"{n % 50 if n != 4500 else 2.5},{'pq'[n % 2]}" for n in range(5000))
        assert numbers(read("a,y\n" + lines(*rows)), "a")[4500] == 2.5

    def test_csvkit_977(self, read: Any) -> None:
        examples = read("zip,y\n" + lines("08028,1.5", "94107,2.5", "01220,3.5", times=4))
        assert "08028" in numbers(examples, "zip")


class TestLargeIntegers:
    def test_readr_976(self, read: Any) -> None:
        ids = [str(3266119658877827603 + n % 3) for n in range(30)]
        examples = read("a,id\n" + lines(*(f"{n}.5,{i}" for n, i in enumerate(ids))), "id")
        assert [examples.class_names[index] for index in examples.y] == ids

    def test_pandas_48170(self, read: Any) -> None:
        rows = (",1,p", "1234567890123456789,,q", "1234567890123456788,2,p")
        examples = read("a,b,y\n" + lines(*rows, times=4))
        assert examples.reading["columns"][0]["values"] == [
            "1234567890123456788",
            "1234567890123456789",
        ]


class TestGaps:
    def test_orange3_2997(self, read: Any) -> None:
        examples = read("a,y\n" + lines("1.5,p", "?,q", "2.5,p", "?,q", times=5))
        assert kind(examples, "a") == "number"

    def test_orange3_6808(self, read: Any) -> None:
        examples = read("a,y\n" + lines("NA,1.5", "NB,2.5", "NC,3.5", times=5))
        assert examples.reading["columns"][0]["values"] == ["NA", "NB", "NC"]
        assert "'NA'" in texts(examples)

    def test_orange3_6742(self, read: Any) -> None:
        rows = (f"{n % 7 if n != 40 else 'x'},{'pq'[n % 2]}" for n in range(80))
        examples = read("a,y\n" + lines(*rows))
        assert kind(examples, "a") == "number"
        assert "'x' in line 42" in texts(examples)

    def test_node_csv_parse_81(self, read: Any) -> None:
        text = "Per Transaction Report,,,\nReporting Period:,2014-01-01 to 2014-01-31,,\n"
        rows = (f"Usa,2423{n},1/{n + 1}/14,{n}.5" for n in range(12))
        text += "Country,Transaction,Date,Amount\n" + lines(*rows) + "Totals:,,,84\n"
        examples = read(text, "Amount")
        assert examples.source_columns == ("Country", "Transaction", "Date", "Amount")
        (finding,) = [item for item in examples.findings if "sum up" in item.text]
        assert finding.remedies[0].changes == {"data.exclude": ("line 16",)}
        assert read(text, "Amount", exclude=["line 16"]).n_samples == 12


class TestHeaders:
    @pytest.mark.parametrize(
        "text",
        [
            # cpython 102386, 131043, 102140, 104380
            "col1,col2,y\n1,2,3\na,b,c\nA,B,C\n22,22,12\n",
            "filename,y\nc.txt,/tmp/c.txt\npython.txt,/tmp/python.txt\n",
            "sample,y\nA1-35-8,R1.gz\nA2-102-5,R2.gz\nArg1366,R3.gz\n",
            "name,is_nc,y\nAda,False,\nBob,False,\nCy,False,\n",
        ],
    )
    def test_cpython_sniffer(self, text: str, tmp_path: Path) -> None:
        from engine.datasets.tables.table import column_names

        (tmp_path / "t.csv").write_text(text, "utf-8")
        assert column_names(tmp_path / "t.csv")[-1] == "y"

    def test_cooler_196(self, read: Any) -> None:
        rows = ("chr1\t9000000\t10000000", "chr2\t9000000\t10000000", "chr1\t5000\t20000")
        assert read(lines(*rows, times=2), "column 3", ".tsv").n_samples == 6

    def test_arquero_165(self, read: Any) -> None:
        rows = (f"{1959 + n},{315 + n * 1.1:.2f}" for n in range(20))
        examples = read("# Mauna Loa\n# more, with comma\nyear,mean\n" + lines(*rows), "mean")
        assert examples.feature_names == ("year",)
        assert "'# Mauna Loa'" in texts(examples)

    def test_cudf_7130(self, read: Any) -> None:
        examples = read(" 1    2  3\n4  5 6\n 7 8  10\n11 12 15\n", "column 3", ".txt")
        assert examples.x.tolist() == [[1, 2], [4, 5], [7, 8], [11, 12]]

    def test_tfjs_1113(self, read: Any) -> None:
        text = '18.0   8   307.0      ?  1\t"chevrolet"\n15.0   8   350.0      165.0  1\t"buick"\n'
        examples = read(text * 3, "column 1", ".data")
        assert len(examples.source_columns) == 6


class TestQuotationMarks:
    def test_polars_22312(self, read: Any) -> None:
        text = 'title\ty\nLorem ipsum\t1.5\n"Lorem Ipsum" dolor sit\t2.5\nplain\t3.5\n'
        examples = read(text, suffix=".tsv", columns={"title": {"type": "category"}})
        assert examples.y.tolist() == [1.5, 2.5, 3.5]

    def test_torchtext_612(self, read: Any) -> None:
        rows = (
            "First\ta",
            '"Second\tb',
            'Third "sentence"\ta',
            "Fourth\tb",
            "Fifth\ta",
            "Sixth\tb",
        )
        examples = read("text\ty\n" + lines(*rows), suffix=".tsv", format="text_table")
        assert examples.x[:].tolist()[1:3] == ['"Second', 'Third "sentence"']

    def test_polars_1528(self, read: Any) -> None:
        rows = ('1,O"Brian,1.5', "2,Richards,2.5", '3,L"Etoile,3.5', "4,Watts,5")
        examples = read("n,name,y\n" + lines(*rows))
        assert numbers(examples, "name") == ['O"Brian', "Richards", 'L"Etoile', "Watts"]


class TestDates:
    def test_pandas_19402(self, read: Any) -> None:
        rows = ("11/03/2011;1.5", "03/05/2011;2.5", "20/10/2011;3", "04/08/2011;4")
        examples = read("date;y\n" + lines(*rows))
        months = examples.x[:, examples.feature_names.index("date (month)")]
        assert months.tolist() == [3, 5, 10, 8]

    def test_pandas_37895(self, read: Any) -> None:
        examples = read("date,y\n13/06/2018,1.5\n12/06/2018,2.5\n")
        days = examples.x[:, examples.feature_names.index("date (days)")]
        assert np.diff(days).tolist() == [-1]

    def test_pandas_52167(self, read: Any) -> None:
        rows = (
            f"11/13/2019 {h:02}:00:00 {half},{h}" for half in ("AM", "PM") for h in range(1, 13)
        )
        examples = read("date,y\n" + lines(*rows), task=Task.REGRESSION)
        hours = examples.x[:, examples.feature_names.index("date (hour)")]
        assert sorted(hours.tolist()) == list(range(24))
