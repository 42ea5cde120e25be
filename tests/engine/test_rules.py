"""Early stopping and reduction on a plateau, epoch by epoch, against the callbacks of Keras."""

import json
import math

import keras
import numpy as np
import pytest

from engine.spec.training_spec import ScheduleSpec, StoppingSpec
from engine.training.rates import LearningRate
from engine.training.rules import EARLY_STOPPING, PLATEAU, EarlyEnd, Rules, usual_patience

_NOISE = np.random.default_rng(0).normal(size=40)
LOSSES = {
    "falling": [1 / epoch for epoch in range(1, 30)],
    "flat": [0.5] * 20,
    "rising": [0.1 * epoch for epoch in range(1, 20)],
    "valley": [abs(epoch - 9.5) for epoch in range(30)],
    "noisy": [float(2 / (epoch + 1) + 0.2 * _NOISE[epoch]) for epoch in range(40)],
    "creeping": [1 - 0.01 * epoch for epoch in range(40)],
    "with gaps": [1.0, math.nan, 0.8, math.nan, math.nan, 0.7, math.inf, 0.9, math.nan, 0.6, 0.6],
    "infinite first": [math.inf, math.inf, 3.0, 2.0, 2.0, 2.0, 2.0],
    "one": [0.3],
}
STOPPING = [
    {"patience": 1},
    {"patience": 3},
    {"patience": 3, "min_delta": 0.05},
    {"patience": 2, "start_from": 6},
    {"patience": 4, "start_from": 40},
]
PLATEAUS = [
    {"plateau_patience": 1},
    {"plateau_patience": 2, "plateau_factor": 0.5},
    {"plateau_patience": 3, "plateau_factor": 0.2, "plateau_min_rate": 0.03},
    {"plateau_patience": 2, "plateau_min_rate": 1.0},
]


def _model() -> keras.Model:
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mean_squared_error")
    return model


def _rate(**schedule) -> LearningRate:
    return LearningRate(0.1, ScheduleSpec(**schedule), steps_per_epoch=5, epochs=40)


class _Keras:
    """Callbacks of Keras, driven with losses as `fit` would drive them."""

    def __init__(self, *callbacks: keras.callbacks.Callback) -> None:
        self.model = _model()
        self._callbacks = callbacks
        for callback in callbacks:
            callback.set_model(self.model)
            callback.on_train_begin()
        self.model.stop_training = False

    def epoch_ended(self, epoch: int, metrics: dict[str, float]) -> tuple[bool, float]:
        for callback in self._callbacks:
            callback.on_epoch_end(epoch - 1, dict(metrics))
        return self.model.stop_training, float(self.model.optimizer.learning_rate)


@pytest.mark.parametrize("settings", STOPPING, ids=str)
@pytest.mark.parametrize("losses", LOSSES)
@pytest.mark.parametrize("name", ["loss", "val_loss"])
def test_stops_in_the_epoch_in_which_keras_stops(losses, settings, name):
    callback = keras.callbacks.EarlyStopping(
        name,
        min_delta=settings.get("min_delta", 0),
        patience=settings["patience"],
        start_from_epoch=settings.get("start_from", 0),
        mode="min",
    )
    theirs, rules, rate = _Keras(callback), Rules(StoppingSpec(**settings), ScheduleSpec()), _rate()

    for epoch, loss in enumerate(LOSSES[losses], start=1):
        metrics = {"loss": 0.1, name: loss}
        stops, _ = theirs.epoch_ended(epoch, metrics)
        verdict = rules.epoch_ended(epoch, metrics, rate)
        assert bool(verdict.stop) == stops
        assert verdict.patience == {EARLY_STOPPING: (callback.wait, settings["patience"])}
        assert verdict.rate_change is None
        if stops:
            break


@pytest.mark.parametrize("settings", PLATEAUS, ids=str)
@pytest.mark.parametrize("min_delta", [0.0, 0.05])
@pytest.mark.parametrize("losses", LOSSES)
def test_reduces_the_learning_rate_when_keras_does(losses, min_delta, settings):
    theirs = _Keras(
        keras.callbacks.ReduceLROnPlateau(
            "val_loss",
            factor=settings.get("plateau_factor", 0.1),
            patience=settings["plateau_patience"],
            min_delta=min_delta,
            min_lr=settings.get("plateau_min_rate", 0.0),
        )
    )
    schedule = ScheduleSpec(**settings)
    rules, rate = Rules(StoppingSpec(min_delta=min_delta), schedule), _rate(**settings)

    for epoch, loss in enumerate(LOSSES[losses], start=1):
        before = rate.at(5 * epoch)
        _, expected = theirs.epoch_ended(epoch, {"val_loss": loss})
        verdict = rules.epoch_ended(epoch, {"loss": 0.0, "val_loss": loss}, rate)
        after = rate.at(5 * epoch)
        assert after == pytest.approx(expected, rel=1e-5)
        assert not verdict.stop
        if before == after:
            assert verdict.rate_change is None
        else:
            assert verdict.rate_change is not None
            assert verdict.rate_change[:2] == (before, after)


def test_a_first_loss_that_is_no_number_does_not_end_all_hope():
    """Keras takes it for the best ever, so that nothing after it is an improvement."""
    rules = Rules(StoppingSpec(patience=2), ScheduleSpec(plateau_patience=2))
    rate = _rate()

    verdicts = [
        rules.epoch_ended(epoch, {"val_loss": loss}, rate)
        for epoch, loss in enumerate([math.nan, 0.9, 0.8, 0.7, 0.6], start=1)
    ]

    assert not any(verdict.stop or verdict.rate_change for verdict in verdicts)


def test_never_a_number_stops_without_a_best_to_name():
    rules = Rules(StoppingSpec(patience=2), ScheduleSpec())

    reasons = [rules.epoch_ended(epoch, {"loss": math.nan}, _rate()).stop for epoch in (1, 2)]

    assert reasons == ["", "Stopped early: the training loss has not improved for 2 epochs."]


def test_the_reason_says_what_was_watched_and_what_was_best():
    rules = Rules(StoppingSpec(patience=2, min_delta=0.1), ScheduleSpec())

    reasons = [
        rules.epoch_ended(epoch, {"loss": 0.0, "val_loss": loss}, _rate()).stop
        for epoch, loss in enumerate([0.5, 0.25, 0.2, 0.3], start=1)
    ]

    assert reasons[:3] == ["", "", ""]
    assert reasons[3] == (
        "Stopped early: the validation loss has not improved by 0.1 for 2 epochs; "
        "it was 0.25 in epoch 2."
    )


def test_a_plateau_is_told_in_words():
    rules = Rules(StoppingSpec(), ScheduleSpec(plateau_patience=1))
    rate = _rate()
    rules.epoch_ended(1, {"loss": 0.5}, rate)

    verdict = rules.epoch_ended(2, {"loss": 0.5}, rate)

    assert verdict.rate_change is not None
    before, after, reason = verdict.rate_change
    assert (before, after) == (pytest.approx(0.1), pytest.approx(0.01))
    assert reason == (
        "The training loss has not improved for 1 epoch, so the steps are made smaller."
    )
    assert verdict.patience == {PLATEAU: (0, 1)}


def test_a_plateau_reduces_what_a_schedule_says():
    rules = Rules(StoppingSpec(), ScheduleSpec(name="cosine", plateau_patience=1))
    rate, planned = _rate(name="cosine"), _rate(name="cosine")

    for epoch in (1, 2):
        rules.epoch_ended(epoch, {"loss": 0.5}, rate)

    np.testing.assert_allclose(rate.rates(10, 90), 0.1 * planned.rates(10, 90), rtol=1e-6)


@pytest.mark.parametrize("patience", [None, 0])
def test_nothing_is_watched_where_nothing_was_asked(patience):
    rules, rate = Rules(StoppingSpec(patience=patience), ScheduleSpec()), _rate()

    for epoch in range(1, 50):
        verdict = rules.epoch_ended(epoch, {"loss": 1.0}, rate)
        assert not verdict.stop
        assert verdict.rate_change is None
        assert verdict.patience == {}


def test_who_goes_on_after_an_early_stop_has_all_patience_again():
    rules, rate = Rules(StoppingSpec(patience=2), ScheduleSpec()), _rate()
    stops = [bool(rules.epoch_ended(epoch, {"loss": 1.0}, rate).stop) for epoch in range(1, 7)]

    assert stops == [False, False, True, False, True, False]


@pytest.mark.parametrize("losses", LOSSES)
def test_goes_on_from_its_state_at_any_epoch(losses):
    stopping = StoppingSpec(patience=3, min_delta=0.02, start_from=2)
    schedule = ScheduleSpec(name="cosine", plateau_patience=2, plateau_min_rate=0.001)

    def run(interrupted: bool) -> list:
        rules, rate = Rules(stopping, schedule), LearningRate(0.1, schedule, 5, 40)
        notified = []
        for epoch, loss in enumerate(LOSSES[losses], start=1):
            notified.append((rules.epoch_ended(epoch, {"loss": loss}, rate), rate.at(5 * epoch)))
            if interrupted:
                written = json.dumps([rules.state(), rate.state()], allow_nan=False)
                rules, rate = Rules(stopping, schedule), LearningRate(0.1, schedule, 5, 40)
                for part, state in zip((rules, rate), json.loads(written), strict=True):
                    part.restore(state)
        return notified

    assert run(interrupted=True) == run(interrupted=False)


@pytest.mark.parametrize(
    ("epochs", "patience"), [(1, 10), (50, 10), (100, 20), (401, 81), (1_000_000, 10_000)]
)
def test_the_usual_patience_is_a_fifth_of_all_epochs_and_not_below_ten(epochs, patience):
    assert usual_patience(epochs) == patience


@pytest.mark.parametrize("losses", LOSSES)
def test_a_run_that_goes_on_says_where_it_would_have_ended(losses):
    seen = [{"loss": 0.0, "val_loss": loss} for loss in LOSSES[losses]]
    ending = EarlyEnd(StoppingSpec(patience=0), patience=10)
    told = [epoch for epoch, metrics in enumerate(seen, 1) if ending.epoch_ended(epoch, metrics)]
    callback = keras.callbacks.EarlyStopping("val_loss", patience=10, mode="min")
    theirs = _Keras(callback)
    stops = [
        epoch for epoch, metrics in enumerate(seen, 1) if theirs.epoch_ended(epoch, metrics)[0]
    ]
    assert told == stops[:1]
    assert ending.epoch == (stops[0] if stops else None)


def test_a_run_that_stops_by_itself_needs_no_such_mark():
    ending = EarlyEnd(StoppingSpec(patience=2), patience=10)
    assert not any(ending.epoch_ended(epoch, {"loss": 1.0}) for epoch in range(1, 30))
