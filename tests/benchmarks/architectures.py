"""What every architecture reaches on data in the box and in ../shared/data, with its defaults.

    python tests/benchmarks/architectures.py [--only TEXT ...] [--seeds S ...] [--epochs N]
        [--smoke] [--json]

Each run is a `main.py train` of its own, as a person would start it. The time is from the first
step to the last; `whole` adds imports, data, evaluation and saving. A peer is measured on the same
parts: scikit-learn's for classes, the last value for forecasts, least squares for coefficients.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
SHARED = ROOT.parent / "shared" / "data"

Values = dict[str, Any]


@dataclass(frozen=True)
class Trial:
    """A data set, the models to try on it, and what is looked at.

    Attributes:
        data: Name, or path.
        models: By name; empty: all that fit.
        metric: Of the test part.
        goal: What issue 4 asks of at least one of them; empty: nothing.
        options: Further arguments of `main.py train`.
        beside: Measures more, given the workspace, the run's id and its spec.
    """

    data: str
    metric: str
    goal: str = ""
    models: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    beside: Callable[[Path, str, Values], str] | None = None


def peer_of_classes(workspace: Path, run: str, spec: Values) -> str:
    """scikit-learn's logistic regression on the same parts: of features, or of words."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from engine.spec.run_spec import RunSpec
    from engine.spec.signature import Kind
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    examples, parts = prepared.examples, prepared.parts
    ways: dict[str, Any] = {"": LogisticRegression(max_iter=5000)}
    if examples.kind is Kind.TEXT:
        ways = {
            "words": make_pipeline(CountVectorizer(), LogisticRegression(max_iter=5000)),
            "1- to 4-grams of characters": make_pipeline(
                CountVectorizer(analyzer="char", ngram_range=(1, 4)),
                LogisticRegression(max_iter=5000),
            ),
        }
    said = []
    for name, way in ways.items():
        train, test = (
            examples.x[part]
            if examples.kind is Kind.TEXT
            else prepared.preprocessing.transform_x(examples.x[part])
            for part in (parts.train, parts.test)
        )
        way.fit(train, examples.y[parts.train])
        said.append(f"LR {name} {way.score(test, examples.y[parts.test]):.3f}".replace("  ", " "))
    return ", ".join(said)


def coefficients(workspace: Path, run: str, spec: Values) -> str:
    """How far the largest error of a coefficient is from the truth that made data tell."""
    from engine.devices.tensorflow import load_tensorflow
    from engine.inference.contract import Contract
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    load_tensorflow()
    import keras

    folder = RunStore(workspace).folder(run)
    model = keras.saving.load_model(folder / "model.keras", compile=False)
    network = next(layer for layer in model.layers if isinstance(layer, keras.Model))
    kernel, bias = (weight.numpy() for weight in network.layers[-1].weights)
    intercept, found = Contract.load(folder).preprocessing.restore_coefficients(kernel, bias)
    examples = prepare(RunSpec.from_dict(spec)).examples
    design = np.column_stack([np.ones(len(examples.y)), examples.x[:]])
    best = np.linalg.lstsq(design, examples.y)[0]
    pairs = ", ".join(
        f"{ours:.3f} ({theirs:.3f})"
        for ours, theirs in zip([intercept[0], *found[:, 0]], best, strict=True)
    )
    return f"coefficients {pairs} of least squares on all rows; {' '.join(examples.notes)}"


def naive(workspace: Path, run: str, spec: Values) -> str:
    """Error of repeating the last value."""
    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import prepare

    prepared = prepare(RunSpec.from_dict(spec))
    x, y = (values[prepared.parts.test] for values in (prepared.examples.x, prepared.examples.y))
    error = float(np.sqrt(np.mean((x[:, -1, 0] - y.reshape(len(y), -1)[:, 0]) ** 2)))
    return f"last value {error:.5f}"


def pole(workspace: Path, run: str, spec: Values) -> str:
    """Episodes of 500 steps that the policy balances, of 20."""
    import gymnasium

    from engine.devices.tensorflow import load_tensorflow
    from engine.inference.contract import Contract
    from engine.inference.serving import ServedModel
    from engine.runs.store import RunStore

    load_tensorflow()
    folder = RunStore(workspace).folder(run)
    model, contract = ServedModel.load(folder), Contract.load(folder)
    assert contract.signature.is_binary
    places = [gymnasium.make("CartPole-v1") for _ in range(20)]
    seen = np.stack([place.reset(seed=1000 + seed)[0] for seed, place in enumerate(places)])
    steps, up = np.zeros(20, int), np.ones(20, bool)
    for _ in range(500):
        pushes = (model.predict(seen.astype(np.float64))[:, 0] > 0.5).astype(int)
        for index in np.flatnonzero(up):
            seen[index], _, fell, _, _ = places[index].step(int(pushes[index]))
            steps[index] += 1
            up[index] = not fell
    return f"{int((steps == 500).sum())} of 20 episodes of 500 steps"


TEXT_PEER = peer_of_classes
TRIALS = (
    Trial("noisy_plane", "test_r2_score", "coefficients within 5 %", ("linear_regression",),
          beside=coefficients),
    Trial("two_classes", "test_accuracy", "within 0.01 of LR", ("logistic_regression",),
          beside=peer_of_classes),
    Trial("moons", "test_accuracy", models=("logistic_regression", "mlp")),
    Trial(str(SHARED / "penguins.csv"), "test_accuracy", options=("--target", "species")),
    Trial("breast_cancer", "test_accuracy"),
    Trial("digits", "test_accuracy", ">= 0.98 (cnn, resnet)", ("cnn", "resnet", "mlp")),
    Trial(str(SHARED / "mnist"), "test_accuracy", "", ("cnn",),
          ("--test-split", "0.1", "--validation-split", "0.1")),
    Trial("countries", "test_accuracy", "LR of words + 0.10", beside=TEXT_PEER),
    Trial(str(SHARED / "names_by_language"), "test_accuracy", ">= 0.75", beside=TEXT_PEER),
    Trial("keypad_tones", "test_accuracy"),
    Trial(str(SHARED / "spoken_digits"), "test_accuracy", ">= 0.95"),
    Trial("number_words", "test_exact_match", ">= 0.98",
          options=("--set", "data.parameters.source=English",
                   "--set", "data.parameters.target=French")),
    Trial("dates", "test_exact_match", ">= 0.99"),
    Trial("dialled_numbers", "test_character_error_rate", "<= 0.02"),
    Trial("moving_shapes", "test_accuracy", ">= 0.95"),
    Trial("mackey_glass", "test_root_mean_squared_error", "< a tenth of the last value's",
          beside=naive),
    Trial("seasons", "test_root_mean_squared_error", beside=naive),
    Trial("cartpole", "test_accuracy", "20 of 20", beside=pole),
    Trial("pump", "test_roc_auc"),
)  # fmt: skip


def fitting(trial: Trial) -> tuple[str, ...]:
    """The models of a trial, all that fit where none are named."""
    if trial.models:
        return trial.models
    from engine.architectures import ARCHITECTURES
    from engine.spec.run_spec import RunSpec
    from engine.training.prepared_data import look

    values = {"data": {"source": trial.data, "target": _target(trial.options)}}
    signature = look(RunSpec.from_dict(values)).signature
    return tuple(
        item.name
        for item in ARCHITECTURES
        if not item.misfit(signature.kind, signature.task)
        and item.name not in ("custom", "applications")
    )


def wanted(models: Iterable[str], data: str, only: list[str]) -> list[str]:
    """The models that are asked for on some data; all where nothing is."""
    return [
        model for model in models if not only or any(part in f"{data}/{model}" for part in only)
    ]


def _target(options: tuple[str, ...]) -> str | None:
    return options[options.index("--target") + 1] if "--target" in options else None


def train(trial: Trial, model: str, seed: int, workspace: Path) -> tuple[Values, Values]:
    """Trains once; returns the first and the last event, with seconds."""
    command = [
        sys.executable, "main.py", "train", "--data", trial.data, "--model", model,
        "--seed", str(seed), "--workspace", str(workspace), "--json", *trial.options,
    ]  # fmt: skip
    started = time.perf_counter()
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    events = [json.loads(line) for line in answer.stdout.splitlines() if line.startswith("{")]
    if not events or events[-1]["event"] != "run_finished":
        raise RuntimeError(
            f"{model} on {trial.data}: {answer.stdout[-500:]}{answer.stderr[-1500:]}"
        )
    epochs = [event for event in events if event["event"] == "epoch_ended"]
    last = {
        **events[-1],
        "seconds": sum(event["duration_s"] for event in epochs),
        "whole": time.perf_counter() - started,
    }
    return next(event for event in events if event["event"] == "run_started"), last


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], help="data or model names, in part")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--epochs", type=int, help="of each run, in place of its default")
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, only=["two_classes"], epochs=1)
    arguments = parser.parse_args()
    from engine.architectures import ARCHITECTURES

    for trial in TRIALS:
        if arguments.epochs:
            options = (*trial.options, "--epochs", str(arguments.epochs))
            trial = dataclasses.replace(trial, options=options)
        name = Path(trial.data).stem
        if "/" in trial.data and not Path(trial.data).exists():
            continue
        if not wanted(trial.models or ARCHITECTURES.names, name, arguments.only):
            continue  # before its data is read
        for model in wanted(fitting(trial), name, arguments.only):
            _try(trial, name, model, arguments.seeds, arguments.json)


def _try(trial: Trial, name: str, model: str, seeds: list[int], as_json: bool) -> None:
    values, seconds, whole, beside = [], [], [], ""
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            try:
                first, last = train(trial, model, seed, Path(folder))
            except RuntimeError as error:
                print(f"{name:18} {model:22} FAILED {error}", flush=True)
                return
            values.append(last["metrics"][trial.metric])
            seconds.append(last["seconds"])
            whole.append(last["whole"])
            if trial.beside is not None and not beside:
                beside = trial.beside(Path(folder), last["run"], first["spec"])
    row = {
        "data": name, "model": model, "metric": trial.metric.removeprefix("test_"),
        "values": values, "seconds": float(np.mean(seconds)), "whole": float(np.mean(whole)),
        "goal": trial.goal, "beside": beside,
    }  # fmt: skip
    if as_json:
        print(json.dumps(row), flush=True)
        return
    numbers = " ".join(f"{value:.4g}" for value in values)
    print(
        f"{name:18} {model:22} {row['metric']:24} {numbers:28} "
        f"{row['seconds']:6.1f} s ({row['whole']:.0f} s whole)  {trial.goal}  {beside}",
        flush=True,
    )


if __name__ == "__main__":
    main()
