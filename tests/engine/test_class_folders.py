"""Folders: which are parts, which are classes, and which names are one class."""

import unicodedata

import numpy as np
import pytest
from PIL import Image

from engine.datasets import load_examples, recognise
from engine.datasets.files import list_files
from engine.datasets.folder_meaning import FolderMeaning, one_spelling, part_of
from engine.errors import DatasetError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec


def images(folder, names):
    rng = np.random.default_rng(0)
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8)).save(path)
    return folder


def load(folder, **parameters):
    return load_examples(DataSpec(source=str(folder), parameters=parameters))[1]


def meanings(*names, **choices):
    meaning = FolderMeaning.of(names, **choices)
    return [meaning.of_file(name) for name in names]


class TestPartOrClass:
    @pytest.mark.parametrize(
        ("names", "expected"),
        [
            # Trains beside cars; what is valid beside what is not.
            (["car/1", "plane/1", "train/1"], [("car", -1), ("plane", -1), ("train", -1)]),
            (["invalid/1", "valid/1"], [("invalid", -1), ("valid", -1)]),
            (["Train/a/1", "bus/a/1", "boat/1"], [("Train", -1), ("bus", -1), ("boat", -1)]),
            (["test/1", "control/1"], [("test", -1), ("control", -1)]),
            # Parts, whatever they hold.
            (["train/a/1", "test/b/1"], [("a", 0), ("b", 2)]),
            (["train/a/1", "train/b/1"], [("a", 0), ("b", 0)]),
            (["train/1", "test/1"], [("", 0), ("", 2)]),
            (["train/a/1", "train/b/1", "test/1"], [("a", 0), ("b", 0), ("", 2)]),
            # Part folders as they are written elsewhere.
            (["training_set/a/1", "test_set/a/1"], [("a", 0), ("a", 2)]),
            (["seg_train/seg_train/a/1", "seg_test/seg_test/a/1"], [("a", 0), ("a", 2)]),
            (["Validation/a/1", "TRAIN/a/1"], [("a", 1), ("a", 0)]),
            # Parts inside the folders of classes.
            (["a/train/1", "a/test/1", "b/train/1", "b/test/2", "b/3"],
             [("a", 0), ("a", 2), ("b", 0), ("b", 2), ("b", -1)]),
            (["a/train/1", "a/more/1", "b/train/1"], [("a", -1), ("a", -1), ("b", -1)]),
            # A folder beside parts is none, and no class either.
            (["train/a/1", "train/b/1", "test/a/1", "extra/1"],
             [("a", 0), ("b", 0), ("a", 2), ("", -1)]),
            (["train/a/1", "train/b/1", "more/a/1", "docs/1"],
             [("a", 0), ("b", 0), ("", -1), ("", -1)]),
        ],
    )  # fmt: skip
    def test_told_by_all_folders(self, names, expected):
        assert meanings(*names) == expected

    @pytest.mark.parametrize(
        ("name", "part"),
        [
            ("train", 0), ("Training", 0), ("dev", 1), ("valid", 1), ("testing", 2),
            ("train_set", 0), ("trainset", 0), ("test images", 2), ("images_val", 1),
            ("trains", -1), ("express_train", -1), ("test tube", -1), ("contest", -1), ("", -1),
        ],
    )  # fmt: skip
    def test_names_of_parts(self, name, part):
        assert part_of(name) == part

    def test_a_class_named_train_is_said_with_the_other_reading(self, tmp_path):
        names = [f"{c}/{i}.png" for c in ("car", "train") for i in range(3)]
        examples = load(images(tmp_path / "x", names))
        assert examples.class_names == ("car", "train")
        assert examples.given is None
        (finding,) = [item for item in examples.findings if item.trouble is Trouble.UNDERSTOOD]
        assert "'train' is taken for a class" in finding.text
        assert finding.remedies[0].changes == {"data.parameters.folders": "parts"}
        with pytest.raises(DatasetError, match="only one class, 'car'"):
            load(tmp_path / "x", folders="parts")

    def test_texts_of_a_class_named_train(self, tmp_path):
        for name in ("train/1.txt", "train/2.txt", "train/3.txt", "plane/1.txt"):
            path = tmp_path / "x" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"a text of {name}\nof two lines")
        assert recognise(tmp_path / "x").name == "text_folder"
        assert load(tmp_path / "x").class_names == ("plane", "train")

    def test_two_parts_without_classes_are_refused_with_the_way_out(self, tmp_path):
        folder = images(tmp_path / "x", ["valid/1.png", "test/1.png", "expired/1.png"])
        with pytest.raises(DatasetError) as caught:
            load(folder)
        assert "To learn test, valid as classes, set folders to 'classes'" in caught.value.hint
        assert load(folder, folders="classes").class_names == ("expired", "test", "valid")

    def test_a_folder_beside_parts_is_said(self, tmp_path):
        names = [f"{p}/{c}/{i}.png" for p in ("train", "test") for c in "ab" for i in range(3)]
        folder = images(tmp_path / "x", [*names, "unlabelled/1.png"])
        examples = load(folder)
        assert examples.class_names == ("a", "b")
        texts = [item.text for item in examples.findings if item.trouble is Trouble.LEFT_OUT]
        assert "Left out, as it is no part beside test, train: unlabelled." in texts
        assert load(folder, folders="classes").class_names == ("test", "train", "unlabelled")

    def test_parts_of_different_classes(self, tmp_path):
        folder = images(tmp_path / "x", ["train/a/1.png", "train/b/1.png", "test/c/1.png"])
        examples = load(folder)
        assert examples.class_names == ("a", "b", "c")
        texts = [item.text for item in examples.findings if item.trouble is Trouble.ACROSS_PARTS]
        assert texts == [
            "1 of 3 classes have no images in the training folder: c.",
            "2 of 3 classes have no images in the test folder: a, b.",
        ]

    def test_the_same_folders_in_every_class_are_said(self, tmp_path):
        names = [f"fold{f}/{c}/{i}.png" for f in "12" for c in "ab" for i in range(3)]
        folder = images(tmp_path / "x", names)
        examples = load(folder)
        assert examples.class_names == ("fold1", "fold2")
        (finding,) = [item for item in examples.findings if "same folders: a, b" in item.text]
        assert finding.remedies[0].changes == {"data.parameters.folders": "inner"}
        assert load(folder, folders="inner").class_names == ("a", "b")

    def test_images_with_their_masks_are_said(self, tmp_path):
        folder = images(tmp_path / "x", ["images/1.png", "masks/1.png"])
        assert any("images and their masks" in item.text for item in load(folder).findings)

    def test_leaving_files_out_makes_no_class_a_part(self, tmp_path):
        folder = images(tmp_path / "x", ["car/1.png", "train/1.png"])
        assert list_files(folder, [".png"], ["car/1.png"]).class_names == ("train",)


class TestSpellings:
    @pytest.mark.parametrize(
        ("one", "other", "taken"),
        [
            ("Cat", "cat", "Cat"),
            (unicodedata.normalize("NFC", "Größe"), unicodedata.normalize("NFD", "Größe"), None),
            ("New York", "new  york", "New York"),
        ],
    )
    def test_one_class(self, tmp_path, one, other, taken):
        names = [f"{one}/1.png", f"{one}/2.png", f"{other}/3.png", "dog/1.png"]
        folder = images(tmp_path / "x", names)
        if len(list(folder.iterdir())) < 3:
            pytest.skip("this file system takes them for one")
        examples = load(folder)
        assert sorted(examples.class_names) == sorted([taken or one, "dog"])
        assert np.bincount(examples.y).tolist() in ([3, 1], [1, 3])
        (finding,) = [item for item in examples.findings if "Taken for one class" in item.text]
        assert finding.remedies[0].changes == {"data.parameters.spellings": "exact"}
        assert len(load(folder, spellings="exact").class_names) == 3

    def test_letters_of_handwriting_stay_apart(self):
        assert one_spelling({"a": 1, "A": 1, "b": 2}) == {}

    def test_in_texts(self, tmp_path):
        for name, text in {"Spam": "buy\nnow\n", "spam": "win\n", "ham": "hello\nyou\n"}.items():
            (tmp_path / f"{name}.txt").write_text(text)
        if len(list(tmp_path.iterdir())) < 3:
            pytest.skip("this file system takes them for one")
        examples = load(tmp_path)
        assert examples.class_names == ("Spam", "ham")
        assert np.bincount(examples.y).tolist() == [3, 2]

    def test_in_a_table_of_labels(self, tmp_path):
        folder = images(tmp_path / "x", [f"{i}.png" for i in range(4)])
        rows = "\n".join(f"{i}.png,{c}" for i, c in enumerate(["Dog", "dog", "cat", "cat"]))
        (folder / "labels.csv").write_text(f"file,label\n{rows}\n")
        examples = load(folder)
        assert examples.class_names == ("Dog", "cat")
        assert any("Taken for one class" in item.text for item in examples.findings)
        assert load(folder, spellings="exact").class_names == ("Dog", "cat", "dog")
