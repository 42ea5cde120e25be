"""Series, clips and demonstrations in the box: against independent sources, and by their seed."""

from itertools import pairwise

import numpy as np
import pytest
from bad_values import bad_values, field_refused
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from scipy.interpolate import CubicHermiteSpline

from engine.datasets import DATASETS, load_examples
from engine.datasets.box.cartpole import CartPole, CartPoleParameters, controller
from engine.datasets.box.moving_shapes import BEHAVIOURS, MovingShapes, MovingShapesParameters
from engine.datasets.box.waves import (
    MackeyGlass,
    MackeyGlassParameters,
    Seasons,
    SeasonsParameters,
    mackey_glass,
)
from engine.datasets.split import split
from engine.errors import Cancelled, SpecError
from engine.spec.parameters import validate
from engine.spec.run_spec import DataSpec, SplitSpec
from engine.spec.signature import Kind, Task

NAMES = ("seasons", "mackey_glass", "moving_shapes", "cartpole")
SMALL = {
    "seasons": {"length": 300},
    "mackey_glass": {"length": 300},
    "moving_shapes": {"n_samples": 50},
    "cartpole": {"n_episodes": 8},
}


def load(name, **parameters):
    values = {**SMALL[name], **parameters}
    return load_examples(DataSpec(source=name, parameters=values))[1]


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_decides(name):
    one, same, other = load(name, seed=1), load(name, seed=1), load(name, seed=2)
    np.testing.assert_array_equal(one.x[:], same.x[:])
    np.testing.assert_array_equal(one.y, same.y)
    assert one.x.shape != other.x.shape or not np.array_equal(one.x[:], other.x[:])


@pytest.mark.parametrize("name", NAMES)
def test_values_out_of_range_are_refused_by_name(name):
    declared = DATASETS[name].parameters
    for field, value in bad_values(declared):
        with pytest.raises(SpecError) as caught:
            validate(declared, {field: value}, "data.parameters")
        assert field_refused(caught.value, f"data.parameters.{field}")


@pytest.mark.parametrize("dataset", [MovingShapes(), CartPole()], ids=lambda item: item.name)
def test_making_can_be_cancelled(dataset):
    def cancel(*_):
        raise Cancelled

    with pytest.raises(Cancelled):
        dataset.load(dataset.parameters(), cancel)


# ---- series


def _mackey_glass_by_spline(length, tau, begin, per_unit=20, warm_up=500):
    """The same equation by the method of steps: Heun's method and Hermite splines of the past."""
    size = 1.0 / per_unit
    times, values, slopes = [-float(tau), 0.0], [begin, begin], [0.0, 0.0]
    slopes[1] = 0.2 * begin / (1 + begin**10) - 0.1 * begin
    past = lambda t: begin  # noqa: E731
    for unit in range(length + warm_up):
        if unit and unit % (tau // 2) == 0:
            known = slice(max(1, len(times) - 2 * tau * per_unit), None)
            past = CubicHermiteSpline(times[known], values[known], slopes[known])
        for step in range(per_unit):
            now, x = unit + step * size, values[-1]

            def slope(t, y):
                old = begin if t - tau <= 0 else float(past(t - tau))  # noqa: B023
                return 0.2 * old / (1 + old**10) - 0.1 * y

            first = slope(now, x)
            second = slope(now + size, x + size * first)
            values.append(x + size * (first + second) / 2)
            times.append(now + size)
            slopes.append(slope(now + size, values[-1]))
    made = np.array(values[1:])
    return made[warm_up * per_unit :: per_unit][:length]


def test_mackey_glass_is_the_solution_of_its_equation():
    ours = mackey_glass(60, 17, 1.2)
    theirs = _mackey_glass_by_spline(60, 17, 1.2)
    # Chaos makes errors of a method grow; after 500 units they agree to the third digit.
    np.testing.assert_allclose(ours, theirs, atol=5e-3)


def test_mackey_glass_obeys_its_equation_at_every_step():
    values = mackey_glass(400, 17)
    # Simpson's rule over two units of time, with the delayed values known at its three points.
    slope = 0.2 * values[:-17] / (1 + values[:-17] ** 10) - 0.1 * values[17:]
    change = values[19:] - values[17:-2]
    simpson = (slope[:-2] + 4 * slope[1:-1] + slope[2:]) / 3
    np.testing.assert_allclose(change, simpson, atol=2e-3)


def test_mackey_glass_repeats_with_a_short_delay_and_never_with_a_long_one():
    def recurrence(tau):
        values = mackey_glass(1_500, tau)
        windows = np.lib.stride_tricks.sliding_window_view(values[:-1], 100)
        return np.abs(windows[:-200] - values[-100:]).max(axis=1).min()

    assert recurrence(12) < 0.02
    assert recurrence(17) > 0.02


def test_a_series_is_forecast_from_its_past():
    examples = load("mackey_glass", window=10, horizon=3)
    assert (examples.kind, examples.task) == (Kind.SERIES, Task.FORECASTING)
    values = mackey_glass(300, 17, 1.2 + 0.1 * np.random.default_rng(0).normal())
    np.testing.assert_allclose(examples.x[5][:, 0], values[5:15])
    np.testing.assert_allclose(examples.y[5], values[15:18])
    assert split(examples, SplitSpec(), 0).method == "time"
    assert examples.reading["window"] == 10


def test_seasons_hold_what_they_say():
    parameters = SeasonsParameters(length=7 * 365, noise=0.0, trend=0.5)
    examples = Seasons().load(parameters)
    values = np.concatenate([examples.x[0][:, 0], examples.y])
    # Over a whole year and whole weeks, waves cancel and the trend is left.
    assert values[365 * 6 :].mean() - values[:365].mean() == pytest.approx(0.5 * 365 * 6, abs=2)
    yearly = 2 * np.sin(2 * np.pi * np.arange(len(values)) / 365)
    week = (values - 10 - 0.5 * np.arange(len(values)) - yearly).reshape(-1, 7)
    np.testing.assert_allclose(week, np.broadcast_to(week[0], week.shape), atol=1e-9)
    assert week[0].std() == pytest.approx(3)
    assert len(examples.traces) == 1
    assert MackeyGlass().parameters is MackeyGlassParameters


# ---- clips


def _centres(clip):
    """Centre of what differs from the background, as x and y; and how much differs."""
    pixels = clip[..., 0].astype(np.float64)
    back = np.median(pixels, axis=(1, 2), keepdims=True)
    weight = np.abs(pixels - back)
    weight[weight < 40] = 0
    total = weight.sum(axis=(1, 2))
    y, x = np.mgrid[: pixels.shape[1], : pixels.shape[2]]
    return np.stack([(weight * x).sum((1, 2)), (weight * y).sum((1, 2))], axis=1) / total[
        :, None
    ], total


def test_shapes_move_as_their_class_says():
    parameters = MovingShapesParameters(n_samples=80, noise=0.0)
    examples = MovingShapes().load(parameters)
    assert examples.x.shape == (80, 12, 32, 32, 1)
    assert examples.class_names == BEHAVIOURS
    np.testing.assert_array_equal(np.bincount(examples.y), 10)
    for clip, label in zip(examples.x, examples.y, strict=True):
        centres, total = _centres(clip)
        right, down = centres[-1] - centres[0]
        grown = total[-1] / total[0]
        behaviour = BEHAVIOURS[label]
        if behaviour in ("left", "right"):
            assert (right > 6) == (behaviour == "right")
            assert abs(down) < 3
        elif behaviour in ("up", "down"):
            assert (down > 6) == (behaviour == "down")
            assert abs(right) < 3
        elif behaviour == "growing":
            assert grown > 1.5
        elif behaviour == "shrinking":
            assert grown < 0.7
        else:
            assert 0.6 < grown < 1.6


def test_a_single_frame_does_not_give_the_behaviour_away():
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    examples = MovingShapes().load(MovingShapesParameters(n_samples=600))
    middle = examples.x[:, 6].reshape(600, -1).astype(np.float64)
    scaled = StandardScaler().fit_transform(middle)
    model = LogisticRegression(C=1e-3, max_iter=500).fit(scaled[:450], examples.y[:450])
    assert model.score(scaled[450:], examples.y[450:]) < 0.35


# ---- demonstrations


def test_demonstrations_replay_in_the_simulator():
    parameters = CartPoleParameters(n_episodes=6, noise=0.0, max_steps=100)
    examples = CartPole().load(parameters)
    assert (examples.kind, examples.task) == (Kind.TABLE, Task.CONTROL)
    environment = CartPoleEnv()
    for episode in range(6):
        rows = np.flatnonzero(examples.groups == episode)
        environment.reset(seed=0)
        environment.state = tuple(examples.x[rows[0]])
        for row, following in pairwise(rows):
            seen, *_ = environment.step(int(examples.y[row]))
            np.testing.assert_allclose(seen, examples.x[following], atol=1e-5)
            environment.state = tuple(examples.x[following])
    environment.close()


def test_what_the_controller_would_do_is_recorded_not_the_disturbance():
    examples = CartPole().load(CartPoleParameters(n_episodes=6, noise=0.5))
    np.testing.assert_array_equal(examples.y, examples.x @ controller() > 0)


def test_the_controller_balances_for_500_steps_from_anywhere_it_is_begun():
    gains, environment = controller(), CartPoleEnv()
    for seed in range(5):
        seen, _ = environment.reset(seed=seed, options={"low": -0.15, "high": 0.15})
        for _ in range(500):
            seen, _, has_fallen, *_ = environment.step(int(gains @ seen > 0))
            assert not has_fallen
    environment.close()


def test_whole_episodes_are_kept_together():
    examples = load("cartpole")
    parts = split(examples, SplitSpec(), 0)
    assert parts.method == "group"
    episodes = [set(examples.groups[part].tolist()) for part in parts.all]
    assert not episodes[0] & episodes[1]
    assert not episodes[0] & episodes[2]
    assert dict(examples.facts)["Episodes"] == "8"
