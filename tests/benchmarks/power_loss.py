"""What a power cut leaves of a run, at random moments.

    python tests/benchmarks/power_loss.py [--cuts N] [--resumes N] [--seed N] [--smoke]

A run is trained on a simulated disk, which keeps only what was flushed to it: files, names in
folders, and what SQLite commits may be there, be missing or be torn in any mixture
(`tests/simulated_disk.py`). The power is cut at random moments of it, and what is left is opened.
It is counted

- `unopened`: workspaces, or runs in them, that cannot be read;
- `lost_epochs`, `changed_epochs`: epochs that somebody was told and that are not there, or are
  otherwise;
- `lost_checkpoints`: cuts after which the newest checkpoint that was written is missing or damaged;
- `ahead`: cuts after which a checkpoint has epochs of which the database knows nothing;

and of some that are continued

- `different`: runs that do not end as the same run did whose power was not cut, bit by bit.

All but the first two columns shall be 0.
"""

from __future__ import annotations

import argparse
import shutil
import sqlite3
import sys
import tempfile
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any
from unittest import mock

sys.path.insert(0, str(Path(__file__).parents[2]))

from smoke import add_smoke

from engine.events.run_events import RunFinished
from engine.runs.places import DATABASE
from engine.runs.store import RunStore
from engine.service import running
from engine.training.checkpoint import find_checkpoint
from engine.training.control import TrainingControl
from tests.power_loss_cases import Acknowledged, cut_often
from tests.simulated_disk import SimulatedDisk

SPEC: dict[str, Any] = {
    "data": {"source": "iris"},
    "model": {"name": "mlp", "parameters": {"dropout": 0.2}},
    "training": {"epochs": 25, "batch_size": 8},
    "execution": {"reproducible": True},
    "seed": 1,
}


def record(workspace: Path, epochs: int) -> tuple[SimulatedDisk, str]:
    """Trains a run on a simulated disk; returns the disk and the run's id."""
    RunStore(workspace).close()
    disk = SimulatedDisk(workspace)
    told = Acknowledged(disk)
    spec = SPEC | {"training": SPEC["training"] | {"epochs": epochs}}
    with ExitStack() as patches:

        def patch(owner: Any, name: str, value: Any) -> None:
            patches.enter_context(mock.patch.object(owner, name, value))

        told.watch_checkpoints(patch)
        with disk.recording(patch), RunStore(workspace) as store:
            ended = running.train(spec, store, told, TrainingControl())
    assert isinstance(ended, RunFinished), ended
    return disk, ended.run


def state_of(store: RunStore, run: str) -> dict[str, Any]:
    """What a run ends with, to be compared bit by bit."""
    found = find_checkpoint(store.folder(run) / "checkpoints").checkpoint
    assert found is not None
    return {
        "variables": {name: it.tobytes() for name, it in found.snapshot.variables.items()},
        "epochs": [event.metrics for event in store.epochs(run)],
        "metrics": store.get(run).metrics,
    }


def resume(places: list[Path], run: str, wanted: dict[str, Any]) -> int:
    """Continues the run in each place; returns how many end otherwise."""
    n_different = 0
    for place in places:
        with closing(sqlite3.connect(place / DATABASE)) as database, database:
            # The machine has been started anew: no process is the one that trained it.
            database.execute("UPDATE runs SET owner_started_s = 1")
        with RunStore(place) as store:
            store.mark_interrupted()
            if store.get(run).state.value != "finished":
                ended = running.resume(run, {}, store, lambda event: None, TrainingControl())
                if not isinstance(ended, RunFinished):
                    print(f"  {ended}", flush=True)
            n_different += state_of(store, run) != wanted
    return n_different


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=500)
    parser.add_argument("--resumes", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=SPEC["training"]["epochs"])
    parser.add_argument("--seed", type=int, default=0)
    add_smoke(parser, cuts=20, resumes=1, epochs=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="power-loss-") as folder:
        workspace = Path(folder, "workspace")
        disk, run = record(workspace, options.epochs)
        with RunStore(workspace) as store:
            wanted = state_of(store, run)
        losses, kept = cut_often(disk, options.cuts, options.seed)
        try:
            n_resumed = min(options.resumes, len(kept))
            n_different = resume(kept[len(kept) - n_resumed :], run, wanted)
        finally:
            for place in kept:
                shutil.rmtree(place, ignore_errors=True)
    print(f"{len(disk.moments)} moments of a run of {options.epochs} epochs")
    counts = {name: count for name, count in vars(losses).items() if name != "errors"}
    print(", ".join(f"{count} {name}" for name, count in counts.items()), *losses.errors, sep="\n")
    print(f"{n_resumed} continued, {n_different} different")
    is_clean = losses.is_clean and not n_different
    if not is_clean:
        print("FAILED")
    return 0 if is_clean else 1


if __name__ == "__main__":
    sys.exit(main())
