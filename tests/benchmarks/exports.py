"""Every architecture in every format: what its answers differ by, and how fast it answers.

The difference is in units of the range of the answers of the network itself; the time of an example
alone is beside that of Descent's own, in the same process.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import keras
import numpy as np
from export_cases import MODEL_FORMATS, expected_of, loaded, served, some_examples, written
from smoke import add_smoke
from tiny_signatures import fitting_pairs, pair_id

from engine.inference.export.references import inputs_of
from engine.inference.serving import ServedModel

CALLS = 30


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--formats", nargs="*", default=list(MODEL_FORMATS))
    add_smoke(parser, models=["logistic_regression"], formats=["onnx", "litert"])
    arguments = parser.parse_args()
    worst: dict[str, float] = {}
    impossible = 0
    for pair in fitting_pairs():
        if arguments.models and pair[0].name not in arguments.models:
            continue
        keras.backend.clear_session()
        model = served(pair)
        for name in arguments.formats:
            try:
                apart, text = measured(model, name)
            except Exception as error:
                impossible += 1
                print(f"{pair_id(pair):48} {name:15} not possible: {reason(error)}", flush=True)
                continue
            worst[name] = max(worst.get(name, 0.0), apart)
            print(f"{pair_id(pair):48} {name:15} {text}", flush=True)
    for name, value in worst.items():
        print(f"{name}: the largest difference is {value:.1g} of the range")
    print(f"{impossible} not possible")


def reason(error: Exception) -> str:
    return f"{type(error).__name__} {' '.join(str(error).split())[:160]}"


def measured(model: ServedModel, name: str) -> tuple[float, str]:
    """The difference, and it with size and time in a line."""
    x = some_examples(model.contract)
    with tempfile.TemporaryDirectory() as aside:
        folder = Path(aside) / "out"
        card = written(model, name, folder, x)
        exported = loaded(folder)
        found, wanted = exported.outputs(inputs_of(model.contract, x)), expected_of(model, x)
        file = folder / card["file"]
        files = file.rglob("*") if file.is_dir() else [file]
        size = sum(path.stat().st_size for path in files if path.is_file())
        given = exported.given(inputs_of(model.contract, x[:1]))
        here = median_ms(lambda: model.answer(x[:1]))
        there = median_ms(lambda: exported.ask(given))
    apart = difference(found, wanted)
    return apart, (
        f"difference {apart:7.1e}  {size / 1000:8.1f} kB  {there:8.3f} ms  "
        f"{here / there:6.1f} × as fast as Descent"
    )


def difference(found: np.ndarray, wanted: np.ndarray) -> float:
    """In units of the range; of texts the share that differs."""
    if wanted.dtype == object:
        return float(np.mean([str(a) != b for a, b in zip(found, wanted, strict=True)]))
    wanted = wanted.astype(np.float64)
    # Some networks, not trained, answer everything alike.
    scale = max(np.ptp(wanted), 0.1 * np.abs(wanted).max())
    return float(np.abs(found - wanted).max() / scale)


def median_ms(call: Callable[[], object]) -> float:
    call()
    times = []
    for _ in range(CALLS):
        started = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


if __name__ == "__main__":
    main()
