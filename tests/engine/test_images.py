"""Image folders: classes by folder and by table, sizes and colours chosen, findings by name."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.datasets import load_examples, recognise
from engine.datasets.packing import FileRows, packed
from engine.datasets.pictures.image_files import ImageHead
from engine.datasets.pictures.image_survey import ImageParameters, choose_reader
from engine.errors import Cancelled, DatasetError, SpecError
from engine.events.findings import Trouble
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Task
from engine.training.prepared_data import prepare


def write(path, seed, size=(8, 6), mode="RGB"):
    path.parent.mkdir(parents=True, exist_ok=True)
    channels = (3,) if mode == "RGB" else ()
    pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], *channels), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def pets(tmp_path) -> Path:
    folder = tmp_path / "pets"
    for index in range(10):
        write(folder / "cats" / f"{index}.png", index)
        write(folder / "dogs" / f"{index}.png", 100 + index)
    return folder


def load(folder, **values):
    return load_examples(DataSpec(source=str(folder), **values))[1]


def refusal(folder, **values):
    with pytest.raises(DatasetError) as caught:
        load(folder, **values)
    return f"{caught.value.message} {caught.value.hint}"


def found(examples, trouble):
    return [finding for finding in examples.findings if finding.trouble is trouble]


class TestFolders:
    def test_classes_are_folders(self, pets):
        examples = load(pets)
        assert recognise(pets).name == "images"
        assert (examples.kind, examples.task) == (Kind.IMAGE, Task.CLASSIFICATION)
        assert examples.class_names == ("cats", "dogs")
        assert examples.names[0] == "cats/0.png"
        assert examples.x.shape == (20, 6, 8, 3)
        assert examples.y.tolist() == [0] * 10 + [1] * 10
        assert examples.findings == ()
        assert examples.given is None
        with Image.open(pets / "dogs" / "3.png") as image:
            np.testing.assert_array_equal(examples.x[13:14][0], np.asarray(image))

    def test_nothing_is_decoded_to_list(self, pets, monkeypatch):
        monkeypatch.setattr("engine.datasets.pictures.image_survey._LOOKED_AT", 1)
        read = []
        original = FileRows.try_read
        monkeypatch.setattr(FileRows, "try_read", lambda s, i: read.append(i) or original(s, i))
        load(pets)
        assert read == []

    def test_facts_and_distributions(self, pets):
        write(pets / "cats" / "wide.jpg", 7, (40, 10))
        examples = load(pets)
        facts = dict(examples.facts)
        assert facts["Files"] == "20 PNG, 1 JPG"
        assert facts["Sizes"] == "8×6 to 40×10, most often 8×6"
        assert facts["Colours"] == "21 RGB"
        assert facts["Read as"] == "8×6, colour"
        assert facts["Other sizes"] == "stretched to the size"
        assert [item.name for item in examples.distributions] == ["Width", "Height"]
        assert all(item.counts.sum() == 21 for item in examples.distributions)

    def test_parts_are_folders_too(self, pets, tmp_path):
        both = tmp_path / "both"
        shutil.copytree(pets, both / "train")
        shutil.copytree(pets, both / "Test")
        for path in (both / "Test").rglob("[2-9].png"):
            path.unlink()
        examples = load(both)
        assert examples.class_names == ("cats", "dogs")
        assert np.bincount(examples.given + 1).tolist() == [0, 20, 0, 4]
        shutil.rmtree(both / "train" / "dogs")
        one_sided = load(both)
        texts = [item.text for item in found(one_sided, Trouble.ACROSS_PARTS)]
        assert texts == ["1 of 2 classes have no images in the training folder: dogs."]

    def test_a_test_folder_alone_gives_no_parts(self, pets, tmp_path):
        shutil.copytree(pets, tmp_path / "x" / "test")
        assert load(tmp_path / "x").given is None

    def test_excluded_files_are_not_there(self, pets):
        examples = load(pets, exclude=("cats/0.png", "dogs/9.png"))
        assert examples.n_samples == 18
        assert "cats/0.png" not in examples.names

    def test_deeper_folders_belong_to_their_class(self, pets):
        write(pets / "cats" / "old" / "more" / "x.png", 5)
        examples = load(pets)
        assert examples.y[examples.names.index("cats/old/more/x.png")] == 0

    def test_loose_images_are_named(self, pets):
        write(pets / "stray.png", 1)
        (finding,) = found(load(pets), Trouble.LEFT_OUT)
        assert finding.names == ("stray.png",)

    def test_class_folders_without_images(self, pets):
        (pets / "birds").mkdir()
        (pets / "notes").mkdir()
        (pets / "notes" / "a.txt").write_text("x")
        texts = [item.text for item in found(load(pets), Trouble.LEFT_OUT)]
        assert "2 class folders hold no images and are no classes: birds, notes." in texts
        assert "Files of other types were passed over: 1 .txt." in texts

    def test_imbalance_with_its_remedy(self, pets):
        for path in list((pets / "dogs").iterdir())[1:]:
            path.unlink()
        (finding,) = found(load(pets), Trouble.IMBALANCE)
        assert finding.subject == "dogs"
        assert finding.remedies[0].changes == {"training.class_weights": "balanced"}

    def test_copies_and_contradictions(self, pets):
        shutil.copy(pets / "cats" / "1.png", pets / "cats" / "again.png")
        shutil.copy(pets / "cats" / "2.png", pets / "dogs" / "also.png")
        same, contrary = found(load(pets, exclude=("dogs/0.png",)), Trouble.DUPLICATE)
        assert same.names == ("cats/again.png = cats/1.png",)
        assert same.remedies[0].changes == {"data.exclude": ("dogs/0.png", "cats/again.png")}
        assert contrary.names == ("dogs/also.png = cats/2.png",)
        left = load(pets, exclude=contrary.remedies[0].changes["data.exclude"])
        assert len(found(left, Trouble.DUPLICATE)) == 1

    def test_refusals(self, pets, tmp_path):
        assert "cannot be learnt as regression" in refusal(pets, task="regression")
        shutil.rmtree(pets / "dogs")
        assert "only one class, 'cats'" in refusal(pets)
        write(tmp_path / "flat" / "a.png", 0)
        assert "one folder per class" in refusal(tmp_path / "flat")
        shutil.copytree(pets, tmp_path / "outer" / "inner")
        write(tmp_path / "outer" / "inner" / "dogs" / "a.png", 0)
        assert "Did you mean the folder" in refusal(tmp_path / "outer")

    def test_can_be_cancelled_everywhere(self, pets):
        notified = []
        load_examples(DataSpec(source=str(pets)), lambda *said: notified.append(said[0]))
        assert {"Listing files", "Looking at images", "Looking for copies"} <= set(notified)
        for what in set(notified):

            def stop(said, done, total, what=what):
                if said == what:
                    raise Cancelled

            with pytest.raises(Cancelled):
                load_examples(DataSpec(source=str(pets)), stop)


class TestBadFiles:
    def test_one_is_skipped_counted_and_named(self, pets):
        (pets / "cats" / "3.png").write_text("no image")
        (pets / "dogs" / "4.png").write_bytes(b"")
        examples = load(pets)
        (finding,) = found(examples, Trouble.UNREADABLE)
        assert finding.names == ("cats/3.png: is not an image.", "dogs/4.png: is empty.")
        assert finding.count == 2
        assert examples.n_samples == 18
        assert len(examples.names) == len(examples.y) == 18

    def test_damaged_behind_the_header_is_skipped_when_read(self, pets):
        path = write(pets / "cats" / "3.png", 3, (60, 60))
        path.write_bytes(path.read_bytes()[:2000])
        examples = load(pets)
        assert examples.n_samples == 20
        read = packed(examples)
        (finding,) = found(read, Trouble.UNREADABLE)
        assert finding.names[0].startswith("cats/3.png: cannot be read")
        assert read.n_samples == len(read.y) == len(read.names) == 19

    def test_disappears_between_inspection_and_training(self, pets):
        examples = load(pets)
        (pets / "dogs" / "2.png").unlink()
        (finding,) = found(packed(examples), Trouble.UNREADABLE)
        assert "no such file" in finding.names[0]

    def test_all_bad(self, pets):
        for path in pets.rglob("*.png"):
            path.write_text("no image")
        assert "None of the images can be read. The first: 'cats/0.png'" in refusal(pets)

    def test_all_bad_behind_the_header(self, pets):
        examples = load(pets)
        for path in pets.rglob("*.png"):
            path.write_bytes(path.read_bytes()[:50])
        with pytest.raises(DatasetError, match="None of the 20 files can be read"):
            packed(examples)

    def test_training_goes_on(self, pets):
        (pets / "cats" / "3.png").write_text("no image")
        spec = {"data": {"source": str(pets)}, "model": {"name": "mlp"}}
        prepared = prepare(RunSpec.from_dict(spec))
        assert sum(prepared.parts.sizes) == 19


class TestChoices:
    def heads(self, *sizes, mode="RGB"):
        return [ImageHead(width, height, mode) for width, height in sizes]

    @pytest.mark.parametrize(
        ("sizes", "parameters", "expected"),
        [
            ([(28, 28)] * 3, {}, (28, 28)),
            ([(200, 256)] * 3, {}, (256, 200)),
            ([(640, 480)] * 3, {}, (96, 128)),
            ([(100, 50), (60, 50), (80, 20)], {}, (50, 80)),
            ([(1000, 500), (2000, 1000), (3000, 1500)], {}, (64, 128)),
            ([(640, 480)] * 3, {"height": 60}, (60, 80)),
            ([(640, 480)] * 3, {"width": 32}, (24, 32)),
            ([(640, 480)] * 3, {"width": 32, "height": 32}, (32, 32)),
            ([(5000, 1)], {}, (1, 128)),
        ],
    )
    def test_size(self, sizes, parameters, expected):
        reader = choose_reader(self.heads(*sizes), ImageParameters(**parameters))
        assert (reader.height, reader.width) == expected

    def test_grey(self, tmp_path):
        for index in range(4):
            write(tmp_path / "a" / f"{index}.png", index, mode="L")
            write(tmp_path / "b" / f"{index}.png", index + 9, mode="L")
        assert load(tmp_path).x.shape[-1] == 1
        assert load(tmp_path, parameters={"colour": "colour"}).x.shape[-1] == 3
        write(tmp_path / "b" / "x.png", 20)
        assert load(tmp_path).x.shape[-1] == 3
        assert load(tmp_path, parameters={"colour": "grey"}).x.shape[-1] == 1

    def test_colour_files_without_colours_are_grey(self, tmp_path):
        for index in range(3):
            for name in "ab":
                path = write(tmp_path / name / f"{index}.png", index, mode="L")
                with Image.open(path) as image:
                    grey = image.convert("RGB")
                grey.save(path)
        assert load(tmp_path).x.shape[-1] == 1

    def test_parameters_are_checked(self, pets):
        for name, value in (("height", 0), ("width", 4096), ("colour", "pink"), ("resize", "x")):
            with pytest.raises(SpecError, match=f"data.parameters.{name}"):
                load(pets, parameters={name: value})

    def test_settings_change_what_is_read(self, pets):
        examples = load(pets, parameters={"height": 4, "width": 4, "resize": "pad"})
        assert examples.x.shape == (20, 4, 4, 3)
        assert examples.reading == {"resize": "pad"}
        assert examples.x.key != load(pets, parameters={"height": 4, "width": 4}).x.key


class TestTables:
    @pytest.fixture
    def photos(self, tmp_path) -> Path:
        for index in range(12):
            write(tmp_path / "photos" / f"p{index}.png", index)
        return tmp_path / "photos"

    def table(self, folder, header, row, name="labels.csv"):
        lines = [header, *(row.format(i=i, odd="odd" if i % 2 else "even") for i in range(12))]
        (folder / name).write_text("\n".join(lines) + "\n", "utf-8")

    @pytest.mark.parametrize("cell", ["p{i}.png", "p{i}", "./p{i}.png", ".\\p{i}.png"])
    def test_labels(self, photos, cell):
        self.table(photos, "file,label", cell + ",{odd}")
        examples = load(photos)
        assert examples.task is Task.CLASSIFICATION
        assert examples.target_name == "label"
        assert examples.class_names == ("even", "odd")
        label = dict(zip(examples.names, examples.y.tolist(), strict=True))
        assert label["p7.png"] == 1
        assert label["p10.png"] == 0

    def test_numbers(self, photos):
        self.table(photos, "image,age", "p{i}.png,{i}.5")
        examples = load(photos)
        assert examples.task is Task.REGRESSION
        assert examples.y.tolist() == [i + 0.5 for i in range(12)]
        assert examples.class_names == ()

    def test_target_and_task_of_choice(self, photos):
        self.table(photos, "image,age,sex", "p{i}.png,{i},{odd}")
        assert load(photos).target_name == "sex"
        examples = load(photos, target="age", task="regression")
        assert (examples.target_name, examples.task) == ("age", Task.REGRESSION)
        assert examples.column("sex").tolist() == ["even", "odd"] * 6
        assert "no column 'height'" in refusal(photos, target="height")

    def test_columns_follow_the_files_that_can_be_read(self, photos):
        self.table(photos, "file,sex,label", "p{i}.png,{i},{odd}")
        path = write(photos / "p3.png", 3, (60, 60))
        path.write_bytes(path.read_bytes()[:2000])
        read = packed(load(photos))
        assert read.n_samples == 11
        assert read.column("sex").tolist() == [name[1:-4] for name in read.names]

    def test_labels_that_look_like_names(self, tmp_path):
        for index in range(12):
            write(tmp_path / f"{index}.png", index)
        self.table(tmp_path, "label,id", "{odd},{i}")
        assert load(tmp_path).class_names == ("even", "odd")
        lines = ["id,digit", *(f"{i},{i % 3}" for i in range(12))]
        (tmp_path / "labels.csv").write_text("\n".join(lines))
        examples = load(tmp_path)
        assert examples.target_name == "digit"
        assert examples.class_names == ("0", "1", "2")

    def test_rows_and_files_without_each_other_are_named(self, photos):
        self.table(photos, "file,label", "p{i}.png,{odd}")
        (photos / "p3.png").unlink()
        write(photos / "new.png", 50)
        examples = load(photos)
        assert examples.n_samples == 11
        (gone,) = found(examples, Trouble.MISSING)
        assert gone.names == ("line 5: 'p3.png'",)
        (unnamed,) = found(examples, Trouble.LEFT_OUT)
        assert unnamed.names == ("new.png",)

    @pytest.mark.parametrize("gap", ["", " ", "NA"])
    def test_a_gap_among_numbers_takes_its_file_out_by_name(self, photos, gap):
        self.table(photos, "file,age", "p{i}.png,{i}.5")
        path = photos / "labels.csv"
        path.write_text(path.read_text("utf-8").replace("3.5", gap), "utf-8")
        examples = load(photos)
        assert (examples.task, examples.n_samples) == (Task.REGRESSION, 11)
        (gone,) = found(examples, Trouble.MISSING)
        assert (gone.subject, gone.names) == ("age", ("p3.png",))
        path.write_text(path.read_text("utf-8").replace("7.5", "inf"), "utf-8")
        assert "'age' must hold finite numbers. Received: inf in line 9" in refusal(photos)

    def test_a_gap_is_no_class_but_namibia_is(self, photos):
        self.table(photos, "file,label", "p{i}.png,{odd}")
        path = photos / "labels.csv"
        lines = path.read_text("utf-8").splitlines()
        path.write_text("\n".join([*lines[:3], "p2.png,", "p3.png,NA", *lines[5:]]), "utf-8")
        examples = load(photos)
        assert examples.class_names == ("NA", "even", "odd")
        assert found(examples, Trouble.MISSING)[0].names == ("p2.png",)
        self.table(photos, "file,label", "p{i}.png,")
        assert "Column 'label' of the table of the files is empty" in refusal(photos)

    def test_files_in_folders(self, photos):
        write(photos / "sub" / "x y.png", 70)
        self.table(photos, "file,label", "p{i}.png,{odd}")
        with (photos / "labels.csv").open("a") as file:
            file.write("sub/x y.png,odd\n")
        assert "sub/x y.png" in load(photos).names

    def test_weights(self, photos):
        self.table(photos, "file,label,importance", "p{i}.png,{odd},{i}")
        assert load(photos, weights="importance").weights.tolist() == list(range(12))
        assert "'label' must hold numbers" in refusal(photos, weights="label")

    def test_refusals(self, photos):
        self.table(photos, "file,label", "q{i}.png,{odd}")
        assert "No column of 'labels.csv' names the files" in refusal(photos)
        self.table(photos, "file", "p{i}.png")
        assert "one column only" in refusal(photos)
        self.table(photos, "file,label", "p{i}.png,same")
        assert "at least two classes. Received: only 'same'" in refusal(photos)
        self.table(photos, "file,size", "p{i}.png,{odd}")
        assert "'size' must hold numbers. Received: 'even'" in refusal(photos, task="regression")
