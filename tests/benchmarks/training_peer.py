"""One way of training one model, in a process of its own: an epoch for each line it is sent.

    python training_peer.py fit|descent|jax|torch MODEL

Answers each line with the seconds of the epoch; the line `warm` with those of as many epochs as it
takes until nothing is chosen or compiled any more.
"""

from __future__ import annotations

import argparse
import os
import queue
import sys
import threading
import time
from pathlib import Path
from typing import Protocol

EPOCHS = {"linear": 3000, "logistic": 3000}
"""Length of the run that Descent is told; what it may spend on measuring depends on that."""
OTHERS = 100
WARM_S = 60.0


class Peer(Protocol):
    def epoch(self) -> float:
        """Trains an epoch; returns its seconds."""


class Fit:
    """Plain `fit`, which is Keras's own way, with any backend."""

    def __init__(self, name: str, **options: object) -> None:
        from training_cases import case_of

        self._case = case_of(name)
        self._model = self._case.model(**options)

    def epoch(self) -> float:
        case, started = self._case, time.perf_counter()
        self._model.fit(case.x, case.y, batch_size=case.batch_size, verbose=0)
        return time.perf_counter() - started


class Descent:
    """The engine as a run of the window uses it: plan, fused layers, tuner, events, controls.

    The first epoch has in it that the data is placed and the loop made.
    """

    def __init__(self, name: str, layers: str = "auto") -> None:
        from training_cases import case_of

        self._case, self._layers = case_of(name), layers
        self._epochs = EPOCHS.get(name, OTHERS)
        self._model = self._case.model(jit_compile=False)
        self._wanted: queue.Queue[None] = queue.Queue()
        self._done: queue.Queue[float] = queue.Queue()
        self.choice = ""
        self._thread = threading.Thread(target=self._train, daemon=True)
        self._thread.start()

    def _train(self) -> None:
        from engine.events.run_events import EpochEnded, RunEvent
        from engine.spec.training_spec import ExecutionSpec
        from engine.training.context import RunContext
        from engine.training.control import TrainingControl
        from engine.training.plan import Plan
        from engine.training.schedule import Schedule
        from engine.training.steps.autotuner import Autotuner, Choice
        from engine.training.steps.feed import ResidentFeed
        from engine.training.steps.loop import DeviceData, StepLoop
        from engine.training.trainer import Trainer

        def announce(choice: Choice) -> None:
            self.choice = f"{choice.reason} Measuring took {tuner.lost_s:.2f} s from training."

        def emit(event: RunEvent) -> None:
            nonlocal started
            if isinstance(event, EpochEnded):
                self._done.put(time.perf_counter() - started)
                self._wanted.get()
                started = time.perf_counter()

        case = self._case
        self._wanted.get()
        started = time.perf_counter()
        data = DeviceData.place(case.x, case.y)
        plan = Plan.of(case.x.nbytes, ExecutionSpec(layers=self._layers))
        fused_for = case.batch_size if plan.fused else 0
        loop = StepLoop(self._model, data, fused_for=fused_for)
        schedule = Schedule(epochs=self._epochs, batch_size=case.batch_size, seed=0)
        tuner = Autotuner(loop, plan, announce)
        trainer = Trainer(
            RunContext("benchmark", "", Path(), emit, TrainingControl()),
            loop,
            ResidentFeed(data),
            None,
            schedule,
            chunk_length=plan.chunk_length,
            tuner=tuner,
        )
        trainer.fit()

    def epoch(self) -> float:
        self._wanted.put(None)
        return self._done.get()


def warm(peer: Peer) -> float:
    """Trains until it is as fast as it gets."""
    spent = peer.epoch()
    while isinstance(peer, Descent) and not peer.choice and spent < WARM_S:
        spent += peer.epoch()
    return spent


def make(peer: str, name: str) -> Peer:
    if peer == "torch":
        from training_cases import case_of
        from training_torch import Torch

        case = case_of(name)
        return Torch(name, case.x, case.y, case.batch_size)
    if peer == "jax":
        return Fit(name, steps_per_execution=32)
    if peer == "fit":
        return Fit(name)
    return Descent(name, "keras" if peer == "unfused" else "auto")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=("fit", "descent", "unfused", "jax", "torch"))
    parser.add_argument("model")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.peer in ("jax", "torch"):
        os.environ["KERAS_BACKEND"] = options.peer
    sys.path[:0] = [str(Path(__file__).parents[2])]
    peer = make(options.peer, options.model)
    print("ready", flush=True)
    for line in sys.stdin:
        seconds = warm(peer) if line.strip() == "warm" else peer.epoch()
        print(seconds, flush=True)
    if isinstance(peer, Descent):
        print(peer.choice, file=sys.stderr)
        sys.stderr.flush()
        os._exit(0)  # it has epochs to do, and waits


if __name__ == "__main__":
    main()
