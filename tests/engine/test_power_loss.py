"""A power cut at any moment leaves every epoch that was told, and a whole checkpoint."""

import random
import shutil
import threading

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
                saved = threading.Event()
                writer.offer(Snapshot(variables, {"training": progress.to_dict()}), best, saved.set)
                assert saved.wait(60)
            writer.close()
        store.record([RunFinished(run, reason="Done.")])


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


def left(disk, moment, seed, place):
    """What a power cut leaves of the file ``text``; None: nothing."""
    place.mkdir(parents=True)
    disk.rebuild(moment, random.Random(seed), place)
    text = place / "text"
    return text.read_bytes() if text.exists() else None


def forget_the_file(folder, patch):
    (folder / "note").write_text("unsafe")
    (folder / "note").rename(folder / "text")
    files.flush_directory(folder)


def forget_the_directory(folder, patch):
    patch(files, "flush_directory", lambda path: None)
    files.atomic_write(folder / "text", "unsafe")


@pytest.mark.parametrize("forget", [forget_the_file, forget_the_directory])
def test_it_would_be_seen_if_something_was_not_flushed(tmp_path, monkeypatch, forget):
    """The simulated disk finds what it is there to find."""
    folder = tmp_path / "folder"
    folder.mkdir()
    disk = SimulatedDisk(folder)
    with monkeypatch.context() as patches, disk.recording(patches.setattr):
        forget(folder, patches.setattr)
    found = {left(disk, disk.moments[-1], seed, tmp_path / f"{seed}") for seed in range(20)}
    assert len(found) > 1, "it is not always there as it was written"


def test_what_is_written_by_the_rules_is_always_there(tmp_path, monkeypatch):
    folder = tmp_path / "folder"
    folder.mkdir()
    disk = SimulatedDisk(folder)
    with monkeypatch.context() as patches, disk.recording(patches.setattr):
        files.atomic_write(folder / "text", "old")
        disk.acknowledge(done=True)
        files.atomic_write(folder / "text", "new")
    for number, moment in enumerate(disk.moments):
        for seed in range(3):
            found = left(disk, moment, seed, tmp_path / f"{number}-{seed}")
            assert found in ([b"old", b"new"] if moment.known else [b"old", None])
    assert left(disk, disk.moments[-1], 0, tmp_path / "end") == b"new"
