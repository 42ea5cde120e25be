"""Messages between a session and its worker: commands one way, events the other.

All are frozen, picklable, and hold plain values and copied arrays only. Every command is answered
by any number of events, the last of which is exactly one `Terminal`. Controls act on the training
under way and have no answer of their own: their effect shows in the events of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.datasets.profile import Profile
from engine.errors import Problem
from engine.problem import Signature
from engine.spec import RunSpec

PROTOCOL_VERSION = 2

FloatArray = npt.NDArray[np.float32]


class RunState(StrEnum):
    """Where a run is; the one truth that buttons and lists derive from."""

    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_active(self) -> bool:
        """A worker is busy with it."""
        return self in _ACTIVE


_ACTIVE = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING})


# ---- commands: one at a time, each answered by one terminal event


@dataclass(frozen=True)
class Command:
    """Something a worker is asked to do."""


@dataclass(frozen=True)
class WarmUp(Command):
    """Import TensorFlow and find the devices. Answered by `WorkerReady`."""


@dataclass(frozen=True)
class InspectData(Command):
    """Load and profile a dataset; needs no TensorFlow. Answered by `DataInspected`.

    `DataProgress` tells how far it is; `Control.STOP` cancels it, which is answered by `Rejected`.

    Attributes:
        spec: A `RunSpec` as JSON values; may be incomplete.
    """

    spec: dict[str, Any]


@dataclass(frozen=True)
class PreviewBatch(Command):
    """Make one batch as the network would receive it. Answered by `BatchPreviewed`.

    Attributes:
        spec: A `RunSpec` as JSON values; its model may be missing.
    """

    spec: dict[str, Any]


@dataclass(frozen=True)
class DownloadData(Command):
    """Download a data set of `is_remote`, once someone has said yes. Answered by `DataDownloaded`.

    `DataProgress` tells how far it is; `Control.STOP` cancels it, which is answered by `Rejected`.

    Attributes:
        name: Name of the data set.
    """

    name: str


@dataclass(frozen=True)
class DescribeModel(Command):
    """Build a model and list its layers. Answered by `ModelDescribed`.

    Attributes:
        spec: A `RunSpec` as JSON values; may be wrong, the answer says where.
    """

    spec: dict[str, Any]


@dataclass(frozen=True)
class Train(Command):
    """Train a model. Answered by `RunFinished`, `RunStopped`, `RunFailed` or `RunInterrupted`.

    Attributes:
        spec: A `RunSpec` as JSON values.
        name: The run's name; empty for one made of data and model.
    """

    spec: dict[str, Any]
    name: str = ""


@dataclass(frozen=True)
class Leave(Command):
    """Stop and keep the training under way, then end the process. The one without an answer."""


# ---- controls: act on the training under way


class Control(StrEnum):
    """What can be asked of a training under way."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    DISCARD = "discard"


# ---- events


@dataclass(frozen=True)
class Event:
    """Something that happened in a worker."""


@dataclass(frozen=True)
class Terminal(Event):
    """The last event of a command."""


@dataclass(frozen=True)
class WorkerReady(Terminal):
    """TensorFlow is loaded.

    Attributes:
        tensorflow_version, keras_version: As the libraries name them.
        devices: Names such as ``CPU:0`` and ``GPU:0``.
        seconds: How long the import took.
    """

    tensorflow_version: str
    keras_version: str
    devices: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class DataInspected(Terminal):
    """A dataset was loaded and looked at."""

    profile: Profile


@dataclass(frozen=True)
class DataDownloaded(Terminal):
    """A data set is on this machine now."""

    name: str


@dataclass(frozen=True)
class DataProgress(Event):
    """How far the reading of data is.

    Attributes:
        what: What is being done, such as ``Reading files``.
        done: How much of it.
        total: How much there is; 0: not known.
    """

    what: str
    done: int
    total: int


@dataclass(frozen=True)
class BatchPreviewed(Terminal):
    """One batch of the training part, after preprocessing and augmentation.

    Attributes:
        signature: What the network receives.
        x: What it receives, (n, *signature.input_shape): float32, or int32 for token ids.
        before: The same without augmentation, likewise; the same array where there is none.
        targets: The target of each example, in words.
        names: What each example is called.
        weights: Weight of each example in the loss, (n,); all 1 where there are none.
        tokens: Where `x` holds token ids: the tokens in words, by id; else empty.
        feature_names: Where `x` holds features of a table: their names; else empty.
    """

    signature: Signature
    x: npt.NDArray[Any]
    before: npt.NDArray[Any]
    targets: tuple[str, ...]
    names: tuple[str, ...]
    weights: FloatArray
    tokens: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class LayerInfo:
    """One layer of a built model.

    Attributes:
        name: The layer's name in the model.
        type: Its Keras class, such as ``Conv2D``.
        output_shape: Without the batch axis.
        n_parameters: Weights it holds.
        details: Its main settings in words, such as ``32 filters, 3×3, relu``.
        inputs: Names of the layers whose outputs it takes, in order; empty for an input.
        n_macs: Multiply-adds for one example.
        activation_bytes: Memory of its output for one example.
        receptive_field: How much of the input one value of its output sees, along the input's
            axes of place or time: (height, width) of an image; empty where that means nothing.
        code: The line of Keras code that makes it.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    n_parameters: int
    details: str = ""
    inputs: tuple[str, ...] = ()
    n_macs: int = 0
    activation_bytes: int = 0
    receptive_field: tuple[int, ...] = ()
    code: str = ""


@dataclass(frozen=True)
class ModelDescribed(Terminal):
    """A model was built from a spec.

    Attributes:
        spec: The spec with every open choice closed.
        layers: From input to output.
        n_parameters: All weights.
        n_trainable: Weights that training changes.
        n_macs: Multiply-adds for one example, forwards.
        memory_bytes: Estimate of what training takes: weights, gradients, the optimizer's state,
            and the activations of a batch.
        graph: The layers as `engine.graph.LayerGraph` writes them, to be edited; empty where a
            layer cannot be.
        code: The same model as Keras code, which runs by itself.
    """

    spec: RunSpec
    layers: tuple[LayerInfo, ...]
    n_parameters: int
    n_trainable: int
    n_macs: int = 0
    memory_bytes: int = 0
    graph: dict[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def input_shape(self) -> tuple[int, ...]:
        """Shape of one example; empty where there are no layers."""
        return self.layers[0].output_shape if self.layers else ()


@dataclass(frozen=True)
class Rejected(Terminal):
    """A command was refused or failed before anything was started; nothing is lost.

    Attributes:
        message: What is wrong, with what was received.
        hint: What to do next.
        problems: The fields concerned, where the mistake is in a spec.
        details: Traceback of an unexpected failure; empty for expected ones.
    """

    message: str
    hint: str = ""
    problems: tuple[Problem, ...] = ()
    details: str = ""


@dataclass(frozen=True)
class RunEvent(Event):
    """Something that happened in a run."""

    run: str


@dataclass(frozen=True)
class RunStarted(RunEvent):
    """A run exists on disk and prepares its data and model.

    Attributes:
        name: The run's name.
        spec: With every open choice closed.
        profile: What the data is.
        epochs: Epochs planned.
        steps_per_epoch: Steps (batches) in one epoch.
        n_train: Examples in the training part.
    """

    name: str
    spec: RunSpec
    profile: Profile
    epochs: int
    steps_per_epoch: int
    n_train: int


@dataclass(frozen=True)
class PlanChosen(RunEvent):
    """How the steps are executed.

    Attributes:
        execution: Such as ``chunked``.
        device: Where the weights really are, such as ``CPU:0``.
        xla: Whether the chunk is compiled with XLA.
        resident: Whether the data is held on the device.
        reason: The choice in words.
    """

    execution: str
    device: str
    xla: bool
    resident: bool
    reason: str


@dataclass(frozen=True)
class StepsDone(RunEvent):
    """A chunk of training steps.

    Attributes:
        epoch: The epoch, from 1.
        first_step: Steps done in the whole run before this chunk.
        metrics: Per-batch values by Keras's name (``loss``, ``accuracy``…), each (steps,).
        elapsed_s: Seconds of training in the run so far, pauses excluded.
    """

    epoch: int
    first_step: int
    metrics: dict[str, FloatArray]
    elapsed_s: float

    @property
    def n_steps(self) -> int:
        return len(self.metrics["loss"])


@dataclass(frozen=True)
class EpochEnded(RunEvent):
    """An epoch is complete, validated and recorded.

    Attributes:
        epoch: From 1.
        step: Steps done in the whole run.
        metrics: By Keras's names: ``loss``, ``accuracy``, ``val_loss``…
        duration_s: Seconds for this epoch, validation included, pauses excluded.
        elapsed_s: Seconds of training in the run so far, pauses excluded.
        samples_per_s: Training examples per second of training steps.
        is_best: It has the lowest validation loss (training loss without validation) so far.
    """

    epoch: int
    step: int
    metrics: dict[str, float]
    duration_s: float
    elapsed_s: float
    samples_per_s: float
    is_best: bool


@dataclass(frozen=True)
class StateChanged(RunEvent):
    """The run was paused, resumed, or is stopping."""

    state: RunState


@dataclass(frozen=True)
class RunEnded(RunEvent, Terminal):
    """The last event of a run.

    Attributes:
        state: How it ended.
        reason: Why, in words.
        metrics: Final ones by Keras's names, test metrics under ``test_…``.
        hint: What to do next, where something went wrong.
        details: Traceback or log of an unexpected failure.
    """

    state: RunState = field(init=False, default=RunState.FINISHED)
    reason: str
    metrics: dict[str, float] = field(default_factory=dict)
    hint: str = ""
    details: str = ""


@dataclass(frozen=True)
class RunFinished(RunEnded):
    """All epochs are done; the model is evaluated and saved."""


@dataclass(frozen=True)
class RunStopped(RunEnded):
    """Someone stopped it.

    Attributes:
        kept: The model was evaluated and saved; False where the run was discarded.
    """

    state: RunState = field(init=False, default=RunState.STOPPED)
    kept: bool = True


@dataclass(frozen=True)
class RunFailed(RunEnded):
    """It could not go on. What was recorded is kept."""

    state: RunState = field(init=False, default=RunState.FAILED)


@dataclass(frozen=True)
class RunInterrupted(RunEnded):
    """The worker died. What was recorded is kept."""

    state: RunState = field(init=False, default=RunState.INTERRUPTED)
