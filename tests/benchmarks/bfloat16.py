"""What layers that compute in bfloat16 cost in accuracy, and what they gain in time, in pairs.

    python tests/benchmarks/bfloat16.py [--pairs DATA/MODEL ...] [--seeds N] [--epochs N] [--smoke]

Each seed trains twice as a person would, at the model's defaults: all in 32 bits, and with layers
in bfloat16 from the first step on (`execution.precision=mixed`), which is more of it than a run
takes by itself. A line each pair: the shares of right answers, how many points the second is above
the first, with the standard error of the mean of the pairs, and how many times as fast a training
step is, both measured in turn. Where no difference exceeds twice its error, none was found.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from smoke import add_smoke

PAIRS = ("digits/cnn", "digits/resnet", "shapes/cnn", "shapes/resnet")
POLICIES = {"float32": "float32", "mixed": "mixed_bfloat16"}
TIMED_S = 6.0
STEPS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", nargs="+", default=list(PAIRS), metavar="DATA/MODEL")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--epochs", type=int, help="default: the model's own")
    parser.add_argument("--seconds", type=float, default=TIMED_S, help="of timed steps")
    add_smoke(parser, pairs=["digits/cnn"], seeds=2, epochs=1, seconds=0.1)
    options = parser.parse_args()
    heads = ("float32", "bfloat16", "points", "error", "seeds", "× steps")
    print(f"{'data, model':24}" + "".join(f"{head:>10}" for head in heads), flush=True)
    for pair in options.pairs:
        data, _, model = pair.partition("/")
        found = [
            [accuracy(data, model, seed, precision, options.epochs) for precision in POLICIES]
            for seed in range(options.seeds)
        ]
        changes = [100 * (after - before) for before, after in found]
        error = statistics.stdev(changes) / math.sqrt(len(changes))
        full, short = (statistics.mean(column) for column in zip(*found, strict=True))
        cells = (f"{full:.4f}", f"{short:.4f}", f"{statistics.mean(changes):+.2f}", f"{error:.2f}")
        gain = faster(data, model, options.seconds)
        print(
            f"{pair:24}" + "".join(f"{it:>10}" for it in (*cells, len(found), f"{gain:.2f}")),
            flush=True,
        )


def accuracy(data: str, model: str, seed: int, precision: str, epochs: int | None) -> float:
    """Of a run's test part."""
    from engine.runs.store import RunStore
    from engine.service import running
    from engine.training.control import TrainingControl

    values: dict[str, Any] = {
        "data": {"source": data},
        "model": {"name": model},
        "seed": seed,
        "execution": {"precision": precision, "xla": "off", "device": "cpu"},
    }
    if epochs is not None:
        values["training"] = {"epochs": epochs}
    with tempfile.TemporaryDirectory() as folder, RunStore(Path(folder) / "runs") as store:
        ended = running.train(values, store, lambda event: None, TrainingControl())
    return float(dict(ended.metrics)["test_accuracy"])


def faster(data: str, model: str, seconds: float) -> float:
    """How many times as fast a training step is; medians of both in turn."""
    from engine.spec.run_spec import RunSpec
    from engine.training.model.building import build, compile_model
    from engine.training.plan import ChunkLength, Plan
    from engine.training.prepared_data import prepare
    from engine.training.steps.input_pipeline import feed_of
    from engine.training.steps.loop import StepLoop

    prepared = prepare(RunSpec.from_dict({"data": {"source": data}, "model": {"name": model}}))
    spec = prepared.spec
    batch_size = int(spec.training.batch_size or 32)
    feed = feed_of(prepared, "train", True, False)
    order = np.arange(STEPS * batch_size, dtype=np.int32) % len(feed)
    examples, rows = next(iter(feed.chunks(order, ChunkLength(batch_size, fixed=STEPS))))
    loops = []
    for policy in POLICIES.values():
        network = build(spec, prepared.signature, policy)
        compile_model(network, spec, prepared.signature, Plan())
        loops.append(StepLoop(network, feed.pattern, fused_for=batch_size))
    times: list[list[float]] = [[] for _ in loops]
    for loop in loops:
        loop.train(examples, rows)
    begun = time.perf_counter()
    while not times[0] or time.perf_counter() - begun < seconds:
        for loop, each in zip(loops, times, strict=True):
            started = time.perf_counter()
            loop.train(examples, rows)
            each.append(time.perf_counter() - started)
    full, short = map(statistics.median, times)
    return full / short


if __name__ == "__main__":
    main()
