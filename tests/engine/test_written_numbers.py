"""Numbers as people write them: read as they were meant, or told; decided on the whole column."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples
from engine.datasets.base import Examples, InputSpec
from engine.datasets.sequences.series import read_windows
from engine.datasets.tables.table import read_inputs, read_row
from engine.datasets.tables.written_numbers import NumberStyle, written_number
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.inference.contract import Contract
from engine.inference.trying.new_inputs import read_inputs as read_new
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec
from engine.spec.signature import Signature, Task

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

# Decimal sign, sign between thousands, of ten ways to write numbers: en, de, de-CH, de-AT, fr, sv,
# en-IN, pt-BR, fa, and that of ISO 31.
LOCALES = {
    "en": (".", ","),
    "de": (",", "."),
    "de_CH": (".", "’"),
    "de_AT": (",", "\u00a0"),
    "fr": (",", "\u202f"),
    "sv": (",", " "),
    "en_IN": (".", ","),
    "pt_BR": (",", "."),
    "fa": ("٫", "٬"),
    "iso": (".", "\u2009"),
}
_PERSIAN = str.maketrans("0123456789", "۰۱۲۳۴۵۶۷۸۹")


def written(value: int, decimals: int, locale: str) -> str:
    """A whole number of the last decimal place, as it is written somewhere."""
    decimal, group = LOCALES[locale]
    digits = f"{abs(value):0{decimals + 1}d}"
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :]
    parts = []
    while whole:
        size = 3 if not parts or locale != "en_IN" else 2
        parts.append(whole[-size:])
        whole = whole[:-size]
    text = group.join(reversed(parts)) + (decimal + fraction if decimals else "")
    text = ("-" if value < 0 else "") + text
    return text.translate(_PERSIAN) if locale == "fa" else text


def load(path: Path, target: str | None = "y", **more: Any) -> Examples:
    return load_examples(DataSpec.model_validate({"source": str(path), "target": target, **more}))[
        1
    ]


def write(folder: Path, columns: dict[str, list[str]], delimiter: str = ",") -> Path:
    path = folder / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, delimiter=delimiter)
        rows.writerow(columns)
        rows.writerows(zip(*columns.values(), strict=True))
    return path


def with_target(folder: Path, cells: list[str], delimiter: str = ",", **more: list[str]) -> Path:
    """A table of a column `a`, others, and a target of two classes."""
    target = ["pq"[place % 2] for place in range(len(cells))]
    return write(folder, {"a": cells, **more, "y": target}, delimiter)


def told(examples: Examples, column: str, trouble: Trouble = Trouble.UNDERSTOOD) -> DataFinding:
    (finding,) = [
        item for item in examples.findings if (item.trouble, item.subject) == (trouble, column)
    ]
    return finding


def kind(examples: Examples, column: str) -> str:
    return next(item.type for item in examples.columns if item.name == column)


class TestCells:
    @pytest.mark.parametrize(
        ("cell", "by_point", "by_comma"),
        [
            ("1,234", 1234, 1.234),
            ("1.234", 1.234, 1234),
            ("0,123", None, 0.123),
            ("0.123", 0.123, None),
            ("1,234.5", 1234.5, None),
            ("1.234,5", None, 1234.5),
            ("1.234.567", None, 1234567),
            ("12,34,567", 1234567, None),
            ("1 234", 1234, 1234),
            ("1’234.50", 1234.5, None),
            ("1\u00a0234,5", None, 1234.5),
            ("−5", -5, -5),
            ("5-", -5, -5),
            ("(0.3)", -0.3, None),
            ("($1,234)", -1234, -1.234),
            ("$-5", -5, -5),
            ("1,5e3", None, 1500),
            ("٣٫٥", 3.5, None),
        ],
    )
    def test_readings(self, cell: str, by_point: float | None, by_comma: float | None) -> None:
        found = written_number(cell)
        assert found is not None
        assert (found.by_point, found.by_comma) == (by_point, by_comma)

    @pytest.mark.parametrize(
        ("cell", "unit"),
        [
            ("5 kg", "kg"),
            ("5KG", "kg"),
            ("19 %", "%"),
            ("%19", "%"),
            ("R$ 1.234,56", "R$"),
            ("1.234,56 €", "€"),
            ("USD 12", "USD"),
            ("$1.5M", "$M"),
        ],
    )
    def test_units(self, cell: str, unit: str) -> None:
        found = written_number(cell)
        assert found is not None
        assert found.unit == unit

    @pytest.mark.parametrize("cell", ["1.2.3", "12.05.2023", "1-2", "12:30", "1_000", "0x10", "A1"])
    @pytest.mark.parametrize("more", ["", " kg"])
    def test_others_are_none(self, cell: str, more: str) -> None:
        assert written_number(cell + more) is None

    @pytest.mark.parametrize("cell", ["007kg", "5+", "1st", "1,23,4", "--5", "5)", "(5", "$5€"])
    def test_signs_and_units_that_make_no_sense(self, cell: str) -> None:
        assert written_number(cell) is None

    @given(st.integers(-(10**12), 10**12), st.integers(0, 4), st.sampled_from(sorted(LOCALES)))
    def test_what_is_written_somewhere_is_one_of_the_readings(
        self, value: int, decimals: int, locale: str
    ) -> None:
        found = written_number(written(value, decimals, locale))
        assert found is not None
        assert float(f"{value}e-{decimals}") in (found.by_point, found.by_comma)

    @given(st.floats(allow_nan=False, allow_infinity=False))
    def test_plain_numbers_stay_what_they_are(self, value: float) -> None:
        found = written_number(repr(value))
        assert found is not None
        for decimal in (".", ""):
            assert found.read(NumberStyle(decimal, is_strict=False)) == value  # type: ignore[arg-type]


class TestWholeColumns:
    @SAME_FOLDER
    @given(
        values=st.lists(st.integers(-(10**9), 10**9), min_size=3, max_size=20),
        decimals=st.integers(0, 4),
        locale=st.sampled_from(sorted(LOCALES)),
        delimiter=st.sampled_from([",", ";", "\t"]),
    )
    def test_ten_locales_are_read_exactly_or_told(
        self, tmp_path: Path, values: list[int], decimals: int, locale: str, delimiter: str
    ) -> None:
        values = [*values, 1234567, 7654321]
        cells = [written(value, decimals, locale) for value in values]
        examples = load(with_target(tmp_path, cells, delimiter))
        assert examples.x[:, 0].tolist() == [float(f"{value}e-{decimals}") for value in values]

    @SAME_FOLDER
    @given(
        values=st.lists(st.integers(1, 999_999), min_size=8, max_size=20, unique=True),
        locale=st.sampled_from(["en", "de"]),
        decimals=st.sampled_from([0, 3]),
        delimiter=st.sampled_from([";", "\t", "|"]),
    )
    def test_what_stays_open_is_told_and_can_be_put_right(
        self, tmp_path: Path, values: list[int], locale: str, decimals: int, delimiter: str
    ) -> None:
        cells = [written(value, decimals, locale) for value in values]
        expected = [float(f"{value}e-{decimals}") for value in values]
        path = with_target(tmp_path, cells, delimiter)
        examples = load(path)
        if examples.x[:, 0].tolist() == expected:
            return
        remedy = told(examples, "a").remedies[0]
        ((where, sign),) = remedy.changes.items()
        assert where == ("data", "columns", "a", "decimal")
        other = load(path, columns={"a": {"decimal": sign}})
        assert other.x[:, 0].tolist() == expected

    def test_other_columns_tell(self, tmp_path: Path) -> None:
        cells = ["4,613", "234", "4,223", "3,299"]
        path = with_target(tmp_path, cells, "\t", rate=["0.35", "0.82", "1.5", "-1.30"])
        examples = load(path)
        assert examples.x[:, 0].tolist() == [4613, 234, 4223, 3299]
        assert "the comma groups thousands, as in the other columns" in told(examples, "a").text
        path = with_target(tmp_path, ["6.577", "477", "8.907"], ";", b=["0,42", "0,31", "0,9"])
        examples = load(path)
        assert examples.x[:, 0].tolist() == [6577, 477, 8907]
        assert "'6.577' is 6577" in told(examples, "a").text

    def test_the_columns_own_cells_tell_before_the_others(self, tmp_path: Path) -> None:
        path = with_target(tmp_path, ["1,5", "2,25", "1,234"], ";", b=["0.5", "1.5", "2.5"])
        assert load(path).x.tolist() == [[1.5, 0.5], [2.25, 1.5], [1.234, 2.5]]

    def test_what_comes_late_counts(self, tmp_path: Path) -> None:
        cells = [f"{value // 1000},{value % 1000:03}" for value in range(1000, 4000, 2)]
        path = with_target(tmp_path, [*cells, "0,5"], ";")
        assert load(path).x[:2, 0].tolist() == [1.0, 1.002]
        path = with_target(tmp_path, [*cells, "1,234.5"], ";")
        assert load(path).x[:2, 0].tolist() == [1000, 1002]

    def test_a_decimal_sign_may_be_said(self, tmp_path: Path) -> None:
        path = with_target(tmp_path, ["1,234", "2,345", "3,456"], "\t")
        assert load(path).x[0, 0] == 1234
        assert load(path, columns={"a": {"decimal": "comma"}}).x[0, 0] == 1.234
        assert load(path, parameters={"decimal": "comma"}).x[0, 0] == 1.234
        both = load(path, parameters={"decimal": "comma"}, columns={"a": {"decimal": "point"}})
        assert both.x[0, 0] == 1234

    def test_both_signs_in_a_column_are_told(self, tmp_path: Path) -> None:
        examples = load(with_target(tmp_path, ["1.5", "2.25", "1,75", "0.5"], ";"))
        assert examples.x[:, 0].tolist() == [1.5, 2.25, 1.75, 0.5]
        assert "'1,75' is 1.75" in told(examples, "a").text

    def test_ordinary_fractions_of_three_digits(self, tmp_path: Path) -> None:
        for delimiter in ",;":
            path = with_target(tmp_path, ["1.234", "12.500", "0.125"], delimiter)
            examples = load(path)
            assert examples.x[:, 0].tolist() == [1.234, 12.5, 0.125]
            assert not examples.findings

    def test_thousands_beside_bare_hundreds(self, tmp_path: Path) -> None:
        cells = [f"{value // 1000}.{value % 1000:03}" for value in range(1001, 9000, 500)]
        examples = load(with_target(tmp_path, [*cells, "477", "12"], ";"))
        assert examples.x[0, 0] == 1001
        assert "by the column's other values" in told(examples, "a").text

    @pytest.mark.parametrize(
        ("cells", "values", "words"),
        [
            (["$1,234", "$500", "$12.50"], [1234, 500, 12.5], "they are in $"),
            (["77%", "5 %", "12.5%"], [77, 5, 12.5], "they are in %"),
            (["5 kg", "7kg", "8.5 KG"], [5, 7, 8.5], "they are in kg"),
            (["(0.3)", "1.5", "(2)"], [-0.3, 1.5, -2], "'(0.3)' is -0.3"),
            (["5-", "1.5", "3"], [-5, 1.5, 3], "'5-' is -5"),
            (["5 kg", "7 kg", "8"], [5, 7, 8], "1 stand without it"),
            (["1 234", "12 345 678", "5"], [1234, 12345678, 5], "a blank groups thousands"),
        ],
    )
    def test_signs_and_units_are_told(
        self, tmp_path: Path, cells: list[str], values: list[float], words: str
    ) -> None:
        examples = load(with_target(tmp_path, cells))
        assert examples.x[:, 0].tolist() == values
        assert words in told(examples, "a").text

    @pytest.mark.parametrize(
        "cells",
        [
            ["5 kg", "300 g", "7 kg", "250 g"],
            ["$5", "€5", "$7", "€8"],
            ["19M", "201k", "8.7M", "14k"],
            ["19%", "0.2", "21%", "0.3"],
        ],
    )
    def test_several_units_do_not_become_one_number(self, tmp_path: Path, cells: list[str]) -> None:
        examples = load(with_target(tmp_path, cells * 5))
        assert kind(examples, "a") == "category"
        assert "several units" in told(examples, "a").text

    def test_classes_keep_their_unit(self, tmp_path: Path) -> None:
        terms = ["36 months", "60 months"] * 8
        path = write(tmp_path, {"a": [f"{n % 5}.5" for n in range(16)], "y": terms})
        assert load(path).class_names == ("36 mo", "60 mo")

    def test_only_negatives_in_parentheses_are_no_numbers(self, tmp_path: Path) -> None:
        assert kind(load(with_target(tmp_path, ["(1)", "(2)", "(1)", "(2)"])), "a") == "category"

    def test_large_tables_are_decided_on_all_rows(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("engine.datasets.tables.table_passes.LARGE_BYTES", 0)
        monkeypatch.setattr("engine.datasets.tables.delimited.CHUNK_CELLS", 128)
        path = with_target(tmp_path, [*["1,234"] * 200, "0,5", "7,25"], ";")
        examples = load(path)
        assert examples.x[[0, 200, 201], 0].tolist() == [1.234, 0.5, 7.25]
        assert next(item for item in examples.columns if item.name == "a").maximum == 7.25
        path = with_target(tmp_path, [*["1,234"] * 200, "0.5", "5"], ";")
        assert load(path).x[[0, 200], 0].tolist() == [1234, 0.5]


class TestPrediction:
    def contract(self, examples: Examples) -> Any:
        rows = np.arange(examples.n_samples)
        return Contract.of(examples, Preprocessing.fit(examples, rows, PreprocessingSpec()))

    def test_new_inputs_are_read_as_the_column_was(self, tmp_path: Path) -> None:
        path = with_target(tmp_path, ["$1,234", "$2,345", "$999"], "\t", b=["0.5", "1.5", "2.5"])
        asked = self.contract(load(path)).input_spec
        new = tmp_path / "new.csv"
        new.write_text('a;b\n"$1,500";0.5\n1,500;1.5\n2000;0.25\n', "utf-8")
        assert read_inputs(new, asked).tolist() == [[1500, 0.5], [1500, 1.5], [2000, 0.25]]
        assert read_row('"1,500",0.5', asked).tolist() == [[1500, 0.5]]
        assert read_row("1,500;0.5", asked).tolist() == [[1500, 0.5]]
        new.write_text("a;b\n€1500;0.5\n", "utf-8")
        with pytest.raises(DatasetError, match="Received: '€1500' in line 2"):
            read_inputs(new, asked)

    def test_a_model_of_fractions_is_not_given_thousands(self, tmp_path: Path) -> None:
        path = with_target(tmp_path, ["1,234", "2,345", "3,456"], "\t")
        contract = self.contract(load(path, columns={"a": {"decimal": "comma"}}))
        with pytest.raises(DatasetError, match="thousands"):
            contract.check(load(path))

    def test_the_names_looked_for_tell_if_there_is_a_header(self, tmp_path: Path) -> None:
        columns = {"2019": ["1.5", "2.5", "4"], "k": ["p", "q", "p"], "y": ["1.5", "2", "3"]}
        path = write(tmp_path, columns)
        asked = self.contract(load(path)).input_spec
        new = tmp_path / "new.csv"
        new.write_text("2019,k\n2020,p\n2021,q\n", "utf-8")
        assert read_inputs(new, asked).tolist() == [[2020, 0], [2021, 1]]
        path.write_text("5,3,1.5\n4,6,2.5\n3,5,3.5\n", "utf-8")
        asked = self.contract(load(path, "column 3")).input_spec
        new.write_text("7,8\n", "utf-8")
        assert read_inputs(new, asked).tolist() == [[7, 8]]

    def test_columns_that_do_not_show_it_follow_the_file(self, tmp_path: Path) -> None:
        path = with_target(tmp_path, ["1,234", "2,345", "999"], "\t", b=["5", "6", "8"])
        asked = self.contract(load(path)).input_spec
        assert read_row("1,500;2,000", asked).tolist() == [[1500, 2000]]
        path = with_target(tmp_path, ["0,5", "1,25", "2"], ";", b=["5", "6", "8"])
        asked = self.contract(load(path)).input_spec
        assert read_row("1,500;2.000", asked).tolist() == [[1.5, 2000]]

    def test_numbers_of_a_workbook_are_what_they_are(self, tmp_path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = with_target(tmp_path, ["6.577", "477", "8.907"], ";", b=["0,42", "0,31", "0,9"])
        asked = self.contract(load(path)).input_spec
        assert read_row("6.577;0,5", asked).tolist() == [[6577, 0.5]]
        pq.write_table(pa.table({"a": [1.234], "b": [2.5]}), tmp_path / "new.parquet")
        assert read_inputs(tmp_path / "new.parquet", asked).tolist() == [[1.234, 2.5]]


class TestLargeIntegers:
    IDS = ("9007199254740993", "9007199254740992", "1234567890123456789")

    def test_labels_stay_exact(self, tmp_path: Path) -> None:
        path = write(tmp_path, {"a": [str(n) for n in range(30)], "y": [*self.IDS] * 10})
        assert set(load(path).class_names) == set(self.IDS)

    def test_codes_stay_apart(self, tmp_path: Path) -> None:
        examples = load(with_target(tmp_path, [*self.IDS[:2]] * 5, b=[f"{n}" for n in range(10)]))
        assert kind(examples, "a") == "category"
        assert examples.reading["columns"][0]["values"] == sorted(self.IDS[:2])

    def test_labels_of_sixteen_digits_have_their_names(self, tmp_path: Path) -> None:
        labels = ["1234567890123456", "1234567890123457"]
        path = write(tmp_path, {"a": [str(n) for n in range(20)], "y": labels * 10})
        assert load(path).class_names == tuple(labels)

    @pytest.mark.parametrize("n_different", [3, 30])
    def test_groups_stay_exact(self, tmp_path: Path, n_different: int) -> None:
        ids = [str(2**53 + n % n_different) for n in range(40)]
        column = load(with_target(tmp_path, ids, b=[f"{n % 7}" for n in range(40)])).column
        assert column is not None
        assert list(map(str, column("a").tolist())) == ids

    def test_quantities_stay_quantities(self, tmp_path: Path) -> None:
        amounts = [str(10**17 + 7 * n) for n in range(40)]
        path = write(tmp_path, {"a": [str(n % 7) for n in range(40)], "y": amounts})
        assert load(path).task is Task.REGRESSION


class TestCellsThatDoNotFit:
    def test_become_gaps_and_are_named(self, tmp_path: Path) -> None:
        cells = [f"{n}.5" for n in range(30)]
        cells[7], cells[9] = "<0.5", "abc"
        examples = load(with_target(tmp_path, cells))
        assert np.flatnonzero(np.isnan(examples.x[:, 0])).tolist() == [7, 9]
        findings = [item for item in examples.findings if item.names and item.subject == "a"]
        assert findings[0].names == ("line 9: '<0.5'", "line 11: 'abc'")
        assert findings[0].remedies[0].changes == {"data.exclude": ("line 9", "line 11")}

    @pytest.mark.parametrize("word", [".", "--", "n/a", "?", "-", "…", "#DIV/0!"])
    def test_placeholders_are_gaps(self, tmp_path: Path, word: str) -> None:
        cells = [word if n % 3 else f"{n}.25" for n in range(30)]
        examples = load(with_target(tmp_path, cells))
        assert kind(examples, "a") == "number"
        assert told(examples, "a", Trouble.MISSING).names == (f"'{word}': 20",)

    def test_measured_values_below_a_limit(self, tmp_path: Path) -> None:
        cells = ["<0.5" if n % 5 == 0 else f"{n}.25" for n in range(60)]
        examples = load(with_target(tmp_path, cells))
        assert kind(examples, "a") == "number"
        assert int(np.isnan(examples.x[:, 0]).sum()) == 12

    def test_codes_among_which_some_are_words_are_asked_about(self, tmp_path: Path) -> None:
        cells = ["other" if n % 4 == 0 else str(n % 6) for n in range(60)]
        examples = load(with_target(tmp_path, cells))
        assert kind(examples, "a") == "category"
        remedy = told(examples, "a").remedies[0]
        assert remedy.changes == {("data", "columns", "a", "type"): "number"}
        chosen = load(tmp_path / "table.csv", columns={"a": {"type": "number"}})
        assert int(np.isnan(chosen.x[:, 0]).sum()) == 15

    def test_a_rare_class_among_numbered_ones_is_a_class(self, tmp_path: Path) -> None:
        labels = ["other" if n % 20 == 0 else str(n % 3) for n in range(60)]
        path = write(tmp_path, {"a": [f"{n}.5" for n in range(60)], "y": labels})
        assert load(path).class_names == ("0", "1", "2", "other")

    @pytest.mark.parametrize("odd", ["0000-00-00", "2023-02-30", "unknown", "."])
    def test_a_date_that_is_none(self, tmp_path: Path, odd: str) -> None:
        cells = [f"2023-01-{day:02}" for day in range(1, 31)]
        cells[7] = odd
        examples = load(with_target(tmp_path, cells))
        assert kind(examples, "a") == "date"
        assert np.isnan(examples.x[7]).all()
        assert not np.isnan(examples.x[8]).any()
        named = [name for item in examples.findings for name in item.names]
        assert f"line 9: '{odd}'" in named or f"'{odd}': 1" in named

    def test_dates_among_which_many_are_not_known(self, tmp_path: Path) -> None:
        cells = ["unknown" if n % 3 == 0 else f"2023-05-{n % 28 + 1:02}" for n in range(40)]
        examples = load(with_target(tmp_path, cells))
        assert kind(examples, "a") == "date"
        assert int(np.isnan(examples.x[:, 0]).sum()) == 14

    def test_dates_in_which_the_day_may_come_first(self, tmp_path: Path) -> None:
        cells = [f"{day:02}/03/2023" for day in range(1, 31)]
        cells[3] = "soon"
        examples = load(with_target(tmp_path, cells))
        assert examples.reading["columns"][0]["form"] == "%d/%m/%Y"
        assert math.isnan(examples.x[3, 0])


class TestMissingLabels:
    @pytest.mark.parametrize("word", ["", "N/A", "NaN", "?"])
    @pytest.mark.parametrize("labels", [["red", "blue"], ["1", "2"]])
    def test_are_left_out_and_told(self, tmp_path: Path, word: str, labels: list[str]) -> None:
        cells = [word if n % 10 == 4 else labels[n % 2] for n in range(40)]
        path = write(tmp_path, {"a": [f"{n}.5" for n in range(40)], "y": cells})
        examples = load(path)
        assert set(examples.class_names) == set(labels)
        assert examples.n_samples == 36
        assert told(examples, "y", Trouble.MISSING).count == 4

    def test_may_be_classes_where_someone_says_so(self, tmp_path: Path) -> None:
        cells = [("N/A", "red", "blue")[n % 3] for n in range(30)]
        path = write(tmp_path, {"a": [f"{n}.5" for n in range(30)], "y": cells})
        (remedy,) = told(load(path), "y", Trouble.MISSING).remedies
        assert remedy.changes == {"data.parameters.gap_words": "none"}
        chosen = load(path, parameters={"gap_words": "none"})
        assert chosen.class_names == ("N/A", "blue", "red")

    @pytest.mark.parametrize("word", ["none", "-", "+"])
    def test_some_words_are_classes(self, tmp_path: Path, word: str) -> None:
        cells = [(word, "red")[n % 2] for n in range(20)]
        path = write(tmp_path, {"a": [f"{n}.5" for n in range(20)], "y": cells})
        assert word in load(path).class_names


class TestSeries:
    def test_are_read_as_tables_are(self, tmp_path: Path) -> None:
        values = [f"{1 + n % 7},{100 + n}" for n in range(80)]
        rows = "".join(
            f"2024-01-01 {n // 4:02}:{n % 4 * 15:02}\t{v}\n" for n, v in enumerate(values)
        )
        path = tmp_path / "series.tsv"
        path.write_text(f"time\tv\n{rows}", "utf-8")
        examples = load(path, "v", format="series")
        assert float(np.max(examples.y)) > 1000
        finding = told(examples, "v")
        assert "the comma groups thousands" in finding.text
        (remedy,) = finding.remedies
        assert remedy.changes == {("data", "columns", "v", "decimal"): "comma"}
        comma = load(path, "v", format="series", columns={"v": {"decimal": "comma"}})
        assert float(np.max(comma.y)) < 10

    def series(self, folder: Path, cells: list[str], **more: Any) -> Any:
        path = write(folder, {"time": [str(n) for n in range(len(cells))], "v": cells}, ";")
        parameters = {"window": 4, "time": "time"}
        return load(path, "v", format="series", parameters=parameters, **more)

    def asked(self, examples: Examples, names: tuple[str, ...], shape: tuple[int, ...]) -> Any:
        signature = Signature(examples.kind, examples.task, shape)
        return InputSpec(signature, names, shape, examples.reading)

    def test_new_steps_are_read_as_the_series_was(self, tmp_path: Path) -> None:
        cells = [f"{n % 9},{n % 10}5" for n in range(40)]
        examples = self.series(tmp_path, cells)
        assert examples.reading["numbers"]["v"]["decimal"] == ","
        asked = self.asked(examples, ("v",), (4, 1))
        new = write(tmp_path, {"time": list("1234"), "v": ["1,500", "2.000", "3", "4,25"]}, ";")
        assert read_windows(new, asked).x.ravel().tolist() == [1.5, 2000, 3, 4.25]
        # Runs from before did not say it.
        before = {name: it for name, it in examples.reading.items() if name != "numbers"}
        assert read_windows(new, replace(asked, reading=before)).x.shape == (1, 4, 1)

    def test_a_workbook_says_itself_what_its_numbers_are(self, tmp_path: Path) -> None:
        import pandas as pd

        examples = self.series(tmp_path, [f"{n % 9},{n % 10}5" for n in range(40)])
        asked = self.asked(examples, ("v",), (4, 1))
        path = tmp_path / "new.parquet"
        pd.DataFrame({"time": [1, 2, 3, 4], "v": [1.234, 2.5, 3.0, 4.125]}).to_parquet(path)
        assert read_windows(path, asked).x.ravel().tolist() == [1.234, 2.5, 3, 4.125]

    def test_demonstrations_typed_out_are_read_as_their_table_was(self, tmp_path: Path) -> None:
        columns = {"speed": [f"{n % 7},5" for n in range(30)], "turn": ["3"] * 29 + ["4"]}
        path = write(tmp_path, {**columns, "action": ["go", "stop"] * 15}, ";")
        examples = load(path, None, format="control")
        asked = self.asked(examples, examples.feature_names, (2,))
        for row in ("1,5;2", "1,5\t2"):
            assert read_new([row], asked)[1].tolist() == [[1.5, 2]]
        new = write(tmp_path, {"speed": ["1,500"], "turn": ["2"]}, ";")
        assert read_new([str(new)], asked)[1].tolist() == [[1.5, 2]]
