"""Damaged files by the thousand: none may crash a reader, hang, or take the memory.

    python tests/benchmarks/mutants.py [--number N] [--first N] [--kinds csv,png…]
        [--workspaces N] [--folders N] [--smoke] [--json]

Each kind of data file (see `tests/mutants.py`) is damaged at random, and opened as Descent opens a
file for a first look. With --workspaces and --folders, workspaces are damaged as well, in one file
or in several of one run (see `tests/workspace_mutants.py`): besides, no other run may be harmed,
and no wrong number be shown. A mutant is told by its kind and number, and can be made again by
them.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from smoke import add_smoke

if TYPE_CHECKING:
    from tests.mutants import Outcome

TESTS = Path(__file__).parents[1]


def main() -> None:
    sys.path[:0] = [str(TESTS.parent)]
    from tests.mutants import KINDS

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--number", type=int, default=1000, help="of each kind (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (0)")
    parser.add_argument("--kinds", default=",".join(KINDS), help="some of them, with commas")
    parser.add_argument("--workspaces", type=int, default=0, help="with one damaged file (0)")
    parser.add_argument("--folders", type=int, default=0, help="of runs, damaged at will (0)")
    parser.add_argument("--json", action="store_true", help="one object a line")
    add_smoke(parser, number=1)  # workspaces: tests/engine/test_workspace_mutants.py
    arguments = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    longest: dict[str, Outcome] = {}
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DESCENT_CACHE"] = f"{folder}/cache"
        for outcome in _outcomes(arguments, Path(folder)):
            counts.setdefault(outcome.kind, Counter())[outcome.what] += 1
            if outcome.seconds >= longest.get(outcome.kind, outcome).seconds:
                longest[outcome.kind] = outcome
            if outcome.is_fault:
                faults += 1
                print(f"FAILED {outcome.kind} {outcome.number}: {outcome.what}", outcome.details)
    width = max(map(len, counts))
    for kind, found in counts.items():
        slowest = longest[kind]
        values = {"kind": kind, **found, "longest_s": round(slowest.seconds, 3)}
        if arguments.json:
            print(json.dumps(values))
        else:
            told = ", ".join(f"{count:,} {what}" for what, count in found.most_common())
            print(f"{kind:{width}} {told}; the longest {slowest.seconds:.2f} s ({slowest.number})")
    print(f"{faults} faults" if faults != 1 else "1 fault")
    sys.exit(1 if faults else 0)


def _outcomes(arguments: argparse.Namespace, folder: Path) -> Iterator[Outcome]:
    from tests.mutants import tried
    from tests.workspace_mutants import workspaces_tried

    kinds = tuple(filter(None, arguments.kinds.split(",")))
    numbers = range(arguments.first, arguments.first + arguments.number)
    yield from tried(kinds, numbers, folder)
    if arguments.workspaces or arguments.folders:
        yield from workspaces_tried(
            folder / "sample", arguments.workspaces, arguments.folders, arguments.first
        )


if __name__ == "__main__":
    main()
