"""Damaged files by the thousand: none may crash a reader, hang, or take the memory.

    python tests/benchmarks/mutants.py [--number N] [--first N] [--kinds csv,png…]
        [--smoke] [--json]

Each kind of file (see `tests/mutants.py`) is damaged at random, and opened as Descent opens a file
for a first look. A mutant is told by its kind and number, and can be made again by them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from smoke import add_smoke

TESTS = Path(__file__).parents[1]


def main() -> None:
    sys.path[:0] = [str(TESTS.parent)]
    from tests.mutants import KINDS, Outcome, tried

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=1000, help="of each kind (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (0)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="some of them, with commas")
    parser.add_argument("--json", action="store_true", help="one object a line")
    add_smoke(parser, number=3)
    arguments = parser.parse_args()
    kinds = tuple(arguments.kinds.split(","))
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    longest: dict[str, Outcome] = {}
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DESCENT_CACHE"] = f"{folder}/cache"
        numbers = range(arguments.first, arguments.first + arguments.number)
        for outcome in tried(kinds, numbers, Path(folder)):
            counts[outcome.kind][outcome.what] += 1
            if outcome.seconds >= longest.get(outcome.kind, outcome).seconds:
                longest[outcome.kind] = outcome
            if outcome.is_fault:
                faults += 1
                print(f"FAILED {outcome.kind} {outcome.number}: {outcome.what}", outcome.details)
    for kind, found in counts.items():
        slowest = longest[kind]
        values = {"kind": kind, **found, "longest_s": round(slowest.seconds, 3)}
        if arguments.json:
            print(json.dumps(values))
        else:
            told = ", ".join(f"{count:,} {what}" for what, count in found.most_common())
            print(f"{kind:8} {told}; the longest {slowest.seconds:.2f} s ({slowest.number})")
    print(f"{faults} faults" if faults != 1 else "1 fault")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
