"""Several labels at once: how they are read, learnt, evaluated and predicted."""

import json

import numpy as np
import pytest
import sklearn.metrics as sk
import soundfile
from PIL import Image

from engine.cli import main as cli
from engine.datasets import load_examples
from engine.datasets.label_sets import separator_in
from engine.errors import DatasetError, SpecError
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.evaluation.labels import evaluate_labels
from engine.inference.serving import ServedModel
from engine.preprocessing.targets import EVEN, LabelTargets, best_threshold
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.formatting import NOTHING, labels_text
from engine.spec.run_spec import DataSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.control import TrainingControl
from engine.training.defaults import parse, resolve
from engine.training.prepared_data import look, prepare

COLOURS = np.array(["red", "green", "blue"])


def made(n=300):
    """Rows, and three labels of which any number may hold."""
    x = np.random.default_rng(0).normal(size=(n, 3))
    labels = np.stack([x[:, 0] > 0, x[:, 1] > 0.5, x[:, 0] + x[:, 2] > 1.2], axis=1)
    return x, labels.astype(np.int64)


def load(source, **more):
    return load_examples(DataSpec(source=str(source), **more))[1]


def archive(folder, y, n=None):
    path = folder / "data.npz"
    np.savez(path, x=np.random.default_rng(1).normal(size=(n or len(y), 3)), y=y)
    return path


def table(folder, header, rows):
    path = folder / "data.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


@pytest.fixture
def columns(tmp_path):
    x, y = made()
    return table(tmp_path, "u,v,w,red,green,blue", np.hstack([x.round(4).astype(object), y]))


def cells_of(labels, sign="|"):
    return [sign.join(COLOURS[row.astype(bool)]) for row in labels]


class TestArrays:
    def test_rows_of_0_and_1_are_labels_and_may_be_numbers(self, tmp_path):
        _, y = made()
        examples = load(archive(tmp_path, y))
        assert (examples.task, examples.output) == (Task.MULTILABEL, Output.LABELS)
        assert examples.class_names == ("0", "1", "2")
        np.testing.assert_array_equal(examples.y, y)
        (finding,) = examples.findings
        assert finding.remedies[0].changes == {"data.task": "regression"}
        numbers = load(archive(tmp_path, y), task="regression")
        assert (numbers.task, numbers.y.dtype) == (Task.REGRESSION, np.float64)

    def test_one_hot_rows_stay_classes_unless_labels_are_asked_for(self, tmp_path):
        path = archive(tmp_path, np.eye(3)[np.arange(30) % 3])
        assert load(path).task is Task.CLASSIFICATION
        assert load(path, task="multilabel").y.shape == (30, 3)

    def test_a_label_that_never_or_always_is_there_is_told(self, tmp_path):
        y = np.array([[1, 1, 0, 0], [0, 1, 0, 1], [0, 1, 0, 1]] * 10)
        texts = [finding.text for finding in load(archive(tmp_path, y)).findings]
        assert any("'2' is one that no example has" in text for text in texts)
        assert any("'1' is one that every example has" in text for text in texts)

    def test_a_label_of_few_examples_is_told(self, tmp_path):
        y = made()[1]
        y[3:, 0] = 0
        (finding,) = load(archive(tmp_path, y)).findings[1:]
        assert "fewer than 10 examples have" in finding.text

    @pytest.mark.parametrize(
        ("y", "said"),
        [
            (np.tile([[0, 1, 2]], (30, 1)), "by 0 and 1 alone. Received: 2"),
            (np.tile([[1, 1, 0]], (30, 1)), "the same labels"),
            (np.arange(30.0), "one number per example"),
        ],
        ids=["other numbers", "all alike", "one number"],
    )
    def test_what_are_no_labels_is_refused(self, tmp_path, y, said):
        with pytest.raises(DatasetError, match=said):
            load(archive(tmp_path, y), task="multilabel")

    def test_anomalies_are_looked_for_without_labels(self, tmp_path):
        examples = load(archive(tmp_path, made()[1]), task="anomaly")
        assert (examples.class_names, examples.y.ndim) == ((), 1)


class TestColumns:
    def test_several_columns_are_predicted_from_the_others(self, columns):
        examples = load(columns, target="red, green,blue")
        assert examples.task is Task.MULTILABEL
        assert examples.feature_names == ("u", "v", "w")
        assert examples.class_names == ("red", "green", "blue")
        np.testing.assert_array_equal(examples.y, made()[1])

    def test_a_table_on_disk_is_read_alike(self, columns, monkeypatch):
        held = load(columns, target="red,green,blue")
        monkeypatch.setattr("engine.datasets.tables.table_passes.LARGE_BYTES", 0)
        examples = load(columns, target="red,green,blue")
        assert not isinstance(examples.x, np.ndarray)
        assert examples.x.shape == held.x.shape
        np.testing.assert_array_equal(examples.x[:], held.x)
        np.testing.assert_array_equal(examples.x[np.array([7, 3])], held.x[[7, 3]])
        np.testing.assert_array_equal(examples.y, held.y)

    def test_yes_and_no_are_labels_and_rows_with_gaps_are_left_out(self, tmp_path):
        rows = [(place, "yes" if place % 3 else "no", place % 2) for place in range(30)]
        rows[4] = (4, "yes", "")
        examples = load(table(tmp_path, "u,a,b", rows), target="a,b")
        kept = [row for row in rows if row[2] != ""]
        assert examples.y.tolist() == [[int(said == "yes"), b] for _, said, b in kept]
        assert any("1 of 30 row was left out" in note for note in examples.notes)

    @pytest.mark.parametrize(
        ("target", "said"),
        [
            ("red,violet", "no column 'violet'"),
            ("red,red", "a column of its own"),
            ("red,u", "0 and 1 alone"),
        ],
    )
    def test_columns_that_are_no_labels_are_refused(self, columns, target, said):
        with pytest.raises(DatasetError, match=said):
            load(columns, target=target)

    def test_the_question_what_to_predict_offers_columns_at_the_end_together(self, columns):
        examples = load(columns)
        changes = [item.changes for finding in examples.findings for item in finding.remedies]
        assert {"data.target": "red,green,blue"} in changes
        assert examples.task is Task.CLASSIFICATION

    def test_a_column_of_words_is_no_label(self, tmp_path):
        rows = [(place, "abc"[place % 3], place % 2) for place in range(30)]
        with pytest.raises(DatasetError, match="Received: category"):
            load(table(tmp_path, "u,a,b", rows), target="a,b")


class TestCells:
    @pytest.mark.parametrize("sign", ["|", ";"])
    def test_cells_that_list_labels_are_told_by_all_of_them(self, tmp_path, sign):
        x, labels = made()
        known = labels.any(axis=1)
        rows = zip(x[:, 0].round(3), x[:, 1].round(3), cells_of(labels, sign), strict=True)
        path = table(tmp_path, "u\tv\tcolours".replace("\t", ","), rows)
        examples = load(path, target="colours", parameters={"delimiter": "comma"})
        assert examples.task is Task.MULTILABEL
        assert examples.class_names == ("blue", "green", "red")
        np.testing.assert_array_equal(examples.y, labels[known][:, ::-1][:, [0, 1, 2]])
        remedies = [item.changes for finding in examples.findings for item in finding.remedies]
        assert {"data.task": "classification"} in remedies
        classes = load(
            path, target="colours", task="classification", parameters={"delimiter": "comma"}
        )
        assert classes.task is Task.CLASSIFICATION

    @pytest.mark.parametrize(
        ("cells", "sign"),
        [
            (["a|b", "a", "b", "c"], "|"),
            (["a; b", "b;c", "a; c", "a"], ";"),
            (["red, blue", "red", "blue"], ","),
            (["Buffalo, NY", "Albany, NY", "Austin, TX", "Dallas, TX"], ""),
            (["red", "blue", "green"], ""),
            (["a|b", "c|d"], ""),
            ([], ""),
        ],
    )
    def test_only_what_surely_lists_labels_does(self, cells, sign):
        assert separator_in(cells) == sign

    def test_an_empty_cell_may_be_said_to_have_no_label(self, tmp_path):
        x, labels = made()
        rows = [*zip(x[:, 0].round(3), cells_of(labels), strict=True), (0.5, "?")]
        path = table(tmp_path, "u,colours", rows)
        (finding,) = [
            item for item in load(path, target="colours").findings if "an empty cell" in item.text
        ]
        remedy = finding.remedies[0]
        assert (remedy.label, remedy.changes) == (
            "Empty cells have no label",
            {"data.parameters.empty_lists": "no label"},
        )
        parameters = {"empty_lists": "no label"}
        examples = load(path, target="colours", parameters=parameters)
        np.testing.assert_array_equal(examples.y, labels[:, ::-1])  # `?` is not known all the same
        texts = [item.text for item in examples.findings]
        assert any("An empty cell says that there is no label" in text for text in texts)
        assert not any("300 of 301" in text for text in texts)
        classes = load(path, target="colours", task="classification", parameters=parameters)
        assert "" not in classes.class_names

    def test_what_lists_nothing_is_refused(self, tmp_path):
        rows = [(place, "abc"[place % 3]) for place in range(30)]
        with pytest.raises(DatasetError, match="holds several labels"):
            load(table(tmp_path, "u,kind", rows), target="kind", task="multilabel")


class TestThresholds:
    def test_f1_is_highest_there(self):
        rng = np.random.default_rng(3)
        truth = rng.random(200) < 0.3
        probabilities = np.clip(0.3 * truth + 0.5 * rng.random(200), 0, 1).astype(np.float32)
        best = best_threshold(probabilities, truth)
        found = sk.f1_score(truth, probabilities.astype(float) > best)
        tried = [sk.f1_score(truth, probabilities >= cut) for cut in np.unique(probabilities)]
        assert found == pytest.approx(max(tried))

    @pytest.mark.parametrize(
        "truth", [np.zeros(50, int), np.ones(50, int), np.eye(50, dtype=int)[0]]
    )
    def test_without_enough_of_both_kinds_it_is_one_half(self, truth):
        assert best_threshold(np.linspace(0, 1, 50), truth) == EVEN


class TestFiles:
    """Tables that name images or sounds, and tables of texts."""

    def of_files(self, folder, kind, header, cells):
        for number in range(len(cells)):
            path = folder / f"{number:03}{'.png' if kind == 'images' else '.wav'}"
            if kind == "images":
                Image.fromarray(np.full((6, 5, 3), number, np.uint8)).save(path)
            else:
                soundfile.write(path, np.sin(np.arange(800) * (0.1 + number / 50)), 8_000)
        suffix = ".png" if kind == "images" else ".wav"
        rows = "".join(f"{number:03}{suffix},{cell}\n" for number, cell in enumerate(cells))
        (folder / "labels.csv").write_text(f"file,{header}\n{rows}")

    @pytest.mark.parametrize("kind", ["images", "sounds"])
    def test_a_column_for_each_label(self, tmp_path, kind):
        sets = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0], [0, 1, 1]] * 3)
        self.of_files(tmp_path, kind, "cat,dog,bird", [",".join(map(str, row)) for row in sets])
        examples = load(tmp_path)
        assert (examples.task, examples.class_names) == (Task.MULTILABEL, ("cat", "dog", "bird"))
        np.testing.assert_array_equal(examples.y, sets)
        assert load(tmp_path, target="cat, bird").class_names == ("cat", "bird")
        assert load(tmp_path, target="dog").task is Task.CLASSIFICATION

    @pytest.mark.parametrize("kind", ["images", "sounds"])
    def test_a_cell_with_several_labels(self, tmp_path, kind):
        self.of_files(tmp_path, kind, "label", ["cat|dog", "cat", "dog", "dog|bird", "bird"] * 3)
        examples = load(tmp_path)
        assert examples.class_names == ("bird", "cat", "dog")
        assert examples.y[:4].tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 1], [1, 0, 1]]

    @pytest.mark.parametrize("kind", ["images", "sounds"])
    def test_an_empty_cell_may_be_said_to_have_no_label(self, tmp_path, kind):
        cells = ["cat|dog", "cat", "dog", "", "dog|bird", "bird"] * 3
        self.of_files(tmp_path, kind, "label", cells)
        examples = load(tmp_path)
        assert len(examples.y) == 15
        changes = [item.changes for finding in examples.findings for item in finding.remedies]
        assert {"data.parameters.empty_lists": "no label"} in changes
        examples = load(tmp_path, parameters={"empty_lists": "no label"})
        assert examples.y[:4].tolist() == [[0, 1, 1], [0, 1, 0], [0, 0, 1], [0, 0, 0]]
        classes = load(tmp_path, task="classification", parameters={"empty_lists": "no label"})
        assert len(classes.y) == 15

    @pytest.mark.parametrize("limit", [1 << 30, 0], ids=["in memory", "on disk"])
    def test_an_empty_cell_beside_a_text_may_be_said_to_have_no_label(
        self, tmp_path, monkeypatch, limit
    ):
        monkeypatch.setenv("DESCENT_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr("engine.datasets.language.text_columns.TEXT_MEMORY_LIMIT", limit)
        cells = ["good|fast", "good", "fast", "", "fast|new", "new"] * 3
        rows = [(f"so it was said {place}", cell) for place, cell in enumerate(cells)]
        path = table(tmp_path, "text,label", rows)
        examples = load(path, format="text_table", target="label")
        assert len(examples.y) == 15
        changes = [item.changes for finding in examples.findings for item in finding.remedies]
        assert {"data.parameters.empty_lists": "no label"} in changes
        parameters = {"empty_lists": "no label"}
        examples = load(path, format="text_table", target="label", parameters=parameters)
        assert examples.y[:4].tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0], [0, 0, 0]]
        classes = load(
            path,
            format="text_table",
            target="label",
            task="classification",
            parameters=parameters,
        )
        assert len(classes.y) == 15

    def test_texts_with_a_column_for_each_label(self, tmp_path):
        rows = [(f"so it was said {place}", place % 2, place % 3 == 0) for place in range(12)]
        rows[5] = (rows[5][0], "", 1)
        path = table(tmp_path, "text,good,fast", rows)
        examples = load(path, format="text_table", target="good,fast")
        assert (examples.task, examples.class_names) == (Task.MULTILABEL, ("good", "fast"))
        assert examples.y.tolist() == [[good, int(fast)] for _, good, fast in rows if good != ""]


def expected(truth, said, probabilities):
    """What scikit-learn says, by our names."""
    scores = {
        f"{name}_macro": score(truth, said, average="macro", zero_division=0)
        for name, score in (
            ("f1", sk.f1_score),
            ("precision", sk.precision_score),
            ("recall", sk.recall_score),
        )
    }
    return scores | {
        "f1_micro": sk.f1_score(truth, said, average="micro", zero_division=0),
        "binary_accuracy": 1 - sk.hamming_loss(truth, said),
        "subset_accuracy": sk.accuracy_score(truth, said),
        "roc_auc_macro": sk.roc_auc_score(truth, probabilities, average="macro"),
    }


class TestRun:
    def test_a_run_learns_and_all_it_says_is_that_of_scikit_learn(self, columns, tmp_path, capsys):
        spec = {
            "data": {"source": str(columns), "target": "red,green,blue"},
            "model": {"name": "mlp", "parameters": {"units": [8]}},
            "training": {"epochs": 15, "learning_rate": 0.02},
            "execution": {"xla": "off"},
        }
        with RunStore(tmp_path / "workspace") as store:
            ended = running.train(spec, store, lambda event: None, TrainingControl())
            record, folder = store.get(ended.run), store.folder(ended.run)
            again = execution.evaluate(ended.run, store)
            served, kept = ServedModel.load(folder), Evaluation.load(folder)
            new = np.array([[2.0, 2.0, 2.0], [-2.0, -2.0, -2.0]])
            likely = execution.predict(ended.run, store, new)
            contract = json.loads((folder / "contract.json").read_text())
        prepared = prepare(record.spec)
        examples, rows = prepared.examples, prepared.parts.test
        targets = contract["preprocessing"]["targets"]
        assert (targets["type"], len(targets["thresholds"])) == ("labels", 3)
        assert targets["thresholds"] != [EVEN] * 3
        probabilities = served.predict(examples.x[rows])
        said = probabilities.astype(float) > np.array(targets["thresholds"])
        truth = expected(examples.y[rows], said, probabilities)
        assert again.metrics == pytest.approx(truth, abs=1e-9)
        assert kept.output is Output.LABELS
        assert kept.per_class == again.per_class
        assert kept.metrics["f1_macro"] > 0.85
        precision, recall, f1, support = sk.precision_recall_fscore_support(
            examples.y[rows], said, zero_division=0
        )
        assert [item.f1 for item in again.per_class] == f1.tolist()
        assert [item.precision for item in again.per_class] == precision.tolist()
        assert [item.recall for item in again.per_class] == recall.tolist()
        assert [item.support for item in again.per_class] == support.tolist()
        assert (likely[0] > 0.5).all()
        assert (likely[1] < 0.5).all()
        workspace = str(tmp_path / "workspace")
        assert cli.main(["predict", ended.run, "2,2,2", "--json", "--workspace", workspace]) == 0
        told = json.loads(capsys.readouterr().out.splitlines()[-1])
        assert told["labels"] == ["red", "green", "blue"]
        assert list(told["probabilities"].values()) == pytest.approx(likely[0], abs=1e-6)
        validation = prepared.parts.validation
        learnt = LabelTargets.even(3).learnt(
            served.predict(examples.x[validation]), examples.y[validation]
        )
        np.testing.assert_allclose(learnt.thresholds, targets["thresholds"], atol=1e-5)

    def test_labels_that_a_part_lacks_do_not_make_numbers_up(self, tmp_path):
        examples = load(archive(tmp_path, made()[1]))
        rows = np.flatnonzero(~examples.y[:, 2].astype(bool))
        outputs = np.where(examples.y[rows], 0.9, 0.1)
        found = evaluate_labels("test", rows, outputs, examples, LabelTargets.even(3))
        assert found.metrics["f1_macro"] == found.metrics["roc_auc_macro"] == 1.0
        assert (found.per_class[2].f1, found.per_class[2].support) == (0.0, 0)

    def test_class_weights_are_refused(self):
        signature = Signature(Kind.TABLE, Task.MULTILABEL, (3,), 3)
        spec = parse({"data": {"source": "any"}, "training": {"class_weights": "balanced"}})
        with pytest.raises(SpecError, match="no one class"):
            resolve(spec, signature)

    def test_the_profile_counts_each_label_and_the_parts_are_drawn_by_them(self, columns):
        spec = parse({"data": {"source": str(columns), "target": "red,green,blue"}})
        profile = look(spec).profile("any")
        assert profile.class_counts.tolist() == made()[1].sum(axis=0).tolist()
        assert profile.split_method == "stratified"
        assert profile.sample_y.shape[1] == 3


def test_labels_are_written_with_commas():
    assert labels_text([1, 0, 1], COLOURS) == "red, blue"
    assert labels_text([0, 0, 0], COLOURS) == NOTHING
