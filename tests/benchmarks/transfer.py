"""What starting from a run on other classes is worth, where examples are few.

    python tests/benchmarks/transfer.py [--only NAME ...] [--seeds S ...] [--examples N] [--model M]
        [--epochs N] [--ways W ...] [--thaw-after N] [--thaw-rate R] [--smoke]

A network learns to tell some classes of a data set apart, and then five others, which it never
saw, from 20 examples each: from nothing; from what it had learnt, all of which learns further
(``started``); with the body kept as it is (``kept``); and with that for the first third of the
epochs, before all learns at a tenth of the rate (``thawed``). All are trained alike and tested on
all other examples of the five. A line a seed: the share of right answers of each way, and below
them the means, and how many points they are above those from nothing.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

HELD_OUT: dict[str, tuple[int, ...]] = {"digits": (5, 6, 7, 8, 9), "shapes": (3, 4, 5, 6, 7)}
"""Of each set in the box, the five classes that are learnt from few examples."""
WAYS: dict[str, dict[str, Any]] = {
    "started": {},
    "kept": {"freeze": "body"},
    "thawed": {"freeze": "body"},
}
OPTIONS: dict[str, dict[str, int]] = {"digits": {}, "shapes": {"n_classes": 8, "n_samples": 12_000}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=list(HELD_OUT), choices=list(HELD_OUT))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--examples", type=int, default=20, help="of each class, to learn from")
    parser.add_argument("--most", type=int, default=12_000, help="examples that are used at all")
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--epochs", type=int, help="of the few examples; default: the model's own")
    parser.add_argument("--ways", nargs="+", default=list(WAYS), choices=list(WAYS))
    parser.add_argument("--thaw-after", type=int, help="epochs; default: a third of them")
    parser.add_argument("--thaw-rate", type=float, default=0.1, help="share of the learning rate")
    add_smoke(parser, only=["digits"], seeds=[0], epochs=2, most=300)
    arguments = parser.parse_args()
    for name in arguments.only:
        heads = ("from nothing", *arguments.ways)
        print(f"{name:8}{'seed':>5}" + "".join(f"{head:>14}" for head in heads))
        shares = [_measured(name, seed, arguments) for seed in arguments.seeds]
        means = [statistics.mean(column) for column in zip(*shares, strict=True)]
        _print(name, "mean", [f"{mean:.3f}" for mean in means])
        _print(name, "+", ["", *(f"{100 * (mean - means[0]):.1f}" for mean in means[1:])])


def _print(name: str, what: object, cells: list[str]) -> None:
    print(f"{name:8}{what!s:>5}" + "".join(f"{cell:>14}" for cell in cells), flush=True)


def _measured(name: str, seed: int, arguments: argparse.Namespace) -> list[float]:
    """Prints a line, and returns the share of right answers from nothing, and of each way."""
    with tempfile.TemporaryDirectory() as folder:
        before, few = _files(name, seed, arguments, Path(folder))
        run, _ = _train(Path(folder), before, seed, arguments)
        starts = [{}, *({"source": run, **_start(way, arguments)} for way in arguments.ways)]
        shares = [_train(Path(folder), few, seed, arguments, start)[1] for start in starts]
    _print(name, seed, [f"{share:.3f}" for share in shares])
    return shares


def _start(way: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What is kept, and until when."""
    from engine.architectures import ARCHITECTURES

    if way != "thawed":
        return WAYS[way]
    epochs = arguments.epochs or ARCHITECTURES[arguments.model].defaults.epochs
    after = arguments.thaw_after or max(1, epochs // 3)
    return {**WAYS[way], "thaw_after": after, "thaw_rate": arguments.thaw_rate}


def _files(name: str, seed: int, arguments: argparse.Namespace, folder: Path) -> tuple[Path, Path]:
    """Two files of arrays: the other classes, and the five, divided into two parts."""
    from engine.datasets import DATASETS

    dataset = DATASETS[name]
    parameters = dataset.parameters.model_validate(
        OPTIONS[name] | ({"seed": seed} if "seed" in dataset.parameters.model_fields else {})
    )
    examples = dataset.load(parameters)
    rows = np.random.default_rng(seed).permutation(len(examples.y))[: arguments.most]
    x, y = examples.x[rows], examples.y[rows]
    is_held_out = np.isin(y, HELD_OUT[name])
    np.savez(folder / "before.npz", x=x[~is_held_out], y=y[~is_held_out])
    x, y = x[is_held_out], y[is_held_out]
    place = np.zeros(len(y), int)
    for label in np.unique(y):
        place[y == label] = np.arange(np.count_nonzero(y == label))
    is_few = place < arguments.examples
    np.savez(
        folder / "few.npz",
        x_train=x[is_few], y_train=y[is_few], x_test=x[~is_few], y_test=y[~is_few],
    )  # fmt: skip
    return folder / "before.npz", folder / "few.npz"


def _train(
    folder: Path,
    data: Path,
    seed: int,
    arguments: argparse.Namespace,
    start: dict[str, Any] | None = None,
) -> tuple[str, float]:
    """Trains, and returns the run's id and the share of right answers on its test part."""
    from engine.runs.store import RunStore
    from engine.service import running
    from engine.training.control import TrainingControl

    values: dict[str, Any] = {
        "data": {"source": str(data)},
        "model": {"name": arguments.model},
        "seed": seed,
    }
    if start is not None:
        # All of the few are learnt from: nothing would be left to see when to stop.
        values |= {"split": {"validation": 0.0}, "start": start}
    if arguments.epochs is not None and start is not None:
        values["training"] = {"epochs": arguments.epochs}
    store = RunStore(folder / "workspace")
    ended = running.train(values, store, lambda event: None, TrainingControl())
    found = dict(ended.metrics)
    record = store.runs()[0].id
    return record, float(found["test_accuracy"])


if __name__ == "__main__":
    main()
