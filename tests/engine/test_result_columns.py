"""A column of a run's data, as it is read for choosing and drawing."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import soundfile
from PIL import Image

from engine.datasets import load_examples
from engine.datasets.base import AnyArray, Examples, silent
from engine.errors import DatasetError
from engine.service.results.cells import cells_of
from engine.service.results.columns import read_column
from engine.service.results.examples import show_examples
from engine.service.results.opened_run import OpenedRun
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind, Task

COLUMNS = {
    "age": np.array([30.0, np.nan, 5.0, 41.0]),
    "site": np.array(["north", "south", "", "south"], object),
    "price": np.array(["1.5", "2", "", "3"], object),
}


def opened(examples: Examples, source: str = "") -> OpenedRun:
    """A run that has these examples, all but the first in its test part."""
    rows = np.arange(1, examples.n_samples)
    run: Any = SimpleNamespace(
        record=SimpleNamespace(
            id="run", spec=SimpleNamespace(data=SimpleNamespace(source=source or "made"))
        ),
        rows=lambda part, progress: (part, rows),
        prepared=lambda progress: SimpleNamespace(examples=examples),
    )
    return cast(OpenedRun, run)


def column(name: str) -> AnyArray:
    return COLUMNS[name]


TABLE = Examples(
    np.zeros((4, 1)),
    np.zeros(4),
    Kind.TABLE,
    Task.REGRESSION,
    ("age",),
    source_columns=tuple(COLUMNS),
    column=column,
)
TEXTS = Examples(
    np.array(["a", "abc", "", "ab"], object),
    np.zeros(4, np.int64),
    Kind.TEXT,
    Task.CLASSIFICATION,
    class_names=("x", "y"),
    names=("en/1.txt", "en/2.txt", "de/1.txt", "de/2.txt"),
)


def test_without_a_name_it_says_which_there_are() -> None:
    found = read_column(opened(TABLE), "test", "", silent)
    assert found.columns == ("age", "site", "price")
    assert found.rows.tolist() == [1, 2, 3]
    assert len(found.numbers) == 0


def test_numbers_stay_numbers_also_where_they_are_written_as_texts() -> None:
    found = read_column(opened(TABLE), "test", "age", silent)
    np.testing.assert_array_equal(found.numbers, [np.nan, 5.0, 41.0])
    found = read_column(opened(TABLE), "test", "price", silent)
    assert found.categories == ()
    np.testing.assert_array_equal(found.numbers, [2.0, np.nan, 3.0])


def test_categories_come_with_the_most_frequent_first_and_gaps_apart() -> None:
    found = read_column(opened(TABLE), "test", "site", silent)
    assert found.categories == ("south",)
    assert found.numbers.tolist() == [0.0, -1.0, 0.0]


def test_texts_have_a_length_and_files_a_folder() -> None:
    assert read_column(opened(TEXTS), "test", "", silent).columns == ("length", "folder")
    assert read_column(opened(TEXTS), "test", "length", silent).numbers.tolist() == [3, 0, 2]
    found = read_column(opened(TEXTS), "test", "folder", silent)
    assert [found.categories[int(code)] for code in found.numbers] == ["en", "de", "de"]


def files(folder: Path, kind: Kind, names: tuple[str, ...]) -> Examples:
    """Examples that are read from files: what is in them is not asked for."""
    x = np.zeros((len(names), 1))
    return Examples(x, np.zeros(len(names)), kind, Task.CLASSIFICATION, names=names)


def test_pictures_have_the_size_that_their_files_say(tmp_path: Path) -> None:
    names = ("a/1.png", "a/2.png", "b/3.png", "b/gone.png")
    for name, size in zip(names, ((4, 4), (30, 20), (7, 9)), strict=False):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("L", size).save(tmp_path / name)
    run = opened(files(tmp_path, Kind.IMAGE, names), str(tmp_path))
    columns = read_column(run, "test", "", silent).columns
    assert columns == ("width in pixels", "height in pixels", "folder")
    found = read_column(run, "test", "width in pixels", silent).numbers
    np.testing.assert_array_equal(found, [30.0, 7.0, np.nan])


def test_sounds_have_the_length_that_their_files_say(tmp_path: Path) -> None:
    names = ("1.wav", "2.wav", "3.wav")
    for name, seconds in zip(names, (1.0, 0.5, 2.0), strict=True):
        soundfile.write(tmp_path / name, np.zeros(int(8000 * seconds), np.int16), 8000)
    run = opened(files(tmp_path, Kind.AUDIO, names), str(tmp_path))
    assert read_column(run, "test", "", silent).columns == ("length in seconds",)
    found = read_column(run, "test", "length in seconds", silent)
    assert found.numbers.tolist() == [0.5, 2.0]


def test_what_is_in_no_folder_has_no_size(tmp_path: Path) -> None:
    examples = files(tmp_path, Kind.IMAGE, ("1.png", "2.png"))
    assert read_column(opened(examples), "test", "", silent).columns == ()


def test_an_unknown_column_is_refused_by_name() -> None:
    with pytest.raises(DatasetError, match="no column 'size'"):
        read_column(opened(TABLE), "test", "size", silent)


@pytest.mark.parametrize("form", ["%d.%m.%Y", "%Y-%m-%d"])
def test_an_example_shows_dates_and_gaps_as_its_table_has_them(tmp_path: Path, form: str) -> None:
    days = [datetime(2024, 1, 5) + timedelta(days=17 * n) for n in range(40)]
    written = [day.strftime(form) for day in days]
    lines = [f"{text},{n * 1.5 if n else ''},{n % 2}" for n, text in enumerate(written)]
    path = tmp_path / "visits.csv"
    path.write_text("\n".join(["day,amount,came", *lines]) + "\n")
    data = {"source": str(path), "target": "came"}
    _, examples = load_examples(RunSpec.from_dict({"data": data}).data, silent)
    assert any(it["type"] == "date" for it in examples.reading["columns"])
    record = SimpleNamespace(id="run", spec=SimpleNamespace(data=SimpleNamespace(source=str(path))))
    run: Any = SimpleNamespace(
        record=record,
        prepared=lambda progress: SimpleNamespace(examples=examples),
        column=examples.column,
    )
    shown = show_examples(run, [0, 7], silent).examples
    assert dict(shown[0].cells) == {"day": written[0], "amount": "", "came": "0"}
    assert dict(shown[1].cells)["day"] == written[7]
    # Where the source is too large to be read again, its numbers tell the same.
    assert dict(cells_of(shown[1].content, examples.reading["columns"]))["day"] == written[7]
