"""What happens in a run: the events that are recorded, shown, and end it.

Like all messages they are frozen, picklable, and hold plain values and copied arrays only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from engine.events.messages import Event, Terminal
from engine.events.profile import Profile
from engine.events.verdicts import Finding

if TYPE_CHECKING:
    from engine.events.messages import FloatArray
    from engine.spec.run_spec import RunSpec


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

    @property
    def is_broken(self) -> bool:
        """It ended where nobody wanted it to."""
        return self in (RunState.FAILED, RunState.INTERRUPTED)


_ACTIVE = frozenset({RunState.PREPARING, RunState.RUNNING, RunState.PAUSED, RunState.STOPPING})


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
        step: Steps that were done before, where a run is resumed; its store has their values.
        epochs_done: Complete epochs that were done before.
        notice: What people should know of how it goes on; empty where all is as usual.
    """

    name: str
    spec: RunSpec
    profile: Profile
    epochs: int
    steps_per_epoch: int
    n_train: int
    step: int = 0
    epochs_done: int = 0
    notice: str = ""


@dataclass(frozen=True)
class PlanChosen(RunEvent):
    """How the steps are executed; told again when a measurement finds a faster way.

    Attributes:
        execution: Such as ``chunked``.
        device: Where the weights really are, such as ``CPU:0``.
        xla: Whether the chunk is compiled with XLA.
        resident: Whether the data is held on the device.
        reason: The choice in words, with what was measured.
        layers: ``fused``: some layers are computed in fewer, larger products; else ``keras``.
        precision: ``float32``, ``mixed_float16`` or ``mixed_bfloat16``.
        replicas: Devices, or workers, that share each batch.
        speedup: How many times as fast as step by step, where that was measured; else 0.
    """

    execution: str
    device: str
    xla: bool
    resident: bool
    reason: str
    layers: str = "keras"
    precision: str = "float32"
    replicas: int = 1
    speedup: float = 0.0


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
        learning_rate: Of its last step.
        patience: Of each rule that waits for an improvement (``early stopping``, ``plateau``):
            epochs without one, and how many it waits.
    """

    epoch: int
    step: int
    metrics: dict[str, float]
    duration_s: float
    elapsed_s: float
    samples_per_s: float
    is_best: bool
    learning_rate: float | None = None
    patience: dict[str, tuple[int, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class PartTested(RunEvent):
    """How far a validation or test is; at most a few times a second.

    Attributes:
        part: ``validation`` or ``test``.
        done: Examples so far.
        total: Examples in all.
    """

    part: str
    done: int
    total: int


OTHER_DATA: Final = "data"
"""In place of a setting: from here on, the run is trained on data that has changed."""
THAWED: Final = "start.thaw_after"
"""As a setting: from here on, layers learn that were kept as they are, at another rate."""


@dataclass(frozen=True)
class SettingChanged(RunEvent):
    """A setting is another from here on; marked on the curves and kept in the run's history.

    Data that has changed, and was accepted, is told as the setting `OTHER_DATA`: what changed is
    the reason, and the values mean nothing. Of layers that learn from here on, `THAWED`, the values
    are the learning rates.

    Attributes:
        epoch: The epoch under way, from 1.
        step: Steps done in the whole run before it.
        setting: Its path in the spec, such as ``training.learning_rate``.
        before: Its value until here.
        after: Its value from here.
        reason: Who or what changed it, in words.
    """

    epoch: int
    step: int
    setting: str
    before: float
    after: float
    reason: str


@dataclass(frozen=True)
class VerdictChanged(RunEvent):
    """What the run has to say of itself while it is under way is another than before. Recorded.

    Attributes:
        epoch: After which epoch, from 1.
        findings: All that hold now, the gravest first.
    """

    epoch: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class CheckpointSaved(RunEvent):
    """A checkpoint that somebody asked for is on the disk.

    Attributes:
        epoch: Complete epochs in it.
        step: Steps done in it.
    """

    epoch: int
    step: int


@dataclass(frozen=True)
class Stalled(RunEvent):
    """No step, and no other sign of progress, for much longer than usual; told once.

    Attributes:
        silent_s: Seconds without a sign.
        usual_s: Usual seconds between two signs.
        stacks: Where each thread of the worker is, as Python writes it; empty if that is not known.
    """

    silent_s: float
    usual_s: float
    stacks: str = ""


@dataclass(frozen=True)
class PlaceLost(RunEvent):
    """The workspace, or the folder of the run, has vanished; the training waits for an answer.

    `MoveRun` says where it goes on, `Control.STOP` that it does not. Told again where the answer
    was of no use.

    Attributes:
        message: What is not there, or why the answer was of no use.
        hint: What to do next.
    """

    message: str
    hint: str = ""


@dataclass(frozen=True)
class PlaceFound(RunEvent):
    """After `PlaceLost`: the run goes on.

    Attributes:
        workspace: Where it is kept from here on.
        is_back: It is where it was, and nothing is missing; else the curves within the epochs
            before are.
    """

    workspace: str
    is_back: bool


@dataclass(frozen=True)
class Recovered(RunEvent):
    """Memory ran out; the run goes on in a new process with a smaller batch. `RunStarted` follows.

    Attributes:
        reason: What happened, and what was done about it.
        batch_size: Examples per step from now on.
    """

    reason: str
    batch_size: int


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
        averages: How those of the metrics average that are means; see `Evaluation.averages`.
        findings: What the run has to say of itself, the gravest first.
    """

    state: RunState = field(init=False, default=RunState.FINISHED)
    reason: str
    metrics: dict[str, float] = field(default_factory=dict)
    hint: str = ""
    details: str = ""
    averages: dict[str, str] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


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
    """It could not go on. What was recorded is kept.

    Attributes:
        is_out_of_memory: Memory ran out; a smaller batch may fit.
    """

    state: RunState = field(init=False, default=RunState.FAILED)
    is_out_of_memory: bool = False


@dataclass(frozen=True)
class RunInterrupted(RunEnded):
    """The worker died. What was recorded is kept."""

    state: RunState = field(init=False, default=RunState.INTERRUPTED)
