"""What augmentation costs a training step, and what it gains where examples are few.

    python tests/benchmarks/augmentation.py [--rounds N] [--seeds N] [--edges N ...] [--epochs N]
        [--smoke]

Cost: steps of the CNN with and without augmentation, in turn, and the same changes made by Keras's
own layers. Times are the smallest of all rounds, which other programs disturb least. Gain: test
accuracy on the digits, of which 200 are learnt from, for the same seeds without and with it.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import keras
import numpy as np
import tensorflow as tf
from smoke import add_smoke

from engine.spec.run_spec import AugmentationSpec, RunSpec
from engine.spec.signature import Kind, Signature, Task
from engine.training.context import RunContext
from engine.training.control import TrainingControl
from engine.training.defaults import parse, resolve
from engine.training.job import TrainingJob
from engine.training.model.augmenter import augmenter
from engine.training.model.building import build, compile_model
from engine.training.plan import Plan
from engine.training.prepared_data import prepare
from engine.training.setup import Setup
from engine.training.steps.loop import DeviceData, StepLoop

MOVED = AugmentationSpec(rotate=10, shift=0.1, zoom=0.1)
CASES = {
    "none": AugmentationSpec(),
    "rotate, shift, zoom": MOVED,
    "noise": AugmentationSpec(noise=0.1),
    "all": AugmentationSpec(flip="both", rotate=10, shift=0.1, zoom=0.1, brightness=0.1, noise=0.1),
}
SHAPES = {28: (28, 28, 1), 64: (64, 64, 3)}
BATCH, STEPS = 64, 10
N_LEARNT = 200


def _loop(shape: tuple[int, int, int], spec: AugmentationSpec, data: DeviceData) -> StepLoop:
    signature = Signature(Kind.IMAGE, Task.CLASSIFICATION, shape, 10)
    run = resolve(parse({"data": {"source": "digits"}, "model": {"name": "cnn"}}), signature)
    network = build(run, signature)
    compile_model(network, run, signature, Plan())
    return StepLoop(network, data, augment=augmenter(spec, Kind.IMAGE), seed=1)


def _keras_layers() -> keras.Sequential:
    layers = keras.layers
    return keras.Sequential(
        [
            layers.RandomRotation(10 / 360, fill_mode="nearest"),
            layers.RandomTranslation(0.1, 0.1, fill_mode="nearest"),
            layers.RandomZoom(0.1, fill_mode="nearest"),
        ]
    )


def _in_turn(peers: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Smallest time of each in milliseconds; the first call of each is not timed."""
    times: dict[str, list[float]] = {name: [] for name in peers}
    for call in peers.values():
        call()
    for _ in range(rounds):
        for name, call in peers.items():
            started = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - started))
    return {name: min(values) for name, values in times.items()}


def cost(shape: tuple[int, int, int], rounds: int) -> None:
    """Prints milliseconds of a step in each case, and of the changes alone."""
    rng = np.random.default_rng(0)
    x = rng.random((STEPS * BATCH, *shape), dtype=np.float32)
    data = DeviceData.place(x, rng.integers(0, 10, len(x)))
    order = np.arange(len(x), dtype=np.int32).reshape(STEPS, BATCH)
    loops = {name: _loop(shape, spec, data) for name, spec in CASES.items()}
    steps = _in_turn(
        {
            name: lambda loop=loop: loop.train(data, order)  # type: ignore[misc]
            for name, loop in loops.items()
        },
        rounds,
    )
    for name, duration in steps.items():
        ratio = duration / steps["none"]
        print(f"{shape!s:<14} step, {name:<20} {duration / STEPS:8.2f} ms {ratio:6.2f}×")
    batch, seed = tf.constant(x[:BATCH]), tf.constant([1, 0], tf.int32)
    ours = tf.function(augmenter(MOVED, Kind.IMAGE), autograph=False)
    layers = _keras_layers()
    theirs = tf.function(lambda images: layers(images, training=True), autograph=False)
    alone = _in_turn(
        {"ours": lambda: ours(batch, seed).numpy(), "Keras": lambda: theirs(batch).numpy()},
        10 * rounds,
    )
    print(
        f"{shape!s:<14} changes alone: {alone['ours']:.2f} ms, by Keras's layers "
        f"{alone['Keras']:.2f} ms ({alone['Keras'] / alone['ours']:.1f}×)"
    )


def accuracy(spec: RunSpec) -> float:
    """Test accuracy after learning from `N_LEARNT` examples."""
    prepared = prepare(spec)
    few = dataclasses.replace(prepared.parts, train=prepared.parts.train[:N_LEARNT])
    prepared = dataclasses.replace(prepared, parts=few)
    with tempfile.TemporaryDirectory() as folder:
        context = RunContext("benchmark", "", Path(folder), lambda _: None, TrainingControl())
        job = TrainingJob(context, Setup(prepared))
        return job.execute().metrics["test_accuracy"]


def gain(seeds: int, epochs: int) -> None:
    """Prints accuracies without and with augmentation."""
    for name in ("none", "rotate, shift, zoom"):
        found = [
            accuracy(
                parse(
                    {
                        "data": {"source": "digits"},
                        "split": {"validation": 0.1, "test": 0.7},
                        "augmentation": CASES[name].model_dump(),
                        "model": {"name": "cnn"},
                        "training": {"epochs": epochs, "batch_size": 32},
                        "seed": seed,
                    }
                )
            )
            for seed in range(seeds)
        ]
        listed = ", ".join(f"{value:.3f}" for value in found)
        print(f"{N_LEARNT} digits, {name:<20} mean {statistics.mean(found):.3f} ({listed})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--edges", type=int, nargs="*", choices=SHAPES, default=list(SHAPES))
    parser.add_argument("--epochs", type=int, default=40)
    add_smoke(parser, rounds=1, seeds=1, edges=[28], epochs=1)
    options = parser.parse_args()
    for edge in options.edges:
        cost(SHAPES[edge], options.rounds)
    gain(options.seeds, options.epochs)


if __name__ == "__main__":
    main()
