"""Every metric that is told, against scikit-learn on what the saved model predicts.

With a learning rate that changes no weight, what is measured over a training epoch is exact, too.
"""

import math

import keras
import numpy as np
import pytest
import sklearn.metrics as sk
import tensorflow as tf

from engine.events.run_events import EpochEnded
from engine.inference.evaluation.evaluation import Evaluation, evaluate_predictions
from engine.inference.serving import ServedModel
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.signature import Output
from engine.training.control import TrainingControl
from engine.training.model.metrics import WeightedAbsoluteError
from engine.training.prepared_data import prepare
from engine.training.steps.chunk import build_state
from engine.training.steps.twin_chunk import twin_of

N = 90
STILL = {"epochs": 1, "batch_size": 16, "optimizer": "sgd", "learning_rate": 1e-30}
PARTS = ("train", "validation", "test")


def table(n_classes=0, n_values=1):
    """An archive of rows, and targets whose units differ by a thousand."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(N, 3))
    if n_classes:
        share = np.arange(1, n_classes + 1)
        return {"x": x, "y": rng.choice(n_classes, N, p=share / share.sum())}
    values = x @ rng.normal(size=(3, n_values)) + rng.normal(size=(N, n_values))
    y = values * np.array([1.0, 1000.0, 0.01])[:n_values] + 50
    return {"x": x, "y": y[:, 0] if n_values == 1 else y}


def series():
    rng = np.random.default_rng(4)
    trend = np.arange(N) * 3.0
    return "day,a,b\n" + "\n".join(
        f"{place},{value:.5f},{other:.5f}"
        for place, (value, other) in enumerate(
            zip(trend + rng.normal(size=N), rng.normal(size=N), strict=True)
        )
    )


def spec_of(kind, folder):
    model = "series_linear" if kind == "series" else "linear_regression"
    parameters = {"window": 4, "horizon": 3} if kind == "series" else {}
    data = {"source": str(folder / "data.npz"), "parameters": parameters}
    if kind == "series":
        (folder / "data.csv").write_text(series())
        data |= {"source": str(folder / "data.csv"), "format": "series", "target": "a"}
    elif kind in ("two classes", "three classes"):
        model = "logistic_regression"
        np.savez(folder / "data.npz", **table(n_classes=2 if kind == "two classes" else 3))
        data["task"] = "classification"
    else:
        np.savez(folder / "data.npz", **table(n_values=3 if kind == "three values" else 1))
        data["task"] = "regression"
    return {
        "data": data,
        "model": {"name": model},
        "training": STILL,
        "split": {"validation": 0.2, "test": 0.2},
        "execution": {"xla": "off"},
    }


def expected(y_true, outputs, output):
    """What scikit-learn says, by our names."""
    if output is Output.NUMBERS:
        y_true, outputs = y_true.reshape(len(y_true), -1), outputs.reshape(len(y_true), -1)
        return {
            "mean_squared_error": sk.mean_squared_error(y_true, outputs),
            "root_mean_squared_error": sk.root_mean_squared_error(y_true, outputs),
            "mean_absolute_error": sk.mean_absolute_error(y_true, outputs),
            "r2_score": sk.r2_score(y_true, outputs, multioutput="uniform_average"),
        }
    is_two = outputs.shape[1] == 1
    found = outputs[:, 0] > 0.5 if is_two else outputs.argmax(axis=1)
    macro = {"average": "macro", "zero_division": 0}
    return {
        "accuracy": sk.accuracy_score(y_true, found),
        "balanced_accuracy": sk.recall_score(y_true, found, labels=np.unique(y_true), **macro),
        "precision": sk.precision_score(y_true, found, **macro),
        "recall": sk.recall_score(y_true, found, **macro),
        "f1_score": sk.f1_score(y_true, found, **macro),
    }


@pytest.mark.parametrize(
    "kind", ["two classes", "three classes", "one value", "three values", "series"]
)
def test_every_metric_is_that_of_scikit_learn(tmp_path, kind):
    events = []
    with RunStore(tmp_path / "workspace") as store:
        ended = running.train(spec_of(kind, tmp_path), store, events.append, TrainingControl())
        prepared = prepare(store.get(ended.run).spec)
        served = ServedModel.load(store.folder(ended.run))
        again = {part: execution.evaluate(ended.run, store, part) for part in PARTS}
        kept = Evaluation.load(store.folder(ended.run))
    examples, parts = prepared.examples, prepared.parts
    (epoch,) = (event for event in events if isinstance(event, EpochEnded))
    for part in PARTS:
        rows = getattr(parts, part)
        truth = expected(examples.y[rows], served.predict(examples.x[rows]), examples.output)
        assert again[part].metrics == pytest.approx(truth, rel=1e-5, abs=1e-9)
        if part == "test":
            tested = {name: ended.metrics[f"test_{name}"] for name in truth}
            assert tested == pytest.approx(truth, rel=1e-5, abs=1e-9)
            continue
        prefix = "val_" if part == "validation" else ""
        watched = [name for name in truth if f"{prefix}{name}" in epoch.metrics]
        assert watched in (["accuracy"], ["mean_absolute_error"])
        measured = {name: epoch.metrics[f"{prefix}{name}"] for name in watched}
        assert measured == pytest.approx({name: truth[name] for name in watched}, rel=1e-5)
    assert kept.averages == again["test"].averages
    averages = {"classes": "macro", "value": None, "values": "uniform_average"}
    averages |= {"series": "uniform_average"}
    assert set(kept.averages.values()) == {averages[kind.split()[-1]]} - {None}


def test_a_part_the_run_has_not_is_refused(tmp_path):
    spec = spec_of("one value", tmp_path) | {"split": {"validation": 0.0, "test": 0.2}}
    with RunStore(tmp_path / "workspace") as store:
        ended = running.train(spec, store, lambda event: None, TrainingControl())
        with pytest.raises(Exception, match="no validation part"):
            execution.evaluate(ended.run, store, "validation")


def test_classes_that_are_never_true_count_as_scikit_learn_counts_them():
    outputs = np.eye(3)[[0, 1, 2, 2]]
    truth = np.array([0, 1, 1, 1])
    found = evaluate_predictions("test", truth, outputs, Output.CLASSES, "y", ("a", "b", "c"))
    assert found.metrics == pytest.approx(expected(truth, outputs, Output.CLASSES))


def test_numbers_near_a_billion_are_shown_as_they_are():
    truth = 1e9 + np.arange(5.0)
    found = evaluate_predictions("test", truth, truth + 0.5, Output.NUMBERS, "seconds")
    np.testing.assert_array_equal(found.y_true, truth)
    assert Evaluation._from_dict(found.to_dict() | {"averages": {}}).y_pred[0] == 1e9 + 0.5


def test_a_stored_evaluation_without_averages_is_read():
    found = evaluate_predictions("test", np.zeros(2), np.ones(2), Output.NUMBERS, "y")
    values = found.to_dict()
    del values["averages"]
    assert Evaluation._from_dict(values).averages == {}


def test_the_weighted_error_comes_back_from_its_config_and_counts_examples_alike():
    metric = WeightedAbsoluteError([0.5, 1.5])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(metric))
    for truth, found in (([[0, 0]], [[2, 2]]), ([[0, 0], [0, 0]], [[0, 0], [4, 0]])):
        again.update_state(np.array(truth, np.float32), np.array(found, np.float32))
    assert float(again.result()) == pytest.approx((2 + 0 + 1) / 3)
    assert again.name == "mean_absolute_error"
    assert math.isfinite(float(again.result()))


def test_a_copy_of_a_network_measures_in_the_same_way():
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    network.compile("sgd", "mse", metrics=[WeightedAbsoluteError([0.5, 1.5])], jit_compile=False)
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    y = np.zeros((8, 2), np.float32)
    build_state(network, tf.constant(x[:1]), tf.constant(y[:1]))
    twin = twin_of(network, (tf.constant(x), tf.constant(y)))
    weighted = float(np.mean(np.abs(network(x)) * [0.5, 1.5]))
    for model in (network, twin):
        found = model.test_on_batch(x, y, return_dict=True)
        assert found["mean_absolute_error"] == pytest.approx(weighted, rel=1e-5)
