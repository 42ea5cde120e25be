"""What a session sends to its worker: commands, and what is asked of the training under way.

All are frozen, picklable, and hold plain values only. A command is answered by events, as
`engine.events.messages` has them. Requests act on the training under way and have no answer of
their own: their effect shows in the events of the run.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

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
class ResumeRun(Command):
    """Go on with a run from its last checkpoint. Answered as `Train` is.

    Attributes:
        run: The run's id.
        changes: New values of the spec by dotted path, such as ``training.epochs``; more epochs
            extend a run that is finished.
        reason: Why it goes on with other values, in words, where the program decided so.
        from_start: Begin it again as a new run instead, which names this one.
        accepts_changes: Go on although the data is no longer what it was trained on.
        refits: Train a new run, which names this one, on its training and validation part together,
            for the epochs that were best; no changes then.
    """

    run: str
    changes: dict[str, Any] = field(default_factory=dict)
    reason: str = ""
    from_start: bool = False
    accepts_changes: bool = False
    refits: bool = False


@dataclass(frozen=True)
class EstimateTraining(Command):
    """Measure a few steps. Answered by `TrainingEstimated`.

    `Control.STOP` cancels it, which is answered by `Rejected`.

    Attributes:
        spec: A `RunSpec` as JSON values.
    """

    spec: dict[str, Any]


@dataclass(frozen=True)
class FindRate(Command):
    """Try learning rates from small to large. Answered by `RatesTried`.

    `RateTried` tells each; `Control.STOP` ends it early, which is answered as well.

    Attributes:
        spec: A `RunSpec` as JSON values.
    """

    spec: dict[str, Any]


@dataclass(frozen=True)
class Leave(Command):
    """Stop and keep the training under way, then end the process. It has no answer."""


@dataclass(frozen=True)
class DumpStacks(Command):
    """Write to the log where each thread is; at once, also in the middle of another command.

    It has no answer of its own.
    """


# ---- controls: act on the training under way


class Control(StrEnum):
    """What can be asked of a training under way."""

    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    DISCARD = "discard"
    SAVE = "save"
    """Write a checkpoint now; answered by `CheckpointSaved`."""


@dataclass(frozen=True)
class ChangeRate:
    """Goes on with another learning rate. A schedule goes on from it in its own shape.

    Answered by `SettingChanged`.

    Attributes:
        learning_rate: Above 0.
    """

    learning_rate: float


@dataclass(frozen=True)
class ChangeEpochs:
    """Ends after another number of epochs, but not before the one under way.

    Answered by `SettingChanged`.

    Attributes:
        epochs: In all, from 1.
    """

    epochs: int


@dataclass(frozen=True)
class MoveRun:
    """Goes on in another workspace, after `PlaceLost`; answered by `PlaceFound` or `PlaceLost`.

    Attributes:
        workspace: Its folder, made if need be; empty: where it was, which is there again.
    """

    workspace: str = ""


Request = Control | ChangeRate | ChangeEpochs | MoveRun
"""Everything that can be asked of a training under way."""
