"""Exports the history of a run as event files that TensorBoard reads.

Tags and folders are those of Keras's callback: ``train`` and ``validation``, ``epoch_loss`` in
both, so that plots lie over each other. See tensorflow.org/tensorboard and the protocol buffer
``tensorflow.Event``; an event file is a TFRecord file of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from engine import __version__
from engine.datasets.base import Progress
from engine.devices.tensorflow import load_tensorflow
from engine.errors import WorkspaceError
from engine.events.exporting import RunExported
from engine.events.run_events import EpochEnded
from engine.files import atomic_directory
from engine.runs.store import RunStore
from engine.service.results.exporting.columns import whole
from engine.service.results.exporting.target import checked_folder, size_of
from engine.service.results.opened_run import OpenedRun

TRAIN, VALIDATION = "train", "validation"
_OF_VALIDATION: Final = "val_"
_FIRST: Final = "brain.Event:2"
"""The first record of every event file says which version it is of."""


def export_tensorboard(run: OpenedRun, format: str, to: Path, progress: Progress) -> RunExported:
    """Writes a folder of event files, as `engine.service.results.exporting.Export` says.

    Raises:
        DescentError: No epoch is complete, or nothing can be written there.
    """
    to = checked_folder(to)
    with RunStore(run.folder.parents[1]) as store:
        epochs = store.epochs(run.record.id)
    if not epochs:
        raise WorkspaceError(
            f"No epoch of the run '{run.record.name}' is complete.", "Go on with it first."
        )
    load_tensorflow()
    began_s = run.record.created_at.timestamp()
    with atomic_directory(to) as folder:
        for part in (TRAIN, VALIDATION):
            values = [(epoch, _of_part(part, epoch)) for epoch in epochs]
            if any(found for _, found in values):
                (folder / part).mkdir()
                events = list(_events(values, began_s))
                if part == TRAIN:
                    events += _texts(run, began_s)
                _write(folder / part / f"events.out.tfevents.{int(began_s)}.descent", events)
    files = tuple(sorted(it.relative_to(to).as_posix() for it in to.rglob("*") if it.is_file()))
    notes = (f"{len(epochs):,} epochs. Look at them: tensorboard --logdir '{to}'",)
    return RunExported(
        run.record.id, format, str(to), files=files, size_bytes=size_of(to), notes=notes
    )


def _of_part(part: str, epoch: EpochEnded) -> dict[str, float]:
    """The metrics of an epoch that are of a part, by tag."""
    found = {
        f"epoch_{name.removeprefix(_OF_VALIDATION)}": value
        for name, value in epoch.metrics.items()
        if name.startswith(_OF_VALIDATION) == (part == VALIDATION)
    }
    if part == TRAIN and epoch.learning_rate is not None:
        found["epoch_learning_rate"] = epoch.learning_rate
    return found


def _events(values: list[tuple[EpochEnded, dict[str, float]]], began_s: float) -> Iterator[Any]:
    """An event for each epoch, whose number is its step, at the time it ended, pauses left out."""
    import tensorflow as tf

    proto = tf.compat.v1
    for epoch, metrics in values:
        event = proto.Event(wall_time=began_s + epoch.elapsed_s, step=epoch.epoch)
        for tag, value in metrics.items():
            summary = event.summary.value.add(tag=tag)
            summary.metadata.plugin_data.plugin_name = "scalars"
            summary.metadata.data_class = 1  # DATA_CLASS_SCALAR
            summary.tensor.CopyFrom(tf.make_tensor_proto(float(value), tf.float32, ()))
        yield event


def _texts(run: OpenedRun, wall_time: float) -> list[Any]:
    """What the run is and how it was set, as tables in Markdown that TensorBoard shows."""
    import tensorflow as tf

    record = run.record
    about = {
        "run": record.id,
        "name": record.name,
        "data": record.dataset_title,
        "model": record.model_title,
        "state": record.state.value,
        "Descent": __version__,
        **{name: f"{value:.6g}" for name, value in record.metrics.items()},
    }
    event = tf.compat.v1.Event(wall_time=wall_time, step=0)
    for tag, values in (("about", about), ("settings", dict(flat(record.settings)))):
        summary = event.summary.value.add(tag=tag)
        summary.metadata.plugin_data.plugin_name = "text"
        summary.metadata.data_class = 2  # DATA_CLASS_TENSOR
        rows = ["| | |", "|---|---|", *(f"| {_cell(k)} | {_cell(v)} |" for k, v in values.items())]
        summary.tensor.CopyFrom(tf.make_tensor_proto("\n".join(rows), tf.string, ()))
    return [event]


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    """Settings as names with dots, as they are typed behind ``--set``, and their values."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flat(value, f"{prefix}{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            yield f"{prefix}{name}", text


def _cell(text: object) -> str:
    """A cell of a table in Markdown: what came from outside ends neither cell nor row."""
    plain = " ".join(whole(text).split())
    for sign in ("\\", "|", "<", "`", "*", "_", "["):
        plain = plain.replace(sign, f"\\{sign}")
    return plain


def _write(path: Path, events: list[Any]) -> None:
    import tensorflow as tf

    first = tf.compat.v1.Event(wall_time=events[0].wall_time, file_version=_FIRST)
    with tf.io.TFRecordWriter(str(path)) as writer:
        for event in [first, *events]:
            writer.write(event.SerializeToString())
