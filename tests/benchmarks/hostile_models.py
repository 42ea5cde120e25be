"""Model files made to harm, and sound ones damaged at random: none does harm, crashes or hangs.

    python tests/benchmarks/hostile_models.py [--only NAME ...] [--mutants N] [--first N] [--table]
        [--peer] [--smoke]

Each hostile file of `tests/hostile_models.py` is opened as Descent opens it, in a confined process
of its own: it must be refused within 2 seconds of the process's own start, with less than 500 MB,
and change nothing. The peer is `keras.saving.load_model(safe_mode=True)`, in a process without a
guard: it says how many it opens, and how many it takes more than a second or 500 MB for
(--table shows each). Then N mutants of a sound file are looked at, as the confined process does;
one that is still a model is counted.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections import Counter
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from smoke import add_smoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

LONGEST_S = 2.0
MOST_BYTES = 500 << 20
PEER_S = 60.0


def main() -> None:
    from tests.hostile_models import HOSTILE

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", help="some of the hostile files")
    parser.add_argument("--mutants", type=int, default=1000, help="damaged files (1000)")
    parser.add_argument("--first", type=int, default=0, help="the first one's number (0)")
    parser.add_argument("--table", action="store_true", help="a line for each hostile file")
    parser.add_argument("--peer", action="store_true", help="open them with Keras alone, too")
    add_smoke(parser, only=["a Lambda layer", "a link to another file"], mutants=20)
    arguments = parser.parse_args()
    cases = [it for it in HOSTILE if not arguments.only or it.name in arguments.only]
    faults = _hostile(cases, arguments)
    if arguments.peer:
        _peer(cases)
    faults += _mutants(range(arguments.first, arguments.first + arguments.mutants))
    print(f"{faults} fault{'' if faults == 1 else 's'}")
    sys.exit(1 if faults else 0)


def _hostile(cases: list[Any], arguments: argparse.Namespace) -> int:
    """Opens each as Descent does; returns how many were not refused as they must be."""
    from engine.service.importing.opening import ForeignModelError, open_foreign

    faults, longest, most, marked = 0, 0.0, 0, 0
    _opened_once()
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = case.write(folder)
            before = _files(folder)
            started = time.perf_counter()
            try:
                open_foreign(path)
                words = "opened"
            except ForeignModelError as error:
                words = error.message
                most = max(most, error.peak_bytes)
            seconds = time.perf_counter() - started
            after = _files(folder)
            is_marked = case.marker is not None and bool(case.marker(path))
        marked += is_marked
        longest = max(longest, seconds)
        if words == "opened" or before != after or (case.marker and not is_marked):
            faults += 1
            print(f"FAILED {case.name}: {words}")
        elif arguments.table:
            print(f"{case.name:44}{seconds:6.2f} s  {words}")
    told = "" if longest <= LONGEST_S else " (more than wanted; is the machine busy?)"
    print(
        f"{len(cases)} hostile files: {len(cases) - faults} refused, the slowest in "
        f"{longest:.2f} s{told}, at most {most >> 20} MB; {marked} controls did harm"
    )
    return faults + (most > MOST_BYTES)


def _files(folder: Path) -> dict[str, bytes]:
    return {str(item): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def _opened_once() -> None:
    """The files of Python's own are read once before, as in a program that runs."""
    import h5py  # noqa: F401

    from engine.service.importing import loading  # noqa: F401


# ---- the peer


def _peer(cases: list[Any]) -> None:
    """What Keras alone does with them, each in a process that is ended after a while.

    Newer versions refuse most by themselves; what is opened, or takes its time, is told.
    """
    counts: Counter[str] = Counter()
    for case in cases:
        with tempfile.TemporaryDirectory() as name:
            path = case.write(Path(name))
            ours, theirs = multiprocessing.get_context("spawn").Pipe()
            process = multiprocessing.get_context("spawn").Process(
                target=_load, args=(theirs, path)
            )
            process.start()
            theirs.close()
            what = "hung"
            try:
                if ours.poll(PEER_S):
                    what = ours.recv()
            except EOFError:
                what = "died"
            process.kill()
            process.join()
        counts[what] += 1
        print(f"keras  {case.name:44}{what}", flush=True)
    print("keras alone: " + ", ".join(f"{n} {what}" for what, n in counts.most_common()))


def _load(connection: Connection, path: Path) -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))
    import keras

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    try:
        keras.saving.load_model(path, compile=False, safe_mode=True)
        what = "opened"
    except BaseException:
        what = "refused"
    taken = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    if taken << 10 > MOST_BYTES or time.perf_counter() - started > LONGEST_S:
        what += ", late or large"
    connection.send(what)


# ---- mutants


def _mutants(numbers: range) -> int:
    """Looks at damaged files, in one process that is watched; returns how many faults there are."""
    counts: Counter[str] = Counter()
    faults, longest = 0, 0.0
    waiting = list(numbers)
    context = multiprocessing.get_context("spawn")
    while waiting:
        ours, theirs = context.Pipe()
        process = context.Process(target=_look_at, args=(theirs, waiting))
        process.start()
        theirs.close()
        while waiting:
            try:
                outcome = ours.recv() if ours.poll(30) else ("hung", 30.0)
            except EOFError:
                outcome = ("died", 0.0)
            what, seconds = outcome
            number = waiting.pop(0)
            counts[what] += 1
            longest = max(longest, seconds)
            if what not in ("refused", "read"):
                faults += 1
                print(f"FAILED mutant {number}: {what}")
            if what in ("hung", "died"):
                break
        process.kill()
        process.join()
    told = ", ".join(f"{n} {what}" for what, n in counts.most_common())
    print(f"{len(numbers)} damaged files: {told}; the longest {longest:.2f} s")
    return faults


def _look_at(connection: Connection, numbers: list[int]) -> None:
    import resource

    from engine.inference.foreign_models.looking import look
    from engine.inference.foreign_models.refusal import Refused
    from tests.hostile_models import sound
    from tests.mutants import mutated

    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = sound(folder).read_bytes()
        for number in numbers:
            random = np.random.default_rng([18, number])
            path, parts = folder / f"{number}.keras", folder / f"parts{number}"
            path.write_bytes(mutated(whole, random))
            parts.mkdir()
            started = time.perf_counter()
            try:
                look(path, parts)
                what = "read"
            except Refused:
                what = "refused"
            except BaseException as error:
                what = f"crashed: {type(error).__name__}: {error}"
            connection.send((what, time.perf_counter() - started))


if __name__ == "__main__":
    main()
