"""What measuring the gradient flow takes of a training: time with it against without, in turn.

    python tests/benchmarks/flow_cost.py [--model NAME ...] [--seconds S] [--rounds N] [--smoke]
        [--json]

Both train the same model on the same data, for about as many seconds as given, once each in every
round, the first of them in turn. The making of the graph is part of what is timed. The figure to
quote is the median over the rounds of the time with it over the time without; where other programs
are at work, that of the processor's time, which they disturb less.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import keras
import numpy as np
from smoke import add_smoke
from training_cases import Case, case_of

from engine.events.insights import GradientFlow
from engine.events.run_events import RunEvent
from engine.preprocessing.scope import Scope
from engine.spec.run_spec import RunSpec
from engine.spec.signature import Kind
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.introspection.base import Scene
from engine.training.introspection.flow import TIME_SHARE, Flow
from engine.training.schedule import Schedule
from engine.training.steps.feed import ResidentFeed
from engine.training.steps.loop import DeviceData, StepLoop
from engine.training.trainer import Trainer

MODELS = ("mlp", "cnn", "lstm", "attention")


def mlp() -> Case:
    """The model of most first runs: small, and thousands of steps a second."""
    layers = keras.layers
    rng = np.random.default_rng(0)

    def build() -> keras.Model:
        hidden = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu")]
        return keras.Sequential([keras.Input((20,)), *hidden, layers.Dense(10, "softmax")])

    x = rng.normal(size=(3200, 20)).astype(np.float32)
    return Case(build, x, rng.integers(0, 10, 3200), 32, "adam", "sparse_categorical_crossentropy")


class Training:
    """One model that is trained again and again, measured or not."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._model = case.model(jit_compile=False)
        data = DeviceData.place(case.x, case.y)
        self._loop, self._feed = StepLoop(self._model, data), ResidentFeed(data)
        self.events: list[RunEvent] = []

    def run(self, epochs: int, is_measured: bool) -> tuple[float, float]:
        """Trains; returns seconds on the clock, and of the processor."""
        schedule = Schedule(epochs=epochs, batch_size=self._case.batch_size, seed=0)
        observers = (self._flow(epochs),) if is_measured else ()
        context = RunContext("benchmark", "", Path(), self.events.append, TrainingControl())
        trainer = Trainer(context, self._loop, self._feed, None, schedule, observers)
        started, used = time.perf_counter(), time.process_time()
        trainer.fit()
        return time.perf_counter() - started, time.process_time() - used

    def _flow(self, epochs: int) -> Flow:
        """Of a run it needs the settings, the size of the training part, and its kind."""
        training = {"epochs": epochs, "batch_size": self._case.batch_size}
        prepared = SimpleNamespace(
            spec=RunSpec.from_dict({"data": {"source": "random"}, "training": training}),
            parts=SimpleNamespace(train=np.arange(len(self._case.x))),
            signature=SimpleNamespace(kind=Kind.TABLE),
            scope=Scope(),
        )
        return Flow(
            Scene("benchmark", self._model, self._loop, cast(Any, prepared), self.events.append)
        )


def known(name: str) -> Case:
    """A model with its data."""
    return mlp() if name == "mlp" else case_of(name)


def measure(case: Case, seconds: float, rounds: int) -> dict[str, float]:
    """Seconds with and without, their ratios, and how often was measured."""
    training = Training(case)
    training.run(2, is_measured=False)  # traces
    epochs = max(2, round(seconds / (training.run(5, is_measured=False)[0] / 5)))
    times: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(rounds):
        for is_measured in ((True, False), (False, True))[number % 2]:
            times[is_measured].append(training.run(epochs, is_measured))
    pairs = list(zip(times[True], times[False], strict=True))
    measured = sum(isinstance(event, GradientFlow) for event in training.events)
    return {
        "with_s": statistics.median(clock for clock, _ in times[True]),
        "without_s": statistics.median(clock for clock, _ in times[False]),
        "ratio": statistics.median(one[0] / other[0] for one, other in pairs),
        "processor_ratio": statistics.median(one[1] / other[1] for one, other in pairs),
        "measurements": measured / rounds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, model=["mlp"], seconds=0.1, rounds=1)
    options = parser.parse_args()
    if not options.json:
        titles = f"{'model':<10} {'without s':>10} {'with s':>8} {'cost':>8} {'of processor':>13}"
        print(f"{titles} {'measurements':>13}")
    for name in options.model:
        figures = measure(known(name), options.seconds, options.rounds)
        if options.json:
            print(json.dumps({"model": name, "allowed": TIME_SHARE, **figures}), flush=True)
        else:
            print(
                f"{name:<10} {figures['without_s']:>10.2f} {figures['with_s']:>8.2f} "
                f"{100 * (figures['ratio'] - 1):>6.1f} % "
                f"{100 * (figures['processor_ratio'] - 1):>11.1f} % "
                f"{figures['measurements']:>13.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
