"""What the recommended model reaches with its defaults, beside what ten lines of scikit-learn do.

    python tests/benchmarks/defaults.py [--kind KIND ...] [--only TEXT ...] [--seeds S ...]
        [--model NAME] [--epochs N] [--tree FOLDER] [--json] [--smoke]

Each run is a `main.py train` of its own, as a person would start it; what is measured for each
kind of data, and beside what, is in `trials_*.py`. Baselines are fitted on training and validation
part together. The ratio is that of the error to the best baseline's, where errors below a floor
count as that. `seconds` are those of the epochs, `whole` adds imports, data, evaluation and saving.
With ``--tree``, another checkout trains: what was there before a change.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import trials_anomalies
import trials_images
import trials_series
import trials_tables
import trials_texts
from default_trials import ROOT, Baselines, Trial, Values
from smoke import add_smoke

KINDS = {
    "anomalies": trials_anomalies.trials,
    "images": trials_images.trials,
    "series": trials_series.trials,
    "tables": trials_tables.trials,
    "texts": trials_texts.trials,
}
"""What is measured, by kind of data; each is a file of its own, which names its baselines.
They are given a folder for what they make themselves."""
SMOKE = {"smoke": lambda folder: [trials_tables.table("wine", True)]}


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
    metrics: Values


def train(
    trial: Trial, seed: int, extra: tuple[str, ...], workspace: str, tree: str = str(ROOT)
) -> tuple[Values, Values]:
    """Trains once; returns the resolved spec and the last event, with epochs and seconds."""
    command = [
        sys.executable, "main.py", "train", "--data", trial.data, "--seed", str(seed),
        "--workspace", workspace, "--json", *trial.options, *extra,
    ]  # fmt: skip
    started = time.perf_counter()
    answer = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
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


def measure(trial: Trial, seed: int, extra: tuple[str, ...], tree: str = str(ROOT)) -> Row:
    """One run, and its baselines on the same parts."""
    with tempfile.TemporaryDirectory() as folder:
        spec, last = train(trial, seed, extra, folder, tree)
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
        last["metrics"],
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="names of data, in part")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--model", help="in the place of the recommended one")
    parser.add_argument("--epochs", type=int, help="of each run, in place of the default")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--tree", default=str(ROOT), help="checkout that trains")
    parser.add_argument("--kind", nargs="*", default=list(KINDS), choices=list(KINDS))
    add_smoke(parser, kind=["smoke"], epochs=1)
    arguments = parser.parse_args()
    extra: tuple[str, ...] = ()
    for option in ("model", "epochs"):
        if (value := getattr(arguments, option)) is not None:
            extra += (f"--{option}", str(value))
    with tempfile.TemporaryDirectory() as folder:
        trials = [trial for kind in arguments.kind for trial in (KINDS | SMOKE)[kind](Path(folder))]
        ratios = []
        for trial in trials:
            if arguments.only and not any(part in trial.name for part in arguments.only):
                continue
            for seed in arguments.seeds:
                try:
                    row = measure(trial, seed, extra, arguments.tree)
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
