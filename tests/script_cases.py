"""Runs of every family of models and kind of data, for scripts that shall give the same.

`train_and_write(case, store, folder)` trains one in this process and exports its script;
`run_apart(paths)` runs scripts in a clean process, in which nothing of Descent can be imported.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.datasets.base import silent
from engine.events.exporting import RunExported
from engine.runs.store import RunStore
from engine.service.results.exporting import format_named
from engine.service.results.opened_run import OpenedRun
from engine.training.control import TrainingControl

PEOPLE = "people.csv"
LABELLED = "labelled.csv"
EXACT = {"reproducible": True, "layers": "keras"}


@dataclass(frozen=True)
class Case:
    """A run.

    Attributes:
        data: A data set in the box, or a file that `write_tables` writes.
        model: The architecture.
        parameters: Its settings.
        target, task: As in `DataSpec`.
        epochs: As in `TrainingSpec`.
        training: Of it, what else is set.
        more: Other parts of the spec.
    """

    data: str
    model: str
    parameters: dict[str, Any] = field(default_factory=dict)
    target: str | None = None
    task: str | None = None
    epochs: int = 1
    training: dict[str, Any] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.data.partition('.')[0]}-{self.target or self.task or 'own'}-{self.model}"

    def values(self, folder: Path) -> dict[str, Any]:
        """The spec as JSON values."""
        data: dict[str, Any] = {"source": self.data}
        if self.data.endswith(".csv"):
            data["source"] = str(folder / self.data)
        data |= {key: it for key in ("target", "task") if (it := getattr(self, key)) is not None}
        return {
            "data": data,
            "model": {"name": self.model, "parameters": self.parameters},
            "training": {"epochs": self.epochs, **self.training},
            "execution": EXACT,
            **self.more,
        }


def write_tables(folder: Path, n_rows: int = 200) -> None:
    """Writes a table of numbers, categories, gaps and dates, and one of labels."""
    draw = np.random.default_rng(5)
    with (folder / PEOPLE).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["age", "city", "day", "income", "smoker", "price", "level"])
        for number in range(n_rows):
            age, income = int(draw.integers(18, 80)), round(float(draw.normal(4000, 900)), 2)
            city = str(draw.choice(["Bern", "Zürich", "Lyon"]))
            day = np.datetime64("2020-01-01") + int(draw.integers(0, 900))
            price = age * 2.5 + 30 * (city == "Bern") + income / 100 + draw.normal(0, 3)
            rows.writerow(
                [
                    "" if number % 31 == 0 else age,
                    "" if number % 11 == 0 else city,
                    day,
                    "NA" if number % 7 == 0 else income,
                    ("no", "yes")[number % 3 == 0],
                    round(price, 3),
                    ("low", "high")[price > 180],
                ]
            )
    with (folder / LABELLED).open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["a", "b", "c", "hot", "wet"])
        for _ in range(n_rows):
            a, b = draw.normal(0, 1, 2).round(3).tolist()
            c = str(draw.choice(["x", "y", "z"]))
            rows.writerow([a, b, c, int(a + draw.normal(0, 0.5) > 0), int(b + (c == "x") > 0.3)])


def train_and_write(
    case: Case, store: RunStore, tables: Path, to: Path, format: str = "script"
) -> RunExported:
    """Trains a run in this process, and exports it."""
    from engine.devices.tensorflow import load_tensorflow
    from engine.service.running import train

    load_tensorflow()
    ended = train(case.values(tables), store, lambda event: None, TrainingControl(), case.name)
    record = store.get(ended.run)
    run = OpenedRun(record, store.folder(record.id))
    return format_named(format).export(run, to, silent)


_APART = """
import contextlib, io, json, runpy, sys

class NoDescent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("engine", "gui"):
            raise ImportError(f"{name} is part of Descent")

sys.meta_path.insert(0, NoDescent())
for path in sys.argv[1:]:
    with contextlib.redirect_stdout(io.StringIO()):
        left = runpy.run_path(path, run_name="__main__")
    both = {name: [value, float(left["here"][name])] for name, value in left["RUN"].items()}
    print(json.dumps(both), flush=True)
"""


def run_apart(paths: list[Path]) -> list[dict[str, tuple[float, float]]]:
    """Runs scripts in a clean process.

    Returns:
        For each the metrics by name: the run's, and the script's.
    """
    command = [sys.executable, "-I", "-W", "ignore", "-c", _APART, *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=False)
    assert not done.returncode, done.stderr[-3000:]
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return [{name: (run, here) for name, (run, here) in row.items()} for row in rows]


CASES = (
    Case(PEOPLE, "linear_regression", target="price", epochs=3),
    Case(PEOPLE, "logistic_regression", target="level", epochs=3),
    Case(PEOPLE, "mlp", target="level", epochs=3, training={"class_weights": "balanced"}),
    Case(
        PEOPLE,
        "mlp",
        {"dropout": 0.1},
        target="price",
        epochs=5,
        training={"clip_norm": 1.0},
        more={"schedule": {"name": "cosine", "warmup": 1}, "augmentation": {"noise": 0.05}},
    ),
    Case(PEOPLE, "table_ensemble", target="price", epochs=3),
    Case(PEOPLE, "table_prototypes", target="level", task="anomaly", epochs=2),
    Case(LABELLED, "table_ensemble", {"trees": 10}, target="hot,wet", epochs=3),
    Case("iris", "mlp", epochs=3, training={"label_smoothing": 0.1}),
    Case("moons", "custom", epochs=3),
    Case("digits", "cnn"),
    Case("digits", "resnet"),
    Case("countries", "rnn"),
    Case("countries", "lstm"),
    Case("countries", "gru"),
    Case("countries", "text_cnn"),
    Case("countries", "self_attention"),
    Case("countries", "transformer"),
    Case("countries", "text_ngrams"),
    Case("seasons", "series_linear"),
    Case("seasons", "series_cnn"),
    Case("seasons", "series_rnn"),
    Case("seasons", "series_hybrid"),
    Case("seasons", "series_transformer"),
    Case("keypad_tones", "sound_cnn"),
    Case("keypad_tones", "sound_rnn"),
    Case("dialled_numbers", "sound_transcriber"),
    Case("moving_shapes", "video_cnn"),
    Case("moving_shapes", "video_rnn"),
    Case("dates", "gru_translator"),
    Case("dates", "transformer_translator"),
    Case("pump", "autoencoder"),
    Case("cartpole", "policy"),
)
"""One of every architecture, data of every kind and task among them."""
