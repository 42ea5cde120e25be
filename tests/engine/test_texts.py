"""Texts in folders, files and columns: recognised, read, and judged honestly."""

import os
from pathlib import Path

import numpy as np
import pytest

from engine.datasets import load_examples, recognise
from engine.datasets.language import packed_texts, text_reading, texts
from engine.datasets.language.decoding import MAX_CHARACTERS
from engine.datasets.language.packed_texts import PackedTexts
from engine.datasets.packing import packed
from engine.errors import Cancelled, DatasetError
from engine.events.findings import Trouble
from engine.inference.contract import Contract
from engine.preprocessing import Preprocessing
from engine.spec.run_spec import DataSpec, PreprocessingSpec
from engine.spec.signature import Kind, Task
from engine.training.defaults import parse
from engine.training.prepared_data import look, prepare

NAMES_BY_LANGUAGE = Path(__file__).parents[3] / "shared" / "data" / "names_by_language"


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def load(path, **data):
    return load_examples(DataSpec(source=str(path), **data))[1]


def spec(path, **data):
    return parse({"data": {"source": str(path), **data}, "model": {"name": "text_cnn"}})


def found(examples, trouble):
    return [item for item in examples.findings if item.trouble is trouble]


@pytest.fixture
def by_folder(tmp_path):
    files = {f"pos/{i}.txt": f"a good film {i}" for i in range(6)}
    files |= {f"neg/{i}.txt": f"a bad film {i}" for i in range(6)}
    return write(tmp_path / "films", files)


@pytest.fixture
def by_line(tmp_path):
    files = {"English.txt": "Baker\nCook\n\n Smith \n", "German.txt": "Bäcker\r\nKoch\r\nSchmidt"}
    return write(tmp_path / "names", files)


class TestRecognised:
    @pytest.mark.parametrize(
        ("files", "name"),
        [
            ({"a/1.txt": "x", "b/1.txt": "y"}, "text_folder"),
            ({"train/a/1.txt": "x", "test/b/1.txt": "y"}, "text_folder"),
            ({"a/1.txt": "x", "b/1.txt": "y", "README.txt": "z"}, "text_folder"),
            ({"a.txt": "x", "b.txt": "y"}, "text_lines"),
            ({"train/a.txt": "x", "train/b.txt": "y", "test/a.txt": "x"}, "text_lines"),
        ],
    )
    def test_from_names_alone(self, tmp_path, files, name):
        assert recognise(write(tmp_path, files)).name == name

    @pytest.mark.parametrize("suffix", [".png", ".wav", ".mp4"])
    def test_a_readme_beside_other_files_makes_no_texts(self, tmp_path, suffix):
        files = {f"{c}/{i}{suffix}": "" for c in "ab" for i in range(3)} | {"README.txt": "x"}
        assert recognise(write(tmp_path, files)).kind is not Kind.TEXT

    def test_a_table_of_long_texts_and_labels(self, tmp_path):
        rows = [f'"A film I watched {i} times, and liked each time",pos' for i in range(5)]
        path = tmp_path / "films.csv"
        path.write_text("\n".join(["review,opinion", *rows]))
        assert recognise(path).name == "text_table"

    @pytest.mark.parametrize(
        "rows", [["4,red", "5,blue", "6,red"], ["ann,ox", "bob,cow", "eve,ox"]]
    )
    def test_other_tables_stay_tables(self, tmp_path, rows):
        path = tmp_path / "table.csv"
        path.write_text("\n".join(["name,colour", *rows]))
        assert recognise(path).name == "table"


class TestFolders:
    def test_files_are_listed_and_read_when_asked(self, by_folder):
        examples = load(by_folder)
        assert (examples.kind, examples.task) == (Kind.TEXT, Task.CLASSIFICATION)
        assert examples.class_names == ("neg", "pos")
        assert examples.y.tolist() == [0] * 6 + [1] * 6
        assert examples.names[6] == "pos/0.txt"
        assert examples.x[np.array([6, 0])].tolist() == ["a good film 0", "a bad film 0"]
        assert packed(examples).x.tolist() == [f"a bad film {i}" for i in range(6)] + [
            f"a good film {i}" for i in range(6)
        ]

    def test_folders_named_train_and_test_say_the_part(self, tmp_path):
        files = {
            f"{p}/{c}/{i}.txt": f"{p}{c}{i}" for p in ("train", "test") for c in "ab" for i in "12"
        }
        examples = load(write(tmp_path, files))
        assert examples.given.tolist() == [2, 2, 2, 2, 0, 0, 0, 0]
        assert examples.class_names == ("a", "b")

    def test_a_class_without_test_examples_is_told_and_left_out_with_a_click(self, tmp_path):
        files = {f"{p}/{c}/1.txt": f"{p}{c}" for p in ("train", "test") for c in "ab"}
        files["train/unsup/1.txt"] = "?"
        folder = write(tmp_path, files)
        (missing,) = found(load(folder), Trouble.MISSING)
        assert missing.subject == "unsup"
        changes = missing.remedies[0].changes
        assert changes == {"data.exclude": ("train/unsup/",)}
        assert load(folder, exclude=changes["data.exclude"]).class_names == ("a", "b")

    def test_bad_files_are_named_with_the_reason_and_skipped(self, by_folder):
        write(
            by_folder,
            {
                "pos/empty.txt": "",
                "pos/blank.txt": " \n ",
                "pos/picture.txt": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
                "pos/noise.txt": bytes(range(1, 32)) * 4,
            },
        )
        examples = load(by_folder)
        (bad,) = found(examples, Trouble.UNREADABLE)
        assert bad.count == 4
        assert bad.names == (
            "pos/blank.txt: is empty",
            "pos/empty.txt: is empty",
            "pos/noise.txt: is no text, but holds other data",
            "pos/picture.txt: is no text, but holds other data",
        )
        assert examples.n_samples == 12

    def test_a_file_that_disappears_is_skipped(self, by_folder):
        examples = load(by_folder)
        (by_folder / "neg" / "0.txt").unlink()
        read = packed(examples)
        assert read.n_samples == 11
        assert "neg/0.txt: no such file" in found(read, Trouble.UNREADABLE)[0].names[0]

    @pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
    def test_a_file_without_permission_is_skipped(self, by_folder):
        (by_folder / "neg" / "0.txt").chmod(0)
        assert "denied" in found(load(by_folder), Trouble.UNREADABLE)[0].names[0]

    def test_strange_names_are_no_hindrance(self, tmp_path):
        files = {f"{c} class/{'n' * 250}{i}.txt": f"{c}{i}" for c in ("ä", "日本") for i in "12"}
        assert load(write(tmp_path, files)).class_names == ("ä class", "日本 class")

    def test_files_outside_the_classes_are_told(self, by_folder):
        write(by_folder, {"notes.txt": "x", "README.txt": "y"})
        notified = " ".join(item.text for item in found(load(by_folder), Trouble.LEFT_OUT))
        assert "they lie in no class's folder: 1 file." in notified
        assert "README.txt" in notified

    def test_a_folder_without_texts_is_no_class(self, by_folder):
        (by_folder / "neutral").mkdir()
        (notified,) = found(load(by_folder), Trouble.LEFT_OUT)
        assert notified.names == ("neutral",)

    def test_copies_and_contradictions_are_found_with_a_remedy(self, by_folder):
        write(by_folder, {"pos/twin.txt": "a good film 0", "neg/other.txt": "a good film 1"})
        disputed, copies = found(load(by_folder), Trouble.DUPLICATE)
        assert disputed.count == 1
        assert disputed.names == ("neg/other.txt: neg, pos",)
        assert copies.names == ("pos/twin.txt = pos/0.txt",)
        assert copies.remedies[0].changes == {"data.exclude": ("pos/twin.txt",)}
        left = load(by_folder, exclude=copies.remedies[0].changes["data.exclude"])
        assert left.n_samples == 13

    def test_large_folders_are_looked_at_in_part_and_packed_on_disk(
        self, by_folder, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(texts, "LOOKED_AT", 3)
        monkeypatch.setattr(packed_texts, "TEXT_MEMORY_LIMIT", 10)
        (by_folder / "neg" / "3.txt").write_text("")
        examples = load(by_folder)
        assert examples.n_samples == 12
        for _ in range(2):  # packs, and finds packed
            read = packed(examples)
            assert isinstance(read.x, PackedTexts)
            assert (read.x.shape, read.x.dtype) == ((11,), np.dtype(object))
            assert read.x[[0, 10]].tolist() == ["a bad film 0", "a good film 5"]
            assert read.x[3:5].tolist() == ["a bad film 4", "a bad film 5"]
            assert found(read, Trouble.UNREADABLE)[0].names == ("neg/3.txt: is empty",)

    def test_one_class_is_refused(self, tmp_path):
        write(tmp_path, {"pos/1.txt": "x", "pos/2.txt": "y"})
        with pytest.raises(DatasetError, match=r"two classes.*only 'pos'"):
            load(tmp_path)

    def test_nothing_readable_is_refused(self, tmp_path):
        write(tmp_path, {"pos/1.txt": "", "neg/2.txt": ""})
        with pytest.raises(DatasetError, match=r"None of the 2 files.*'neg/2.txt' is empty"):
            load(tmp_path)

    def test_cancel_is_heard(self, by_folder):
        def stop(*_):
            raise Cancelled

        with pytest.raises(Cancelled):
            load_examples(DataSpec(source=str(by_folder)), stop)


class TestLines:
    def test_every_line_is_a_text(self, by_line):
        examples = load(by_line)
        assert examples.x.tolist() == ["Baker", "Cook", "Smith", "Bäcker", "Koch", "Schmidt"]
        assert examples.y.tolist() == [0, 0, 0, 1, 1, 1]
        assert examples.class_names == ("English", "German")
        assert examples.names[2] == "English.txt:4"
        (empty,) = found(examples, Trouble.LEFT_OUT)
        assert (empty.count, empty.names) == (1, ("English.txt: 1 empty",))

    def test_lines_can_be_left_out_by_name(self, by_line):
        assert load(by_line, exclude=("English.txt:4", "German.txt:1")).x.tolist() == [
            "Baker", "Cook", "Koch", "Schmidt"
        ]  # fmt: skip

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252"])
    def test_encodings_are_told_by_themselves(self, by_line, encoding):
        (by_line / "German.txt").write_bytes("Bäcker\nMüller\nGroß".encode(encoding))
        examples = load(by_line)
        assert examples.x[3:].tolist() == ["Bäcker", "Müller", "Groß"]
        assert any("not UTF-8" in note for note in examples.notes) == (encoding == "cp1252")

    def test_an_encoding_can_be_set(self, by_line):
        (by_line / "German.txt").write_bytes("Пекарь\nПовар".encode("koi8-r"))
        (by_line / "English.txt").write_bytes(b"Baker\nCook")
        assert load(by_line, parameters={"encoding": "koi8-r"}).x[2:].tolist() == [
            "Пекарь",
            "Повар",
        ]

    def test_a_file_that_is_not_of_the_encoding_set_is_skipped_by_name(self, by_line):
        write(by_line, {"French.txt": "Lefèvre\nNoël"})
        (by_line / "German.txt").write_bytes("Bäcker\nKoch".encode("cp1252"))
        examples = load(by_line, parameters={"encoding": "utf-8"})
        assert examples.class_names == ("English", "French")
        (bad,) = found(examples, Trouble.UNREADABLE)
        assert bad.names[0].startswith("German.txt: is not UTF-8 text. Received: bytes e4")

    def test_a_binary_file_is_skipped_by_name(self, by_line):
        (by_line / "Image.txt").write_bytes(b"\x89PNG\0\0\0")
        examples = load(by_line)
        assert examples.class_names == ("English", "German")
        assert found(examples, Trouble.UNREADABLE)[0].names[0].startswith("Image.txt: is no text")

    def test_a_line_without_end_is_cut(self, by_line):
        (by_line / "German.txt").write_text("Koch\n" + "x" * (3 * MAX_CHARACTERS) + "\nSchmidt")
        examples = load(by_line)
        assert [len(text) for text in examples.x[3:]] == [4, MAX_CHARACTERS, 7]
        assert any("cut after" in note for note in examples.notes)

    def test_many_lines_are_packed_on_disk_and_say_the_same(self, by_line, tmp_path, monkeypatch):
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        held = load(by_line)
        monkeypatch.setattr(text_reading, "TEXT_MEMORY_LIMIT", 10)
        for _ in range(2):
            examples = load(by_line)
            assert isinstance(examples.x, PackedTexts)
            assert examples.x[:].tolist() == held.x.tolist()
            assert examples.y.tolist() == held.y.tolist()
            assert [f.text for f in examples.findings] == [f.text for f in held.findings]
        indices = np.arange(6)
        fits = [
            Preprocessing.fit(item, indices, PreprocessingSpec()).inputs.tokenizer
            for item in (held, examples)
        ]
        assert fits[0] == fits[1]

    def test_imbalance_is_told_with_class_weights_as_remedy(self, by_line):
        (by_line / "German.txt").write_text("\n".join(f"Name {i}" for i in range(50)))
        (notified,) = found(load(by_line), Trouble.IMBALANCE)
        assert notified.remedies[0].changes == {"training.class_weights": "balanced"}

    def test_one_file_is_refused_with_what_to_do(self, tmp_path):
        write(tmp_path, {"German.txt": "Koch\nSchmidt"})
        with pytest.raises(DatasetError, match=r"only 'German'.*file for each\s+class"):
            load(tmp_path)

    def test_a_target_is_refused(self, by_line):
        with pytest.raises(DatasetError, match="told apart by class"):
            load(by_line, target="language")

    def test_what_was_found_is_told(self, by_line):
        profile = look(spec(by_line)).profile(str(by_line))
        facts = dict(profile.facts)
        assert facts["Cut into"] == "characters"
        assert facts["Length"] == "usually 5 characters, at most 7"
        assert profile.distributions[0].counts.sum() == 6


class TestColumns:
    @pytest.fixture
    def table(self, tmp_path):
        lines = ["id,review,stars,opinion"]
        lines += [
            f'{i},"A film, seen {i} times",{i % 5}.5,{"neg" if i % 2 else "pos"}' for i in range(20)
        ]
        lines += ["20,,1.5,pos", '21,"A film",2.5,']
        path = tmp_path / "films.csv"
        path.write_text("\n".join(lines))
        return path

    def test_classes_are_predicted_from_the_texts(self, table):
        examples = load(table, format="text_table", target="opinion")
        assert (examples.kind, examples.task) == (Kind.TEXT, Task.CLASSIFICATION)
        assert examples.x[1] == "A film, seen 1 times"
        assert examples.class_names == ("neg", "pos")
        assert examples.names[0] == "line 2"
        (missing,) = found(examples, Trouble.MISSING)
        assert missing.names == ("line 22", "line 23")
        assert examples.column("id").tolist() == [str(i) for i in range(20)]

    def test_numbers_are_predicted_from_the_texts(self, table):
        examples = load(table, format="text_table", target="stars", parameters={"text": "review"})
        assert (examples.task, examples.n_samples) == (Task.REGRESSION, 21)
        assert examples.y[:3].tolist() == [0.5, 1.5, 2.5]

    def test_weights_and_rows_left_out(self, table):
        examples = load(
            table, format="text_table", target="opinion", weights="stars", exclude=("line 2",)
        )
        assert examples.weights[:2].tolist() == [1.5, 2.5]
        assert examples.n_samples == 19

    def test_large_tables_are_packed_on_disk_and_say_the_same(self, table, tmp_path, monkeypatch):
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        held = load(table, format="text_table", target="opinion")
        monkeypatch.setattr("engine.datasets.language.text_columns.TEXT_MEMORY_LIMIT", 10)
        for _ in range(2):
            examples = load(table, format="text_table", target="opinion")
            assert isinstance(examples.x, PackedTexts)
            assert examples.x[:].tolist() == held.x.tolist()
            assert (examples.names, examples.y.tolist()) == (held.names, held.y.tolist())

    @pytest.mark.parametrize(
        ("data", "message"),
        [
            ({"target": "opinoin"}, "no column 'opinoin'.*'opinion'"),
            ({"target": "opinion", "parameters": {"text": "x"}}, "no column 'x'"),
            ({"parameters": {"text": "id"}}, "Which column"),
            ({"target": "opinion", "weights": "review"}, "weights, must hold numbers"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, table, data, message):
        if message == "Which column":
            table.write_text("id,review,stars,mood\n1,a,2,good\n")
        with pytest.raises(DatasetError, match=message):
            load(table, format="text_table", **data)


class TestPrediction:
    def contract(self, path, **data):
        prepared = prepare(spec(path, **data))
        return Contract.of(prepared.examples, prepared.preprocessing)

    def test_a_file_is_one_text_or_many_as_the_model_knows_them(self, by_folder, by_line, tmp_path):
        path = tmp_path / "new.txt"
        path.write_text("one\n\ntwo\n")
        assert texts.read_inputs(path, self.contract(by_folder).input_spec).tolist() == [
            "one\n\ntwo"
        ]
        write(by_line, {"German.txt": "a\nb\nc\nd", "English.txt": "e\nf\ng\nh"})
        assert texts.read_inputs(path, self.contract(by_line).input_spec).tolist() == ["one", "two"]

    def test_a_table_gives_its_column(self, tmp_path):
        rows = "\n".join(f'"A film I watched {i} times",{"ab"[i % 2]}' for i in range(20))
        table = write(tmp_path, {"films.csv": "review,mood\n" + rows}) / "films.csv"
        contract = self.contract(table, format="text_table")
        new = write(tmp_path, {"new.csv": "id,review\n1,Fine\n2,Dull\n"}) / "new.csv"
        assert texts.read_inputs(new, contract.input_spec).tolist() == ["Fine", "Dull"]

    @pytest.mark.parametrize(("content", "reason"), [(b"", "empty"), (b"\0\1\2", "no text")])
    def test_what_is_no_text_is_refused(self, by_folder, tmp_path, content, reason):
        path = tmp_path / "new.txt"
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=rf"new.txt.*{reason}"):
            texts.read_inputs(path, self.contract(by_folder).input_spec)


@pytest.mark.skipif(not NAMES_BY_LANGUAGE.exists(), reason="the sample is not here")
def test_names_by_language_are_recognised_whole():
    examples = load(NAMES_BY_LANGUAGE)
    assert (examples.n_samples, len(examples.class_names)) == (20_050, 18)
    assert "Ślusarski" in examples.x or "Slusarski" in examples.x
