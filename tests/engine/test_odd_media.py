"""Odd but ordinary files, made after reports in other projects: read right, or said."""

import numpy as np
import pytest
import soundfile
from PIL import Image

from engine.datasets import load_examples
from engine.datasets.packing import packed
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.prepared_data import look

rng = np.random.default_rng(0)


def picture(path, mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = rng.integers(0, 256, (6, 5, 3), np.uint8)
    Image.fromarray(pixels).convert(mode).save(path)


def tone(path, scale=0.5, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    wave = scale * np.sin(np.arange(1_600) * rng.uniform(0.1, 0.5))
    soundfile.write(path, wave, 8_000, **options)
    return wave


def load(path, **values):
    return load_examples(DataSpec(source=str(path), **values))[1]


def inspected(path):
    return look(RunSpec.from_dict({"data": {"source": str(path)}})).examples


def understood(examples):
    return " ".join(i.text for i in examples.findings if i.trouble is Trouble.UNDERSTOOD)


class TestBroken:
    """Inspection counts what a training counts."""

    def images(self, folder, number):
        picture(folder / "a" / f"{number}.png")
        picture(folder / "b" / f"{number}.png")
        return ".png"

    def sounds(self, folder, number):
        tone(folder / "a" / f"{number}.flac")
        tone(folder / "b" / f"{number}.flac")
        return ".flac"

    @pytest.mark.parametrize("kind", ["images", "sounds"])
    def test_counted_at_inspection_as_in_training(self, tmp_path, kind):
        for number in range(6):
            suffix = getattr(self, kind)(tmp_path, number)
        # Headers that are whole, and nothing or too little behind them.
        for name in ("a/1", "b/2", "b/4"):
            path = tmp_path / f"{name}{suffix}"
            path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        (tmp_path / "a" / f"5{suffix}").write_bytes(b"")
        seen, trained = inspected(tmp_path), packed(load(tmp_path))
        assert len(seen.y) == len(seen.x) == seen.n_samples == 8
        np.testing.assert_array_equal(seen.y, trained.y)
        assert seen.names == trained.names
        counts = [i.count for i in seen.findings if i.trouble is Trouble.UNREADABLE]
        assert sum(counts) == 4

    def test_of_many_files_those_that_were_opened_are_said(self, tmp_path, monkeypatch):
        monkeypatch.setattr("engine.datasets.packing._OPENED_FILES", 10)
        monkeypatch.setattr("engine.datasets.pictures.image_survey._HEADS", 7)
        for number in range(12):
            picture(tmp_path / "ab"[number % 2] / f"{number}.png")
        (tmp_path / "a" / "0.png").write_bytes(b"")
        texts = [i.text for i in inspected(tmp_path).findings if i.trouble is Trouble.UNREADABLE]
        assert texts == ["1 file of the 7 that were opened, of 12, cannot be used and is skipped."]


class TestTablesOfFiles:
    def table(self, folder, text):
        for number in range(6):
            picture(folder / "images" / f"{number:03}.png")
        (folder / "labels.csv").write_text(text)
        return load(folder)

    @pytest.mark.parametrize("before", ["C:\\data\\photos\\", "/data/upload/1/", "../old/"])
    def test_paths_of_another_machine(self, tmp_path, before):
        """label-studio's exports, keras-preprocessing #88."""
        rows = "".join(f"{before}{n:03}.png,{'xy'[n % 2]}\n" for n in range(6))
        examples = self.table(tmp_path, "path,label\n" + rows)
        assert examples.y.tolist() == [0, 1] * 3
        assert "the names of the files alone were compared" in understood(examples)

    @pytest.mark.parametrize("kind", ["images", "sounds"])
    def test_a_table_in_the_folder_of_each_part(self, tmp_path, kind):
        """As datasets of Hugging Face have them: metadata.csv beside the files."""
        for part, count in (("train", 6), ("test", 4)):
            rows = "file_name,label\n"
            for number in range(count):
                suffix = ".png" if kind == "images" else ".wav"
                path = tmp_path / part / f"{number}{suffix}"
                picture(path) if kind == "images" else tone(path)
                rows += f"{path.name},{'xy'[number % 2]}\n"
            (tmp_path / part / "metadata.csv").write_text(rows)
        examples = load(tmp_path)
        assert examples.class_names == ("x", "y")
        assert np.bincount(examples.given).tolist() == [6, 0, 4]
        assert examples.y.tolist() == [0, 1] * 5

    def test_names_alone_that_fit_several_files_are_refused(self, tmp_path):
        rows = "".join(f"/old/{n // 2:03}.png,{'xy'[n % 2]}\n" for n in range(6))
        with pytest.raises(DatasetError, match=r"No column of 'labels\.csv' names"):
            self.table(tmp_path, "path,label\n" + rows)

    def test_leading_zeros_and_no_suffix(self, tmp_path):
        """fastai #1008, keras-preprocessing #169."""
        rows = "".join(f"{n:03},{'xy'[n % 2]}\n" for n in range(6))
        assert self.table(tmp_path, "id,label\n" + rows).n_samples == 6

    def test_a_column_for_each_class(self, tmp_path):
        rows = "".join(
            f"{n:03}.png,{n % 3 == 0:d},{n % 3 == 1:d},{n % 3 == 2:d}\n" for n in range(6)
        )
        examples = self.table(tmp_path, "image,mel,nev,bcc\n" + rows)
        assert examples.task is Task.CLASSIFICATION
        assert [examples.class_names[y] for y in examples.y] == ["mel", "nev", "bcc"] * 2
        assert "the classes: mel, nev, bcc" in understood(examples)
        assert load(tmp_path, target="nev").class_names == ("0", "1")

    def test_several_labels_are_said(self, tmp_path):
        rows = "".join(f"{n:03}.png,1,{n % 2}\n" for n in range(6))
        examples = self.table(tmp_path, "image,cat,dog\n" + rows)
        assert "Several of the columns may be 1" in understood(examples)
        rows = "".join(f'{n:03}.png,"{["cat", "cat,dog", "dog"][n % 3]}"\n' for n in range(6))
        examples = self.table(tmp_path, "image,labels\n" + rows)
        assert "several labels at once" in understood(examples)

    def test_a_column_of_parts_is_said(self, tmp_path):
        rows = "".join(f"{n:03}.png,{'xy'[n % 2]},{['train', 'test'][n // 4]}\n" for n in range(6))
        examples = self.table(tmp_path, "image,label,split\n" + rows)
        (finding,) = [i for i in examples.findings if i.trouble is Trouble.UNDERSTOOD]
        changes = {"split.method": "given", "split.column": "split"}
        assert finding.remedies[0].changes == changes

    def test_classes_called_as_gaps_are_said(self, tmp_path):
        rows = "".join(f"{n:03}.png,{['NA', 'none', 'EU'][n % 3]}\n" for n in range(6))
        examples = self.table(tmp_path, "image,label\n" + rows)
        assert examples.class_names == ("EU", "NA", "none")
        (finding,) = [i for i in examples.findings if i.trouble is Trouble.UNDERSTOOD]
        assert finding.remedies[0].changes == {"data.parameters.gap_words": "all"}
        with pytest.raises(DatasetError, match="only 'EU'"):
            load(tmp_path, parameters={"gap_words": "all"})

    def test_a_table_without_a_header(self, tmp_path):
        examples = self.table(tmp_path, "".join(f"{n:03}.png,{'xy'[n % 2]}\n" for n in range(6)))
        assert (examples.n_samples, examples.class_names) == (6, ("x", "y"))
        assert "holds data, not names" in " ".join(examples.notes)

    def test_the_column_that_was_taken_is_said(self, tmp_path):
        rows = "".join(f"{n:03}.png,{n},{'xy'[n % 2]}\n" for n in range(6))
        examples = self.table(tmp_path, "image,age,sex\n" + rows)
        (finding,) = [i for i in examples.findings if i.trouble is Trouble.UNDERSTOOD]
        assert "the last was taken, 'sex'" in finding.text
        assert finding.remedies[0].changes == {"data.target": "age"}


class TestPictures:
    def test_pages_beyond_the_first_are_said(self, tmp_path):
        for number in range(4):
            path = tmp_path / "ab"[number % 2] / f"{number}.tif"
            path.parent.mkdir(exist_ok=True)
            pages = [Image.fromarray(rng.integers(0, 256, (6, 5), np.uint8)) for _ in range(3)]
            pages[0].save(path, save_all=True, append_images=pages[1:])
        assert "4 of 4 images looked at have several pages" in understood(load(tmp_path))

    def test_values_that_stand_for_none_do_not_darken_the_rest(self, tmp_path):
        for number in range(4):
            values = rng.random((6, 5)).astype(np.float32)
            values[:2] = -9_999
            path = tmp_path / "ab"[number % 2] / f"{number}.tif"
            path.parent.mkdir(exist_ok=True)
            Image.fromarray(values).save(path)
        examples = load(tmp_path)
        assert examples.reading["ranges"] == {"fractions": [0, 1]}
        assert "a value that stands for none" in understood(examples)

    def test_a_table_in_hidden_and_other_folders_is_no_class(self, tmp_path):
        """tensorflow #46595."""
        for name in ("a/1.png", "b/2.png", ".ipynb_checkpoints/3.png", "__MACOSX/4.png"):
            picture(tmp_path / name)
        assert load(tmp_path).class_names == ("a", "b")


class TestSounds:
    @pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
    def test_whole_numbers_saved_as_fractions(self, tmp_path, subtype):
        waves = [
            tone(tmp_path / "ab"[n % 2] / f"{n}.wav", 12_000, subtype=subtype) for n in range(4)
        ]
        examples = load(tmp_path)
        order = np.argsort([name[2:] for name in examples.names])
        for place, wave in zip(order, waves, strict=True):
            assert np.abs(examples.x[place : place + 1][0] - wave).max() <= 1
        assert "32,768 was taken as the loudest" in understood(examples)
        assert examples.reading["full_scale"] == 32_768

    @pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT"])
    def test_of_every_depth_alike(self, tmp_path, subtype):
        """librosa #694."""
        for number in range(4):
            wave = tone(tmp_path / "ab"[number % 2] / f"{number}.wav", subtype=subtype)
        examples = load(tmp_path)
        last = examples.x[[examples.names.index("b/3.wav")]][0] / 32_768
        assert np.abs(last - wave).max() < 0.01
        assert examples.reading == {"rate": 8_000, "cut": True}


class TestTexts:
    def test_a_text_longer_than_a_cell_of_csv_may_be(self, tmp_path):
        path = tmp_path / "texts.csv"
        long = "word " * 40_000
        rows = "".join(f'"{long if n == 3 else "short"} {n}",{"pn"[n % 2]}\n' for n in range(8))
        path.write_text("text,label\n" + rows)
        examples = load(path, format="text_table")
        assert examples.n_samples == 8
        assert len(examples.x[3]) == 100_000
        assert "Cut after 100,000 characters: 1 text" in understood(examples)

    def test_a_class_named_about(self, tmp_path):
        for name in ("about", "contact", "shop"):
            (tmp_path / f"{name}.txt").write_text("".join(f"{name} {n}\n" for n in range(9)))
        (tmp_path / "readme.txt").write_text("Three classes.\nOf a shop.\n")
        examples = load(tmp_path)
        assert examples.class_names == ("about", "contact", "shop")
        left = [i for i in examples.findings if i.trouble is Trouble.LEFT_OUT]
        assert left[0].names == ("readme.txt",)
        kept = load(tmp_path, parameters={left[0].remedies[0].changes and "about": "keep"})
        assert "readme" in kept.class_names

    def test_a_description_beside_classes(self, tmp_path):
        for name in ("spam", "ham"):
            (tmp_path / f"{name}.txt").write_text("".join(f"{name} {n}\n" for n in range(40)))
        (tmp_path / "about.txt").write_text("From my inbox.\n")
        assert load(tmp_path).class_names == ("ham", "spam")

    def test_in_every_part_and_in_folders_of_classes(self, tmp_path):
        for part in ("train", "test"):
            for name in ("readme", "spam"):
                path = tmp_path / "x" / part / f"{name}.txt"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(f"{part} {name} 1\n{part} {name} 2\n")
        assert load(tmp_path / "x", format="text_lines").class_names == ("readme", "spam")
        for name in ("pos/about.txt", "neg/readme.txt"):
            path = tmp_path / "y" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"a text {name}")
        examples = load(tmp_path / "y")
        assert (examples.kind, examples.n_samples) == (Kind.TEXT, 2)
