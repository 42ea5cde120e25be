"""One way of training one model, in a process of its own: an epoch for each line it is sent.

    python training_peer.py fit|fit_xla|descent|float32|no_xla|unfused|jax|torch MODEL
                            [--precision mixed]

Answers each line with the seconds of the epoch; the line `warm` with those of as many epochs as it
takes until nothing is chosen or compiled any more; the line `memory` with the most bytes that the
GPU held. `float32` is Descent without bfloat16, `no_xla` that without XLA, and `unfused` the
former with Keras's own layers.
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

PEERS = ("fit", "fit_xla", "descent", "float32", "no_xla", "unfused", "jax", "torch")
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

    def __init__(self, name: str, may_shorten: bool = False, **execution: str) -> None:
        from training_cases import case_of

        self._case, self._execution = case_of(name), execution
        self._may_shorten = may_shorten
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
        execution = ExecutionSpec.model_validate(self._execution)
        plan = Plan.of(case.x.nbytes, execution, may_shorten=self._may_shorten)
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
    if peer.startswith("fit"):
        return Fit(name, jit_compile=True) if peer == "fit_xla" else Fit(name)
    execution = {"unfused": {"layers": "keras"}, "no_xla": {"xla": "off"}}
    return Descent(name, peer == "descent" and _gains(name), **execution.get(peer, {}))


def _gains(name: str) -> bool:
    """Whether a run of such a model would try bfloat16."""
    import tensorflow as tf
    from training_cases import PICTURES

    from engine.training.model.placement import has_short_floats

    return name in PICTURES and has_short_floats() and not tf.config.list_physical_devices("GPU")


def use_mixed_precision() -> None:
    """Has what is built from now on compute in 16 bits, in those that the device has."""
    import keras
    import tensorflow as tf

    on_gpu = bool(tf.config.list_physical_devices("GPU"))
    keras.config.set_dtype_policy("mixed_float16" if on_gpu else "mixed_bfloat16")


def gpu_memory() -> int:
    """The most bytes that were held on the GPU at once; 0 without one."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return 0
    return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=PEERS)
    parser.add_argument("model")
    parser.add_argument("--precision", choices=("float32", "mixed"), default="float32")
    options = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if options.peer in ("jax", "torch"):
        os.environ["KERAS_BACKEND"] = options.peer
    sys.path[:0] = [str(Path(__file__).parents[2])]
    if options.precision == "mixed":
        use_mixed_precision()
    peer = make(options.peer, options.model)
    print("ready", flush=True)
    for line in sys.stdin:
        match line.strip():
            case "warm":
                print(warm(peer), flush=True)
            case "memory":
                print(gpu_memory(), flush=True)
            case _:
                print(peer.epoch(), flush=True)
    if isinstance(peer, Descent):
        print(peer.choice, file=sys.stderr)
        sys.stderr.flush()
        os._exit(0)  # it has epochs to do, and waits


if __name__ == "__main__":
    main()
