"""Whatever is written as a table is read back the same, or refused with the line."""

from __future__ import annotations

import csv
import datetime
import io
import math
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from engine.datasets import load_examples
from engine.datasets.base import Examples
from engine.datasets.tables import delimited, plain_blocks
from engine.datasets.tables.delimited import DelimitedFile
from engine.datasets.tables.table_cells import GAP_WORDS
from engine.datasets.tables.table_source import TableParameters
from engine.errors import DatasetError
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task

SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "bar": "|"}

finite = st.floats(-1e30, 1e30)
# Any text but blanks at the ends (stripped) and what marks a gap or is a number.
words = st.text(
    st.characters(exclude_categories=("C", "Z"), include_characters=' ,;"\n'), min_size=1
).map(lambda text: f"x{text}x")
# Cells of every kind, nasty ones among them.
cells = st.one_of(
    st.just(""),
    st.sampled_from(
        ["NA", "null", "01234", "inf", "1e400", "a,b", 'say "so"', "two\nlines", "1_0"]
    ),
    st.integers(-(10**20), 10**20).map(str),
    finite.map(repr),
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), max_size=12),
)


def write(folder: Path, rows: list[list[str]], delimiter: str = ",", **style: Any) -> Path:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=delimiter, **style).writerows(rows)
    path = folder / "table.csv"
    path.write_bytes(buffer.getvalue().encode())
    return path


def load(path: Path, target: str = "y", **more: Any) -> Examples:
    values = {"source": str(path), "target": target, **more}
    return load_examples(DataSpec.model_validate(values))[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@SAME_FOLDER
@given(
    numbers=st.lists(st.tuples(finite, finite, finite), min_size=3, max_size=20),
    delimiter=st.sampled_from([",", ";", "\t", "|"]),
)
def test_numbers_survive_bit_by_bit(
    folder: Path, numbers: list[tuple[float, float, float]], delimiter: str
) -> None:
    # The last rows make sure that no column is constant or looks like classes.
    rows = [*numbers, (0.25, 0.25, 0.25), (0.75, 0.75, 0.75)]
    cells = [[repr(value) for value in row] for row in rows]
    examples = load(write(folder, [["a", "b", "y"], *cells], delimiter))
    assert examples.task is Task.REGRESSION
    expected = np.array(rows)
    assert examples.x.tobytes() == expected[:, :2].copy().tobytes()
    assert examples.y.tobytes() == expected[:, 2].copy().tobytes()


@SAME_FOLDER
@given(
    numbers=st.lists(st.tuples(st.none() | finite, finite), min_size=3, max_size=20),
    delimiter=st.sampled_from([";", "\t", "|"]),
    gap=st.sampled_from(["", *sorted(GAP_WORDS)]),
)
def test_decimal_commas_and_gaps(
    folder: Path, numbers: list[tuple[float | None, float]], delimiter: str, gap: str
) -> None:
    rows = [*numbers, (0.25, 0.25), (0.75, 0.75)]
    cells = [
        [gap if value is None else repr(value).replace(".", ",") for value in row] for row in rows
    ]
    examples = load(write(folder, [["a", "y"], *cells], delimiter))
    expected = [[np.nan if value is None else value] for value, _ in rows]
    np.testing.assert_array_equal(examples.x, expected)
    assert examples.columns[0].n_missing == sum(value is None for value, _ in rows)


@SAME_FOLDER
@given(labels=st.lists(words, min_size=2, max_size=6, unique=True), name=words)
def test_any_text_survives_as_class_and_category(
    folder: Path, labels: list[str], name: str
) -> None:
    rows = [[label, label, str(index)] for index, label in enumerate(labels * 2)]
    path = write(folder, [[name, "target", "n"], *rows])
    examples = load(path, "target", parameters={"spellings": "exact"})
    assert examples.class_names == tuple(sorted(labels))
    assert [examples.class_names[index] for index in examples.y] == labels * 2
    assert examples.feature_names == (name, "n")
    values = examples.reading["columns"][0]["values"]
    assert [values[int(index)] for index in examples.x[:, 0]] == labels * 2


@SAME_FOLDER
@given(
    rows=st.lists(st.tuples(cells, cells, cells), min_size=1, max_size=12),
    delimiter=st.sampled_from(sorted(DELIMITERS)),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_cells_are_read_back_the_same(
    folder: Path,
    rows: list[tuple[str, ...]],
    delimiter: str,
    quoting: Any,
    newline: str,
    encoding: str,
) -> None:
    # Python's writer leaves "\n" bare where lines end in "\r".
    assume(newline != "\r" or quoting == csv.QUOTE_ALL)
    written = [["first", "second", "third"], *map(list, rows)]
    path = write(folder, written, DELIMITERS[delimiter], quoting=quoting, lineterminator=newline)
    path.write_bytes(path.read_bytes().decode().encode(encoding))
    parameters = TableParameters.model_validate({"delimiter": delimiter, "header": "yes"})
    source = DelimitedFile(path, parameters)
    assert source.names == ("first", "second", "third")
    read = [
        tuple(row)
        for chunk in source.chunks()
        for row in zip(*(chunk.cells[name].to_pylist() for name in source.names), strict=True)
    ]
    assert read == [tuple(cell.strip() for cell in row) for row in rows]


@SAME_FOLDER
@given(rows=st.lists(st.tuples(cells, cells, finite.map(repr)), min_size=4, max_size=12))
def test_any_table_is_loaded_or_refused_in_words(folder: Path, rows: list[tuple[str, ...]]) -> None:
    path = write(folder, [["first", "second", "y"], *map(list, rows)])
    try:
        examples = load(path)
    except DatasetError as error:
        refused = error
    else:
        refused = None
    if refused is not None:
        assert refused.message
        assert refused.hint
        return
    assert not np.isinf(examples.x).any()
    assert examples.n_samples == len(examples.y) == len(examples.names) <= len(rows)
    assert np.isfinite(examples.y.astype(float)).all()


@SAME_FOLDER
@given(
    rows=st.lists(st.lists(finite.map(repr), min_size=3, max_size=3), min_size=2, max_size=12),
    place=st.integers(0, 100),
    extra=st.integers(1, 3),
)
def test_a_row_that_is_too_long_is_refused_with_its_line(
    folder: Path, rows: list[list[str]], place: int, extra: int
) -> None:
    place %= len(rows)
    rows[place] = rows[place] + ["1.5"] * extra
    path = write(folder, [["a", "b", "y"], *rows], lineterminator="\n")
    with pytest.raises(DatasetError, match=rf"Line {place + 2} .* has {3 + extra} cells"):
        load(path, parameters={"delimiter": "comma"})


@SAME_FOLDER
@given(
    rows=st.lists(st.tuples(cells, cells), min_size=1, max_size=60),
    short=st.sets(st.integers(0, 59), max_size=2),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    newline=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(16, 200),
)
def test_quick_blocks_read_what_the_strict_reader_reads(
    folder: Path,
    rows: list[tuple[str, str]],
    short: set[int],
    quoting: Any,
    newline: str,
    block: int,
) -> None:
    written = [["k"] if place in short else ["k", *row] for place, row in enumerate(rows)]
    path = write(folder, [["a", "b", "c"], *written], quoting=quoting, lineterminator=newline)
    assume(path.stat().st_size > 16)

    def read(quick_bytes: int) -> tuple[list[Any], list[int], Any]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(delimited, "QUICK_BYTES", quick_bytes)
            patch.setattr(delimited, "BLOCK_BYTES", block)
            source = DelimitedFile(path, TableParameters(delimiter="comma", header="yes"))
            chunks = list(source.chunks())
        cells = [[chunk.cells[name].to_pylist() for chunk in chunks] for name in source.names]
        lines = [line for chunk in chunks for line in chunk.lines.tolist()]
        return [list(chain(*column)) for column in cells], lines, source.report().findings

    assert read(0) == read(1 << 30)


@pytest.mark.parametrize(
    ("block", "n_lines"),
    [
        (b"1,2\n3,4\n", 2),
        (b'"a,b",2\r\n"",4\r\n', 2),
        (b"1,2,3\n", 0),
        (b"1\n", 0),
        (b"1,2\n\n", 0),
        (b'"a\nb",2\n', 0),
        (b'"a ""b""",2\n', 0),
        (b'a"b,2\n', 0),
        (b'"a,2\n', 0),
        (b'1, "a"\n', 0),
        (b"1,2\r3,4\n", 0),
    ],
)
def test_what_is_plain(block: bytes, n_lines: int) -> None:
    assert plain_blocks.plain_lines(block, ",", 2) == n_lines


# How ten places write a day; the year of two digits is of 1969 to 2068, as in C.
DAY_FORMS = (
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d %b %Y",
    "%b %d, %Y",
    "%d/%m/%y",
)


@SAME_FOLDER
@given(
    days=st.lists(
        st.dates(datetime.date(1970, 1, 1), datetime.date(2060, 12, 31)),
        min_size=4,
        max_size=20,
        unique=True,
    ),
    form=st.sampled_from(DAY_FORMS),
    clock=st.sampled_from(["", " 13:45", " 07:05:09"]),
    odd=st.sampled_from(["", "", "?", "0000-00-00"]),
)
def test_dates_are_read_back_the_same_or_told(
    folder: Path, days: list[datetime.date], form: str, clock: str, odd: str
) -> None:
    # Enough of them that one odd cell is a mistake.
    days = days * 4
    cells = [day.strftime(form) + clock for day in days]
    expected = [float((day - datetime.date(1970, 1, 1)).days) for day in days]
    if odd:
        cells[3], expected[3] = odd, math.nan
    rows = [[cell, "pq"[place % 2]] for place, cell in enumerate(cells)]
    path = write(folder, [["day", "y"], *rows])

    def read(**more: Any) -> Any:
        examples = load(path, **more)
        place = examples.feature_names.index("day (days)")
        return examples, np.floor(examples.x[:, place])

    examples, found = read()
    if not np.array_equal(found, expected, equal_nan=True):
        (finding,) = [item for item in examples.findings if "the month first" in item.text]
        (order,) = finding.remedies[0].changes.values()
        _, found = read(parameters={"dates": order})
    np.testing.assert_array_equal(found, expected)
    if odd:
        named = [name for item in examples.findings for name in item.names]
        assert f"line 5: '{odd}'" in named or f"'{odd}': 1" in named


@SAME_FOLDER
@given(
    labels=st.lists(st.integers(-99, 99), min_size=2, max_size=5, unique=True),
    decimals=st.sampled_from([0, 1]),
    sign=st.sampled_from([".", ","]),
    gap=st.sampled_from(["", "N/A", "NaN", "?"]),
)
def test_labels_are_read_back_the_same(
    folder: Path, labels: list[int], decimals: int, sign: str, gap: str
) -> None:
    # Fractions are quantities, whole numbers are classes.
    written = [f"{label}{sign}5" if decimals else str(label) for label in labels] * 8
    rows = [[f"{place}", cell] for place, cell in enumerate([*written, gap, gap])]
    examples = load(write(folder, [["a", "y"], *rows], ";"))
    assert examples.n_samples == len(written)
    expected = [float(cell.replace(",", ".")) for cell in written]
    if decimals:
        assert examples.task is Task.REGRESSION
        assert examples.y.tolist() == expected
    else:
        names = [examples.class_names[index] for index in examples.y]
        assert [float(name) for name in names] == expected
