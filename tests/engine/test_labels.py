"""Labels as values: numbers with commas, and missing ones, the same for every kind of data."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engine.datasets import load_examples
from engine.datasets.labels import (
    missing_labels,
    numbers_in,
    understand_targets,
)
from engine.datasets.tables.table_cells import is_missing_label
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Task

MISSING = ("N/A", "NaN", "", "?", "nan", "n/a", "#N/A", "<NA>")


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


def gaps(examples):
    return [item for item in examples.findings if item.trouble is Trouble.MISSING]


class TestNumbers:
    @pytest.mark.parametrize(
        ("cells", "expected"),
        [
            (["1,5", "2,0", "3"], [1.5, 2, 3]),
            (["0,125", "0,250"], [0.125, 0.25]),
            (["1,234", "12,345", "7"], [1234, 12345, 7]),
            (["1,234.5", "0.35"], [1234.5, 0.35]),
            (["1.234,5", "12.000", "3"], [1234.5, 12000, 3]),
            (["-1,5", "+2,25", "1e3"], [-1.5, 2.25, 1000]),
            (["1", "2.5", "1e-3"], [1, 2.5, 0.001]),
        ],
    )
    def test_as_people_write_them(self, cells, expected):
        assert numbers_in(cells).tolist() == expected

    @pytest.mark.parametrize(
        "cells",
        [["1,2,3", "4"], ["007", "010"], ["a", "1,5"], ["1,23.4"], ["1,5", ""]],
    )
    def test_what_is_no_number_is_text(self, cells):
        assert numbers_in(cells) is None

    def test_how_commas_were_read_is_said(self):
        found = understand_targets(np.array(["1,5", "2,0", "2,25"], object), "wert", None)
        assert found.task is Task.REGRESSION
        assert found.findings[0].text == (
            "'wert' holds numbers as people write them: '1,5' was read as 1.5."
        )

    def test_whole_numbers_beyond_float64_stay_apart(self):
        labels = [str(2**53 + (number % 2)) for number in range(12)]
        found = understand_targets(np.array(labels, object), "id", None)
        assert found.class_names == (str(2**53), str(2**53 + 1))
        wide = [str(2**70 + (number % 2)) for number in range(12)]
        assert len(understand_targets(np.array(wide, object), "id", None).class_names) == 2

    @given(st.lists(st.decimals(-(10**6), 10**6, places=3), min_size=1, max_size=30))
    def test_decimal_commas_are_read_exactly(self, numbers):
        cells = [f"{number:.3f}".replace(".", ",") for number in numbers]
        read = numbers_in([*cells, "0,5"])
        assert read[:-1].tolist() == [float(number) for number in numbers]


class TestMissing:
    @pytest.mark.parametrize("cell", MISSING)
    def test_words(self, cell):
        assert is_missing_label(cell)
        assert is_missing_label(f" {cell} ")

    @pytest.mark.parametrize("cell", ["none", "NA", "-", "no", "0", "unknown"])
    def test_what_may_be_a_class(self, cell):
        assert not is_missing_label(cell)

    def test_other_words_where_the_rest_are_numbers(self):
        cells = ["1", "NA", "2,5", "-", "null"]
        assert missing_labels(cells).tolist() == [False, True, False, True, True]
        cells = ["a", "NA", "b", "-", "?"]
        assert missing_labels(cells).tolist() == [False, False, False, False, True]
        assert missing_labels(cells, "all").tolist() == [False, True, False, True, True]
        assert missing_labels(["a", "?", ""], "none").tolist() == [False, False, True]


class TestEverywhere:
    """The same labels, of which four are missing, of images, recordings, texts and arrays."""

    LABELS = ("up", "N/A", "down", "up", "NaN", "down", "", "up", "?", "down")

    def table(self, folder, suffix):
        rows = "".join(f"{i}{suffix},{label}\n" for i, label in enumerate(self.LABELS))
        (folder / "labels.csv").write_text("file,label\n" + rows)
        return folder

    def images(self, folder):
        for number in range(10):
            pixels = np.random.default_rng(number).integers(0, 256, (4, 4), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")
        return self.table(folder, ".png")

    def sounds(self, folder):
        for number in range(10):
            wave = np.random.default_rng(number).normal(0, 0.1, 800)
            soundfile.write(folder / f"{number}.wav", wave, 8_000)
        return self.table(folder, ".wav")

    def texts(self, folder):
        rows = "".join(f"this is text number {i},{label}\n" for i, label in enumerate(self.LABELS))
        (folder / "texts.csv").write_text("text,label\n" + rows)
        return folder / "texts.csv"

    def arrays(self, folder):
        x = np.random.default_rng(0).integers(0, 256, (10, 4, 4), np.uint8)
        np.savez(folder / "a.npz", x=x, y=np.array(self.LABELS))
        return folder / "a.npz"

    @pytest.mark.parametrize("kind", ["images", "sounds", "texts", "arrays"])
    def test_dropped_and_counted(self, tmp_path, kind):
        options = {"format": "text_table"} if kind == "texts" else {}
        examples = load(getattr(self, kind)(tmp_path), **options)
        assert examples.class_names == ("down", "up")
        assert np.bincount(examples.y).tolist() == [3, 3]
        assert len(examples.x) == len(examples.names) == 6
        (finding,) = gaps(examples)
        assert finding.count == 4

    @pytest.mark.parametrize("word", ["NA", "null", "-"])
    def test_among_numbers_of_texts(self, tmp_path, word):
        path = tmp_path / "texts.csv"
        cells = [word if i % 4 == 0 else f"{i}.5" for i in range(12)]
        rows = "".join(f"text {i},{cell}\n" for i, cell in enumerate(cells))
        path.write_text("text,score\n" + rows)
        examples = load(path, format="text_table")
        assert examples.task is Task.REGRESSION
        assert examples.n_samples == 9
        assert examples.x[:2].tolist() == ["text 1", "text 2"]
        assert gaps(examples)[0].names == ("line 2", "line 6", "line 10")

    def test_among_numbers_of_arrays(self, tmp_path):
        y = np.arange(10.0) / 3
        y[[2, 5]] = np.nan
        x = np.random.default_rng(0).integers(0, 256, (10, 4, 4), np.uint8)
        np.savez(tmp_path / "a.npz", x=x, y=y)
        examples = load(tmp_path / "a.npz")
        np.testing.assert_array_equal(examples.x[:][..., 0], np.delete(x, [2, 5], axis=0))
        assert gaps(examples)[0].names == ("row 3", "row 6")
        assert examples.name_of(2) == "row 4"
        np.savez(tmp_path / "b.npz", x=x, y=np.full(10, np.nan))
        with pytest.raises(DatasetError, match="No example has a label"):
            load(tmp_path / "b.npz")
