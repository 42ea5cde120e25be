"""The plan: what is fixed, what is measured, and what a faster way may and may not change."""

import threading

import keras
import numpy as np
import pytest

from engine.devices.out_of_memory import RESIDENT_LIMIT
from engine.events.run_events import PlanChosen
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.training_spec import ExecutionSpec
from engine.training.control import TrainingControl
from engine.training.model.placement import Placement
from engine.training.order import shuffled
from engine.training.plan import SINGLE_CALLS, ChunkLength, Plan, Way
from engine.training.steps import autotuner
from engine.training.steps.autotuner import Autotuner
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.steps.measurements import (
    MOST_S,
    PREPARING,
    PREPARING_RECURRENT,
    SHARE,
    Measurements,
    Timed,
)
from engine.training.steps.twin_chunk import TwinChunk, twin_of
from engine.training.worker_group import ALONE

N_SAMPLES, BATCH = 72, 8
TRIED = Plan(tries_xla=True)


# ---- what is fixed


@pytest.mark.parametrize(
    ("execution", "tries", "xla"),
    [
        ({}, True, False),
        ({"xla": "on"}, False, True),
        ({"xla": "off"}, False, False),
        ({"reproducible": True}, False, False),
    ],
)
def test_the_spec_decides_whether_xla_is_tried(execution, tries, xla):
    plan = Plan.of(1000, ExecutionSpec(**execution))
    assert (plan.tries_xla, plan.xla) == (tries, xla)
    assert "XLA" in plan.reason


def test_several_devices_do_without_xla():
    plan = Plan.of(1000, ExecutionSpec(xla="on"), replicas=2)
    assert not plan.xla
    assert not plan.tries_xla
    assert "several devices" in plan.reason


@pytest.mark.parametrize(
    ("n_bytes", "data", "free", "resident"),
    [
        (1000, "auto", None, True),
        (RESIDENT_LIMIT + 1, "auto", None, False),
        (RESIDENT_LIMIT, "auto", 2 * RESIDENT_LIMIT, False),
        (RESIDENT_LIMIT, "auto", 4 * RESIDENT_LIMIT, True),
        (1000, "streamed", None, False),
        (RESIDENT_LIMIT + 1, "resident", None, True),
    ],
)
def test_data_is_held_where_it_fits_or_as_was_chosen(n_bytes, data, free, resident):
    assert Plan.of(n_bytes, ExecutionSpec(data=data), free).resident is resident


def test_the_first_calls_are_of_one_step_and_a_fixed_length_stays():
    chunk = ChunkLength(8)
    for _ in range(SINGLE_CALLS):
        assert chunk.steps == 1
        chunk.observe(1, 0.001)
    chunk.observe(1, 0.001)
    assert chunk.steps == 2
    fixed = Plan.of(1000, ExecutionSpec(chunk=7)).chunk_length(8)
    for _ in range(9):
        assert fixed.steps == 7
        fixed.observe(7, 1.0)


def test_a_worker_alone_does_what_it_plans():
    plan, placement = Plan(chunk=3), Placement(("CPU:0",), "mixed_bfloat16", "As chosen.")
    assert ALONE.agree(plan, placement) == (plan, placement)
    assert ALONE.is_chief
    assert ALONE.chunk_length(plan, BATCH).steps == 3


# ---- what is measured: made-up timings


def _measured(
    step_s=0.0001,
    traced_s=0.2,
    busy=1.0,
    cores=2,
    steps=300,
    single_s=0.001,
    preparing=PREPARING[Way.XLA],
):
    plain = [Timed(1, single_s)] * 3 + [Timed(steps, steps * step_s)] * 5
    return Measurements(cores, preparing, traced_s, plain, busy=busy)


def test_times_are_those_of_chunks_of_full_length():
    measured = _measured()
    assert measured.is_settled
    assert measured.plain_step_s == pytest.approx(0.0001)
    assert measured.single_s == 0.001
    growing = Measurements(2, plain=[Timed(2**n, 0.04 * 2**n) for n in range(5)])
    assert not growing.is_settled


def test_measuring_takes_five_percent_and_three_seconds_at_most():
    measured = _measured()
    assert measured.budget_s(1.0, 90_000) == pytest.approx(SHARE * 10.0)
    assert measured.budget_s(1.0, 10**9) == MOST_S


def test_a_short_run_does_not_try():
    measured = _measured()
    assert not measured.affords_trying(0.5, 5_000)
    assert measured.affords_trying(0.5, 100_000)


def test_what_is_ready_only_near_the_end_is_not_begun():
    alone, crowded = _measured(busy=1.0), _measured(busy=2.0)
    # 0.6 s of work, which takes ten times as long where no processor is idle.
    assert alone.affords_trying(100.0, 20_000)
    assert not crowded.affords_trying(100.0, 20_000)
    recurrent = _measured(preparing=PREPARING_RECURRENT)
    assert recurrent.affords_trying(100.0, 30_000)
    assert not recurrent.affords_trying(100.0, 20_000)
    assert crowded.affords_trying(100.0, 200_000)


def test_a_first_epoch_is_not_made_longer():
    measured = _measured(step_s=0.001, steps=20, busy=2.0)  # 104 steps are done
    assert not measured.may_prepare(0.5, steps_per_epoch=1000)
    assert measured.may_prepare(0.5, steps_per_epoch=104)
    assert measured.may_prepare(60.0, steps_per_epoch=1_000_000)


def test_busy_processors_and_long_traces_make_trying_dearer():
    idle, busy = _measured(busy=1.0), _measured(busy=2.0)
    assert idle.preparing_costs_s < busy.preparing_costs_s
    assert not _measured(busy=2.0, traced_s=20.0).affords_trying(0.5, 10**9)


def test_what_is_far_slower_is_not_measured_any_further():
    measured = _measured(step_s=0.01, steps=5)
    assert measured.is_far_slower(0.4)
    assert not measured.is_far_slower(0.02)
    assert not _measured().is_far_slower(0.09)  # a thread that waited for its turn


def test_trials_are_no_longer_than_a_chunk_and_few():
    measured = _measured()
    assert measured.trial_steps(300, single_s=0.001) == 30
    measured.trials += [Timed(30, 0.0003)]
    assert measured.trial_steps(300, single_s=0.001) == 300
    measured.trials += [Timed(300, 0.001)] * 2
    assert not measured.is_decided
    measured.trials += [Timed(300, 0.001)]
    assert measured.is_decided
    assert measured.gain == pytest.approx(30.0)


# ---- a real model


def _model(dropout=False):
    keras.utils.set_random_seed(3)
    layers = [keras.Input((4,)), keras.layers.Dense(6, activation="relu")]
    layers += [keras.layers.BatchNormalization(), keras.layers.Dropout(0.2)] if dropout else []
    model = keras.Sequential([*layers, keras.layers.Dense(1)])
    model.compile("adam", "mean_squared_error", metrics=["mean_absolute_error"], jit_compile=False)
    return model


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(N_SAMPLES + 3, 4)).astype(np.float32)  # the last batch is smaller
    return DeviceData.place(x, x.sum(axis=1))


def _epoch(loop, data, epoch, tuner=None):
    """Trains an epoch in three chunks, the way the trainer does; the loss of each batch."""
    order = shuffled(len(data), seed=1, epoch=epoch)
    full = order[:N_SAMPLES].reshape(-1, BATCH)
    losses = []
    loop.reset_metrics()
    for rows in (full[:5], full[5:], order[N_SAMPLES:][np.newaxis]):
        if tuner is not None:
            tuner.before(data, rows, BATCH)
        losses.append(loop.train(data, rows)["loss"])
        if tuner is not None:
            tuner.after(data, rows, BATCH, 0.01, remaining=1000)
    return np.concatenate(losses)


def _plain(data, epochs, dropout=False):
    loop = StepLoop(_model(dropout), data)
    for epoch in range(epochs):
        losses = _epoch(loop, data, epoch)
    return loop, losses


@pytest.fixture
def hasty(monkeypatch):
    """Tries XLA as soon as it can, whatever the time it takes, and finds it `gain` as fast."""

    def set_gain(gain):
        monkeypatch.setattr(Measurements, "is_settled", True)
        monkeypatch.setattr(Measurements, "affords_trying", lambda *_: True)
        monkeypatch.setattr(Measurements, "is_far_slower", lambda *_: False)
        monkeypatch.setattr(Measurements, "trial_steps", lambda _, steps, single_s: steps)
        monkeypatch.setattr(Measurements, "gain", gain)

    return set_gain


def _tuned(data, epochs, plan=TRIED, dropout=False):
    """Trains with a tuner, which gets all the time it wants to compile."""
    choices = []
    loop = StepLoop(_model(dropout), data)
    tuner = Autotuner(loop, plan, choices.append)
    for epoch in range(epochs):
        losses = _epoch(loop, data, epoch, tuner)
        if tuner._trial is not None:
            tuner._trial._thread.join()
    tuner.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "twin"]
    assert len(choices) == 1
    return loop, losses, choices[0]


def _state(loop):
    model = loop.model
    variables = (*model.weights, *model.optimizer.variables, *model.metrics_variables)
    return [variable.numpy() for variable in variables]


def _assert_same(ours, theirs):
    for mine, its in zip(_state(ours), _state(theirs), strict=True):
        np.testing.assert_array_equal(mine, its)


def test_xla_takes_over_without_losing_a_step(data, hasty):
    hasty(10.0)
    ours, losses, choice = _tuned(data, 6)
    theirs, expected = _plain(data, 6)
    assert choice.way is Way.XLA
    assert "compiled with XLA" in choice.reason
    assert choice.speedup >= 0
    assert ours._taken is not None
    assert int(ours.model.optimizer.iterations) == int(theirs.model.optimizer.iterations) == 60
    np.testing.assert_allclose(losses, expected, rtol=1e-4)
    assert ours.results() == pytest.approx(theirs.results(), rel=1e-4)
    for mine, its in zip(_state(ours), _state(theirs), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5)


def test_a_priority_that_cannot_be_changed_is_left(data, hasty, monkeypatch):
    def refuse(*_):
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr("os.setpriority", refuse)
    hasty(10.0)
    _, _, choice = _tuned(data, 6)
    assert choice.way is Way.XLA


def test_weights_stay_those_of_fit_while_xla_is_only_tried(data, hasty):
    hasty(1.0)
    ours, losses, choice = _tuned(data, 6, dropout=True)
    theirs, expected = _plain(data, 6, dropout=True)
    assert choice.way is None
    assert "is not used" in choice.reason
    np.testing.assert_array_equal(losses, expected)
    _assert_same(ours, theirs)


def _raise(*_args, **_options):
    raise ValueError("XLA knows no such operation.\nMore about it.")


def test_what_cannot_be_compiled_goes_on_as_it_was(data, hasty, monkeypatch):
    hasty(10.0)
    monkeypatch.setattr(TwinChunk, "__init__", _raise)
    ours, _, choice = _tuned(data, 4)
    theirs, _ = _plain(data, 4)
    assert choice.way is None
    assert choice.reason.endswith("none is lost: XLA knows no such operation.")
    _assert_same(ours, theirs)


def test_a_compiled_chunk_that_fails_is_undone(data, hasty, monkeypatch):
    """Trials on the twin go well; the first call on the model changes something and fails."""
    hasty(10.0)
    choices, adopted = [], []
    loop = StepLoop(_model(), data)
    run = TwinChunk.run

    def fail(chunk, *arguments):
        if not adopted:
            return run(chunk, *arguments)
        loop.model.weights[0].assign(np.zeros((4, 6)))
        return _raise()

    adopt = TwinChunk.adopt
    monkeypatch.setattr(TwinChunk, "run", fail)
    monkeypatch.setattr(
        TwinChunk, "adopt", lambda chunk, model: (adopt(chunk, model), adopted.append(model))
    )
    tuner = Autotuner(loop, TRIED, choices.append)
    for epoch in range(6):
        _epoch(loop, data, epoch, tuner)
        if tuner._trial is not None:
            tuner._trial._thread.join()
    tuner.close()
    theirs, _ = _plain(data, 6)
    assert adopted
    assert [choice.way is Way.XLA for choice in choices] == [True, False]
    assert "none is lost" in choices[-1].reason
    _assert_same(loop, theirs)


def test_xla_that_was_chosen_is_used_from_the_first_step(data):
    ours, _, choice = _tuned(data, 2, Plan.of(1000, ExecutionSpec(xla="on")))
    theirs, _ = _plain(data, 2)
    assert choice.way is Way.XLA
    assert ours._taken is not None
    for mine, its in zip(_state(ours), _state(theirs), strict=True):
        np.testing.assert_allclose(mine, its, rtol=1e-3, atol=1e-5)


def test_xla_that_was_chosen_and_cannot_be_used_is_told(data, monkeypatch):
    monkeypatch.setattr(TwinChunk, "__init__", _raise)
    ours, _, choice = _tuned(data, 2, Plan.of(1000, ExecutionSpec(xla="on")))
    assert choice.way is None
    _assert_same(ours, _plain(data, 2)[0])


def test_a_run_that_ends_early_leaves_no_thread(data, hasty):
    hasty(10.0)
    choices = []
    loop = StepLoop(_model(), data)
    tuner = Autotuner(loop, TRIED, choices.append)
    _epoch(loop, data, 0, tuner)
    trial = tuner._trial
    assert trial is not None
    tuner.close()
    trial._thread.join()  # a compilation cannot be cancelled
    assert trial._is_given_up
    _epoch(loop, data, 1, tuner)
    (choice,) = choices
    assert choice.way is None
    assert "ended before XLA could be tried" in choice.reason
    assert loop._taken is None


def test_a_model_too_large_for_a_twin_is_left_alone(data, hasty, monkeypatch):
    hasty(10.0)
    monkeypatch.setattr(autotuner, "MAX_STATE_BYTES", 100)
    _, _, choice = _tuned(data, 1)
    assert choice.way is None
    assert "too large" in choice.reason


def test_a_twin_shares_nothing_with_its_model(data):
    loop, _ = _plain(data, 2, dropout=True)
    twin = twin_of(loop.model, data.tensors)
    before = _state(loop)
    _epoch(StepLoop(twin, data), data, 2)
    for was, value in zip(before, _state(loop), strict=True):
        np.testing.assert_array_equal(was, value)


@pytest.mark.parametrize(("single_s", "said"), [(0.0101, "About as fast"), (0.12, "12 times as")])
def test_only_a_clear_gain_is_told_as_a_number(data, single_s, said):
    choices = []
    tuner = Autotuner(StepLoop(_model(), data), TRIED, choices.append)
    tuner._measured = _measured(step_s=0.01, single_s=single_s)
    tuner._choose("XLA is off.")
    assert choices[0].reason.startswith(f"{said} ")
    assert choices[0].speedup == pytest.approx(single_s / 0.01)


# ---- a run


def _plans(tmp_path, **execution):
    events = []
    spec = {
        "data": {"source": "noisy_line"},
        "model": {"name": "linear_regression"},
        "training": {"epochs": 8, "batch_size": 1},
        "execution": execution,
    }
    with RunStore(tmp_path / "workspace") as store:
        ended = running.train(spec, store, events.append, TrainingControl())
        kept = store.get(ended.run).plan
    return [event for event in events if isinstance(event, PlanChosen)], kept


def test_a_run_tells_its_plan_and_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(Measurements, "is_settled", True)
    monkeypatch.setattr(Measurements, "affords_trying", lambda *_: False)
    plans, kept = _plans(tmp_path)
    assert len(plans) == 2
    assert "is measured while training" in plans[0].reason
    assert plans[1].speedup > 0
    assert "too short" in plans[1].reason
    assert "as fast as step by step" in plans[1].reason
    assert kept["reason"] == plans[1].reason


def test_a_run_that_ends_early_says_that_nothing_was_tried(tmp_path, monkeypatch):
    monkeypatch.setattr(Measurements, "is_settled", False)
    plans, kept = _plans(tmp_path)
    assert [plan.xla for plan in plans] == [False, False]
    assert "ended before XLA could be tried" in kept["reason"]


def test_nothing_is_measured_where_a_run_must_be_repeatable(tmp_path, hasty):
    hasty(10.0)
    plans, _ = _plans(tmp_path, reproducible=True)
    assert len(plans) == 1
    assert not plans[0].xla
    assert "repeated" in plans[0].reason
