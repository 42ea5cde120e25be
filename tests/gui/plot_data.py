"""Data for plots: epochs of a run, a profile of a table, and a look at the devices."""

from __future__ import annotations

import numpy as np

from engine.devices.sampler import DeviceSample, GpuSample
from engine.events.profile import Profile
from engine.events.run_events import EpochEnded
from engine.spec.signature import Kind, Signature, Task

GIBIBYTE = 2**30


def epochs(n: int, run: str = "r", slope: float = 1.0) -> list[EpochEnded]:
    return [
        EpochEnded(
            run=run,
            epoch=epoch,
            step=10 * epoch,
            metrics={"loss": slope / epoch, "val_loss": slope / epoch + 0.1, "accuracy": 0.5},
            duration_s=2.0,
            elapsed_s=2.0 * epoch,
            samples_per_s=100.0,
            is_best=epoch <= 3,
        )
        for epoch in range(1, n + 1)
    ]


def profile(x, y, class_names=(), features=("a", "b", "c")) -> Profile:
    x, y = np.asarray(x, np.float32), np.asarray(y)
    task = Task.CLASSIFICATION if class_names else Task.REGRESSION
    names = tuple(features[: x.shape[1]])
    signature = Signature(Kind.TABLE, task, x.shape[1:], max(1, len(class_names)))
    return Profile(
        source="made",
        title="Made",
        n_samples=len(x),
        signature=signature,
        feature_names=names,
        target_name="target",
        class_names=tuple(class_names),
        class_counts=np.bincount(y, minlength=len(class_names)) if class_names else np.zeros(0),
        columns=(),
        sample_x=x,
        sample_y=y,
        split_sizes=(1, 1, 1),
    )


def sample(t: float, n_gpus: int = 0, cores: int = 4) -> DeviceSample:
    gpu = GpuSample("GPU", 50.0, 2 * GIBIBYTE, 8 * GIBIBYTE, 60.0, None)
    return DeviceSample(
        time_s=t,
        cpu_percent=40.0,
        per_core=tuple(10.0 * core for core in range(cores)),
        memory_used=4 * GIBIBYTE,
        memory_total=16 * GIBIBYTE,
        worker_memory=GIBIBYTE,
        gpus=(gpu,) * n_gpus,
    )
