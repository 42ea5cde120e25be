"""How long an explanation of one example takes, for the models in the box.

    python tests/benchmarks/explanations.py [--only NAME ...] [--epochs N] [--workspace DIR]
        [--rows N] [--smoke] [--json]

Each data set of the box is trained with the model it recommends, unless the workspace has a run of
its name. The model is loaded first. `first` is the first explanation, which is traced; `next` the
median of the following ones; both with the sanity check. `cpu` is the processor's time of either,
which other programs do not lengthen. Beside them a prediction of the same example, by the same
model. The first method of each is the one that is taken by default.
"""

from __future__ import annotations

import argparse
import json
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
sys.path.insert(0, str(ROOT))

LIMIT_S = 1.0


def names_in_box() -> list[str]:
    """Data sets that are in the box, not elsewhere."""
    from engine.datasets import DATASETS

    return [dataset.name for dataset in DATASETS if not dataset.is_remote]


def trained(name: str, workspace: Path, epochs: int) -> None:
    """Trains what the data set recommends, unless there is a run of that name."""
    from engine.errors import UnknownNameError
    from engine.runs.store import RunStore

    with RunStore(workspace) as store:
        try:
            store.get(name)
            return
        except UnknownNameError:
            pass
    command = [sys.executable, "main.py", "train", "--data", name, "--name", name, "--json"]
    command += ["--epochs", str(epochs), "--workspace", str(workspace)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def measured(name: str, workspace: Path, n_rows: int) -> list[dict[str, Any]]:
    """Every way to explain a row of the run's test part, in seconds."""
    from engine.runs.store import RunStore
    from engine.service.results.explaining import background_of
    from engine.service.results.opened_run import OpenedRun

    with RunStore(workspace) as store:
        record = store.get(name)
        run = OpenedRun(record, store.folder(record.id))
    _, rows = run.rows(None)
    x = run.prepared().examples.x
    background = background_of(run, lambda *_: None)
    run.model.predict(x[rows[:1]])
    predicting = [timed(lambda row=row: run.model.predict(x[row : row + 1]))[0] for row in rows[:5]]
    found: list[dict[str, Any]] = []
    making, methods = timed(lambda: run.explainer.methods)
    for method in methods:

        def explain(row: int, method: str = method.name) -> Any:
            return run.explainer.explain(np.asarray(x[row : row + 1]), background, method=method)

        cpu = time.process_time() - (making if not found else 0.0)
        first, explanation = timed(lambda: explain(int(rows[0])))
        cpu = time.process_time() - cpu
        times, cpus = [], []
        for row in rows[1 : n_rows + 1]:
            start = time.process_time()
            seconds, explanation = timed(lambda row=row: explain(int(row)))
            times.append(seconds)
            cpus.append(time.process_time() - start)
        found.append(
            {
                "data": name,
                "model": record.spec.model.name,
                "method": method.name,
                "first_s": first + (making if not found else 0.0),
                "first_cpu_s": cpu,
                "next_s": statistics.median(times or [first]),
                "next_cpu_s": statistics.median(cpus or [cpu]),
                "predict_s": statistics.median(predicting),
                "complete": explanation.is_complete if explanation.is_sum else None,
                "sanity": explanation.sanity.correlation,
            }
        )
    return found


def timed(what: Any) -> tuple[float, Any]:
    """Seconds that something takes, and what it returns."""
    start = time.perf_counter()
    found = what()
    return time.perf_counter() - start, found


def line(it: dict[str, Any]) -> str:
    """A line of the table."""
    complete = {True: "yes", False: "no", None: ""}[it["complete"]]
    over = "  over 1 s" if it["next_s"] > LIMIT_S else ""
    return (
        f"{it['data']:16} {it['model']:22} {it['method']:22} {it['first_s']:6.2f} "
        f"{it['first_cpu_s']:6.2f} {it['next_s']:6.2f} "
        f"{it['next_cpu_s']:6.2f} {1000 * it['predict_s']:8.1f}  {complete:4} "
        f"{it['sanity']:6.2f}{over}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rows", type=int, default=5)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--json", action="store_true")
    add_smoke(parser, only=["xor"], epochs=1, rows=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = options.workspace or Path(folder)
        if not options.json:
            heads = "".join(f"{name:>7}" for name in ("first", "cpu", "next", "cpu"))
            print(f"{'data':16} {'model':22} {'method':22}{heads} {'predict':>8}  sum  sanity")
            print(" " * 62 + f"{'s':>7}" * 4 + f" {'ms':>8}")
        for name in options.only or names_in_box():
            trained(name, workspace, options.epochs)
            for found in measured(name, workspace, options.rows):
                print(json.dumps(found) if options.json else line(found), flush=True)


if __name__ == "__main__":
    main()
