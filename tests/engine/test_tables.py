"""CSV files, honest and lying ones. Each file here is written by the test that reads it."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.table import column_names, read_features
from engine.errors import DatasetError
from engine.problem import Kind, Task
from engine.spec import DataSpec

PENGUINS = Path(__file__).parents[2].parent / "shared" / "data" / "penguins.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def write(folder: Path, text: str | bytes, name: str = "table.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def load(path: Path, target: str | None = "y", task: Task | None = None) -> Examples:
    return load_examples(DataSpec(source=str(path), target=target, task=task))[1]


def refusal(path: Path, target: str | None = "y", task: Task | None = None) -> DatasetError:
    with pytest.raises(DatasetError) as caught:
        load(path, target, task)
    assert caught.value.hint, "every refusal says what to do next"
    return caught.value


class TestReading:
    def test_numbers_and_text_by_hand(self, folder: Path) -> None:
        examples = load(write(folder, "a,colour,y\n1,red,0.5\n-2.5,blue,1.5\n3e2,red,2.25\n"))
        assert examples.feature_names == ("a", "colour=blue", "colour=red")
        assert examples.x.tolist() == [[1, 0, 1], [-2.5, 1, 0], [300, 0, 1]]
        assert examples.y.tolist() == [0.5, 1.5, 2.25]
        assert (examples.kind, examples.task) == (Kind.TABLE, Task.REGRESSION)
        assert examples.target_name == "y"
        assert examples.notes == ()

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    @pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
    def test_delimiter_is_found(self, folder: Path, delimiter: str, newline: str) -> None:
        rows = [["a", "b", "y"], ["1.5", "2", "0.5"], ["3", "4", "1.5"], ["6", "7", "2.5"]]
        path = write(folder, newline.join(delimiter.join(row) for row in rows))
        assert load(path).x.tolist() == [[1.5, 2], [3, 4], [6, 7]]

    def test_text_with_the_delimiter_in_quotes(self, folder: Path) -> None:
        path = write(folder, 'place,y\n"Rome, Italy",1.5\n"a ""b""",2.5\n"Rome, Italy",3.5\n')
        assert load(path).feature_names == ("place=Rome, Italy", 'place=a "b"')

    def test_quoted_line_break_counts_as_lines(self, folder: Path) -> None:
        path = write(folder, 'a,n,y\n1,"two\nlines",1.5\n2,k,2.5\n3,k,2.5,9\n')
        assert "Line 5 " in refusal(path).message

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
    def test_encodings_are_found(self, folder: Path, encoding: str) -> None:
        text = "größe,y\n1,0.5\n2,1.5\n3,2.5\n"
        examples = load(write(folder, text.encode(encoding)))
        assert examples.feature_names == ("größe",)
        assert examples.notes == ()

    def test_latin_is_read_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "größe,y\n1,0.5\n2,1.5\n3,2.5\n".encode("cp1252")))
        assert examples.feature_names == ("größe",)
        assert "not UTF-8" in examples.notes[0]
        assert column_names(folder / "table.csv") == ("größe", "y")

    def test_decimal_comma_is_read_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "a;y\n1,5;0,25\n-2,5;1\n1.234;3,5e2\n"))
        assert examples.x.tolist() == [[1.5], [-2.5], [1.234]]
        assert examples.y.tolist() == [0.25, 1, 350]
        assert "decimal comma" in examples.notes[0]

    def test_blank_lines_and_blanks_around_cells(self, folder: Path) -> None:
        examples = load(write(folder, "\na , y\n\n 1, 0.5\n   \n2 ,1.5 \n3,2.5\n\n"))
        assert examples.x.tolist() == [[1], [2], [3]]
        assert examples.feature_names == ("a",)

    def test_row_numbers_without_a_name_are_left_out(self, folder: Path) -> None:
        examples = load(write(folder, ",a,y\n0,5,0.5\n1,7,1.5\n2,6,2.5\n"))
        assert examples.feature_names == ("a",)
        assert "counts the rows" in examples.notes[0]

    def test_a_column_without_a_name_gets_one(self, folder: Path) -> None:
        examples = load(write(folder, "a,,y\n0,5,0.5\n1,7,1.5\n2,6,2.5\n"))
        assert examples.feature_names == ("a", "column 2")

    def test_column_names_without_reading_all(self, folder: Path) -> None:
        path = write(folder, "a;b c;y\n1;2;3\n1;2;3;4;5\n")
        assert column_names(path) == ("a", "b c", "y")

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

    def test_no_header(self, folder: Path) -> None:
        error = refusal(write(folder, "5.1,3.5,setosa\n4.9,3.0,setosa\n"), "setosa")
        assert "holds data, not column names" in error.message

    def test_repeated_names(self, folder: Path) -> None:
        assert "same name: a" in refusal(write(folder, "a,b,a,y\n1,2,3,4\n")).message

    def test_binary_file(self, folder: Path) -> None:
        assert "not a text file" in refusal(write(folder, b"PK\x03\x04\0\0\0")).message

    def test_broken_utf_16(self, folder: Path) -> None:
        content = "a,y\n1,2\n".encode("utf-16") + b"\xd8"
        assert "UTF-16" in refusal(write(folder, content)).message

    def test_one_column(self, folder: Path) -> None:
        assert "only one column" in refusal(write(folder, "y\n1\n2\n")).message

    def test_larger_than_memory(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        import psutil

        memory = psutil.virtual_memory()._replace(available=10)
        monkeypatch.setattr(psutil, "virtual_memory", lambda: memory)
        assert "too large for the memory" in refusal(write(folder, "a,y\n1,2\n")).message

    def test_unreadable_file(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        path = write(folder, "a,y\n1,2\n")

        def refuse(*args: object, **kwargs: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        assert "permission denied" in refusal(path).message


class TestTarget:
    def test_none_lists_the_columns(self, folder: Path) -> None:
        error = refusal(write(folder, "alpha,beta\n1,2\n"), None)
        assert "alpha, beta" in error.hint

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
        assert examples.feature_names == ("zip=01234", "zip=99999")

    def test_zero_and_fractions_are_no_codes(self, folder: Path) -> None:
        examples = load(write(folder, "a,y\n0,1.5\n0.5,2.5\n-0.25,3.5\n"))
        assert examples.x.tolist() == [[0], [0.5], [-0.25]]

    def test_integers_beyond_64_bits_are_ids(self, folder: Path) -> None:
        big = 2**63
        rows = "".join(f"{big + index},{index},{index}.5\n" for index in range(6))
        examples = load(write(folder, f"id,a,y\n{rows}"))
        assert examples.feature_names == ("a",)
        assert "'id' holds 6 different texts" in examples.notes[0]

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

    def test_a_mistake_among_numbers_is_named_by_line(self, folder: Path) -> None:
        rows = "".join(f"{index},{index}.5\n" for index in range(30))
        error = refusal(write(folder, f"age,y\n{rows}abc,1.5\n"))
        assert "Column 'age' must hold numbers. Received: 'abc' in line 32." in error.message

    @pytest.mark.parametrize("cell", ["1_000", "0x10", "12 kg", "1,000"])
    def test_what_only_looks_like_a_number_is_none(self, folder: Path, cell: str) -> None:
        rows = "".join(f"{index},{index}.5\n" for index in range(30))
        assert repr(cell) in refusal(write(folder, f'age,y\n{rows}"{cell}",1.5\n')).message

    def test_text_with_many_values_is_left_out_and_reported(self, folder: Path) -> None:
        rows = "".join(f"name {index},{index},{index}.5\n" for index in range(50))
        examples = load(write(folder, f"name,a,y\n{rows}"))
        assert examples.feature_names == ("a",)
        assert "'name' holds 50 different texts and was left out" in examples.notes[0]

    def test_constant_and_empty_columns_are_left_out_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "a,one,same,none,y\n1,1,k,,0.5\n2,1,k,NA,1.5\n"))
        assert examples.feature_names == ("a",)
        assert any("'none' is empty" in note for note in examples.notes)
        assert any("one, same" in note for note in examples.notes)

    def test_nothing_varies(self, folder: Path) -> None:
        error = refusal(write(folder, "a,b,y\n1,k,0.5\n1,k,1.5\n"))
        assert "No column of 'table.csv' varies: a, b" in error.message

    def test_nothing_usable(self, folder: Path) -> None:
        rows = "".join(f"name {index},{index}.5\n" for index in range(50))
        error = refusal(write(folder, f"name,y\n{rows}"))
        assert "no column to predict 'y' from" in error.message
        assert "50 different texts" in error.message


class TestGaps:
    def test_rows_with_gaps_are_left_out_and_reported(self, folder: Path) -> None:
        text = (
            "a,colour,y\n1,red,0.5\n,red,1.5\n3,,2.5\n4,blue,3.5\n5,blue,\n6,red,5.5\n7,red,6.5\n"
        )
        examples = load(write(folder, text))
        assert examples.x[:, 0].tolist() == [1, 4, 6, 7]
        assert examples.y.tolist() == [0.5, 3.5, 5.5, 6.5]
        (note,) = examples.notes
        assert note.startswith("3 of 7 rows were left out because of gaps")
        assert "a (1), colour (1), y (1)" in note

    @pytest.mark.parametrize("word", ["NA", "n/a", "NaN", "null", "None", "?", "-"])
    def test_words_for_a_gap_among_numbers(self, folder: Path, word: str) -> None:
        examples = load(write(folder, f"a,y\n1,0.5\n{word},1.5\n3,2.5\n"))
        assert examples.x.tolist() == [[1], [3]]
        assert "1 of 3 rows" in examples.notes[0]

    def test_namibia_is_kept(self, folder: Path) -> None:
        examples = load(write(folder, "country,y\nNA,0.5\nDE,1.5\nNA,2.5\nDE,3.5\n"))
        assert examples.feature_names == ("country=DE", "country=NA")
        assert examples.n_samples == 4

    def test_shorter_rows_are_gaps_and_reported(self, folder: Path) -> None:
        examples = load(write(folder, "a,b,y\n1,2,0.5\n3\n5,6,1.5\n7,8,2.5\n"))
        assert examples.n_samples == 3
        assert "shorter than the header (the first in line 3)" in examples.notes[0]

    def test_gaps_nearly_everywhere_are_refused(self, folder: Path) -> None:
        error = refusal(write(folder, "a,b,y\n1,,0.5\n,3,1.5\n,4,2.5\n4,5,3.5\n"))
        assert "Only 1 of 4 rows" in error.message
        assert "a (2), b (1)" in error.message


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
        np.testing.assert_array_equal(read_features(path, examples.feature_names), examples.x)


finite = st.floats(-1e30, 1e30)
# Any text but blanks at the ends (stripped) and what marks a gap or is a number.
words = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=' ,;"\n'), min_size=1
).map(lambda text: f"x{text}x")


def as_csv(rows: list[list[str]], delimiter: str) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter).writerows(rows)
    return buffer.getvalue().encode()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    numbers=st.lists(st.tuples(finite, finite, finite), min_size=3, max_size=20),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_numbers_survive_bit_by_bit(
    folder: Path, numbers: list[tuple[float, float, float]], delimiter: str
) -> None:
    # The last row makes sure that no column is constant or looks like classes.
    rows = [*numbers, (0.25, 0.25, 0.25), (0.75, 0.75, 0.75)]
    cells = [[repr(value) for value in row] for row in rows]
    path = write(folder, as_csv([["a", "b", "y"], *cells], delimiter))
    examples = load(path)
    assert examples.task is Task.REGRESSION
    expected = np.array(rows)
    assert examples.x.tobytes() == expected[:, :2].copy().tobytes()
    assert examples.y.tobytes() == expected[:, 2].copy().tobytes()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(labels=st.lists(words, min_size=2, max_size=6, unique=True), name=words)
def test_any_text_survives_as_class_and_category(
    folder: Path, labels: list[str], name: str
) -> None:
    rows = [[label, label, str(index)] for index, label in enumerate(labels * 2)]
    examples = load(write(folder, as_csv([[name, "target", "n"], *rows], ",")), "target")
    assert examples.class_names == tuple(sorted(labels))
    assert [examples.class_names[index] for index in examples.y] == labels * 2
    assert examples.feature_names == (*(f"{name}={label}" for label in sorted(labels)), "n")
    assert np.all(examples.x[:, :-1].sum(axis=1) == 1.0)


@pytest.mark.skipif(not PENGUINS.exists(), reason="the shared penguins are not here")
class TestPenguins:
    def test_species(self) -> None:
        examples = load(PENGUINS, "species")
        assert examples.class_names == ("Adelie", "Chinstrap", "Gentoo")
        assert np.bincount(examples.y).tolist() == [146, 68, 119]
        assert examples.x.shape == (333, 9)
        assert "11 of 344 rows" in examples.notes[0]

    def test_body_mass_agrees_with_pandas(self) -> None:
        import pandas as pd

        examples = load(PENGUINS, "body_mass_g")
        frame = pd.read_csv(PENGUINS).dropna()
        assert examples.task is Task.REGRESSION
        np.testing.assert_array_equal(examples.y, frame["body_mass_g"])
        encoded = pd.get_dummies(frame.drop(columns="body_mass_g"), prefix_sep="=", dtype=float)
        np.testing.assert_array_equal(examples.x, encoded[list(examples.feature_names)])
