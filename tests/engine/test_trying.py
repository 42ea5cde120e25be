"""Trying a model: one input after the other, rows that would change its mind, whole tables."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.cli import main as cli
from engine.errors import Cancelled, DatasetError, WorkspaceError
from engine.events.trying import (
    DrivePolicy,
    FindChange,
    FindNearest,
    Given,
    LookAtModel,
    PredictMany,
    TakeExample,
    TryInput,
)
from engine.events.watch import Watch
from engine.inference.contract import FILE_NAME
from engine.inference.many.writing import safe_cell, unique_names
from engine.inference.serving import FILE_NAME as MODEL_FILE
from engine.inference.serving import ServedModel
from engine.inference.trying.what_if import Lever, most_tried, nearest_change
from engine.runs.store import RunStore
from engine.service import running
from engine.service.results import answer
from engine.service.results.changing import find_change
from engine.service.results.opened_run import OPENED
from engine.service.results.tried_run import TRIED
from engine.training.control import TrainingControl

N = 60


def ask(command, folder, is_cancelled=lambda: False):
    return answer(command, folder, Watch(lambda event: None, is_cancelled))


def forget():
    """The same runs lie in another folder now."""
    TRIED.__init__()
    OPENED.__init__()


def train(folder: Path, epochs: int = 1, **values):
    with RunStore(folder) as store:
        spec = {"training": {"epochs": epochs}, **values}
        return running.train(spec, store, lambda event: None, TrainingControl()).run


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Large is what is heavier than 50; the colour means nothing."""
    path = tmp_path_factory.mktemp("data") / "things.csv"
    rng = np.random.default_rng(0)
    weights = rng.uniform(0, 100, N)
    lines = [
        f"{weight:.1f},{rng.choice(['red', 'blue'])},{'yes' if weight > 50 else 'no'}"
        for weight in weights
    ]
    path.write_text("\n".join(["weight,colour,large", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def things(place, table):
    data = {"source": str(table), "target": "large"}
    return train(place, 40, data=data, model={"name": "mlp"})


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for name, tone in (("dark", 30), ("light", 220)):
        (folder / name).mkdir()
        for number in range(12):
            noise = np.random.default_rng(number).integers(-20, 20, (12, 12))
            Image.fromarray((tone + noise).astype(np.uint8)).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def shades(place, pictures):
    return train(place, data={"source": str(pictures)}, model={"name": "cnn"})


CELLS = (("weight", "20"), ("colour", "red"))


class TestLooking:
    def test_a_row_is_described_by_its_columns(self, place, things):
        look = ask(LookAtModel(things), place)
        assert [field.name for field in look.fields] == ["weight", "colour"]
        weight, colour = look.fields
        assert (weight.type, colour.values) == ("number", ("blue", "red"))
        assert 0 <= weight.low < 10 < 90 < weight.high <= 100
        assert look.epoch is None
        assert look.class_names == ("no", "yes")

    def test_photos_are_not_drawn(self, place, shades):
        assert not ask(LookAtModel(shades), place).is_drawable


class TestAnswers:
    def test_a_row(self, place, things):
        tried = ask(TryInput(things, Given(cells=CELLS), 7), place)
        (said,) = tried.answers
        assert (tried.number, said.best) == (7, "no")
        assert sum(share for _, share in said.shares) == pytest.approx(1.0)
        assert said.unfamiliar == ()

    def test_gaps_are_allowed_and_what_is_new_is_named(self, place, things):
        cells = (("weight", "1e4"), ("colour", "green"))
        (said,) = ask(TryInput(things, Given(cells=cells)), place).answers
        assert any("'green': never seen" in text for text in said.unfamiliar)
        assert any("far above" in text for text in said.unfamiliar)
        (said,) = ask(TryInput(things, Given(cells=(("weight", ""),))), place).answers
        assert said.best in ("no", "yes")

    def test_a_cell_that_lies_is_refused_by_name(self, place, things):
        with pytest.raises(DatasetError, match=r"'weight' must hold numbers. Received: 'heavy'"):
            ask(TryInput(things, Given(cells=(("weight", "heavy"),))), place)

    def test_an_example_of_the_data_and_its_own_row_say_the_same(self, place, things):
        taken = ask(TakeExample(things, 3), place)
        assert taken.part == "test"
        by_row = ask(TryInput(things, Given(row=taken.example.row)), place).answers[0]
        by_cells = ask(TryInput(things, Given(cells=taken.example.cells)), place).answers[0]
        assert by_row.shares == by_cells.shares

    def test_a_file_holds_many(self, place, things, table):
        tried = ask(TryInput(things, Given(path=str(table))), place)
        assert len(tried.answers) == N

    def test_a_pasted_picture_is_read_as_its_file_is(self, place, shades, pictures):
        path = pictures / "light" / "3.png"
        by_path = ask(TryInput(shades, Given(path=str(path))), place)
        pasted = Given(content=path.read_bytes(), suffix=".png")
        by_content = ask(TryInput(shades, pasted), place)
        assert by_path.answers[0].shares == by_content.answers[0].shares
        np.testing.assert_array_equal(by_path.seen, by_content.seen)

    def test_bytes_that_are_no_picture(self, place, shades):
        with pytest.raises(DatasetError, match=r"'input.png' cannot be used") as caught:
            ask(TryInput(shades, Given(content=b"no picture", suffix=".png")), place)
        assert "/tmp" not in caught.value.message

    def test_one_call_gives_what_predict_gives(self, place, things, shades):
        for run in (things, shades):
            with RunStore(place) as store:
                tried = TRIED.get(run, store)
            x = tried.prepared().examples.x[np.arange(20)]
            np.testing.assert_allclose(tried.model.answer(x), tried.model.predict(x), atol=1e-6)


class TestChanges:
    def test_the_nearest_row_changes_one_column_by_little(self, place, things):
        found = ask(FindChange(things, CELLS), place)
        ((name, before, after),) = found.changes
        assert (name, before, found.answer.best) == ("weight", "20", "yes")
        nearly = (("weight", str(float(after) - 2)), ("colour", "red"))
        assert ask(TryInput(things, Given(cells=nearly)), place).answers[0].best == "no"

    def test_how_far_the_search_is_is_told_and_it_can_be_cancelled(self, place, things):
        with pytest.raises(Cancelled):
            ask(FindChange(things, CELLS), place, lambda: True)
        told = []

        def never(rows):
            return np.zeros(len(rows), bool), rows.sum(axis=1)

        levers = [Lever.number(column, 0, 1) for column in range(6)]
        levers.append(Lever(6, np.arange(3.0), is_number=False))
        found = nearest_change(np.zeros(7), levers, never)
        assert found.row is None
        assert most_tried(levers) / 3 < found.n_tried <= most_tried(levers)
        with RunStore(place) as store:
            tried = TRIED.get(things, store)
        find_change(tried, dict(CELLS), "", lambda what, *it: told.append(it))
        assert told[0][0] == 0
        assert all(done <= total for done, total in told)
        assert [done for done, _ in told] == sorted(done for done, _ in told)

    def test_what_is_said_already_needs_no_change(self, place, things):
        with pytest.raises(DatasetError, match="says 'no' already"):
            ask(FindChange(things, CELLS, "no"), place)

    def test_pictures_have_no_columns(self, place, shades):
        with pytest.raises(DatasetError):
            ask(FindChange(shades, CELLS), place)


class TestNearest:
    def test_an_example_of_training_is_found_first_and_never_itself(self, place, things):
        with RunStore(place) as store:
            tried = TRIED.get(things, store)
        row = int(tried.prepared().parts.train[4])
        cells = tuple(
            (n, str(tried.prepared().examples.column(n)[row])) for n in ("weight", "colour")
        )
        found = ask(FindNearest(things, Given(cells=cells), 5), place)
        assert (found.number, found.examples[0].row) == (5, row)
        assert found.n_searched == found.n_train == len(tried.prepared().parts.train)
        others = ask(FindNearest(things, Given(row=row)), place)
        assert row not in [example.row for example in others.examples]

    def test_what_is_like_nothing_is_told(self, place, things):
        far = (("weight", "1e9"), ("colour", "red"))
        assert ask(FindNearest(things, Given(cells=far)), place).is_far
        assert not ask(FindNearest(things, Given(cells=CELLS)), place).is_far


class TestRunsThatAreNotSaved:
    @pytest.fixture
    def unsaved(self, place, shades, tmp_path):
        """The same run as it is before its end: checkpoints, and no model."""
        copy = tmp_path / "workspace"
        shutil.copytree(place, copy)
        with RunStore(copy) as store:
            folder = store.folder(shades)
        (folder / FILE_NAME).unlink()
        (folder / MODEL_FILE).unlink()
        forget()
        yield copy
        forget()

    def test_the_weights_of_its_last_checkpoint_answer(self, place, shades, unsaved):
        given = Given(row=2)
        saved = ask(TryInput(shades, given), place).answers[0].shares
        forget()
        live = ask(TryInput(shades, given), unsaved)
        assert live.epoch == 1
        assert dict(live.answers[0].shares) == pytest.approx(dict(saved), abs=1e-6)

    def test_without_any_weights_it_says_so(self, shades, unsaved):
        with RunStore(unsaved) as store:
            shutil.rmtree(store.folder(shades) / "checkpoints")
        with pytest.raises(WorkspaceError, match="no weights yet"):
            ask(LookAtModel(shades), unsaved)

    def test_a_damaged_model_says_so(self, place, things, tmp_path):
        copy = tmp_path / "workspace"
        shutil.copytree(place, copy)
        with RunStore(copy) as store:
            (store.folder(things) / MODEL_FILE).write_bytes(b"damaged")
        forget()
        with pytest.raises(WorkspaceError):
            ask(LookAtModel(things), copy)
        forget()


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


class TestMany:
    def test_a_table_keeps_its_columns_and_gets_more(self, place, things, table, tmp_path):
        to = tmp_path / "out.csv"
        done = ask(PredictMany(things, str(table), str(to)), place)
        assert (done.n_predicted, done.n_failed, done.n_true) == (N, 0, N)
        rows = rows_of(to)
        assert list(rows[0]) == [
            *("weight", "colour", "large"),
            *("predicted_large", "probability_no", "probability_yes"),
            *("unfamiliar", "problem"),
        ]
        said = ask(TryInput(things, Given(path=str(table))), place).answers
        assert [row["predicted_large"] for row in rows] == [one.best for one in said]
        assert done.n_right == sum(row["predicted_large"] == row["large"] for row in rows)
        with RunStore(place) as store:
            outputs = TRIED.get(things, store).model.predict(
                np.array(
                    [[float(row["weight"]), ["blue", "red"].index(row["colour"])] for row in rows]
                )
            )
        found = [float(row["probability_yes"]) for row in rows]
        np.testing.assert_allclose(found, outputs[:, 0], atol=1e-5)

    def test_rows_that_cannot_be_read_are_named_and_end_nothing(self, place, things, tmp_path):
        source, to = tmp_path / "new.csv", tmp_path / "out.csv"
        source.write_text(
            "weight,colour,predicted_large,note\n10,red,mine,=1+1\nheavy,red,x,@me\n90,green,,-5\n"
        )
        done = ask(PredictMany(things, str(source), str(to)), place)
        assert (done.n_predicted, done.n_failed, done.n_unfamiliar) == (2, 1, 1)
        first, second, third = rows_of(to)
        assert first["predicted_large"] == "mine"
        assert (first["predicted_large_2"], first["note"]) == ("no", "'=1+1")
        assert (second["predicted_large_2"], second["note"]) == ("", "'@me")
        assert "'heavy' in line 3" in second["problem"]
        assert (third["note"], "'green'" in third["unfamiliar"]) == ("-5", True)
        assert any("training knew no such column" in text for text in done.problems)

    def test_of_nothing_that_can_be_read_nothing_is_written(self, place, things, tmp_path):
        source, to = tmp_path / "new.csv", tmp_path / "out.csv"
        source.write_text("weight,colour\n" + "heavy,red\n" * 5)
        with pytest.raises(DatasetError, match="None of the first 5 rows"):
            ask(PredictMany(things, str(source), str(to)), place)
        assert not list(tmp_path.glob("*out*"))

    def test_a_folder_with_classes(self, place, shades, pictures, tmp_path):
        folder, to = tmp_path / "new", tmp_path / "out.csv"
        shutil.copytree(pictures, folder)
        (folder / "dark" / "broken.png").write_bytes(b"no picture")
        done = ask(PredictMany(shades, str(folder), str(to)), place)
        assert (done.n_predicted, done.n_failed, done.n_true) == (24, 1, 24)
        rows = {row["file"]: row for row in rows_of(to)}
        assert "broken.png" in rows["dark/broken.png"]["problem"]
        assert rows["light/3.png"]["true_class"] == "light"
        right = sum(row["predicted_class"] == row["true_class"] for row in rows.values())
        assert done.n_right == right

    def test_cancelled_it_leaves_what_was_there(self, place, shades, pictures, tmp_path):
        to = tmp_path / "out.csv"
        to.write_text("mine")
        with pytest.raises(Cancelled):
            ask(PredictMany(shades, str(pictures), str(to)), place, lambda: True)
        assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
        assert to.read_text() == "mine"

    @pytest.mark.parametrize("to", ["things.csv", "nowhere/out.csv", "."])
    def test_it_writes_over_nothing_that_is_read(self, place, things, table, to):
        before = table.read_text()
        with pytest.raises(DatasetError, match="cannot be written"):
            ask(PredictMany(things, str(table), str(table.parent / to)), place)
        assert table.read_text() == before

    def test_a_table_wants_no_folder(self, place, things, tmp_path):
        with pytest.raises(DatasetError, match="takes a table, not a folder"):
            ask(PredictMany(things, str(tmp_path), str(tmp_path / "out.csv")), place)

    def test_on_the_command_line(self, place, things, table, tmp_path, capsys, monkeypatch):
        monkeypatch.setenv("DESCENT_WORKSPACE", str(place))
        to = tmp_path / "out.csv"
        assert cli.main(["predict", things, str(table), "--to", str(to)]) == 0
        assert f"{N} predictions are in {to}" in capsys.readouterr().out
        assert len(rows_of(to)) == N
        assert cli.main(["predict", things, "1,red", "2,red", "--to", str(to)]) == 2
        assert "one folder or table" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        *[(text, f"'{text}") for text in ("=1+1", "@me", "+cmd", "-x", "\tx", "-1+1", "=1")],
        *[(text, text) for text in ("-5", "+4.5", "-1,234.5", "-3e-5", "-5 %", "", "a=b", "1-2")],
    ],
)
def test_cells_that_could_be_formulas(cell, safe):
    assert safe_cell(cell) == safe


def test_names_stay_unique_whatever_their_capitals():
    assert unique_names(["A", "b_2"], ["a", "B", "b"]) == ["a_2", "B", "b_3"]


def test_a_policy_of_something_else_does_not_drive(place, things):
    with pytest.raises(DatasetError, match="balancing the pole"):
        ask(DrivePolicy(things), place)


def test_texts_that_are_written_token_by_token_are_the_same_at_once():
    from engine.architectures import ARCHITECTURES
    from engine.inference.contract import Contract
    from engine.spec.run_spec import RunSpec
    from engine.training.model.building import build
    from engine.training.prepared_data import prepare

    spec = RunSpec.from_dict(
        {
            "data": {"source": "number_words", "parameters": {"n_samples": 200}},
            "model": {"name": "gru_translator", "parameters": {"units": 8}},
        }
    )
    assert "gru_translator" in ARCHITECTURES.names
    prepared = prepare(spec)
    network = build(prepared.spec, prepared.signature)
    model = ServedModel(network, Contract.of(prepared.examples, prepared.preprocessing))
    x = prepared.examples.x[np.arange(4)]
    assert model.answer(x).tolist() == model.predict(x).tolist()
