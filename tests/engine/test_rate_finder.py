"""The learning-rate range test: what is tried, and what is made of it."""

import itertools

import numpy as np
import pytest

from engine.errors import Cancelled, SpecError
from engine.events.messages import RatesTried, RateTried
from engine.service.execution import find_rate
from engine.training.defaults import parse
from engine.training.model.building import build
from engine.training.prepared_data import prepare
from engine.training.steps.loop import StepLoop
from engine.training.trials import rate_finder
from engine.training.trials.rate_advice import nice, suggest
from engine.training.trials.rate_finder import HIGHEST, LOWEST, N_RATES

RATES = np.geomspace(1e-7, 10, 120).astype(np.float32)


def _curve(falls_at: float, rises_at: float, noise: float = 0.0) -> np.ndarray:
    """A loss that falls from 2 to 1 around one rate, and rises from another."""
    x = np.log10(RATES)
    fall = 1 + 1 / (1 + np.exp(4 * (x - np.log10(falls_at))))
    rise = 3 / (1 + np.exp(-12 * (x - np.log10(rises_at))))
    drawn = np.random.default_rng(0).normal(size=len(x))
    return (fall + rise + noise * drawn).astype(np.float32)


def _spec(**training) -> dict:
    return {"data": {"source": "iris"}, "model": {"name": "mlp"}, "training": training, "seed": 3}


class TestAdvice:
    @pytest.mark.parametrize("noise", [0.0, 0.02])
    @pytest.mark.parametrize("rate", [1e-5, 1e-3, 1e-2])
    def test_takes_the_steepest_fall(self, rate, noise):
        advice = suggest(RATES, _curve(rate, 1000 * rate, noise))

        assert advice.rate is not None
        assert rate / 2.5 <= advice.rate <= rate * 2.5
        assert "most steeply" in advice.reason

    def test_keeps_a_tenth_away_from_where_the_loss_is_lowest(self):
        losses = _curve(1e-2, 4e-2)

        advice = suggest(RATES, losses)

        assert advice.rate == nice(float(RATES[np.argmin(losses)]) / 10)
        assert "a tenth" in advice.reason

    @pytest.mark.parametrize(
        "losses",
        [
            np.ones(120),
            1 + 0.02 * np.random.default_rng(0).normal(size=120),
            np.linspace(1, 5, 120),
            np.zeros(120),
        ],
        ids=["flat", "noise", "rising", "nothing to learn"],
    )
    def test_says_so_where_the_losses_tell_nothing(self, losses):
        advice = suggest(RATES, losses.astype(np.float32))

        assert advice.rate is None
        assert "falls clearly with none" in advice.reason

    @pytest.mark.parametrize(("n", "words"), [(0, "not a number"), (4, "Too few")])
    def test_needs_some_rates(self, n, words):
        advice = suggest(RATES[:n], np.ones(n, np.float32))

        assert advice.rate is None
        assert words in advice.reason

    def test_noise_at_the_start_is_no_fall(self):
        losses = _curve(1e-3, 1.0)
        losses[0], losses[4] = 4.0, 3.0

        assert suggest(RATES, losses).rate == suggest(RATES, _curve(1e-3, 1.0)).rate

    @pytest.mark.parametrize(
        ("rate", "rounded"),
        [(0.0031, 0.003), (0.0011, 0.001), (0.8, 1.0), (4e-7, 5e-7), (7.2, 10.0), (0.0144, 0.02)],
    )
    def test_rates_are_rounded_to_what_people_type(self, rate, rounded):
        assert nice(rate) == rounded


class TestFinding:
    def test_tells_each_rate_from_small_to_large(self):
        notified: list[RateTried] = []

        found = find_rate(_spec(), notified.append)

        assert isinstance(found, RatesTried)
        assert [event.learning_rate for event in notified] == pytest.approx(found.learning_rates)
        assert [event.loss for event in notified] == pytest.approx(found.losses, rel=1e-6)
        expected = np.geomspace(LOWEST, HIGHEST, N_RATES)[: len(notified)]
        np.testing.assert_allclose(found.learning_rates, expected, rtol=1e-6)
        assert len(notified) > 80
        assert np.isfinite(found.losses).all()
        assert found.suggestion is not None
        assert 1e-4 <= found.suggestion <= 0.1
        assert found.reason.startswith(f"{found.suggestion:.2g}: ")

    def test_ends_when_the_loss_explodes(self):
        spec = _spec(optimizer="sgd") | {"model": {"name": "linear_regression"}}
        spec["data"] = {"source": "diabetes"}
        found = find_rate(spec, lambda event: None)

        assert len(found.losses) < N_RATES
        assert np.all(found.losses[:-1] <= rate_finder.EXPLODED * found.losses[0])

    @pytest.mark.parametrize(("batch_size", "accumulate", "held"), [(32, 1, 1), (4, 3, 9)])
    def test_every_change_of_weights_is_with_one_rate(
        self, monkeypatch, batch_size, accumulate, held
    ):
        given: list[np.ndarray] = []
        train = StepLoop.train

        def noted(self, data, indices, first_step=0, rates=None):
            assert indices.shape[1] == batch_size
            assert first_step == sum(map(len, given))
            given.append(rates)
            return train(self, data, indices, first_step, rates)

        monkeypatch.setattr(StepLoop, "train", noted)
        find_rate(_spec(batch_size=batch_size, accumulate=accumulate), lambda event: None)

        lengths = [len(list(group)) for _, group in itertools.groupby(np.concatenate(given))]
        assert set(lengths[:-1]) == {held}

    def test_a_batch_larger_than_the_data_is_all_of_it(self):
        found = find_rate(_spec(batch_size=4096), lambda event: None)

        assert len(found.losses) > 20

    def test_the_same_spec_gives_the_same_losses(self):
        first, second = (find_rate(_spec(), lambda event: None) for _ in range(2))

        np.testing.assert_array_equal(first.losses, second.losses)

    def test_a_model_made_after_it_has_the_weights_it_would_have(self):
        prepared = prepare(parse(_spec()))
        before = build(prepared.spec, prepared.signature).get_weights()

        find_rate(_spec(), lambda event: None)

        after = build(prepared.spec, prepared.signature).get_weights()
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_a_stop_answers_with_what_was_tried(self):
        notified: list[RateTried] = []

        found = find_rate(_spec(), notified.append, lambda: len(notified) >= 4)

        assert 4 <= len(found.losses) < N_RATES
        assert found.suggestion is None
        assert (
            found.reason == ("Stopped before the end. Too few learning rates were tried to tell.")
            or len(found.losses) >= 10
        )

    def test_a_stop_while_reading_cancels(self):
        with pytest.raises(Cancelled):
            find_rate({"data": {"source": "moving_shapes"}}, lambda event: None, lambda: True)

    def test_what_is_wrong_is_told_at_its_field(self):
        with pytest.raises(SpecError) as caught:
            find_rate(_spec(batch_size=0), lambda event: None)

        assert caught.value.problems[0].field == "training.batch_size"

    def test_a_loss_that_is_no_number_leaves_nothing_to_suggest(self, monkeypatch):
        monkeypatch.setattr(
            StepLoop,
            "train",
            lambda self, data, indices, *_: {"loss": np.full(len(indices), np.nan, np.float32)},
        )

        found = find_rate(_spec(), lambda event: None)

        assert len(found.losses) == 0
        assert found.suggestion is None
        assert "not a number" in found.reason
