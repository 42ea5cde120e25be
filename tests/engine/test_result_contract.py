"""The contract of results: every architecture and task fills every part of the pages that applies.

By the way that workers go, on tiny data, with networks that learnt nothing: what they say is worth
nothing, but all of it is there. `tests/gui/test_result_contract.py` holds that the page shows it.
"""

import math

import numpy as np
import pytest
import tensorflow as tf
from tiny_results import explanation_of, network_for, result_of, tiny_run, trial_of
from tiny_signatures import dear_unless, few_of_all, fitting_pairs

from engine.inference.evaluation.analysing import main_metric
from engine.inference.explaining import explainer
from engine.runs.store import RunStore
from engine.spec.signature import Kind, Output, Task
from engine.training.model.sampling import sampling_first

pytestmark = pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run")

PAIRS = fitting_pairs()

# By output and task: numbers that are there, and curves.
METRICS = {
    Output.CLASSES: {"accuracy", "balanced_accuracy", "f1_score", "log_loss"},
    Output.LABELS: {"subset_accuracy", "f1_macro", "f1_micro", "roc_auc_macro"},
    Output.NUMBERS: {"root_mean_squared_error", "mean_absolute_error", "r2_score"}
    | {"median_absolute_error"},
    Output.TOKENS: {"exact_match", "character_error_rate", "word_error_rate"},
    Task.ANOMALY: {"roc_auc", "average_precision", "recall", "precision", "false_alarm_rate"},
    Task.TRANSLATION: {"exact_match", "bleu", "chrf"},
}
CURVES = {
    Output.CLASSES: {"roc", "precision_recall", "calibration", "top_k"},
    Output.LABELS: {"roc", "precision_recall", "calibration"},
    Output.NUMBERS: {"residuals"},
    Output.TOKENS: set(),
    Task.ANOMALY: {"roc", "precision_recall"},
    Task.FORECASTING: {"residuals", "horizon"},
}
EXTRA = {
    Output.CLASSES: {"classes", "class_order", "thresholds"},
    Output.LABELS: {"classes", "thresholds"},
    Output.NUMBERS: {"conformal", "skill"},
    Output.TOKENS: set(),
    Task.ANOMALY: {"thresholds"},
    Task.FORECASTING: {"conformal", "skill", "horizon", "future"},
}


def of_task(table, signature):
    return table.get(signature.task, table[signature.output])


def simple_models(signature):
    """What stands beside the run's own model."""
    if signature.task is Task.ANOMALY:
        return {"isolation_forest", "linear"}
    plain = {
        Output.CLASSES: "commonest_class",
        Output.LABELS: "usual_labels",
        Output.NUMBERS: "mean",
        Output.TOKENS: "commonest_text",
    }[signature.output]
    found = {plain}
    if signature.output is Output.TOKENS:
        return found | ({"nearest_text"} if signature.kind is Kind.TEXT else set())
    found.add("tf_idf" if signature.kind is Kind.TEXT else "linear")
    if signature.kind is Kind.TABLE and signature.output is not Output.LABELS:
        found.add("boosted_trees")
    if signature.task is Task.FORECASTING:
        found |= {"last_value", "season"}
    return found


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    with RunStore(tmp_path_factory.mktemp("workspace")) as made:
        yield made


@pytest.fixture(autouse=True)
def unhurried(monkeypatch):
    """What a machine can do in a given time must not decide whether a test passes."""
    monkeypatch.setattr(explainer, "SECONDS", 60.0)


@pytest.fixture(autouse=True)
def untraced(request):
    """To trace a graph costs many times what asking it twice does; traced with ``--everything``."""
    tf.config.run_functions_eagerly(not request.config.getoption("--everything"))
    with sampling_first():  # without a graph, gradients that nobody wants are computed, too
        yield
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize("pair", dear_unless(few_of_all(PAIRS), PAIRS))
def test_every_part_that_applies_is_filled(store, pair):
    architecture, signature = pair
    run = tiny_run(store, signature, network_for, architecture.name)
    made = result_of(run)
    check_numbers(made, signature)
    check_analysis(made, signature)
    check_explanation(explanation_of(run), run)
    check_trial(trial_of(run), run, made.predictions)


def check_numbers(made, signature):
    predictions, analysis = made.predictions, made.analysis
    assert made.evaluation.n_samples == len(predictions) > 10
    assert of_task(METRICS, signature) <= analysis.metrics.keys()
    # Both say the same of what both say.
    for name in made.evaluation.metrics.keys() & analysis.metrics.keys():
        assert analysis.metrics[name] == pytest.approx(made.evaluation.metrics[name], nan_ok=True)
    for name, value in analysis.metrics.items():
        low, high = analysis.intervals[name]
        assert math.isfinite(value)
        if math.isnan(low):  # of what nothing was counted, nothing is sure
            assert value == 0.0
            continue
        assert low <= value + 1e-4, name  # of what is nearly constant, ends come out rounded
        assert value <= high + 1e-4, name
    assert main_metric(predictions) == analysis.main_metric in analysis.metrics
    assert [it.row for it in made.examples.examples] == predictions.rows[:2].tolist()
    assert not made.examples.problems


def check_analysis(made, signature):
    analysis = made.analysis
    assert {curve.kind for curve in analysis.curves} == of_task(CURVES, signature)
    assert all(len(curve.x) > 0 and np.isfinite(curve.y).all() for curve in analysis.curves)
    assert of_task(EXTRA, signature) <= analysis.extra.keys()
    assert {it.name for it in analysis.baselines} == simple_models(signature)
    for baseline in analysis.baselines:
        assert baseline.problem == ""
        assert math.isfinite(baseline.metrics[analysis.main_metric])
        assert baseline.difference is not None
    assert analysis.is_complete  # groups were looked for, too


def test_the_future_is_what_the_model_says_of_the_last_window(store):
    pair = next(pair for pair in PAIRS if pair[1].task is Task.FORECASTING)
    run = tiny_run(store, pair[1], network_for, pair[0].name)
    (found,) = result_of(run).analysis.extra["future"]
    rows = run.prepared().examples.x
    window = rows.values[-rows.shape[1] :]  # of which nothing is known that follows
    assert found["past"] == pytest.approx(window[:, 0].tolist(), rel=1e-6)
    assert found["forecast"] == pytest.approx(run.model.predict(window[None])[0].tolist(), rel=1e-4)
    assert len(rows) == rows.last[""] - pair[1].n_values + 1  # it is none of the examples


def check_explanation(explained, run):
    found = explained.explanation
    assert found.method
    assert found.target in found.targets
    assert np.isfinite(found.values).all()
    assert found.sanity.n_layers > 0
    assert explained.name == run.prepared().examples.name_of(explained.row)


def check_trial(tried, run, predictions):
    signature = run.contract.signature
    (said,) = tried.answer.answers
    # Of an example Try it says what Results says of it.
    (place,) = np.flatnonzero(predictions.rows == run.prepared().parts.test[0])
    known = predictions.outputs[place]
    assert (tried.look.kind, tried.look.output) == (signature.kind, signature.output)
    assert len(tried.look.fields) == (4 if signature.kind is Kind.TABLE else 0)
    match signature.output:
        case Output.CLASSES | Output.LABELS:
            expected = dict(zip(predictions.class_names, known, strict=True))
            assert dict(said.shares) == pytest.approx(expected, abs=1e-4)
            assert len(said.thresholds) == (signature.output is Output.LABELS) * len(expected)
        case Output.NUMBERS:
            assert said.values == pytest.approx(np.atleast_1d(known).tolist(), rel=1e-4)
            assert (said.threshold is not None) == (signature.task is Task.ANOMALY)
        case Output.TOKENS:
            assert said.best == known
    assert (tried.answer.forecast is not None) == (signature.task is Task.FORECASTING)
    assert tried.nearest.examples
    assert np.ndim(tried.answer.raw) == len(run.contract.preprocessing.inputs.raw_shape)
