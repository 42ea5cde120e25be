"""Every architecture on every data set in the box that it fits, at its defaults, beside a constant.

    python tests/benchmarks/pairs.py [--data NAME ...] [--models NAME ...] [--kinds KIND ...]
        [--seeds S ...] [--epochs N] [--json] [--smoke]

The constant is the commonest class or text, the mean, each label's share, or, where a series is
forecast, the last value: what `evaluate` fits beside the model, on the same examples. Whatever is
worse than that at its defaults should not be offered. What Keras has to download is left out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from default_trials import ROOT, Trial, Values
from defaults import train
from smoke import add_smoke

CONSTANTS = ("last_value", "commonest_class", "usual_labels", "mean", "commonest_text")
"""The first of them that was fitted is what a model is held against."""
LESS = ("mean_absolute_error", "character_error_rate")
MORE = ("accuracy", "f1_score", "exact_match", "roc_auc")
CHANCE = {"roc_auc": 0.5}
"""Where no constant can be fitted, what guessing reaches."""


@dataclass(frozen=True)
class Row:
    """One run beside its constant."""

    data: str
    model: str
    seed: int
    metric: str
    own: float
    constant: float
    is_worse: bool
    epochs: int
    seconds: float


def pairs(kinds: list[str], names: list[str], models: list[str]) -> Iterator[tuple[str, str]]:
    """Data sets and the architectures that fit them."""
    from engine.architectures import ARCHITECTURES
    from engine.datasets import DATASETS
    from engine.datasets.box.keras_data import KerasDataset

    for data in DATASETS:
        needs_files = isinstance(data, KerasDataset)
        if needs_files or data.task is None or (kinds and data.kind.value not in kinds):
            continue
        if names and data.name not in names:
            continue
        for item in ARCHITECTURES:
            is_wanted = item.name in models if models else item.name != "custom"
            if is_wanted and not item.misfit(data.kind, data.task):
                yield data.name, item.name


def measure(data: str, model: str, seed: int, extra: tuple[str, ...]) -> Row:
    """Trains once, and asks `evaluate` for what a constant reaches."""
    trial = Trial(data, lambda _: 0.0, 0.0, lambda _: {}, ("--model", model))
    with tempfile.TemporaryDirectory() as folder:
        _, last = train(trial, seed, extra, folder)
        command = [sys.executable, "main.py", "evaluate", last["run"], "--workspace", folder]
        answer = subprocess.run(
            [*command, "--json"], cwd=ROOT, capture_output=True, text=True, check=False
        )
    if answer.returncode:
        raise RuntimeError(answer.stderr[-1500:])
    metric, own, constant = beside(json.loads(answer.stdout.splitlines()[-1]))
    is_worse = own > constant if metric in LESS else own < constant
    return Row(data, model, seed, metric, own, constant, is_worse, last["epochs"], last["seconds"])


def beside(evaluated: Values) -> tuple[str, float, float]:
    """The metric that both have, the model's value and the constant's."""
    fitted: dict[str, Any] = {item["name"]: item["metrics"] for item in evaluated["baselines"]}
    metrics = evaluated["metrics"]
    for name in CONSTANTS:
        for metric in (*LESS, *MORE):
            if metric in metrics and metric in fitted.get(name, {}):
                return metric, metrics[metric], fitted[name][metric]
    for metric, chance in CHANCE.items():
        if metric in metrics:
            return metric, metrics[metric], chance
    raise RuntimeError(f"nothing to compare by: {sorted(metrics)}, {sorted(fitted)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="*", default=[])
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--kinds", nargs="*", default=[])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--epochs", type=int, help="of each run, in place of the default")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, data=["iris"], models=["logistic_regression"], epochs=1)
    arguments = parser.parse_args()
    extra = ("--epochs", str(arguments.epochs)) if arguments.epochs else ()
    rows = []
    for data, model in pairs(arguments.kinds, arguments.data, arguments.models):
        for seed in arguments.seeds:
            try:
                row = measure(data, model, seed, extra)
            except RuntimeError as error:
                print(f"{data:18} {model:22} seed {seed}  FAILED {error}", flush=True)
                continue
            rows.append(row)
            print(json.dumps(asdict(row)) if arguments.json else _line(row), flush=True)
    if not arguments.json:
        worse = sum(row.is_worse for row in rows)
        print(f"{len(rows)} runs: {worse} worse than a constant")


def _line(row: Row) -> str:
    mark = "WORSE" if row.is_worse else ""
    return (
        f"{row.data:18} {row.model:22} seed {row.seed}  {row.metric} {row.own:.4f} beside "
        f"{row.constant:.4f}  {row.epochs:4} epochs {row.seconds:6.1f} s {mark}".rstrip()
    )


if __name__ == "__main__":
    main()
