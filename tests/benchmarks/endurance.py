"""One window, kept busy for hours: what it keeps, how late it gets, what goes wrong.

    python tests/benchmarks/endurance.py [--hours N] [--every MINUTES] [--seed N] [--smoke] [--json]

Opens the real window offscreen in a process of its own and plays a restless user: trains runs of
several kinds, pauses them, changes their rate, stops them, kills their worker and continues them,
turns pages, opens results, changes themes and sizes, deletes runs. Every so many minutes it notes,
of the window's process, memory in MB, threads, handles (open files) and child processes; files in
the temporary folder and in the workspace beside the runs' own; how late a 10-ms timer was since
the last look, and the longest that each thing the user does held the window up. `grown_mb` is the
slope of memory over the looks after the first, per hour.

Counted as faults, which shall be 0: `errors` that the window showed, runs that gave no sign for two
minutes (`stuck`), runs that failed (`failed`), and runs whose metrics are not there (`lost`).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from smoke import add_smoke

FAULTS = ("errors", "stuck", "failed", "lost")


def _slope(looks: list[dict[str, Any]]) -> float:
    """MB per hour, by least squares; the first look is not counted."""
    later = looks[1:]
    if len(later) < 2:
        return 0.0
    hours = [look["hours"] for look in later]
    return statistics.linear_regression(hours, [look["memory_mb"] for look in later]).slope


def _show(values: dict[str, Any], as_json: bool) -> None:
    if as_json or "memory_mb" not in values:
        print(json.dumps(values), flush=True)
        return
    print(", ".join(f"{name} {value:.4g}" for name, value in values.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--every", type=float, default=10.0, help="minutes between two looks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    add_smoke(parser, hours=0.01, every=0.2)
    options = parser.parse_args()
    if options.window:
        from endurance_player import play

        play(options)
        return
    given = ["--hours", options.hours, "--every", options.every, "--seed", options.seed]
    looks: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        (temporary := Path(folder) / "temporary").mkdir()
        (workspace := Path(folder) / "workspace").mkdir()
        environment = {
            **os.environ,
            "QT_QPA_PLATFORM": "offscreen",
            "XDG_CONFIG_HOME": folder,
            "TMPDIR": str(temporary),
        }
        process = subprocess.Popen(
            [sys.executable, __file__, "--window", str(workspace), *map(str, given)],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            values = json.loads(line)
            _show(values, options.json)
            if "memory_mb" in values:
                looks.append(values)
        code = process.wait()
    faults = sum(looks[-1][name] for name in FAULTS) if looks else 1
    print(f"grown_mb {_slope(looks):.2f} an hour, {faults} faults, exit code {code}")
    if faults or code:
        print("FAILED")
        sys.exit(1)


if __name__ == "__main__":
    main()
