"""Runs as scripts: what they read, divide, prepare and build is Descent's to the bit."""

import ast
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from engine.datasets.base import silent
from engine.events.run_events import RunState, SettingChanged
from engine.runs.run_file import append_history
from engine.runs.store import RunStore
from engine.service.results.exporting import format_named
from engine.service.results.exporting.script.document import Document, Section
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

    def refuse(document, subject, to):
        raise NotWritten("In a process of its own the script has another x_train.")

    monkeypatch.setattr(writing, "check_apart", refuse)
    store = RunStore(tmp_path / "runs")
    (tmp_path / "out").mkdir()
    to = tmp_path / "out" / "moons.py"
    done = train_and_write(Case("moons", "logistic_regression"), store, tables, to)
    assert done.reason == "In a process of its own the script has another x_train."
    assert not list(to.parent.iterdir())


PROVEN = [
    Case(PEOPLE, "linear_regression", target="price", epochs=3),
    replace(CASES[2], epochs=2),
    Case("moons", "mlp", {"dropout": 0.1}, epochs=2),
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
