"""What the columns of a table are taken for: target, types, gaps, findings, new examples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import table_cases
from table_cases import found, load, refusal, types, write

from engine.datasets import load_examples
from engine.datasets.tables.table import read_features, read_inputs, read_row
from engine.errors import DatasetError
from engine.events.findings import DataFinding, Trouble
from engine.inference.contract import Contract
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec
from engine.spec.signature import Task

folder = table_cases.folder


class TestTarget:
    @pytest.mark.parametrize(
        ("header", "target"),
        [("a,b,c", "c"), ("label,b,c", "label"), ("a,Class,c", "Class"), ("y,b,c_id", "y")],
    )
    def test_is_suggested(self, folder: Path, header: str, target: str) -> None:
        rows = "".join(f"{place % 2},{place}.5,{place * 3}\n" for place in range(12))
        examples = load(write(folder, f"{header}\n{rows}"), None)
        assert examples.target_name == target
        assert f"'{target}' is predicted" in examples.notes[0]

    def test_an_identifier_is_never_suggested(self, folder: Path) -> None:
        rows = "".join(f"{place % 3},{place}.5,{place * 3}\n" for place in range(12))
        assert load(write(folder, f"a,b,customer_id\n{rows}"), None).target_name == "b"

    def test_none_that_could_be_predicted(self, folder: Path) -> None:
        rows = "".join(f"name {place},2024-01-0{place + 1}\n" for place in range(9))
        error = refusal(write(folder, f"alpha,beta\n{rows}"), None)
        assert "alpha, beta" in error.hint
        assert "holds dates" in refusal(folder / "table.csv", "beta").message

    def test_unknown_offers_the_nearest(self, folder: Path) -> None:
        error = refusal(write(folder, "alpha,Beta\n1,2\n"), "betta")
        assert "'betta'" in error.message
        assert "Did you mean 'Beta'" in error.hint
        assert "alpha, Beta" in error.hint

    @pytest.mark.parametrize(
        ("cells", "task", "classes"),
        [
            (["b", "a", "b"], Task.CLASSIFICATION, ("a", "b")),
            (["true", "false", "true"], Task.CLASSIFICATION, ("false", "true")),
            (["0", "1", "1"], Task.CLASSIFICATION, ("0", "1")),
            (
                ["10", "2", "10", "2", "9", "9", "2", "2", "9"],
                Task.CLASSIFICATION,
                ("2", "9", "10"),
            ),
            (["01", "02", "01"], Task.CLASSIFICATION, ("01", "02")),
            (["0.5", "1", "1"], Task.REGRESSION, ()),
            (["3", "1", "2"], Task.REGRESSION, ()),
            ([str(value) for value in range(21)] * 5, Task.REGRESSION, ()),
        ],
    )
    def test_task_is_told_from_the_values(
        self, folder: Path, cells: list[str], task: Task, classes: tuple[str, ...]
    ) -> None:
        rows = "".join(f"{index},{cell}\n" for index, cell in enumerate(cells))
        examples = load(write(folder, f"a,y\n{rows}"))
        assert examples.task is task
        assert examples.class_names == classes
        if classes:
            assert examples.y.dtype == np.int64
            assert [classes[index] for index in examples.y] == cells

    def test_whole_numbers_as_classes_are_reported(self, folder: Path) -> None:
        (note,) = load(write(folder, "a,y\n1,0\n2,1\n3,1\n4,0\n")).notes
        assert "set the task to regression" in note

    def test_task_may_be_set(self, folder: Path) -> None:
        path = write(folder, "a,y\n1,0\n2,1\n3,1\n4,0\n")
        assert load(path, task=Task.REGRESSION).y.tolist() == [0.0, 1.0, 1.0, 0.0]
        path = write(folder, "a,y\n1,0.5\n2,1.5\n3,1.5\n4,0.5\n")
        assert load(path, task=Task.CLASSIFICATION).class_names == ("0.5", "1.5")

    def test_regression_on_text(self, folder: Path) -> None:
        error = refusal(write(folder, "a,y\n1,0.5\n2,low\n3,high\n"), task=Task.REGRESSION)
        assert "Received: 'low' in line 3" in error.message

    def test_one_class(self, folder: Path) -> None:
        assert "only one class: 'b'" in refusal(write(folder, "a,y\n1,b\n2,b\n")).message

    def test_too_many_classes(self, folder: Path) -> None:
        rows = "".join(f"{index},name {index}\n" for index in range(40))
        assert "40 different values in 40 rows" in refusal(write(folder, f"a,y\n{rows}")).message

    def test_constant_quantity(self, folder: Path) -> None:
        error = refusal(write(folder, "a,y\n1,1.5\n2,1.5\n3,1.5\n"))
        assert "same value in every row: 1.5" in error.message

    def test_empty_target(self, folder: Path) -> None:
        assert "the target, is empty" in refusal(write(folder, "a,y\n1,\n2,\n")).message


class TestColumns:
    def test_codes_with_leading_zeros_stay_text(self, folder: Path) -> None:
        examples = load(write(folder, "zip,y\n01234,1.5\n01234,2.5\n99999,3.5\n99999,4.5\n"))
        assert types(examples)["zip"] == "category"
        assert examples.reading["columns"][0]["values"] == ["01234", "99999"]

    def test_zero_and_fractions_are_no_codes(self, folder: Path) -> None:
        examples = load(write(folder, "a,y\n0,1.5\n0.5,2.5\n-0.25,3.5\n"))
        assert examples.x.tolist() == [[0], [0.5], [-0.25]]

    def test_integers_beyond_64_bits_are_ids(self, folder: Path) -> None:
        big = 2**63
        rows = "".join(f"{big + index},{index},{index}.5\n" for index in range(6))
        examples = load(write(folder, f"id,a,y\n{rows}"))
        assert examples.feature_names == ("a",)
        assert types(examples)["id"] == "identifier"
        assert "'id' holds 6 different texts" in found(examples, Trouble.LEFT_OUT, "id").text

    def test_endless_digits_end_nothing(self, folder: Path) -> None:
        rows = "".join(f"{'9' * 5000},{index},{index}.5\n" for index in range(6))
        assert load(write(folder, f"id,a,y\n{rows}")).feature_names == ("a",)

    @pytest.mark.parametrize("cell", ["inf", "-Infinity", "1e400"])
    def test_infinite_number(self, folder: Path, cell: str) -> None:
        error = refusal(write(folder, f"a,y\n1,0.5\n{cell},1.5\n3,2.5\n"))
        assert f"infinite number. Received: '{cell}' in line 3." in error.message

    def test_number_too_large_for_float32(self, folder: Path) -> None:
        error = refusal(write(folder, "a,y\n1,0.5\n2,1.5\n1e39,2.5\n"))
        assert "Received: '1e39' in line 4" in error.message

    @pytest.mark.parametrize("cell", ["abc", "1_000", "0x10", "12 kg"])
    def test_a_mistake_among_numbers_is_a_gap_and_named_by_line(
        self, folder: Path, cell: str
    ) -> None:
        rows = "".join(f"{index},{index}.5\n" for index in range(30))
        examples = load(write(folder, f'age,y\n{rows}"{cell}",1.5\n'))
        assert np.isnan(examples.x[:, 0]).tolist() == [False] * 30 + [True]
        named = [item for item in examples.findings if item.names == (f"line 32: '{cell}'",)]
        assert "1 cell of 'age' holds no number and counts as a gap" in named[0].text
        left_out = load(folder / "table.csv", exclude=["line 32"])
        assert left_out.n_samples == 30

    def test_a_mistake_among_new_inputs_is_refused_with_its_line(self, folder: Path) -> None:
        rows = "".join(f"{index}.25,{index}.5\n" for index in range(30))
        examples = load(write(folder, f"age,y\n{rows}"))
        asked = Contract.of(
            examples, Preprocessing.fit(examples, np.arange(30), PreprocessingSpec())
        ).input_spec
        with pytest.raises(DatasetError, match="Received: 'abc' in line 3"):
            read_inputs(write(folder, "age\n1\nabc\n", "new.csv"), asked)

    def test_text_with_many_values_is_left_out_and_reported(self, folder: Path) -> None:
        rows = "".join(f"name {index},{index},{index}.5\n" for index in range(50))
        examples = load(write(folder, f"name,a,y\n{rows}"))
        assert examples.feature_names == ("a",)
        finding = found(examples, Trouble.LEFT_OUT, "name")
        assert "'name' holds 50 different texts and was left out" in finding.text
        remedy, _ = finding.remedies
        assert remedy.changes == {("data", "columns", "name", "type"): "category"}
        chosen = load(folder / "table.csv", columns={"name": {"type": "category"}})
        assert chosen.feature_names == ("name", "a")

    def test_constant_and_empty_columns_are_left_out_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "a,one,same,none,y\n1,1,k,,0.5\n2,1,k,NA,1.5\n"))
        assert examples.feature_names == ("a",)
        constant = [item for item in examples.findings if item.trouble is Trouble.CONSTANT]
        assert [item.subject for item in constant] == ["one", "same", "none"]
        assert [column.is_used for column in examples.columns] == [True, False, False, False, True]

    def test_nothing_varies(self, folder: Path) -> None:
        error = refusal(write(folder, "a,b,y\n1,k,0.5\n1,k,1.5\n"))
        assert "No column of 'table.csv' varies: a, b" in error.message

    def test_nothing_usable(self, folder: Path) -> None:
        rows = "".join(f"name {index},{index}.5\n" for index in range(50))
        error = refusal(write(folder, f"name,y\n{rows}"))
        assert "no column to predict 'y' from" in error.message
        assert "50 different texts" in error.message


class TestTypes:
    def test_each_is_found(self, folder: Path) -> None:
        rows = "".join(
            f"{place}.5,{'ab'[place % 2]},{'yes' if place % 3 else 'no'},2024-01-{place + 1:02},"
            f"{'word ' * (20 + place)},AB{place:04},{place * 7},{place}.25\n"
            for place in range(20)
        )
        examples = load(write(folder, f"number,category,boolean,date,text,code,user_id,y\n{rows}"))
        assert types(examples) == {
            "number": "number",
            "category": "category",
            "boolean": "boolean",
            "date": "date",
            "text": "text",
            "code": "identifier",
            "user_id": "identifier",
            "y": "number",
        }
        assert examples.feature_names == (
            "number",
            "category",
            "boolean",
            *(f"date ({part})" for part in ("year", "month", "day", "weekday", "days")),
        )
        assert examples.columns[-1].name == "y"

    def test_dates_become_numbers(self, folder: Path) -> None:
        path = write(folder, "t,y\n2024-02-29 13:30,0.5\n1969-12-31 00:00,1.5\n,2.5\n")
        examples = load(path)
        assert examples.feature_names[4] == "t (hour)"
        # 29 February 2024 was a Thursday; days are counted from 1 January 1970.
        assert examples.x[0].tolist() == [2024, 2, 29, 3, 13, 19782 + 13.5 / 24]
        assert examples.x[1].tolist() == [1969, 12, 31, 2, 0, -1]
        assert np.isnan(examples.x[2]).all()

    @pytest.mark.parametrize(
        ("cells", "day", "is_open"),
        [
            (["31.12.2023", "01.02.2024"], 31, False),
            (["12/31/2023", "01/02/2024"], 31, False),
            (["03/04/2024", "05/06/2024"], 3, True),
            (["2023/12/31", "2024/01/02"], 31, False),
            (["31 Dec 2023", "2 Jan 2024"], 31, False),
        ],
    )
    def test_order_of_day_and_month(
        self, folder: Path, cells: list[str], day: int, is_open: bool
    ) -> None:
        rows = "".join(f"{cell},{place}.5\n" for place, cell in enumerate(cells))
        examples = load(write(folder, f"t,y\n{rows}"))
        assert examples.x[0, 2] == day
        assert is_open == any(item.trouble is Trouble.UNDERSTOOD for item in examples.findings)
        if is_open:
            (remedy,) = found(examples, Trouble.UNDERSTOOD).remedies
            assert remedy.changes == {"data.parameters.dates": "month first"}
            other = load(folder / "table.csv", parameters={"dates": "month first"})
            assert other.x[0, 2] == 4

    def test_may_be_said(self, folder: Path) -> None:
        path = write(folder, "a,b,y\n1,5,0.5\n2,6,1.5\n1,5,2.5\n2,7,3.5\n")
        examples = load(path, columns={"a": {"type": "category"}, "b": {"type": "ignore"}})
        assert examples.feature_names == ("a",)
        assert examples.x.tolist() == [[0], [1], [0], [1]]
        assert load(path, columns={"a": {"type": "text"}}).feature_names == ("a: 1", "a: 2", "b")

    def test_what_cannot_be_is_refused_with_the_line(self, folder: Path) -> None:
        path = write(folder, "a,y\nred,0.5\nblue,1.5\nred,2.5\nblue,3.5\n")
        number = refusal(path, columns={"a": {"type": "number"}})
        assert "Received: 'red' in line 2, and in 3 more." in number.message
        date = refusal(path, columns={"a": {"type": "date"}})
        assert "must hold dates" in date.message
        assert "line 2" in date.message

    def test_unknown_columns_are_refused(self, folder: Path) -> None:
        path = write(folder, "a,y\n1,0.5\n2,1.5\n")
        assert "no column 'b'" in refusal(path, columns={"b": {"type": "number"}}).message
        assert "no column 'w'" in refusal(path, weights="w").message

    def test_a_sequence_is_reported(self, folder: Path) -> None:
        rows = "".join(f"{place},{place}.5\n" for place in range(30))
        examples = load(write(folder, f"a,y\n{rows}"))
        assert "counts the rows" in found(examples, Trouble.UNDERSTOOD, "a").text


class TestFindings:
    def test_copies_of_rows(self, folder: Path) -> None:
        path = write(folder, "a,b,y\n1,k,0.5\n2,k,1.5\n1,k,0.5\n3,j,2.5\n1,k,0.5\n3,j,7.5\n")
        finding = found(load(path), Trouble.DUPLICATE)
        assert finding.names == ("line 4", "line 6")
        (remedy,) = finding.remedies
        assert remedy.changes == {"data.parameters.duplicates": "drop"}
        examples = load(path, parameters={"duplicates": "drop"})
        assert examples.names == ("line 2", "line 3", "line 5", "line 7")
        assert "2 of 6 rows were left out because they equal an earlier one" in examples.notes[0]

    def test_rows_may_be_left_out(self, folder: Path) -> None:
        path = write(folder, "a,y\n1,0.5\nabc,1.5\n3,2.5\n4,3.5\n")
        examples = load(path, exclude=["line 3"])
        assert examples.x.tolist() == [[1], [3], [4]]

    @pytest.mark.parametrize("kind", ["number", "category"])
    def test_a_leak_into_classes(self, folder: Path, kind: str) -> None:
        rng = np.random.default_rng(0)
        classes = rng.integers(0, 2, 60)
        code = classes * 10 if kind == "number" else np.array(["p", "q"])[classes]
        rows = "".join(
            f"{value:.3f},{leak},{'ab'[label]}\n"
            for value, leak, label in zip(rng.normal(size=60), code, classes, strict=True)
        )
        examples = load(write(folder, f"x,leak,y\n{rows}"))
        finding = found(examples, Trouble.LEAK)
        assert finding.subject == "leak"
        assert finding.remedies[0].changes == {("data", "columns", "leak", "type"): "ignore"}

    def test_a_leak_into_numbers(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(2, 50))
        rows = "".join(f"{a},{2 * b - 1},{b}\n" for a, b in zip(x, y, strict=True))
        assert found(load(write(folder, f"x,leak,y\n{rows}")), Trouble.LEAK).subject == "leak"

    def test_chance_is_no_leak(self, folder: Path) -> None:
        rng = np.random.default_rng(0)
        rows = "".join(f"{a},{'ab'[i % 2]}\n" for i, a in enumerate(rng.normal(size=50)))
        examples = load(write(folder, f"x,y\n{rows}"))
        assert not [item for item in examples.findings if item.trouble is Trouble.LEAK]

    def test_rare_classes(self, folder: Path) -> None:
        labels = ["a"] * 100 + ["b"] * 50 + ["c"] * 3
        rows = "".join(f"{place % 7},{label}\n" for place, label in enumerate(labels))
        examples = load(write(folder, f"x,y\n{rows}"))
        imbalance = [item for item in examples.findings if item.trouble is Trouble.IMBALANCE]
        assert imbalance[0].remedies[0].changes == {"training.class_weights": "balanced"}
        assert imbalance[1].names == ("c: 3",)
        lines = ("line 152", "line 153", "line 154")
        assert imbalance[1].remedies[0].changes == {"data.exclude": lines}
        assert load(folder / "table.csv", exclude=list(lines)).class_names == ("a", "b")


class TestNewExamples:
    names = ("a", "colour=blue", "colour=red")

    def test_are_encoded_like_the_training_data(self, folder: Path) -> None:
        path = write(folder, "colour,extra,a\nred,9,1.5\nred,9,2.5\n")
        assert read_features(path, self.names).tolist() == [[1.5, 0, 1], [2.5, 0, 1]]

    def test_an_equals_sign_in_names_and_values(self, folder: Path) -> None:
        path = write(folder, "a=b,k\nx=1,x=2\n")
        assert read_features(path, ("a=b=x=1", "k=x=2", "k=other")).tolist() == [[1, 1, 0]]

    def test_digits_may_be_a_category(self, folder: Path) -> None:
        path = write(folder, "zip\n01234\n99999\n")
        assert read_features(path, ("zip=01234", "zip=99999")).tolist() == [[1, 0], [0, 1]]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("a,color\n1,red\n", "lacks columns the model was trained on: colour"),
            ("a,colour\n1,green\n", "Received: 'green' in line 2"),
            ("a,colour\n1,red\n,red\n", "Column 'a' has a gap in line 3"),
            ("a,colour\n1,red\n2,\n", "Column 'colour' has a gap in line 3"),
            ("a,colour\nfew,red\n", "Column 'a' must hold numbers. Received: 'few' in line 2"),
        ],
    )
    def test_refusals(self, folder: Path, text: str, words: str) -> None:
        with pytest.raises(DatasetError) as caught:
            read_features(write(folder, text), self.names)
        assert words in caught.value.message
        assert caught.value.hint

    def test_what_was_trained_on_reads_the_same(self, folder: Path) -> None:
        path = write(folder, "a,colour,y\n1,red,0.5\n2,blue,1.5\n3,red,2.5\n")
        examples = load(path)
        contract = Contract.of(
            examples, Preprocessing.fit(examples, np.arange(3), PreprocessingSpec())
        )
        np.testing.assert_array_equal(read_inputs(path, contract.input_spec), examples.x)
        np.testing.assert_array_equal(read_row("2,blue", contract), examples.x[1:2])


class TestTime:
    def test_rows_in_order_of_time_are_told_with_remedies(self, tmp_path: Path) -> None:
        path = tmp_path / "sales.csv"
        days = [f"2024-{1 + day // 28:02d}-{1 + day % 28:02d},{day % 7},{day}" for day in range(60)]
        path.write_text("day,weekday,sales\n" + "\n".join(days))
        (found,) = ordered(path)
        assert found.subject == "day"
        assert [remedy.changes for remedy in found.remedies] == [
            {"split.method": "time", "split.column": "day"},
            {"data.format": "series"},
        ]
        path.write_text("day,weekday,sales\n" + "\n".join(days[::2] + days[1::2]))
        assert ordered(path) == []


def ordered(path: Path) -> list[DataFinding]:
    """What is said of the order of a table's rows."""
    examples = load_examples(DataSpec(source=str(path), target="sales"))[1]
    return [item for item in examples.findings if item.trouble is Trouble.ACROSS_PARTS]
