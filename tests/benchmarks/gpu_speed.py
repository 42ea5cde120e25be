"""Training on a GPU: Descent against Keras's `fit`, plain and compiled, in 32 bits and mixed.

    python tests/benchmarks/gpu_speed.py [--model NAME ...] [--precision NAME ...] [--rounds N]
        [--seconds S] [--smoke] [--json]

The models of `training_speed.py`, and ResNet50 on pictures of 224×224. Each way trains in a process
of its own, an epoch each in turn, after it has been warmed up. A line each: examples per second,
how many times the better `fit` Descent is, and the most memory of the GPU that it held beside that
of the plain `fit`. One model after the other, as long as there is time; the first line says what
computes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from typing import Any

from smoke import add_smoke
from training_speed import Racer

MODELS = ("cnn", "resnet50", "attention", "lstm", "linear", "logistic")
WAYS = ("fit", "fit_xla", "descent")
_DEVICE = (
    "import tensorflow as tf; g = tf.config.list_physical_devices('GPU'); "
    "print(tf.config.experimental.get_device_details(g[0]).get('device_name') if g else 'no GPU')"
)


def measure(model: str, precision: str, rounds: int) -> dict[str, Any]:
    """Examples per second of each way, and the bytes it held on the GPU."""
    from training_cases import case_of

    n_examples = len(case_of(model).x)
    racers = {way: Racer(way, model, sys.executable, precision) for way in WAYS}
    for racer in racers.values():
        racer.ask("warm")
    for _ in range(rounds):
        for racer in racers.values():
            racer.turn()
    held = {f"{way}_bytes": int(racer.ask("memory")) for way, racer in racers.items()}
    said = {way: racer.close() for way, racer in racers.items()}
    speed = {way: n_examples / statistics.median(racers[way].times) for way in WAYS}
    better = max(speed["fit"], speed["fit_xla"])
    return {**speed, **held, "ratio": speed["descent"] / better, "plan": said["descent"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", nargs="*", choices=MODELS, default=list(MODELS))
    parser.add_argument("--precision", nargs="*", default=["float32", "mixed"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=540, help="nothing is begun after them")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, model=["linear"], precision=["float32"], rounds=1)
    options = parser.parse_args()
    begun = time.perf_counter()
    found = subprocess.run([sys.executable, "-c", _DEVICE], capture_output=True, text=True)
    print(f"On: {found.stdout.strip()}", flush=True)
    heads = (*WAYS, "× better fit", "MB fit", "MB Descent")
    if not options.json:
        print(f"{'model, precision':<24}" + "".join(f"{head:>14}" for head in heads))
    for model in options.model:
        for precision in options.precision:
            if time.perf_counter() - begun > options.seconds:
                print(f"{model}, {precision}: no time left", flush=True)
                continue
            figures = measure(model, precision, options.rounds)
            if options.json:
                print(json.dumps({"model": model, "precision": precision, **figures}), flush=True)
                continue
            cells = [f"{figures[way]:,.0f}" for way in WAYS] + [f"{figures['ratio']:.2f}"]
            cells += [f"{figures[f'{way}_bytes'] / 1e6:,.0f}" for way in ("fit", "descent")]
            head = f"{model}, {precision}"
            print(f"{head:<24}" + "".join(f"{it:>14}" for it in cells), flush=True)


if __name__ == "__main__":
    main()
