"""Anomalies: known classes only measure; scores, thresholds, and what is refused."""

import json

import numpy as np
import pytest
from sklearn import metrics as sk

from engine.architectures.autoencoder import AutoencoderParameters, open_bottleneck
from engine.cli.main import main
from engine.datasets import load_examples
from engine.datasets.anomaly import unusual_mask
from engine.datasets.box.pump import pump
from engine.errors import DatasetError, SpecError
from engine.events.run_events import RunFinished
from engine.inference.contract import Contract
from engine.inference.evaluation.anomalies import anomaly_metrics
from engine.inference.evaluation.evaluation import Evaluation
from engine.preprocessing.score_threshold import ScoreThreshold, choose_threshold
from engine.preprocessing.targets import AnomalyTargets
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.run_spec import DataSpec, RunSpec
from engine.spec.signature import Kind, Output, Signature, Task
from engine.training.control import TrainingControl
from engine.training.defaults import parse, resolve
from engine.training.model.building import build
from engine.training.prepared_data import prepare


def _spec(source, anomaly=None, epochs=2, parameters=None, **data):
    return {
        "data": {"source": str(source), "task": "anomaly", **data},
        "anomaly": anomaly or {},
        "model": {"name": "autoencoder", "parameters": parameters or {}},
        "training": {"epochs": epochs},
    }


def _examples(source, **data):
    return load_examples(DataSpec(source=str(source), task=Task.ANOMALY, **data))[1]


@pytest.fixture
def table(tmp_path):
    """Sixty rows on a line, every tenth off it, in three columns and a label."""
    rng = np.random.default_rng(3)
    lines = ["a,b,c,fault"]
    for row in range(60):
        a = rng.normal()
        b = 2 * a if row % 10 else -2 * a + 3
        lines.append(f"{a:.4f},{b:.4f},{rng.normal():.4f},{'no' if row % 10 else 'yes'}")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


# ---- data


def test_a_column_of_labels_measures_and_is_no_input(table):
    examples = _examples(table)
    assert (examples.target_name, examples.feature_names) == ("fault", ("a", "b", "c"))
    assert examples.task is Task.ANOMALY
    assert examples.output is Output.NUMBERS
    assert examples.class_names == ("no", "yes")


def test_without_a_label_every_column_is_an_input_and_no_row_is_left_out(tmp_path):
    path = tmp_path / "sensors.csv"
    rows = [f"{row / 7:.3f},{(row * 13) % 29 / 3:.3f}" for row in range(40)]
    rows[5] = "1.5,"
    path.write_text("\n".join(["speed,heat", *rows]))
    examples = _examples(path)
    assert examples.feature_names == ("speed", "heat")
    assert examples.n_samples == 40
    assert examples.class_names == ()
    prepared = prepare(parse(_spec(path)))
    assert prepared.signature.n_classes == 0
    assert sum(prepared.parts.sizes) == 40


def test_what_is_known_as_unusual_does_not_train_and_stays_in_the_test_part(table):
    prepared = prepare(parse(_spec(table)))
    assert prepared.examples.unusual == "yes"  # the rarer one
    parts = prepared.parts
    assert not unusual_mask(prepared.examples, parts.train).any()
    assert not unusual_mask(prepared.examples, parts.validation).any()
    assert unusual_mask(prepared.examples, parts.test).any()
    everyone = prepare(parse(_spec(table, {"training": "all"}))).parts
    assert everyone.test.tolist() == parts.test.tolist()
    assert len(everyone.train) > len(parts.train)


def test_another_class_may_be_the_unusual_one():
    prepared = prepare(parse(_spec("digits", {"unusual": 7})))
    mask = unusual_mask(prepared.examples, prepared.parts.test)
    np.testing.assert_array_equal(mask, prepared.examples.y[prepared.parts.test] == 7)


def test_an_unknown_class_is_refused_with_those_there_are(table):
    with pytest.raises(SpecError) as caught:
        prepare(parse(_spec(table, {"unusual": "perhaps"})))
    (problem,) = caught.value.problems
    assert problem.field == "anomaly.unusual"
    assert "no, yes" in problem.hint


@pytest.mark.parametrize("source", ["countries", "keypad_tones", "moving_shapes"])
def test_other_kinds_of_data_are_refused_with_the_reason(source):
    with pytest.raises(DatasetError, match="tables, images and series"):
        _examples(source)


def test_a_channel_of_marks_makes_labels_of_windows(tmp_path):
    path = tmp_path / "series.csv"
    lines = ["value,other,fault"]
    lines += [f"{np.sin(step / 3):.4f},{step % 5},{int(step == 50)}" for step in range(120)]
    path.write_text("\n".join(lines))
    examples = _examples(path, format="series", parameters={"window": 8})
    assert examples.feature_names == ("value", "other")
    assert examples.x.shape[1:] == (8, 2)
    unusual = np.flatnonzero(examples.y == 1)
    assert unusual.tolist() == list(range(43, 51))
    assert examples.names[43] == "steps 44 to 51"


def test_windows_of_the_pump_do_not_reach_into_the_next_part():
    prepared = prepare(parse(_spec("pump")))
    train, test = prepared.parts.train, prepared.parts.test
    assert prepared.examples.until[train].max() < prepared.examples.order[test].min()


def test_faults_of_the_pump_are_where_it_says():
    values, is_fault = pump(2_000, 3.0, 0.0, 1)
    clean, _ = pump(2_000, 3.0, 0.0, 1)
    np.testing.assert_array_equal(values, clean)
    assert 0.01 < is_fault.mean() < 0.2
    # A stuck sensor says the same thing; a working one never does.
    still = np.diff(values[:, 0]) == 0
    assert still.any()
    assert is_fault[1:][still].all()


# ---- the network


@pytest.mark.parametrize(
    ("kind", "shape"), [(Kind.TABLE, (9,)), (Kind.IMAGE, (15, 10, 3)), (Kind.SERIES, (13, 2))]
)
def test_the_output_is_the_mean_squared_difference(kind, shape):
    import keras

    signature = Signature(kind, Task.ANOMALY, shape)
    values = {"data": {"source": "any"}, "model": {"name": "autoencoder"}}
    spec = resolve(RunSpec.from_dict(values), signature)
    network = build(spec, signature)
    x = np.random.default_rng(0).normal(size=(4, *shape)).astype(np.float32)
    made = keras.Model(network.input, network.get_layer("difference").input[1])(x).numpy()
    assert made.shape == x.shape
    expected = ((x - made) ** 2).reshape(4, -1).mean(axis=1)
    np.testing.assert_allclose(network(x).numpy()[:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("signature", "parameters", "field"),
    [
        (Signature(Kind.TABLE, Task.ANOMALY, (4,)), {"bottleneck": 4}, "bottleneck"),
        (Signature(Kind.IMAGE, Task.ANOMALY, (8, 8, 1)), {"filters": [4] * 6}, "filters"),
        (Signature(Kind.SERIES, Task.ANOMALY, (5, 1)), {"kernel_size": 7}, "kernel_size"),
    ],
)
def test_what_cannot_work_is_refused_at_its_field(signature, parameters, field):
    spec = {"data": {"source": "any"}, "model": {"name": "autoencoder", "parameters": parameters}}
    with pytest.raises(SpecError) as caught:
        resolve(RunSpec.from_dict(spec), signature)
    assert [item.field for item in caught.value.problems] == [f"model.parameters.{field}"]


def test_a_wide_bottleneck_is_allowed_where_noise_keeps_it_from_copying():
    signature = Signature(Kind.TABLE, Task.ANOMALY, (4,))
    values = {"bottleneck": 8, "noise": 1.0}  # the most that Keras takes
    spec = {"data": {"source": "any"}, "model": {"name": "autoencoder", "parameters": values}}
    build(resolve(RunSpec.from_dict(spec), signature), signature)


def test_the_open_bottleneck_is_narrower_than_the_input():
    assert [open_bottleneck(n) for n in (2, 8, 30, 64, 10_000)] == [1, 1, 5, 8, 8]
    assert AutoencoderParameters().bottleneck is None


def test_only_the_mean_of_scores_can_be_made_small():
    spec = {"data": {"source": "any"}, "training": {"loss": "mean_squared_error"}}
    with pytest.raises(SpecError) as caught:
        resolve(RunSpec.from_dict(spec), Signature(Kind.TABLE, Task.ANOMALY, (4,)))
    assert caught.value.problems[0].field == "training.loss"


# ---- measuring


def test_metrics_are_those_of_scikit_learn():
    rng = np.random.default_rng(1)
    mask = rng.random(200) < 0.2
    scores = rng.gamma(2.0, size=200) + mask
    threshold = 3.0
    found = anomaly_metrics(scores, mask, threshold)
    above = scores > threshold
    assert found["roc_auc"] == pytest.approx(sk.roc_auc_score(mask, scores))
    assert found["average_precision"] == pytest.approx(sk.average_precision_score(mask, scores))
    assert found["recall"] == pytest.approx(sk.recall_score(mask, above))
    assert found["precision"] == pytest.approx(sk.precision_score(mask, above))
    assert found["false_alarm_rate"] == pytest.approx(1 - sk.recall_score(~mask, ~above))
    assert set(anomaly_metrics(scores, None, threshold)) == {"share_above_threshold", "mean_score"}


def test_one_kind_alone_has_no_auc():
    found = anomaly_metrics(np.arange(4.0), np.zeros(4, bool), 1.5)
    assert np.isnan(found["roc_auc"])
    assert found["false_alarm_rate"] == 0.5


def test_a_share_that_is_given_decides_the_threshold():
    scores, nothing = np.arange(101.0)[:, np.newaxis], np.zeros(0)
    found = choose_threshold(scores, nothing, np.arange(10.0), 0.9)
    assert found == ScoreThreshold(90.0, "share")
    targets = AnomalyTargets().learnt(found)
    again = AnomalyTargets.from_dict(targets.to_dict())
    assert (again.threshold, again.chosen_by) == (90.0, "share")
    assert AnomalyTargets.from_dict({"threshold": 2.0}).chosen_by == ""  # of an older version
    assert (targets.transform(np.ones(3)) == np.zeros((3, 1))).all()


def test_what_is_known_decides_by_recall_less_false_alarms():
    rng = np.random.default_rng(4)
    usual, unusual = rng.gamma(2.0, size=300), 3.0 + rng.gamma(2.0, size=40)
    found = choose_threshold(np.zeros(9), usual, unusual, None)
    assert found.chosen_by == "known"
    truth = np.arange(340) >= 300
    alarms, recall, _ = sk.roc_curve(truth, np.concatenate([usual, unusual]))
    best = np.where(alarms <= 0.1, recall - alarms, -1).max()
    reached = (unusual > found.value).mean() - (usual > found.value).mean()
    assert reached == pytest.approx(best)
    # Where nothing overlaps, in the middle of the gap.
    apart = choose_threshold(np.zeros(0), np.arange(100.0), 199.0 + np.arange(5.0), None)
    assert apart.value == 149.0


def test_no_more_false_alarms_are_allowed_than_said():
    usual, unusual = np.arange(1000.0), np.linspace(500.0, 1000.0, 50)
    found = choose_threshold(np.zeros(0), usual, unusual, None)
    assert (usual > found.value).mean() <= 0.1


@pytest.mark.parametrize("shape", [0.0, 0.3, -0.3])
def test_a_tail_is_followed_whatever_is_unusual_in_it(shape):
    from scipy.stats import genpareto

    usual = genpareto.ppf((np.arange(4000) + 0.5) / 4000, shape, scale=2.0)
    exact = genpareto.ppf(0.99, shape, scale=2.0)
    found = choose_threshold(np.zeros(0), usual, np.zeros(0), None)
    assert found.chosen_by == "tail"
    assert found.value == pytest.approx(exact, rel=0.01)
    mixed = np.concatenate([usual, np.full(200, 1e6)])
    assert choose_threshold(np.zeros(0), mixed, np.zeros(0), None).value < 2.5 * exact


def test_few_scores_have_no_tail_and_equal_ones_no_shape():
    nothing = np.zeros(0)
    few = choose_threshold(np.arange(10.0), nothing, nothing, None)
    assert few == ScoreThreshold(float(np.quantile(np.arange(10.0), 0.99)), "share")
    assert choose_threshold(np.ones(500), nothing, nothing, None).value == 1.0


def test_what_was_kept_from_training_is_there_to_choose_the_threshold_by(table):
    parts = prepare(parse(_spec(table))).parts
    everyone = prepare(parse(_spec(table, {"training": "all"}))).parts
    mask = unusual_mask(prepare(parse(_spec(table))).examples, parts.unusual)
    assert mask.all()
    assert len(parts.unusual) == sum(everyone.sizes) - sum(parts.sizes)
    assert not len(everyone.unusual)


def test_a_run_learns_saves_and_evaluates_alike(table, store):
    ended = running.train(_spec(table, epochs=30), store, lambda event: None, TrainingControl())
    assert isinstance(ended, RunFinished), ended
    folder = store.folder(ended.run)
    contract = Contract.load(folder)
    threshold = contract.preprocessing.targets.threshold
    saved = Evaluation.load(folder)
    again = execution.evaluate(ended.run, store)
    assert saved.threshold == again.threshold == threshold
    assert saved.metrics["roc_auc"] == pytest.approx(again.metrics["roc_auc"])
    assert saved.most_unusual == Evaluation.load(folder).most_unusual
    scores = [item.score for item in again.most_unusual]
    assert scores == sorted(scores, reverse=True)
    prepared = prepare(parse(_spec(table)))
    x, parts = prepared.examples.x, prepared.parts
    learnt, held_out, known = (
        execution.predict(ended.run, store, x[rows])
        for rows in (parts.train, parts.validation, parts.unusual)
    )
    chosen = choose_threshold(learnt, held_out, known, None)
    assert chosen.value == pytest.approx(threshold, rel=1e-4)
    assert saved.threshold_by == again.threshold_by == chosen.chosen_by
    loss = ended.metrics["test_loss"]
    assert loss == pytest.approx(again.metrics["mean_score"], rel=1e-4)


def test_the_command_line_says_score_and_whether_it_is_unusual(table, tmp_path, capsys):
    workspace = ["--workspace", str(tmp_path / "ws")]
    train = ["train", "--data", str(table), "--task", "anomaly", "--epochs", "2", "--name", "seek"]
    assert main([*train, *workspace]) == 0
    capsys.readouterr()
    predict = ["predict", "seek", "40,-40,0", "--json"]
    assert main([*predict, *workspace]) == 0
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert said["score"] > said["threshold"]
    assert said["is_unusual"] is True
