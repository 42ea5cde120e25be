"""What the recommended model reaches with its defaults, beside what ten lines of scikit-learn do.

    python tests/benchmarks/defaults.py [--only TEXT ...] [--seeds S ...] [--model NAME]
        [--epochs N] [--json] [--smoke]

Each run is a `main.py train` of its own, as a person would start it, on the tables in
../shared/tables, divided as they say. Baselines are fitted on training and validation part
together. An error is the log loss for classes and 1 − R² for numbers; the ratio is that to the
better baseline, where errors below 0.03 (classes) and 0.01 (numbers) count as that. `seconds` are
those of the epochs, `whole` adds imports, data, evaluation and saving.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
TABLES = ROOT.parent / "shared" / "tables"

Values = dict[str, Any]
Baselines = dict[str, float]


@dataclass(frozen=True)
class Trial:
    """Data, what is measured on its test part, and what the model is held against.

    Attributes:
        data: Name, or path.
        error: Of the metrics of a run; less is better.
        floor: Errors below it count as that: they are told apart by luck.
        baselines: Their errors, given the spec of a run, resolved.
        options: Further arguments of `main.py train`.
    """

    data: str
    error: Callable[[Values], float]
    floor: float
    baselines: Callable[[Values], Baselines]
    options: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return Path(self.data).stem


@dataclass(frozen=True)
class Row:
    """One run beside its baselines."""

    data: str
    model: str
    seed: int
    error: float
    baselines: Baselines
    ratio: float
    epochs: int
    seconds: float
    whole: float


def tables() -> list[Trial]:
    """Those of ../shared/tables; none where it is not there."""
    if not TABLES.exists():
        return []
    targets = json.loads((TABLES / "targets.json").read_text(encoding="utf-8"))
    options = ("--set", "split.method=given", "--set", "split.column=part")
    return [
        _table(str(TABLES / f"{name}.csv"), kind == "c", ("--target", target, *options))
        for name, (target, kind) in targets.items()
    ]


def _table(data: str, has_classes: bool, options: tuple[str, ...] = ()) -> Trial:
    error, floor = (_log_loss, 0.03) if has_classes else (_unexplained, 0.01)
    return Trial(data, error, floor, baselines_of_table, options)


def _log_loss(metrics: Values) -> float:
    return float(metrics["test_loss"])


def _unexplained(metrics: Values) -> float:
    return 1.0 - float(metrics["test_r2_score"])


def baselines_of_table(spec: Values) -> Baselines:
    """A linear model on scaled numbers and 0 or 1 for each category, and boosted trees."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.linear_model import LogisticRegression, RidgeCV
    from sklearn.metrics import log_loss, r2_score

    from engine.preprocessing import Preprocessing
    from engine.spec.run_spec import PreprocessingSpec, RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    learnt, test = np.concatenate([parts.train, parts.validation]), parts.test
    scaled = Preprocessing.fit(examples, learnt, PreprocessingSpec())
    has_classes = bool(examples.class_names)
    ways: dict[str, tuple[Any, Callable[[Any], Any]]] = {
        "linear": (
            LogisticRegression(max_iter=5000) if has_classes else RidgeCV(np.logspace(-2, 3, 11)),
            scaled.transform_x,
        ),
        "trees": (
            HistGradientBoostingClassifier(random_state=spec["seed"])
            if has_classes
            else HistGradientBoostingRegressor(random_state=spec["seed"]),
            lambda rows: rows,
        ),
    }
    errors = {}
    for name, (way, features) in ways.items():
        way.fit(features(examples.x[learnt]), examples.y[learnt])
        given, truth = features(examples.x[test]), examples.y[test]
        errors[name] = (
            float(log_loss(truth, way.predict_proba(given), labels=way.classes_))
            if has_classes
            else 1.0 - float(r2_score(truth, way.predict(given)))
        )
    return errors


def train(trial: Trial, seed: int, extra: tuple[str, ...], workspace: str) -> tuple[Values, Values]:
    """Trains once; returns the resolved spec and the last event, with epochs and seconds."""
    command = [
        sys.executable, "main.py", "train", "--data", trial.data, "--seed", str(seed),
        "--workspace", workspace, "--json", *trial.options, *extra,
    ]  # fmt: skip
    started = time.perf_counter()
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    if not events or events[-1]["event"] != "run_finished":
        raise RuntimeError(f"{answer.stdout[-500:]}{answer.stderr[-1500:]}")
    epochs = [event for event in events if event["event"] == "epoch_ended"]
    first = next(event for event in events if event["event"] == "run_started")
    return first["spec"], {
        **events[-1],
        "epochs": len(epochs),
        "seconds": sum(event["duration_s"] for event in epochs),
        "whole": time.perf_counter() - started,
    }


def measure(trial: Trial, seed: int, extra: tuple[str, ...]) -> Row:
    """One run, and its baselines on the same parts."""
    with tempfile.TemporaryDirectory() as folder:
        spec, last = train(trial, seed, extra, folder)
    error, baselines = trial.error(last["metrics"]), trial.baselines(spec)
    best = max(trial.floor, min(baselines.values()))
    return Row(
        trial.name,
        spec["model"]["name"],
        seed,
        error,
        baselines,
        max(trial.floor, error) / best,
        last["epochs"],
        last["seconds"],
        last["whole"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of data, in part")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--model", help="in the place of the recommended one")
    parser.add_argument("--epochs", type=int, help="of each run, in place of the default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--box", action="store_true", help="a table in the box, in their place")
    add_smoke(parser, box=True, epochs=1)
    arguments = parser.parse_args()
    extra: tuple[str, ...] = ()
    for option in ("model", "epochs"):
        if (value := getattr(arguments, option)) is not None:
            extra += (f"--{option}", str(value))
    ratios = []
    for trial in [_table("wine", True)] if arguments.box else tables():
        if arguments.only and not any(part in trial.name for part in arguments.only):
            continue
        for seed in arguments.seeds:
            try:
                row = measure(trial, seed, extra)
            except RuntimeError as error:
                print(f"{trial.name:16} FAILED {error}", flush=True)
                continue
            ratios.append(row.ratio)
            print(json.dumps(asdict(row)) if arguments.json else _line(row), flush=True)
    if ratios and not arguments.json:
        mean, worst = float(np.exp(np.mean(np.log(ratios)))), max(ratios)
        print(f"{len(ratios)} runs: geometric mean of ratios {mean:.3f}, worst {worst:.3f}")


def _line(row: Row) -> str:
    beside = "  ".join(f"{name} {error:.3f}" for name, error in row.baselines.items())
    return (
        f"{row.data:16} {row.model:20} seed {row.seed}  error {row.error:.4f}  {beside}  "
        f"ratio {row.ratio:.3f}  {row.epochs:4} epochs {row.seconds:6.1f} s ({row.whole:.0f} s)"
    )


if __name__ == "__main__":
    main()
