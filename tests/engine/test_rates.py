"""Learning rates step by step, against the schedules of Keras."""

import json

import keras
import numpy as np
import pytest

from engine.spec.training_spec import ScheduleSpec
from engine.training.rates import LearningRate

EPOCHS, STEPS = 6, 7
TOTAL = EPOCHS * STEPS
schedules = keras.optimizers.schedules


def _rate(base: float = 0.1, **schedule) -> LearningRate:
    return LearningRate(base, ScheduleSpec(**schedule), STEPS, EPOCHS)


def _keras(schedule) -> np.ndarray:
    return np.array([float(schedule(step)) for step in range(TOTAL + 5)])


EXPECTED = {
    "constant": ({}, lambda: [0.1] * (TOTAL + 5)),
    "cosine": (
        {"name": "cosine", "final": 0.02},
        lambda: _keras(schedules.CosineDecay(0.1, TOTAL, alpha=0.02)),
    ),
    "cosine after a warm-up": (
        {"name": "cosine", "final": 0.05, "warmup": 1.5},
        lambda: _keras(
            schedules.CosineDecay(0.0, TOTAL - 10, alpha=0.05, warmup_target=0.1, warmup_steps=10)
        ),
    ),
    "exponential": (
        {"name": "exponential", "final": 0.3},
        lambda: np.maximum(_keras(schedules.ExponentialDecay(0.1, TOTAL, 0.3)), 0.03),
    ),
    "step": (
        {"name": "step", "every": 2, "factor": 0.25},
        lambda: _keras(schedules.ExponentialDecay(0.1, 2 * STEPS, 0.25, staircase=True)),
    ),
}


@pytest.mark.parametrize("case", EXPECTED)
def test_every_step_has_the_learning_rate_of_keras(case):
    settings, expected = EXPECTED[case]
    rate = _rate(**settings)

    np.testing.assert_allclose(rate.rates(0, TOTAL + 5), expected(), rtol=2e-6)
    assert rate.rates(0, 3).dtype == np.float32


@pytest.mark.parametrize("case", EXPECTED)
def test_a_chunk_has_the_rates_of_its_steps(case):
    rate = _rate(**EXPECTED[case][0])
    whole = rate.rates(0, TOTAL)

    in_chunks = np.concatenate([rate.rates(0, 5), rate.rates(5, 20), rate.rates(25, TOTAL - 25)])

    np.testing.assert_array_equal(in_chunks, whole)
    assert [rate.at(step) for step in (0, 11, TOTAL - 1)] == [whole[0], whole[11], whole[-1]]


@pytest.mark.parametrize("name", ["constant", "exponential", "step"])
def test_warm_up_rises_evenly_from_0(name):
    rate = _rate(name=name, warmup=2.0)

    np.testing.assert_allclose(rate.rates(0, 14), 0.1 * np.arange(14) / 14, rtol=1e-6)
    assert rate.at(14) == pytest.approx({"step": 0.1}.get(name, 0.1))


def test_warm_up_longer_than_the_training_still_rises():
    rate = _rate(name="cosine", warmup=EPOCHS + 4.0)

    assert np.all(np.diff(rate.rates(0, TOTAL)) > 0)


class TestReducing:
    def test_multiplies_what_is_to_come(self):
        rate = _rate(name="cosine")
        before = rate.rates(0, TOTAL)

        rate.multiply(0.1)
        rate.multiply(0.5)

        np.testing.assert_allclose(rate.rates(0, TOTAL), 0.05 * before, rtol=1e-6)

    def test_stops_at_the_minimum(self):
        rate = _rate()

        rate.multiply(0.1, 0.05)

        assert rate.at(3) == pytest.approx(0.05)

    def test_does_not_raise_what_the_schedule_makes_smaller_than_the_minimum(self):
        rate = _rate(name="cosine", final=0.01, warmup=1)
        before = rate.rates(0, TOTAL)

        rate.multiply(0.5, 0.04)

        after = rate.rates(0, TOTAL)
        assert np.all(after <= before)
        np.testing.assert_array_equal(after[before <= 0.04], before[before <= 0.04])
        np.testing.assert_allclose(after[before > 0.08], 0.5 * before[before > 0.08], rtol=1e-6)


class TestChangedByAPerson:
    @pytest.mark.parametrize("case", EXPECTED)
    def test_is_the_new_rate_at_that_step(self, case):
        for step in (0, 4, 17, TOTAL - 1):
            rate = _rate(**EXPECTED[case][0])
            rate.change(0.003, step)
            assert rate.at(step) == np.float32(0.003)

    def test_goes_on_in_the_shape_of_the_schedule(self):
        rate = _rate(name="cosine")
        planned = rate.rates(0, TOTAL)

        rate.change(0.5, 20)

        expected = planned[20:] * 0.5 / planned[20]
        np.testing.assert_allclose(rate.rates(20, TOTAL - 20), expected, rtol=1e-6)

    def test_ends_a_warm_up(self):
        rate = _rate(warmup=3)

        rate.change(0.02, 5)

        np.testing.assert_array_equal(rate.rates(5, 30), np.float32(0.02))

    def test_forgets_earlier_reductions(self):
        rate = _rate()
        rate.multiply(0.1)

        rate.change(0.2, 9)
        rate.multiply(0.5)

        assert rate.at(9) == pytest.approx(0.1)


def test_more_epochs_give_the_rates_of_a_longer_training():
    rate = _rate(name="cosine")

    rate.extend(12)

    longer = LearningRate(0.1, ScheduleSpec(name="cosine"), STEPS, 12)
    np.testing.assert_array_equal(rate.rates(20, 50), longer.rates(20, 50))


@pytest.mark.parametrize("case", EXPECTED)
@pytest.mark.parametrize("step", [0, 5, 21, TOTAL])
def test_goes_on_from_its_state(case, step):
    rate = _rate(**EXPECTED[case][0])
    rate.multiply(0.3, 0.001)
    if step:
        rate.change(0.0371, step)
        rate.multiply(0.9, 0.001)
    rate.extend(EPOCHS + 3)

    restored = _rate(**EXPECTED[case][0])
    restored.restore(json.loads(json.dumps(rate.state())))

    np.testing.assert_array_equal(restored.rates(step, 60), rate.rates(step, 60))
    assert restored.state() == rate.state()
