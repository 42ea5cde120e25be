"""Layers that were kept as they are learn too, once the epochs for that are over."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from engine.errors import SpecError
from engine.events.insights import GradientFlow
from engine.events.run_events import (
    THAWED,
    EpochEnded,
    PartTested,
    PlanChosen,
    RunEnded,
    RunFailed,
    RunFinished,
    RunStarted,
    SettingChanged,
    StepsDone,
)
from engine.events.watch import Watch
from engine.graph.training_code import training_code
from engine.inference.serving import ServedModel
from engine.runs.refit import refit_values
from engine.runs.store import RunStore
from engine.service import running
from engine.spec.training_spec import ScheduleSpec, StartSpec
from engine.training import checkpoint_writer, recorder, trainer
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from engine.training.defaults import parse
from engine.training.introspection import flow, flow_graph
from engine.training.model.building import build
from engine.training.order import shuffled
from engine.training.plan import ChunkLength
from engine.training.prepared_data import prepare
from engine.training.rates import LearningRate
from engine.training.rules import EARLY_STOPPING
from engine.training.start_settings import start_problems

THAW_AFTER, EPOCHS = 2, 4
MODEL = {
    "name": "mlp",
    "parameters": {"units": [6, 5], "dropout": 0.2, "batch_normalization": True},
}


class _End(Exception):
    """Stands for the death of the process."""


class Place:
    """A workspace with a run to start from."""

    def __init__(self, folder: Path) -> None:
        self.store = RunStore(folder)
        self.source = ""

    def train(
        self, on_event: Callable[[Any], None] = lambda event: None, **changes: Any
    ) -> tuple[RunEnded, list[Any]]:
        """Trains a run whose body is kept for two epochs; what is given replaces its settings."""
        values = {
            "data": {"source": "iris"},
            "model": MODEL,
            "augmentation": {"noise": 0.05},
            "training": {"epochs": EPOCHS, "batch_size": 8, "accumulate": 2},
            "start": {
                "source": self.source, "freeze": "body", "head": "new", "thaw_after": THAW_AFTER,
            },
            "schedule": {"name": "cosine", "warmup": 0.5, "plateau_patience": 1},
            "execution": {"reproducible": True},
            "seed": 5,
            **changes,
        }  # fmt: skip
        events: list[Any] = []

        def emit(event: Any) -> None:
            events.append(event)
            on_event(event)

        return running.train(values, self.store, emit, TrainingControl()), events

    def network(self, run: str) -> keras.Model:
        return ServedModel.load(self.store.folder(run)).network

    def layers(self, run: str) -> dict[str, list[Any]]:
        """The weights of the layers that have some, by kind and place."""
        layers = [layer for layer in self.network(run).layers if layer.weights]
        return {
            f"{type(layer).__name__} {place}": layer.get_weights()
            for place, layer in enumerate(layers)
        }

    def everything(self, run: str) -> dict[str, Any]:
        """Each variable, the best weights, and each number that was recorded."""
        found = find_checkpoint(self.store.folder(run) / "checkpoints").checkpoint
        assert found is not None
        assert found.best is not None
        epochs = self.store.epochs(run)
        return {
            "variables": dict(found.snapshot.variables),
            "best": dict(enumerate(found.best)),
            "steps": self.store.steps(run),
            "told": [
                [(it.epoch, it.step, it.metrics, it.learning_rate, it.patience) for it in epochs],
                [(it.epoch, it.step, it.setting, it.after) for it in self.store.changes(run)],
                self.store.get(run).metrics,
            ],
        }


def _same(some: list[Any], others: list[Any]) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(some, others, strict=True))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    made = Place(tmp_path_factory.mktemp("thawing"))
    with made.store:
        ended, _ = made.train(start={}, training={"epochs": 2, "batch_size": 16}, seed=1)
        assert isinstance(ended, RunFinished), ended
        made.source = ended.run
        yield made


@pytest.fixture(scope="module")
def straight(place: Place) -> tuple[str, list[Any]]:
    """A run that was not killed, and its events."""
    ended, events = place.train()
    assert isinstance(ended, RunFinished), ended
    return ended.run, events


def test_what_was_kept_does_not_learn_before_it_and_does_after(place: Place) -> None:
    before = place.layers(place.source)
    ways = {
        "kept": {"training": {"epochs": 2, "batch_size": 8, "keep": "last"},
                 "start": {"source": place.source, "freeze": "body", "head": "new"}},
        "thawed": {"training": {"epochs": 4, "batch_size": 8, "keep": "last"}},
    }  # fmt: skip
    same = {}
    for name, changes in ways.items():
        ended, _ = place.train(**changes)
        assert isinstance(ended, RunFinished), ended
        after = place.layers(ended.run)
        same[name] = [layer for layer in after if _same(after[layer], before[layer])]
    *body, head = before
    assert same["kept"] == body
    assert same["thawed"] == [layer for layer in body if layer.startswith("BatchNormalization")]
    assert head not in same["kept"]


def test_it_is_told_and_marked(place: Place, straight: tuple[str, list[Any]]) -> None:
    run, events = straight
    notice = next(event for event in events if isinstance(event, RunStarted)).notice
    assert "From epoch 3 on they learn too, at 0.1 of the learning rate." in notice
    change = next(event for event in events if isinstance(event, SettingChanged))
    steps = next(event.step for event in events if isinstance(event, EpochEnded)) * THAW_AFTER
    assert (change.setting, change.epoch, change.step) == (THAWED, 3, steps)
    assert change.after == pytest.approx(change.before / 10)
    assert change.reason == (
        "The first 4 layers, which were kept, learn from here on; BatchNormalization among them "
        "stays as it is."
    )
    assert [it.setting for it in place.store.changes(run)][:1] == [THAWED]


def test_it_is_what_keras_does_in_two_trainings(place: Place) -> None:
    """Frozen and fitted; thawed, compiled anew with a tenth of the rate, and fitted again."""
    training = {"epochs": EPOCHS, "batch_size": 8, "keep": "last", "learning_rate": 0.01}
    model = {"name": "mlp", "parameters": {**MODEL["parameters"], "dropout": 0.0}}
    ended, _ = place.train(training=training, schedule={}, augmentation={}, model=model)
    spec = place.store.get(ended.run).spec
    prepared = prepare(spec, Watch(lambda event: None, lambda: False))
    network = build(spec, prepared.signature)
    layers = [layer for layer in network.layers if layer.weights]
    begun = list(place.layers(place.source).values())[:-1]
    for layer, values in zip(layers, begun, strict=False):
        layer.set_weights(values)
        layer.trainable = False
    rows = prepared.parts.train
    x = prepared.preprocessing.transform_x(prepared.examples.x[rows])
    y = prepared.preprocessing.transform_y(prepared.examples.y[rows])
    for epochs, rate in ((range(1, 3), 0.01), (range(3, 5), 0.001)):
        network.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
        for epoch in epochs:
            order = shuffled(len(rows), spec.seed, epoch)
            network.fit(x[order], y[order], batch_size=8, shuffle=False, verbose=0)
        for layer in layers:
            layer.trainable = not isinstance(layer, keras.layers.BatchNormalization)
    for layer, values in zip(layers, place.layers(ended.run).values(), strict=True):
        for wanted, found in zip(layer.get_weights(), values, strict=True):
            np.testing.assert_allclose(found, wanted, atol=1e-5)


@pytest.mark.parametrize("kill", range(6))
def test_a_run_that_died_anywhere_ends_as_if_it_had_not(
    place: Place, straight: tuple[str, list[Any]], kill: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One step a chunk, told at once, and a checkpoint after each where there is time for it."""
    monkeypatch.setattr(recorder, "GATHER_S", 0.0)
    monkeypatch.setattr(ChunkLength, "observe", lambda chunk, steps, seconds: None)
    monkeypatch.setattr(trainer, "SAVE_EVERY_S", 0.0)
    monkeypatch.setattr(checkpoint_writer, "TIME_SHARE", 1.0)
    chance = random.Random(kill)
    # The thaw is after the 30th or so: some die before it and again behind it.
    counts = iter([chance.randrange(20, 45), chance.randrange(1, 25)])
    left = [next(counts)]

    def die(event: Any) -> None:
        if isinstance(event, StepsDone | EpochEnded | PartTested):
            left[0] -= event.n_steps if isinstance(event, StepsDone) else 1
        if left[0] <= 0:
            raise _End

    ended, _ = place.train(die)
    assert isinstance(ended, RunFailed), ended
    run, left = ended.run, [next(counts)]
    again = running.resume(run, {}, place.store, die, TrainingControl())
    while isinstance(again, RunFailed):
        again = running.resume(run, {}, place.store, lambda event: None, TrainingControl())
    assert isinstance(again, RunFinished), again
    mine, other = place.everything(run), place.everything(straight[0])
    assert mine["told"] == other["told"]
    for group in ("variables", "best", "steps"):
        assert mine[group].keys() == other[group].keys()
        for name, values in mine[group].items():
            np.testing.assert_array_equal(values, other[group][name], err_msg=str(name))


def test_early_stopping_waits_for_it_and_counts_from_there(place: Place) -> None:
    """Nothing is enough to count as better, so each epoch but the first uses up patience."""
    ended, events = place.train(
        training={"epochs": 9, "batch_size": 8}, stopping={"patience": 2, "min_delta": 1000.0}
    )
    assert isinstance(ended, RunFinished)
    assert place.store.get(ended.run).epochs_done == 5
    patience = [it.patience[EARLY_STOPPING] for it in events if isinstance(it, EpochEnded)]
    assert [waited for waited, _ in patience] == [0, 0, 0, 1, 2]


def test_a_plateau_of_the_head_does_not_slow_what_is_thawed(place: Place) -> None:
    _, events = place.train(
        training={"epochs": 5, "batch_size": 8, "learning_rate": 0.01},
        stopping={"min_delta": 1000.0},
        schedule={"plateau_patience": 1, "plateau_factor": 0.5},
    )
    rates = [event.learning_rate for event in events if isinstance(event, EpochEnded)]
    assert rates == pytest.approx([0.01, 0.01, 0.001, 0.001, 0.0005])


def test_a_share_of_the_rate_keeps_the_shape_of_the_schedule() -> None:
    schedule = ScheduleSpec(name="cosine", warmup=1.0)
    usual, thawed = (LearningRate(0.01, schedule, 10, 6) for _ in range(2))
    thawed.multiply(0.5, 0.009)
    thawed.thaw(0.1)
    np.testing.assert_allclose(thawed.rates(3, 50), usual.rates(3, 50) * 0.1, rtol=1e-6)
    again = LearningRate(0.01, schedule, 10, 6)
    again.restore(thawed.state())
    np.testing.assert_array_equal(again.rates(3, 50), thawed.rates(3, 50))
    thawed.change(0.004, 20)
    assert thawed.at(20) == pytest.approx(0.004)


def test_a_refit_has_it_only_where_the_best_epoch_came_after(
    place: Place, straight: tuple[str, list[Any]]
) -> None:
    record = place.store.get(straight[0])
    found = {}
    for best in (1, 2, 3):
        values = refit_values(replace(record, best_epoch=best))
        spec = parse(values)
        assert not start_problems(spec.start, spec.training.epochs)
        found[best] = spec.start.thaw_after
    assert found == {1: None, 2: None, 3: THAW_AFTER}


@pytest.mark.parametrize("execution", [{"xla": "on"}, {"layers": "fused"}, {}], ids=str)
def test_steps_made_for_few_layers_are_made_anew(place: Place, execution: dict[str, Any]) -> None:
    """XLA's program and other graphs are of the steps before: they would leave the body alone."""
    training = {"epochs": EPOCHS, "batch_size": 8, "keep": "last"}
    ended, events = place.train(training=training, execution=execution)
    assert isinstance(ended, RunFinished), ended
    after, before = (place.layers(run) for run in (ended.run, place.source))
    assert not _same(after["Dense 0"], before["Dense 0"])
    if "xla" in execution:
        last = [event for event in events if isinstance(event, PlanChosen)][-1]
        assert last.xla, last.reason


def test_gradient_flow_is_measured_once_all_learn(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is kept of a run is of the same layers throughout."""
    monkeypatch.setattr(flow.Flow, "_is_time", property(lambda self: self._thread is None))
    monkeypatch.setattr(flow_graph, "_twin_of", lambda network: 1 / 0)  # made here, and at once
    ended, events = place.train(training={"epochs": 12, "batch_size": 8})
    assert isinstance(ended, RunFinished), ended
    measured = [event for event in events if isinstance(event, GradientFlow) and event.layers]
    change = next(event for event in events if isinstance(event, SettingChanged))
    assert measured
    assert {len(event.layers) for event in measured} == {3}
    assert min(event.step for event in measured) >= change.step


@pytest.mark.parametrize(
    ("start", "epochs", "words"),
    [
        ({"thaw_after": 2}, 9, "none can begin to learn"),
        ({"source": "x", "thaw_after": 2}, 9, "none can begin to learn"),
        ({"source": "x", "freeze": "everything", "thaw_after": 2}, 9, "Nothing would learn"),
        ({"source": "x", "freeze": "body", "thaw_after": 9}, 9, "it has 9 epochs"),
        ({"source": "x", "freeze_up_to": "a", "thaw_after": 10}, 9, "it has 9 epochs"),
        ({"source": "x", "freeze_up_to": "a", "thaw_after": 8}, 9, ""),
        ({"source": "x", "freeze": "body", "thaw_after": 2}, None, ""),
    ],
    ids=str,
)
def test_what_cannot_be_is_told(start: dict[str, Any], epochs: int | None, words: str) -> None:
    problems = start_problems(StartSpec.model_validate(start), epochs)
    assert [problem.field for problem in problems] == ["start.thaw_after"] * bool(words)
    assert all(words in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("start", "field"),
    [({"thaw_after": 0}, "thaw_after"), ({"thaw_rate": 0.0}, "thaw_rate"),
     ({"thaw_rate": 1.5}, "thaw_rate"), ({"thaw_after": EPOCHS}, "thaw_after")],
    ids=str,
)  # fmt: skip
def test_bad_values_start_nothing(place: Place, start: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        place.train(start={"source": place.source, "freeze": "body", "head": "new", **start})
    assert [problem.field for problem in caught.value.problems] == [f"start.{field}"]


def test_one_layer_that_learns_from_the_beginning_cannot_be_thawed(place: Place) -> None:
    """Where the only layer is the last one, keeping the body keeps nothing."""
    layers = [
        {"name": "input", "type": "Input", "parameters": {"shape": [4]}},
        {"name": "output", "type": "Dense", "inputs": ["input"],
         "parameters": {"units": 3, "activation": "softmax"}},
    ]  # fmt: skip
    graph = {"schema_version": 1, "layers": layers}
    model = {"name": "custom", "parameters": {"graph": graph}}
    ended, _ = place.train(start={}, model=model)
    with pytest.raises(SpecError, match="No layer is kept"):
        place.train(
            model=model,
            start={"source": ended.run, "freeze": "body", "head": "keep", "thaw_after": 2},
        )


def test_the_code_of_a_draft_says_what_it_leaves_out(
    place: Place, straight: tuple[str, list[Any]]
) -> None:
    spec = place.store.get(straight[0]).spec
    signature = prepare(spec, Watch(lambda event: None, lambda: False)).signature
    entry = {"shape": [4], "dtype": "float32"}
    code = training_code(spec, signature, entry)
    assert f"# Descent begins with the weights of {place.source} and keeps layers" in code
    assert "learn after epoch 2" in code
    compile(code, "code", "exec")
    usual = spec.model_copy(update={"start": StartSpec()})
    assert "begins with" not in training_code(usual, signature, entry)
