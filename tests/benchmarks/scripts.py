"""Whether a script that a run is exported as gives the run's own figures, in a clean process.

    python tests/benchmarks/scripts.py [--models NAME ...] [--smoke]

Trains one run of every architecture, data of every kind among them, writes its script, and runs
that where nothing of Descent can be imported. ``=``: every metric is the run's to the last bit.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=[], help="only these architectures")
    add_smoke(parser, models=["linear_regression"])
    wanted = parser.parse_args().models

    from script_cases import CASES, run_apart, train_and_write, write_tables

    from engine.runs.store import RunStore

    print(f"{'data, target, model':44}{'metric':>26}{'run':>14}{'script':>14}    seconds")
    n_same = n_done = 0
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_tables(folder)
        store = RunStore(folder / "runs")
        for number, case in enumerate(CASES):
            if wanted and case.model not in wanted:
                continue
            started = time.perf_counter()
            n_done += 1
            to = folder / f"script_{number}.py"
            try:
                done = train_and_write(case, store, folder, to)
                if done.reason:
                    print(f"{case.name:44}  not written: {done.reason}", flush=True)
                    continue
                (both,) = run_apart([to])
            except Exception as error:  # one that fails must not hide the others
                print(f"{case.name:44}  FAILED: {error}", flush=True)
                continue
            is_same = all(run == here for run, here in both.values())
            n_same += is_same
            name = next(iter(both))
            run, here = both[name]
            print(
                f"{case.name:44}{name:>26}{run:14.8g}{here:14.8g}  {'=' if is_same else '≠'}"
                f" {time.perf_counter() - started:8.0f}",
                flush=True,
            )
    print(f"{n_same} of {n_done} equal to the last bit")


if __name__ == "__main__":
    main()
