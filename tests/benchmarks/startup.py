"""How long the window takes to be painted, and how long it then keeps a person waiting.

    python tests/benchmarks/startup.py [--rounds N] [--against CHECKOUT] [--display] [--cold]
        [--smoke] [--json]

Each round starts the window in a process of its own, on a workspace that was opened before; the
peer is a bare window of Qt's, which no window can beat. With `--against` the window of another
checkout takes its turn as well. The first round of each is warm-up; with `--cold` (Linux) the
system then forgets, before each start, what it holds of the files that the last one read, as far
as no other program has them open. Reported are the medians of

- `painted_s`: from the start of the process to the first paint, and its shares: `python_s` until
  the program's first line, `imports_s`, `application_s` (Qt, theme, log, controllers), `window_s`
  (widgets) and `painting_s` (shown, laid out and painted);
- `cpu_s`: processor time until then, which depends less on what else the machine does;
- `pages_s`: from the paint until every page is there;
- `block_s`: for how long the GUI thread answered nothing at the longest, in the three seconds after
  the paint or until the pages are there; `block_cpu_s`: the most processor time in one go; and
  `late_50ms`: how often it was more than 50 ms.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from smoke import add_smoke

ROOT = Path(__file__).parents[2]
PLAYER = Path(__file__).with_name("startup_player.py")
SHARES = ("python_s", "imports_s", "application_s", "window_s", "painting_s")
WATCHED_MS = 3_000


def _start(
    part: str, checkout: Path, folder: Path, options: argparse.Namespace
) -> dict[str, float]:
    environment = dict(os.environ)
    if not options.display:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME"):  # what the person has stays out of it
        environment[name] = str(folder / name)
    environment.pop("DESCENT_WORKSPACE", None)
    # As an installed program has it: compiled once, whatever the caller's settings are.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    given = [str(checkout), str(time.time()), part, str(options.watched_ms)]
    done = subprocess.run(
        [sys.executable, str(PLAYER), *given],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-2])
    if options.cold:
        _forget(json.loads(done.stdout.splitlines()[-1]))
    figures["painted_s"] = sum(figures.get(name, 0.0) for name in SHARES)
    return figures


def _forget(paths: list[str]) -> None:
    """Lets the system read files from the disk when they are read next."""
    for path in paths:
        with contextlib.suppress(OSError):
            file = os.open(path, os.O_RDONLY)
            os.fsync(file)  # only what is on the disk can be forgotten
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--against", type=Path, help="another checkout of Descent, to compare with")
    parser.add_argument("--display", action="store_true", help="on the screen, not offscreen")
    parser.add_argument("--cold", action="store_true", help="from the disk")
    parser.add_argument("--json", action="store_true", help="each start, too")
    parser.add_argument("--watched-ms", type=int, default=WATCHED_MS, help=argparse.SUPPRESS)
    add_smoke(parser, rounds=1, watched_ms=100)
    options = parser.parse_args()
    kinds = {"window": ("window", ROOT), "bare Qt": ("empty", ROOT)}
    if options.against:
        kinds["against"] = ("window", options.against.resolve())
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in kinds}
    with tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds + 1):
            for name, (part, checkout) in kinds.items():
                figures = _start(part, checkout, Path(folder) / name, options)
                if options.json:
                    print(json.dumps({"of": name, "round": number, **figures}), flush=True)
                if number:
                    taken[name].append(figures)
    medians = {name: _medians(figures) for name, figures in taken.items()}
    for figure in medians["window"]:
        row = [f"{of} {it[figure]:.3f}" for of, it in medians.items() if figure in it]
        print(f"{figure:>14}  {'   '.join(row)}")


def _medians(figures: list[dict[str, float]]) -> dict[str, float]:
    names = [name for name in ("painted_s", *SHARES) if name in figures[0]]
    names += [name for name in figures[0] if name not in names]
    return {name: statistics.median(it[name] for it in figures) for name in names}


if __name__ == "__main__":
    main()
