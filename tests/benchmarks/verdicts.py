"""Are a run's verdicts right? Trains runs that are sound and runs with one fault each.

    python tests/benchmarks/verdicts.py [--tune] [--shift N] [--only TEXT ...] [--smoke] [--json]

Named is a fault where one of the kinds that fit it is among the findings. A false alarm is a
finding of severity `warning` or `fault` on a sound run. `--tune` trains other runs on other data,
on which the thresholds in `engine/inference/advice` were set.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).parents[2]))

from smoke import add_smoke
from verdict_cases import BENCH, TUNE, Case

from engine.events.verdicts import Finding, Severity
from engine.runs.store import RunStore
from engine.service.running import train
from engine.training.control import TrainingControl

_ALARMS = (Severity.WARNING, Severity.FAULT)
_WIDTH = 46


@dataclass(frozen=True)
class Outcome:
    """What became of a case."""

    case: Case
    findings: tuple[Finding, ...]
    seconds: float

    @property
    def is_sound(self) -> bool:
        return not self.case.kinds

    @property
    def alarms(self) -> list[Finding]:
        return [it for it in self.findings if it.severity in _ALARMS]

    @property
    def is_right(self) -> bool:
        if self.is_sound:
            return not self.alarms
        return any(it.kind in self.case.kinds for it in self.findings)

    def to_dict(self) -> dict[str, Any]:
        return {
            "name": self.case.name,
            "is_sound": self.is_sound,
            "expected": [kind.value for kind in self.case.kinds],
            "is_right": self.is_right,
            "findings": [it.to_dict() for it in self.findings],
        }


def run(
    case: Case, store: RunStore, folder: Path, epochs: int | None = None, shift: int = 0
) -> Outcome:
    """Trains a case, with that many thousands added to its seed."""
    case = replace(case, seed=case.seed + 1000 * shift)
    spec = case.spec(folder)
    if epochs is not None:
        spec["training"] = {**spec.get("training", {}), "epochs": epochs}
    started = time.perf_counter()
    ended = train(spec, store, lambda event: None, TrainingControl())
    return Outcome(case, ended.findings, time.perf_counter() - started)


def line_of(outcome: Outcome) -> str:
    """A row of the table."""
    mark = "ok" if outcome.is_right else "WRONG"
    said = ", ".join(f"{it.kind.value} ({it.severity.value})" for it in outcome.findings)
    return f"{mark:6}{outcome.case.name:{_WIDTH}}{outcome.seconds:5.1f} s  {said}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tune", action="store_true", help="other runs, to set thresholds on")
    parser.add_argument("--only", nargs="+", default=[], help="cases whose name has one of these")
    parser.add_argument("--epochs", type=int, help="as many in each run")
    parser.add_argument("--shift", type=int, default=0, help="other seeds, for tables and runs")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--words", action="store_true", help="what is said, too")
    add_smoke(parser, only=["moons", "eighteen"], epochs=2)
    arguments = parser.parse_args()
    outcomes = []
    with tempfile.TemporaryDirectory() as scratch, RunStore(Path(scratch)) as store:
        for case in TUNE if arguments.tune else BENCH:
            if arguments.only and not any(text in case.name for text in arguments.only):
                continue
            outcome = run(case, store, Path(scratch), arguments.epochs, arguments.shift)
            outcomes.append(outcome)
            if not arguments.json:
                print(line_of(outcome), flush=True)
            if arguments.words:
                print(*(f"          {it.text}" for it in outcome.findings), sep="\n", flush=True)
    if arguments.json:
        print(json.dumps([outcome.to_dict() for outcome in outcomes]))
        return
    sound = [it for it in outcomes if it.is_sound]
    faulty = [it for it in outcomes if not it.is_sound]
    for what, those in (("faults named", faulty), ("sound runs without alarm", sound)):
        right = sum(it.is_right for it in those)
        share = f" ({right / len(those):.0%})" if those else ""
        print(f"{what}: {right} of {len(those)}{share}")


if __name__ == "__main__":
    main()
