"""What the engine can be asked, in this process: from a spec to a model that is kept."""

import keras
import numpy as np
import pytest

from engine.datasets import load_examples
from engine.errors import DatasetError, SpecError, UnknownNameError, WorkspaceError
from engine.events.commands import Control
from engine.events.insights import CoefficientsUpdated, EpisodePlayed, SurfaceUpdated
from engine.events.run_events import (
    EpochEnded,
    PlanChosen,
    RunFailed,
    RunFinished,
    RunStarted,
    RunState,
    RunStopped,
)
from engine.inference.contract import Contract
from engine.inference.evaluation.evaluation import Evaluation
from engine.inference.serving import ServedModel
from engine.runs.store import RunStore
from engine.service import execution, running
from engine.spec.run_spec import DataSpec, RunSpec
from engine.training.control import TrainingControl
from engine.training.prepared_data import prepare


def _spec(source: str, model: str, **training: object) -> dict:
    return {"data": {"source": source}, "model": {"name": model}, "training": training}


@pytest.fixture
def store(tmp_path):
    with RunStore(tmp_path / "workspace") as store:
        yield store


def _train(store, spec, on_event=lambda event, control: None):
    events, control = [], TrainingControl()

    def emit(event):
        events.append(event)
        on_event(event, control)

    ended = running.train(spec, store, emit, control)
    return events, ended


def test_the_story_of_a_run_in_order(store):
    events, ended = _train(store, _spec("iris", "mlp", epochs=3))
    assert isinstance(events[0], RunStarted)
    assert isinstance(events[1], PlanChosen)
    assert events[1].device == "CPU:0" or events[1].device.startswith("GPU")
    assert [event.epoch for event in events if isinstance(event, EpochEnded)] == [1, 2, 3]
    assert isinstance(ended, RunFinished)
    record = store.get(ended.run)
    assert record.state is RunState.FINISHED
    assert record.spec.training.epochs == 3
    assert record.spec.training.loss == "sparse_categorical_crossentropy"
    assert record.metrics["test_accuracy"] == ended.metrics["test_accuracy"]


def test_the_same_spec_gives_the_same_numbers(store):
    spec = _spec("wine", "mlp", epochs=4) | {"execution": {"xla": "off"}}  # not as it is measured
    (first, one), (second, other) = (_train(store, spec) for _ in range(2))
    assert one.metrics == other.metrics
    assert [e.metrics for e in first if isinstance(e, EpochEnded)] == [
        e.metrics for e in second if isinstance(e, EpochEnded)
    ]


@pytest.mark.parametrize(
    ("source", "model"),
    [("diabetes", "linear_regression"), ("breast_cancer", "mlp"), ("wine", "logistic_regression")],
)
def test_the_saved_model_predicts_what_was_evaluated(store, source, model):
    _, ended = _train(store, _spec(source, model, epochs=2, batch_size=32))
    folder = store.folder(ended.run)
    prepared = prepare(store.get(ended.run).spec)
    examples, test = prepared.examples, prepared.parts.test
    served = ServedModel.load(folder).predict(examples.x[test])
    kept = Evaluation.load(folder)
    again = execution.evaluate(ended.run, store)
    assert kept is not None
    for name, value in again.metrics.items():
        assert value == pytest.approx(kept.metrics[name], rel=1e-5)
    # Whoever opens the file with Keras alone gets the same from raw values.
    plain = keras.saving.load_model(folder / "model.keras", compile=False)
    np.testing.assert_allclose(
        plain.predict(examples.x[test].astype(np.float32), verbose=0), served, rtol=1e-3, atol=1e-4
    )


def test_predict_gives_probabilities_or_values(store):
    _, ended = _train(store, _spec("moons", "mlp", epochs=1))
    probabilities = execution.predict(ended.run, store, np.zeros((3, 2)))
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    _, ended = _train(store, _spec("noisy_line", "linear_regression", epochs=1))
    assert execution.predict(ended.run, store, np.zeros((3, 1))).shape == (3,)
    with pytest.raises(DatasetError, match="shape"):
        execution.predict(ended.run, store, np.zeros((3, 2)))


def test_the_line_is_found(store):
    events, ended = _train(store, _spec("noisy_line", "linear_regression", epochs=30))
    last = [event for event in events if isinstance(event, CoefficientsUpdated)][-1]
    _, examples = load_examples(DataSpec(source="noisy_line"))
    slope, intercept = np.polyfit(examples.x[:, 0], examples.y, 1)
    assert last.values[0, 0] == pytest.approx(intercept, abs=0.5)
    assert last.values[1, 0] == pytest.approx(slope, rel=0.05)
    # What was shown last is what is kept.
    contract = Contract.load(store.folder(ended.run))
    assert contract.feature_names == last.terms[1:]
    at_zero, at_one = execution.predict(ended.run, store, np.array([[0.0], [1.0]]))
    assert last.values[0, 0] == pytest.approx(at_zero, rel=1e-4)
    assert last.values[1, 0] == pytest.approx(at_one - at_zero, rel=1e-4)
    assert any(isinstance(event, SurfaceUpdated) for event in events)


def test_the_inside_is_told_and_last_that_of_the_weights_which_are_kept(store):
    spec = _spec("cartpole", "mlp", epochs=3, learning_rate=0.02)
    spec["data"]["parameters"] = {"n_episodes": 8}
    events, ended = _train(store, spec)
    played = [event for event in events if isinstance(event, EpisodePlayed)]
    assert ended.reason.endswith(f"The weights of epoch {played[-1].epoch} are kept.")
    order = [type(event) for event in events]
    assert order.index(EpochEnded) < order.index(EpisodePlayed)
    assert order[-1] is not EpisodePlayed


def test_metrics_are_in_the_target_s_unit(store):
    _, ended = _train(store, _spec("diabetes", "linear_regression", epochs=20))
    # Predicting the mean is off by about 66; scaled targets would give about 0.8.
    assert 30 < ended.metrics["val_mean_absolute_error"] < 66
    assert 30 < ended.metrics["test_mean_absolute_error"] < 66


def test_digits_with_the_cnn_reach_their_accuracy(store):
    _, ended = _train(store, _spec("digits", "cnn"))
    assert store.get(ended.run).epochs_done == 10
    assert ended.metrics["test_accuracy"] >= 0.97


def test_shuffled_labels_stay_near_chance(store, monkeypatch):
    """What is learnt comes from the images: no part of the labels leaks into the test part."""
    from engine.training import prepared_data

    def shuffled(data, progress):
        dataset, examples = load_examples(data, progress)
        y = np.random.default_rng(0).permutation(examples.y)
        return dataset, type(examples)(**{**vars(examples), "y": y})

    monkeypatch.setattr(prepared_data, "load_examples", shuffled)
    _, ended = _train(store, _spec("digits", "cnn", epochs=3))
    assert ended.metrics["test_accuracy"] < 0.2


def test_stop_keeps_and_discard_hides(store):
    def on_first_epoch(wanted):
        def react(event, control):
            if isinstance(event, EpochEnded) and event.epoch == 1:
                control.request(wanted)

        return react

    long = _spec("noisy_line", "linear_regression", epochs=100_000)
    _, stopped = _train(store, long, on_first_epoch(Control.STOP))
    assert isinstance(stopped, RunStopped)
    assert stopped.kept
    assert stopped.metrics["test_loss"] > 0
    _, discarded = _train(store, long, on_first_epoch(Control.DISCARD))
    assert not discarded.kept
    assert [record.id for record in store.runs()] == [stopped.run]
    store.restore(discarded.run)
    assert len(store.runs()) == 2


def test_a_diverging_run_fails_in_words_and_keeps_what_was_recorded(store):
    _, ended = _train(
        store, _spec("noisy_plane", "linear_regression", epochs=50, learning_rate=50.0)
    )
    assert isinstance(ended, RunFailed)
    assert "learning rate" in ended.hint
    assert ended.details == ""
    assert store.get(ended.run).state is RunState.FAILED


def test_a_run_that_never_completed_an_epoch_keeps_no_model(store):
    _, ended = _train(
        store, _spec("noisy_plane", "linear_regression", batch_size=1, learning_rate=99.0)
    )
    assert isinstance(ended, RunFailed)
    assert store.get(ended.run).epochs_done == 0
    with pytest.raises(WorkspaceError, match="no saved model"):
        execution.predict(ended.run, store, np.zeros((1, 5)))


def test_a_full_disk_ends_the_run_in_words(store, monkeypatch):
    record, n_calls = store.record, [0]

    def full(events):
        n_calls[0] += 1
        if 2 <= n_calls[0] < 10:
            raise WorkspaceError("Cannot write 'runs.sqlite'.", "The disk is full.")
        record(events)

    monkeypatch.setattr(store, "record", full)
    _, ended = _train(store, _spec("iris", "mlp", epochs=50))
    assert isinstance(ended, RunFailed)
    assert "disk is full" in ended.hint


def test_an_unexpected_failure_is_a_failed_run_with_details(store, monkeypatch):
    from engine.training import job

    def broken(*_):
        raise RuntimeError("no such op")

    monkeypatch.setattr(job, "build", broken)
    _, ended = _train(store, _spec("iris", "mlp", epochs=1))
    assert isinstance(ended, RunFailed)
    assert "no such op" in ended.reason
    assert "Traceback" in ended.details


@pytest.mark.parametrize(
    ("spec", "error", "text"),
    [
        (_spec("irsi", "mlp"), UnknownNameError, "iris"),
        (_spec("iris", "mpl"), SpecError, "mlp"),
        (_spec("iris", "cnn"), SpecError, "image"),
        (_spec("no/such/table.csv", "mlp"), DatasetError, "no/such"),
        (_spec("iris", "mlp", epochs=0), SpecError, "training.epochs"),
    ],
)
def test_bad_specs_start_nothing(store, spec, error, text):
    with pytest.raises(error) as caught:
        _train(store, spec)
    assert text in str(caught.value)
    assert store.runs() == []


def test_no_test_part_means_no_test_metrics(store):
    spec = _spec("iris", "mlp", epochs=1) | {"split": {"test": 0.0, "validation": 0.0}}
    _, ended = _train(store, spec)
    assert not [name for name in ended.metrics if name.startswith(("test_", "val_"))]
    assert Evaluation.load(store.folder(ended.run)) is None


def test_a_run_without_a_model_says_so(store):
    record = store.create(RunSpec.from_dict(_spec("iris", "mlp")), "Empty", "Iris", "MLP")
    with pytest.raises(WorkspaceError, match="no saved model"):
        execution.predict(record.id, store, np.zeros((1, 4)))


def test_describing_a_model_lists_layers_with_shapes_and_parameters():
    described = execution.describe_model(_spec("digits", "cnn"))
    assert described.layers[1].type == "Conv2D"
    assert described.layers[1].output_shape == (26, 26, 32)
    assert described.layers[1].n_parameters == 3 * 3 * 32 + 32
    assert described.n_parameters == sum(layer.n_parameters for layer in described.layers)
    assert described.spec.training.epochs == 10


def test_inspecting_needs_no_model():
    found = execution.inspect_data({"data": {"source": "iris"}, "split": {"test": 0.2}}).profile
    assert found.class_counts.tolist() == [50, 50, 50]
    assert found.split_sizes[2] == 30
