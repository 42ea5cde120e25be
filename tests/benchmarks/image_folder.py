"""Preparing and training an image folder: Descent against plain Keras, on the same files.

    python tests/benchmarks/image_folder.py [--images N] [--size S] [--jpeg] [--epochs E]
        [--rounds R] [--smoke] [--json]

Plain Keras is `image_dataset_from_directory` with `cache()` and `prefetch`, and `fit`. Both train
the same network for the same epochs on the same share of the files, each in a process of its own,
from the folder's path to the end of the last epoch; imports are not counted. Descent records,
checkpoints and reports the run meanwhile, as always. Rounds alternate; the figure to quote is the
ratio of the medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
BATCH_SIZE, VALIDATION, N_CLASSES = 64, 0.15, 5


def make_folder(folder: Path, n_images: int, size: int, jpeg: bool) -> None:
    """Writes blobs on noise, a folder per colour."""
    from PIL import Image

    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:size, :size]
    for label in range(N_CLASSES):
        (folder / f"class{label}").mkdir(parents=True)
    for index in range(n_images):
        label = index % N_CLASSES
        centre = rng.uniform(0.2, 0.8, 2) * size
        blob = np.exp(-((rows - centre[0]) ** 2 + (columns - centre[1]) ** 2) / (size * 2.0))
        colour = np.array([label & 1, label & 2, label & 4], bool) * 120.0 + 60
        pixels = rng.normal(80, 25, (size, size, 3)) + blob[..., np.newaxis] * colour
        image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
        image.save(folder / f"class{label}" / f"{index:05}.{'jpg' if jpeg else 'png'}")


def descent(folder: str, size: int, epochs: int) -> dict[str, float]:
    """One side: from path to last epoch, through the engine's own door."""
    sys.path.insert(0, str(ROOT))
    from engine.devices.tensorflow import load_tensorflow
    from engine.events.messages import Event
    from engine.events.run_events import EpochEnded, RunStarted
    from engine.runs.store import RunStore
    from engine.service import running
    from engine.training.control import TrainingControl

    load_tensorflow()
    import engine.training.job  # noqa: F401

    values = {
        "data": {"source": folder, "parameters": {"height": size, "width": size}},
        "split": {"validation": VALIDATION, "test": 0.0},
        "model": {"name": "cnn"},
        "training": {"epochs": epochs, "batch_size": BATCH_SIZE, "learning_rate": 0.001},
    }
    marks: dict[str, float] = {}

    def emit(event: Event) -> None:
        if isinstance(event, RunStarted):
            marks["started"] = time.perf_counter()
        elif isinstance(event, EpochEnded):
            marks.setdefault("first", time.perf_counter())
            marks["last"] = time.perf_counter()
            marks["accuracy"] = event.metrics["val_accuracy"]

    with tempfile.TemporaryDirectory() as workspace, RunStore(Path(workspace)) as store:
        begin = time.perf_counter()
        running.train(values, store, emit, TrainingControl())
    return {
        "prepare_s": marks["started"] - begin,
        "first_epoch_s": marks["first"] - begin,
        "total_s": marks["last"] - begin,
        "accuracy": marks["accuracy"],
    }


def plain_keras(folder: str, size: int, epochs: int) -> dict[str, float]:
    """The other side: as Keras's own guide does it."""
    import keras
    import tensorflow as tf

    layers = keras.layers
    begin = time.perf_counter()
    options: dict[str, Any] = {
        "image_size": (size, size),
        "batch_size": BATCH_SIZE,
        "validation_split": VALIDATION,
        "subset": "both",
        "seed": 0,
        "verbose": False,
    }
    train, validation = keras.utils.image_dataset_from_directory(folder, **options)
    train = train.cache().prefetch(tf.data.AUTOTUNE)
    validation = validation.cache().prefetch(tf.data.AUTOTUNE)
    model = keras.Sequential(
        [
            keras.Input((size, size, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(N_CLASSES, activation="softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    prepared, ends = time.perf_counter(), []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(time.perf_counter()))
    history = model.fit(
        train, validation_data=validation, epochs=epochs, verbose=0, callbacks=[note]
    )
    return {
        "prepare_s": prepared - begin,
        "first_epoch_s": ends[0] - begin,
        "total_s": ends[-1] - begin,
        "accuracy": history.history["val_accuracy"][-1],
    }


def measured(side: str, folder: Path, arguments: argparse.Namespace) -> dict[str, float]:
    """Runs one side in a process of its own, with an empty cache."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"DESCENT_CACHE": cache, "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, __file__, "--side", side, "--folder", str(folder)]
        command += ["--size", str(arguments.size), "--epochs", str(arguments.epochs)]
        ended = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=False
        )
    if ended.returncode:
        raise SystemExit(f"{side} failed:\n{ended.stderr[-3000:]}")
    found: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--jpeg", action="store_true")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--side", choices=["descent", "keras"], help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    add_smoke(parser, images=100, size=16, epochs=1, rounds=1)
    arguments = parser.parse_args()
    if arguments.side:
        train = descent if arguments.side == "descent" else plain_keras
        found = train(arguments.folder, arguments.size, arguments.epochs)
        found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(found))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "images"
        make_folder(folder, arguments.images, arguments.size, arguments.jpeg)
        sides: dict[str, list[dict[str, float]]] = {"descent": [], "keras": []}
        for number in range(arguments.rounds):
            for side in ("descent", "keras") if number % 2 else ("keras", "descent"):
                sides[side].append(measured(side, folder, arguments))
    report(sides, arguments.json)


def report(sides: dict[str, list[dict[str, float]]], as_json: bool) -> None:
    fields = ("prepare_s", "first_epoch_s", "total_s", "accuracy", "peak_mb")
    medians = {
        side: {field: statistics.median(row[field] for row in rows) for field in fields}
        for side, rows in sides.items()
    }
    ratio = medians["descent"]["total_s"] / medians["keras"]["total_s"]
    if as_json:
        print(json.dumps({"medians": medians, "ratio": ratio, "rounds": sides}))
        return
    print(f"{'':10}" + "".join(f"{field:>15}" for field in fields))
    for side, row in medians.items():
        print(f"{side:10}" + "".join(f"{row[field]:15.3f}" for field in fields))
    print(f"Descent takes {ratio:.2f} of plain Keras's time, from the path to the last epoch.")


if __name__ == "__main__":
    main()
