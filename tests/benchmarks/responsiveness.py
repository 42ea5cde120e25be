"""How the window feels: a 10-ms timer in the GUI thread, and the times people wait for.

    python tests/benchmarks/responsiveness.py [--rounds N] [--epochs N] [--page PAGE]
        [--display] [--smoke] [--json]

Each round opens the real window in a process of its own (offscreen unless --display), lets it warm
up TensorFlow, trains the CNN on digits, and stops it. Reported are

- `painted_s`: from the start of the process to the first painted window;
- `late_ms`: how late the timer was, from launch to the end of the run: p50, p99, maximum;
- `late_after_ms`: the same in the seconds after, in which the result is read, analysed and drawn;
- `busy_ms`, `busy_after_ms`: processor time of the window's process between two ticks, which does
  not depend on what else the machine does;
- `first_point_s`: from Start to the first point of the curve, with a warm worker;
- `pause_ms`, `stop_ms`: from the click to the worker standing still;
- `stopped_s`: from Stop to the run evaluated, saved and over;
- `throughput`: training examples per second with the window open, as a ratio of headless training
  in the same round.
"""

from __future__ import annotations

import argparse
import json
import os
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

SPEC = {"data": {"source": "digits"}, "model": {"name": "cnn"}}


AFTER_MS = 5_000
"""Long enough for a result to be read, analysed and drawn."""


def _headless_samples_per_s(workspace: Path, epochs: int) -> float:
    """The same training through the engine alone, in a worker without a window."""
    from engine.events.commands import Train
    from engine.events.run_events import EpochEnded
    from engine.service.session import Session

    spec = SPEC | {"training": {"epochs": epochs}}
    session = Session(workspace)
    rates = [e.samples_per_s for e in session.run(Train(spec)) if isinstance(e, EpochEnded)]
    session.close()
    return statistics.median(rates[1:])


def _round(display: bool, epochs: int, page: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        environment = dict(os.environ)
        if not display:
            environment["QT_QPA_PLATFORM"] = "offscreen"
        environment["XDG_CONFIG_HOME"] = folder  # settings of the person stay out of it
        given = ["--epochs", str(epochs), "--page", page, "--started", str(time.time())]
        done = subprocess.run(
            [sys.executable, __file__, "--window", folder, *given],
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        figures: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        headless = _headless_samples_per_s(Path(folder), epochs)
        figures["throughput"] = figures["samples_per_s"] / headless
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=15, help="trained before it is stopped")
    parser.add_argument(
        "--page", choices=("train", "results"), default="train", help="looked at meanwhile"
    )
    parser.add_argument("--display", action="store_true", help="on the screen, not offscreen")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--window", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--started", type=float, help=argparse.SUPPRESS)
    add_smoke(parser, rounds=1, epochs=2)
    options = parser.parse_args()
    if options.window:
        from window_player import play

        spec = SPEC | {"training": {"epochs": options.epochs + 1000}}
        given = (options.window, spec, options.epochs, options.page, AFTER_MS, options.started)
        print(json.dumps(play(*given)))
        return
    for _ in range(options.rounds):
        figures = _round(options.display, options.epochs, options.page)
        if options.json:
            print(json.dumps(figures), flush=True)
        else:
            print(
                "  ".join(f"{name} {_short(value)}" for name, value in figures.items()), flush=True
            )


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name} {_short(item)}" for name, item in value.items())
    return f"{value:.3g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    main()
