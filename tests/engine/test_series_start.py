"""The linear forecast that series begin with: computed as least squares say, once in each run."""

import numpy as np
import pytest

from engine.architectures.known_examples import LastValue
from engine.architectures.least_squares import Moments, fit_forecast
from engine.events.run_events import EpochEnded, RunFinished
from engine.runs.store import RunStore
from engine.service import running
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.model.building import build
from engine.training.model.starting import start
from engine.training.prepared_data import prepare

STEPS, CHANNELS, TARGETS = 5, 2, 3
LAST = LastValue(1, np.ones(TARGETS))
STARTED = ("series_hybrid", "series_rnn", "series_transformer")


@pytest.fixture
def random():
    return np.random.default_rng(3)


def moments(x, y, block=7):
    found = Moments(x.shape[1], y.shape[1])
    for first in range(0, len(x), block):
        found.add(x[first : first + block], y[first : first + block])
    return found


def windows(values, steps):
    """Windows of a series and the value after each."""
    x = np.lib.stride_tricks.sliding_window_view(values, steps)[:-1]
    return x, values[steps:, np.newaxis]


def test_what_is_linear_is_found_exactly(random):
    x = random.normal(3.0, 2.0, (80, STEPS * CHANNELS))
    truth, bias = random.normal(size=(STEPS * CHANNELS, TARGETS)), np.array([1.0, -2.0, 0.0])
    y = x @ truth + bias
    found = fit_forecast(moments(x, y), moments(x[:9], y[:9]), (STEPS, CHANNELS), LAST)
    np.testing.assert_allclose(found.weights, truth, atol=1e-5)
    np.testing.assert_allclose(found.bias, bias, atol=1e-5)


def test_of_many_examples_it_errs_as_least_squares(random):
    values = [0.0, 0.0]
    for noise in random.normal(size=3_000):
        values.append(1.5 * values[-1] - 0.75 * values[-2] + noise)
    x, y = windows(np.array(values), 8)
    design = np.column_stack([x, np.ones(len(x))])
    best = design @ np.linalg.lstsq(design[:2_000], y[:2_000])[0]
    found = fit_forecast(
        moments(x[:1_700], y[:1_700]), moments(x[1_700:2_000], y[1_700:2_000]), (8, 1), None
    )
    error, reached = (
        np.abs(said[2_000:] - y[2_000:]).mean() for said in (best, x @ found.weights + found.bias)
    )
    assert reached < 1.01 * error


def test_walks_are_pulled_to_their_last_value_where_least_squares_err_more(random):
    errors = []
    for _ in range(10):
        x, y = windows(random.normal(size=110).cumsum(), 24)
        found = fit_forecast(
            moments(x[:50], y[:50]), moments(x[50:60], y[50:60]), (24, 1), LastValue(0, np.ones(1))
        )
        design = np.column_stack([x, np.ones(len(x))])
        squares = np.linalg.lstsq(design[:60], y[:60])[0]
        said = (x[:, -1:], x @ found.weights + found.bias, design @ squares)
        errors.append([np.abs(way[60:] - y[60:]).mean() for way in said])
    naive, ours, plain = np.mean(errors, axis=0)
    assert ours < 1.15 * naive
    assert ours < 0.8 * plain


def test_examples_in_blocks_are_as_good_as_all_at_once(random):
    x, y = random.normal(size=(40, 6)), random.normal(size=(40, 2))
    about = np.arange(8.0)
    centred = np.column_stack([x, y]) - about
    for block in (1, 7, 40):
        found = moments(x, y, block)
        assert found.n == 40
        np.testing.assert_allclose(found.means, centred.mean(axis=0) + about)
        kept = found.around(about)
        np.testing.assert_allclose(kept.T @ kept, centred.T @ centred, atol=1e-9)


def test_of_one_example_nothing_is_said_and_of_two_little(random):
    x, y = random.normal(size=(2, STEPS * CHANNELS)), random.normal(size=(2, TARGETS))
    nothing = Moments(STEPS * CHANNELS, TARGETS)
    assert fit_forecast(moments(x[:1], y[:1]), nothing, (STEPS, CHANNELS), LAST) is None
    found = fit_forecast(moments(x, y), nothing, (STEPS, CHANNELS), LAST)
    assert np.isfinite(found.weights).all()


def test_of_numbers_that_are_not_finite_nothing_is_said(random):
    x, y = random.normal(size=(30, STEPS * CHANNELS)), random.normal(size=(30, TARGETS))
    x[7, 3] = np.inf
    nothing = Moments(STEPS * CHANNELS, TARGETS)
    with np.errstate(invalid="ignore"):
        found = moments(x, y)
    assert fit_forecast(found, nothing, (STEPS, CHANNELS), LAST) is None


def test_constant_numbers_and_no_validation_part_are_no_hindrance(random):
    x, y = np.ones((20, STEPS * CHANNELS)), random.normal(size=(20, TARGETS))
    nothing = Moments(STEPS * CHANNELS, TARGETS)
    found = fit_forecast(moments(x, y), nothing, (STEPS, CHANNELS), LAST)
    said = x @ found.weights + found.bias
    np.testing.assert_allclose(said, np.tile(y.mean(axis=0), (20, 1)), atol=1e-9)


def _spec(model, **parameters):
    return {
        "data": {"source": "seasons", "parameters": {"length": 400, **parameters}},
        "model": {"name": model},
        "training": {"epochs": 1},
        "execution": {"reproducible": True},
    }


@pytest.mark.parametrize("model", STARTED)
def test_a_network_begins_at_a_forecast_better_than_the_last_value(model):
    prepared = prepare(parse(_spec(model, window=14, horizon=2)))
    network = build(prepared.spec, prepared.signature)
    start(network, prepared)
    rows, preprocessing = prepared.parts.test, prepared.preprocessing
    x, y = prepared.examples.x[rows], prepared.examples.y[rows]
    said = preprocessing.targets.restore(network(preprocessing.transform_x(x)).numpy())
    assert np.abs(said - y).mean() < 0.3 * np.abs(x[:, -1, :1] - y).mean()
    assert not network.get_layer("learnt").weights[0].numpy().any()


def test_of_a_long_window_the_oldest_steps_begin_with_nothing():
    prepared = prepare(parse(_spec("series_hybrid", window=270, length=700)))
    network = build(prepared.spec, prepared.signature)
    start(network, prepared)
    kernel = network.get_layer("direct").weights[0].numpy()
    assert kernel.shape == (270, 1)
    assert not kernel[:14].any()
    assert kernel[14:].any()


def test_a_network_without_a_straight_way_is_left_as_it_was():
    prepared = prepare(parse(_spec("series_cnn", window=14)))
    network = build(prepared.spec, prepared.signature)
    before = network.get_weights()
    start(network, prepared)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_a_run_that_goes_on_does_not_begin_again(tmp_path):
    spec = _spec("series_hybrid", window=14)
    longer = {**spec, "training": {"epochs": 2}}
    told = []
    with RunStore(tmp_path) as store:
        first = running.train(spec, store, lambda event: None, TrainingControl())
        assert isinstance(first, RunFinished), first
        more = {"training.epochs": 2}
        running.resume(first.run, more, store, told.append, TrainingControl())
        running.train(longer, store, told.append, TrainingControl())
    resumed, _, straight = (event.metrics for event in told if isinstance(event, EpochEnded))
    assert resumed == straight
