"""A power cut at any moment leaves every epoch that was told, and a whole checkpoint."""

import random
import shutil

import numpy as np
import pytest

from engine import files
from engine.events.run_events import EpochEnded, RunFinished, RunStarted, RunState, StateChanged
from engine.runs.store import RunStore
from engine.spec.run_spec import RunSpec
from engine.training.checkpoint import Snapshot
from engine.training.checkpoint_writer import CheckpointWriter
from engine.training.progress import Progress
from engine.training.recorder import Recorder
from tests.power_loss_cases import Acknowledged, cut_often
from tests.simulated_disk import SimulatedDisk

SPEC = RunSpec.from_dict({"data": {"source": "iris"}, "model": {"name": "mlp"}})
N_EPOCHS = 8


def record(workspace, disk, patch):
    """What a worker writes of a run, without a model."""
    told = Acknowledged(disk)
    told.watch_checkpoints(patch)
    with disk.recording(patch), RunStore(workspace) as store:
        run = store.create(SPEC, "", "Iris", "MLP").id
        folder = store.folder(run)
        with Recorder(store, told) as recorder:
            writer = CheckpointWriter(folder / "checkpoints", recorder.flush)
            recorder(
                RunStarted(run, "x", SPEC, None, epochs=N_EPOCHS, steps_per_epoch=5, n_train=80)
            )
            recorder(StateChanged(run, RunState.RUNNING))
            progress, best = Progress(N_EPOCHS), None
            for epoch in range(1, N_EPOCHS + 1):
                metrics = {"loss": 1 / epoch}
                recorder(EpochEnded(run, epoch, 5 * epoch, metrics, 0.1, epoch / 10, 9.0, True))
                progress.history.append(metrics)
                progress.next_epoch()
                progress.step = 5 * epoch
                best = [np.full(300, epoch, np.float32)] if epoch % 3 == 1 else best
                variables = {"model/0000": np.full(300, epoch, np.float32)}
                writer.offer(Snapshot(variables, {"training": progress.to_dict()}), best, _saved)
            writer.close()
        store.record([RunFinished(run, reason="Done.")])


def _saved():
    """Somebody waits for the checkpoint: it is written at once."""


def test_every_epoch_that_was_told_is_there(tmp_path, monkeypatch):
    workspace = tmp_path / "workspace"
    RunStore(workspace).close()
    disk = SimulatedDisk(workspace)
    with monkeypatch.context() as patches:
        record(workspace, disk, patches.setattr)
    assert len(disk.moments) > 100
    assert disk.moments[-1].known["epochs"].keys() == set(range(1, N_EPOCHS + 1))
    losses, kept = cut_often(disk, 60)
    for place in kept:
        shutil.rmtree(place)
    assert losses.is_clean, losses
    assert kept, "some of the cuts came after the first checkpoint"


@pytest.mark.parametrize("forgotten", ["file", "directory"])
def test_it_would_be_seen_if_something_was_not_flushed(tmp_path, monkeypatch, forgotten):
    """The simulated disk finds what it is there to find."""
    disk = SimulatedDisk(tmp_path)
    with monkeypatch.context() as patches, disk.recording(patches.setattr):
        if forgotten == "directory":
            patches.setattr(files, "flush_directory", lambda path: None)
        else:
            (tmp_path / "note").write_text("unsafe")
            (tmp_path / "note").rename(tmp_path / "text")
            files.flush_directory(tmp_path)
        if forgotten == "directory":
            files.atomic_write(tmp_path / "text", "unsafe")
    found = set()
    for seed in range(40):
        place = tmp_path.with_name(f"after-{seed}")
        place.mkdir()
        disk.rebuild(disk.moments[-2], random.Random(seed), place)
        text = place / "text"
        found.add(text.read_bytes() if text.exists() else None)
    assert len(found) > 1, "it is not always there as it was written"


def test_what_is_written_by_the_rules_is_always_there(tmp_path, monkeypatch):
    disk = SimulatedDisk(tmp_path)
    with monkeypatch.context() as patches, disk.recording(patches.setattr):
        files.atomic_write(tmp_path / "text", "old")
        disk.acknowledge(done=True)
        files.atomic_write(tmp_path / "text", "new")
    for seed, moment in enumerate(disk.moments):
        place = tmp_path.with_name(f"after-{seed}")
        place.mkdir()
        disk.rebuild(moment, random.Random(seed), place)
        text = place / "text"
        allowed = [b"old", b"new"] if moment.known else [b"old", None]
        assert (text.read_bytes() if text.exists() else None) in allowed
