"""How soon the Runs page lists thousands of runs.

    python tests/benchmarks/runs_page.py [--runs N] [--rounds N] [--display] [--smoke] [--json]

A workspace of made-up runs, each with settings and metrics of its own, is opened in a new process
for each round, offscreen (unless --display). Reported is the best round, and the median in
brackets:

- `listed_s`: from the asking until every run is in the list, which is read in the background;
- `painted_s`: until the first view is painted, settings that differ included;
- `cpu_s`: what all threads computed until then; on a busy machine the rest is waiting;
- `search_s`, `sort_s`: from a word typed, or a head clicked, to the painted list;
- `peer_s`, `peer_cpu_s`: what Python's own `sqlite3` and `json` take for the
  same rows, settings unread.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))


def make_runs(workspace: Path, n: int) -> None:
    """Makes a workspace of runs that differ in rate, seed and what they reached."""
    from engine.events.run_events import RunFinished
    from engine.runs.checksums import metrics_checksum
    from engine.runs.store import RunStore
    from engine.spec.run_spec import RunSpec

    spec = RunSpec.from_dict(
        {"data": {"source": "digits"}, "model": {"name": "cnn"}, "training": {"epochs": 3}}
    )
    with RunStore(workspace) as store:
        first = store.create(spec, "run 0", "Handwritten digits", "CNN").id
        store.record([RunFinished(first, reason="Done.", metrics={"val_accuracy": 0.9})])
    chance = random.Random(0)
    with contextlib.closing(sqlite3.connect(workspace / "runs.sqlite")) as database:
        database.row_factory = sqlite3.Row
        row = dict(database.execute("SELECT * FROM runs").fetchone())
        settings = json.loads(row["spec"])
        for k in range(1, n):
            settings["training"]["learning_rate"] = chance.random()
            settings["seed"] = k
            names = ("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy")
            metrics = json.dumps({name: chance.random() for name in names})
            at = f"20261101-{k // 3600 % 24:02}{k // 60 % 60:02}{k % 60:02}-{k:04x}"
            new = row | {"id": at, "name": f"run {k}", "spec": json.dumps(settings)}
            new |= {"metrics": metrics, "metrics_crc": metrics_checksum(metrics)}
            marks = ", ".join("?" * len(new))
            database.execute(f"INSERT INTO runs VALUES ({marks})", list(new.values()))
        database.commit()


def open_page(workspace: Path, n: int) -> dict[str, float]:
    """Opens the page in this process and returns what it took."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    scope = QSettings.Scope.UserScope
    QSettings.setPath(QSettings.Format.IniFormat, scope, tempfile.mkdtemp(dir=workspace))
    app = QApplication([])
    from engine.runs.store import RunStore
    from engine.service.session import Session
    from gui.pages.runs.runs_page import RunsPage
    from gui.state.controller import Controller
    from gui.state.messages import Messages
    from gui.state.settings import Settings

    RunStore(workspace).close()  # what it imports is there in a window that has started
    controller = Controller(workspace, lambda: Session(workspace, 5))
    page = RunsPage(controller, Messages(), Settings())
    page.resize(1080, 760)
    page.show()
    app.processEvents()
    start, computed = time.perf_counter(), time.process_time()
    controller.repository.open(may_mark=False)
    while page.model.rowCount() < n:
        app.processEvents()
        time.sleep(0.001)
    found = {"listed_s": time.perf_counter() - start}
    app.processEvents()
    page.grab()
    found["painted_s"] = time.perf_counter() - start
    found["cpu_s"] = time.process_time() - computed
    start = time.perf_counter()
    page.search.setText(f"run {n // 100}")
    page.grab()
    found["search_s"] = time.perf_counter() - start
    page.search.clear()
    start = time.perf_counter()
    order = page.proxy.sortOrder()
    page.table.sortByColumn(page.model.position("name"), order)
    page.grab()
    found["sort_s"] = time.perf_counter() - start
    start, computed = time.perf_counter(), time.process_time()
    with contextlib.closing(sqlite3.connect(workspace / "runs.sqlite")) as database:
        rows = database.execute("SELECT * FROM runs ORDER BY created_at").fetchall()
        place = [column[1] for column in database.execute("PRAGMA table_info(runs)")].index(
            "metrics"
        )
        assert len([json.loads(row[place]) for row in rows]) == n
    found["peer_s"] = time.perf_counter() - start
    found["peer_cpu_s"] = time.process_time() - computed
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--display", action="store_true", help="on the screen")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    add_smoke(parser, runs=50, rounds=1)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(open_page(args.one, args.runs)), flush=True)
        os._exit(0)  # what is measured is the opening
    screen = {} if args.display else {"QT_QPA_PLATFORM": "offscreen"}
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        make_runs(Path(folder), args.runs)
        command = [sys.executable, __file__, "--one", folder, "--runs", str(args.runs)]
        for _ in range(args.rounds):
            done = subprocess.run(
                command, env={**os.environ, **screen}, stdout=subprocess.PIPE, text=True, check=True
            )
            rounds.append(json.loads(done.stdout))
    table: dict[str, Any] = {name: [found[name] for found in rounds] for name in rounds[0]}
    if args.json:
        print(json.dumps({"runs": args.runs, **table}))
        return
    print(f"{args.runs:,} runs, best of {args.rounds} (median)")
    for name, values in table.items():
        print(f"{name:10} {min(values):7.3f} ({statistics.median(values):.3f})")


if __name__ == "__main__":
    main()
