"""Runs as scripts: what they read, divide, prepare and build is Descent's to the bit."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.datasets.base import silent
from engine.errors import Cancelled
from engine.events.run_events import RunState, SettingChanged
from engine.runs.run_file import append_history
from engine.runs.store import RunStore
from engine.service.results.exporting import format_named
from engine.service.results.exporting.script.checking import check_apart
from engine.service.results.exporting.script.document import Document, Section, spaced
from engine.service.results.exporting.script.refusals import subject_of
from engine.service.results.exporting.script.subject import NotWritten, Subject
from engine.service.results.exporting.script.writing import document_of
from engine.spec.run_spec import RunSpec
from engine.training.prepared_data import prepare
from tests.script_cases import (
    CASES,
    LABELLED,
    PEOPLE,
    Case,
    run_apart,
    train_and_write,
    write_tables,
)


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tables")
    write_tables(folder)
    return folder


def subject_for(values, **record) -> Subject:
    """A run that was never trained."""
    prepared = prepare(RunSpec.from_dict(values))
    known = {
        "id": "20261130-000000-abcd",
        "name": "A run",
        "model_title": "A model",
        "dataset_title": "Some data",
        "metrics": {"test_loss": 0.5},
        "plan": {},
        **record,
    }
    return Subject(SimpleNamespace(**known), prepared, int(prepared.spec.training.epochs))


def left_by(document: Document, n_sections: int, to: Path) -> dict:
    """What the first sections leave behind, run as a script would be."""
    names = {"__file__": str(to), "__name__": "script"}
    exec(compile(document.script(document.sections[:n_sections]), str(to), "exec"), names)
    return names


def assert_same_data(subject: Subject, names: dict) -> None:
    prepared = subject.prepared
    for part in ("train", "validation", "test"):
        rows = getattr(prepared.parts, part)
        np.testing.assert_array_equal(names[part], rows)
        if len(rows):
            x = prepared.preprocessing.transform_x(prepared.examples.x[rows])
            y = prepared.preprocessing.transform_y(prepared.examples.y[rows])
            np.testing.assert_array_equal(names[f"x_{part}"], x)
            np.testing.assert_array_equal(names[f"y_{part}"], y)


PLAIN = [
    pytest.param(Case(PEOPLE, "linear_regression", target="price"), id="numbers"),
    pytest.param(Case(PEOPLE, "mlp", target="level"), id="classes"),
    pytest.param(Case(PEOPLE, "table_ensemble", {"trees": 0}, target="level"), id="pieces"),
    pytest.param(
        Case(
            PEOPLE,
            "mlp",
            target="price",
            more={"preprocessing": {"scaling": "minmax", "target_scaling": "none"}},
        ),
        id="minmax",
    ),
    pytest.param(
        Case(
            PEOPLE,
            "mlp",
            target="level",
            more={
                "preprocessing": {"categories": "embedding"},
                "split": {"validation": 0.0, "test": 0.3},
            },
        ),
        id="embedded",
    ),
    pytest.param(Case(LABELLED, "mlp", target="hot,wet"), id="labels"),
    pytest.param(Case(LABELLED, "autoencoder", target="hot", task="anomaly"), id="anomalies"),
    pytest.param(Case(PEOPLE, "mlp", target="level", more={"split": {"refit": True}}), id="refit"),
    pytest.param(Case("iris", "mlp"), id="scikit-learn"),
    pytest.param(Case("digits", "cnn"), id="images"),
]


@pytest.mark.parametrize("case", PLAIN)
def test_what_a_script_reads_and_prepares_is_the_same(case, tables, tmp_path):
    subject = subject_for(case.values(tables))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))
    code = document.sections[0].code
    assert "pd.read_csv(\n    DATA" in code or "sklearn" in str(document.sections[0].imports)


@pytest.mark.parametrize(
    ("data", "model"),
    [("moons", "mlp"), ("seasons", "series_cnn"), ("countries", "text_cnn")],
)
def test_what_is_made_lies_beside_the_script_as_a_copy(data, model, tmp_path):
    subject = subject_for(Case(data, model).values(tmp_path))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert [path.stem for path in beside] == ["run_data"]
    assert beside[0].name in document.sections[0].code
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def pictures(folder: Path, sizes: list[tuple[int, int]]) -> dict:
    from PIL import Image

    draw = np.random.default_rng(3)
    for number in range(24):
        width, height = sizes[number % len(sizes)]
        place = folder / "pictures" / ("cats", "dogs")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = draw.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{number}.png")
    return {"data": {"source": str(folder / "pictures")}, "model": {"name": "cnn"}}


@pytest.mark.parametrize("sizes", [[(20, 16)], [(20, 16), (32, 40)]], ids=["alike", "resized"])
def test_own_pictures_are_read_where_they_lie(sizes, tmp_path):
    subject = subject_for(pictures(tmp_path, sizes))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert not beside
    assert ("resize" in document.sections[0].code) == (len(sizes) > 1)
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def test_own_sounds_are_read_where_they_lie(tmp_path):
    soundfile = pytest.importorskip("soundfile")
    draw = np.random.default_rng(3)
    for number in range(16):
        place = tmp_path / "sounds" / ("low", "high")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        wave = draw.integers(-9000, 9000, 3000 + 10 * number).astype(np.int16)
        soundfile.write(place / f"{number}.wav", wave, 8000)
    values = {"data": {"source": str(tmp_path / "sounds")}, "model": {"name": "sound_cnn"}}
    subject = subject_for(values)
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert not beside
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def test_a_file_that_is_another_by_now_is_noticed(tables, tmp_path):
    write_tables(tmp_path)
    subject = subject_for(Case(PEOPLE, "mlp", target="level").values(tmp_path))
    document = document_of(subject, tmp_path / "run.py", [])
    write_tables(tmp_path, 150)
    with pytest.raises(AssertionError, match="not what the run learnt from"):
        left_by(document, 1, tmp_path / "run.py")


@pytest.mark.parametrize("column", ["patient", "part"])
def test_divided_by_a_column(column, tmp_path):
    draw = np.random.default_rng(4)
    rows = "".join(
        f"p{draw.integers(30)},{draw.choice(['train', 'test'])},{number % 17},{'uv'[number % 2]}\n"
        for number in range(200)
    )
    (tmp_path / "visits.csv").write_text(f"patient,part,a,y\n{rows}", "utf-8")
    data = {"source": str(tmp_path / "visits.csv"), "target": "y"}
    values = {"data": data, "split": {"column": column}, "model": {"name": "mlp"}}
    subject = subject_for(values)
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert not beside
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


@pytest.mark.parametrize(
    ("target", "training"),
    [("number", {}), ("two", {}), ("three", {"class_weights": "balanced"})],
)
def test_trees_are_grown_in_plain_code(target, training, tmp_path):
    """Bit by bit those of the run; no file holds them."""
    a, b = np.random.default_rng(7).uniform(-1, 1, (2, 240)).round(3)
    corner = (a > 0) != (b > 0)  # which no straight line says
    columns = {
        "a": a,
        "b": b,
        "number": np.where(corner, 5.0 + a.round(1), b.round(1)).round(2),
        "two": np.where(corner, "in", "out"),
        "three": np.where(corner, "in", np.where(a > 0, "up", "down")),
    }
    kept = ["a", "b", target]
    rows = zip(*(columns[name].tolist() for name in kept), strict=True)
    text = "\n".join(",".join(map(str, row)) for row in rows)
    (tmp_path / "corners.csv").write_text(f"{','.join(kept)}\n{text}\n", "utf-8")
    case = Case("corners.csv", "table_ensemble", {"trees": 9}, target=target, training=training)
    subject = subject_for(case.values(tmp_path))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert not beside
    made = left_by(document, 4, tmp_path / "run.py")["model"]
    for name in ("share", "leaves", "ways", "bounds", "columns"):
        own = subject.network.get_layer(f"{name}_of_trees").get_weights()
        assert any(np.abs(values).max() > 0 for values in own), name
        for here, there in zip(made.get_layer(f"{name}_of_trees").get_weights(), own, strict=True):
            np.testing.assert_array_equal(here, there)


def odd_table(folder: Path, text: str) -> dict:
    path = folder / "odd.csv"
    path.write_text(text, "utf-8")
    return {"data": {"source": str(path), "target": "y"}, "model": {"name": "mlp"}}


def test_odd_writing_is_read_from_a_copy(tmp_path):
    """Units are more than pandas reads."""
    rows = "".join(f"{n} kg;{n % 2}\n" for n in range(1, 80))
    subject = subject_for(odd_table(tmp_path, "a;y\n" + rows))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert [path.name for path in beside] == ["run_data.csv"]
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def test_a_decimal_comma_is_read_plainly(tmp_path):
    rows = "".join(f"{n % 7},{n};{'ab'[n % 2]}\n" for n in range(1, 80))
    subject = subject_for(odd_table(tmp_path, "a;y\n" + rows))
    beside = []
    document = document_of(subject, tmp_path / "run.py", beside)
    assert not beside
    assert 'decimal=","' in document.sections[0].code
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def test_names_that_are_code_stay_names(tmp_path):
    rows = "".join(f"{n},{n * n % 17},{'ab'[n % 2]}\n" for n in range(60))
    name = '"""; import os; os.abort() #'
    path = tmp_path / 'odd " name.csv'
    quoted = '"' + name.replace('"', '""') + '"'
    path.write_text(f"{quoted},class,y\n{rows}", "utf-8")
    values = {"data": {"source": str(path), "target": "y"}, "model": {"name": "mlp"}}
    subject = subject_for(values, name=name)
    document = document_of(subject, tmp_path / "run.py", [])
    ast.parse(document.script())
    assert_same_data(subject, left_by(document, 3, tmp_path / "run.py"))


def test_first_weights_are_the_same(tables, tmp_path):
    subject = subject_for(Case("iris", "mlp", {"dropout": 0.2}).values(tables))
    document = document_of(subject, tmp_path / "run.py", [])
    names = left_by(document, 4, tmp_path / "run.py")
    pairs = zip(names["model"].variables, subject.network.variables, strict=True)
    assert all((np.asarray(made) == np.asarray(own)).all() for made, own in pairs)


def test_a_section_that_gives_something_else_is_refused(tables, tmp_path, monkeypatch):
    """No way gives the same: the script is not written."""
    from engine.service.results.exporting.script import preparation

    def wrong(subject):
        yield Section("Preparing the data", "x_train = y_train = x_test = y_test = y")

    monkeypatch.setattr(preparation, "ways", wrong)
    subject = subject_for(Case("iris", "mlp").values(tables))
    with pytest.raises(NotWritten, match="'Preparing the data' cannot be written"):
        document_of(subject, tmp_path / "run.py", [])


def test_only_what_the_run_needs_is_written(tables, tmp_path):
    subject = subject_for(Case(PEOPLE, "mlp", target="level").values(tables))
    text = document_of(subject, tmp_path / "run.py", []).script()
    names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
    assert {"standardised", "one_hot"} <= names
    assert not names & {"bent", "known", "index", "changed", "rate_of", "written"}
    assert "engine" not in text


def test_a_notebook_is_one(tables, tmp_path):
    subject = subject_for(Case("moons", "mlp").values(tables))
    document = document_of(subject, tmp_path / "run.ipynb", [])
    notebook = json.loads(document.notebook())
    assert notebook["nbformat"] == 4
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert len(code) == 1 + len(document.sections)
    ast.parse("\n".join(code))
    assert "__file__" not in "\n".join(code)
    checked = pytest.importorskip("nbformat")
    checked.validate(notebook)


class Opened:
    """A run as it is opened, without a workspace."""

    def __init__(self, values, folder, state=RunState.FINISHED, **record):
        self._prepared = prepare(RunSpec.from_dict(values))
        self.folder, self.change = folder, None
        known = {"id": folder.name, "plan": {}, "best_epoch": 1, "epochs_done": 1, **record}
        self.record = SimpleNamespace(state=state, **known)

    def prepared(self, progress):
        return self._prepared


def test_a_run_that_was_changed_while_it_was_trained_is_refused(tables, tmp_path):
    values = Case("iris", "mlp").values(tables)
    change = SettingChanged(
        "run", 2, 9, "training.learning_rate", 0.1, 0.2, "Changed while training."
    )
    append_history([change], tmp_path)
    with pytest.raises(NotWritten, match=r"'training.learning_rate' was changed in epoch 2"):
        subject_of(Opened(values, tmp_path), silent)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"state": RunState.RUNNING}, "has not finished"),
        ({"plan": {"replicas": 2}}, "several devices"),
        ({"state": RunState.STOPPED, "best_epoch": None}, "stopped within an epoch"),
    ],
)
def test_runs_that_no_script_repeats_are_refused(more, words, tables, tmp_path):
    with pytest.raises(NotWritten, match=words):
        subject_of(Opened(Case("iris", "mlp").values(tables), tmp_path, **more), silent)


def test_a_run_that_was_stopped_is_trained_as_far(tables, tmp_path):
    values = Case("iris", "mlp", epochs=9).values(tables)
    opened = Opened(values, tmp_path, RunState.STOPPED, epochs_done=4)
    assert subject_of(opened, silent).epochs == 4


def test_what_is_refused_leaves_nothing_behind(tables, tmp_path, monkeypatch):
    from engine.service.results.exporting.script import writing

    def refuse(document, subject, to, progress):
        raise NotWritten("In a process of its own the script has another x_train.")

    monkeypatch.setattr(writing, "check_apart", refuse)
    store = RunStore(tmp_path / "runs")
    (tmp_path / "out").mkdir()
    to = tmp_path / "out" / "moons.py"
    done = train_and_write(Case("moons", "logistic_regression"), store, tables, to)
    assert done.reason == "In a process of its own the script has another x_train."
    assert not list(to.parent.iterdir())


def test_functions_stand_apart():
    code = "a = 1\n# About it.\ndef one():\n    return 1\n@two\ndef three():\n"
    code += "    x = [\n    ]\n\nb = 2"
    assert spaced(code).splitlines() == [
        *("a = 1", "", "", "# About it.", "def one():", "    return 1", "", ""),
        *("@two", "def three():", "    x = [", "    ]", "", "", "b = 2"),
    ]


def alone(code: str) -> Document:
    return Document("A script", 0, (Section("The network", code),))


def test_the_proof_can_be_cancelled(tmp_path):
    def cancel(what, done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        check_apart(alone("while True:\n    pass"), SimpleNamespace(wanted={}), tmp_path, cancel)


def test_a_script_that_fails_in_its_own_process_is_refused(tmp_path):
    code = "raise ValueError('no such column')"
    with pytest.raises(NotWritten, match="own: ValueError: no such column"):
        check_apart(alone(code), SimpleNamespace(wanted={}), tmp_path, silent)


PROVEN = [
    replace(CASES[2], epochs=2),
    Case("moons", "mlp", {"dropout": 0.1}, epochs=2),
    next(case for case in CASES if case.model == "table_prototypes"),  # sums of several terms
]


def test_a_script_gives_the_figures_of_its_run(tables, tmp_path):
    """Each trains in a clean process where no Descent can be imported."""
    store = RunStore(tmp_path / "runs")
    paths = [tmp_path / f"script_{number}.py" for number in range(len(PROVEN))]
    for case, path in zip(PROVEN, paths, strict=True):
        done = train_and_write(case, store, tables, path)
        assert not done.reason
        assert "reads and prepares the same" in done.notes[0]
    for metrics in run_apart(paths):
        assert len(metrics) > 3
        assert {name: run for name, (run, _) in metrics.items()} == {
            name: here for name, (_, here) in metrics.items()
        }


@pytest.mark.everything
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_family_gives_the_figures_of_its_run(case, tables, tmp_path):
    done = train_and_write(case, RunStore(tmp_path / "runs"), tables, tmp_path / "script.py")
    assert not done.reason
    (metrics,) = run_apart([tmp_path / "script.py"])
    for name, (run, here) in metrics.items():
        assert here == pytest.approx(run, rel=1e-12, abs=1e-12), name


def test_both_formats_are_listed():
    assert format_named("script").suffix == ".py"
    assert format_named("notebook").suffix == ".ipynb"
