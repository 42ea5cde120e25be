"""What a worker answers to commands: events, of which those of runs are in `run_events`.

All are frozen, picklable, and hold plain values and copied arrays only. Every command is answered
by any number of events, the last of which is exactly one `Terminal`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.devices.diagnoses import Diagnosis
from engine.errors import Problem
from engine.events.profile import Profile
from engine.spec.signature import Signature

if TYPE_CHECKING:  # a window that opens names events long before one with arrays comes
    import numpy as np
    import numpy.typing as npt

    from engine.spec.run_spec import RunSpec

    FloatArray = npt.NDArray[np.float32]

PROTOCOL_VERSION = 5
FROM_START = "from_start"
"""What `Rejected` offers where a run can only be begun again."""
REPAIR = "repair"
"""What it offers where the database of the runs is damaged."""
CHANGED_DATA = "changed_data"
"""What `Rejected` offers where a run can only go on with other data than before."""


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
        diagnoses: Why a GPU is not used, and what mends it.
    """

    tensorflow_version: str
    keras_version: str
    devices: tuple[str, ...]
    seconds: float
    diagnoses: tuple[Diagnosis, ...] = ()


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
class TrainingEstimated(Terminal):
    """What a training would take, from steps that were measured.

    Attributes:
        step_s: Seconds for one step.
        epoch_s: Seconds for one epoch, validation included.
        total_s: Seconds for all epochs, and for making the graphs before the first.
        memory_bytes: Memory that the training would take in all, with the batch size asked for.
        available_bytes: Memory that is free.
        fitting_batch_size: A batch size that fits into memory, where the one asked for does not;
            times are of it then. 0 where it does.
        device: Where it was measured, such as ``CPU:0``.
    """

    step_s: float
    epoch_s: float
    total_s: float
    memory_bytes: int
    available_bytes: int
    fitting_batch_size: int = 0
    device: str = ""


@dataclass(frozen=True)
class RateTried(Event):
    """One step of a learning-rate range test.

    Attributes:
        learning_rate: Of that step.
        loss: After it, smoothed.
    """

    learning_rate: float
    loss: float


@dataclass(frozen=True)
class RatesTried(Terminal):
    """A learning-rate range test (Smith 2017, https://arxiv.org/abs/1506.01186) is over.

    Attributes:
        learning_rates: Tried, rising, (n,).
        losses: After each, smoothed, (n,).
        suggestion: A rate to train with; None where the losses tell nothing.
        reason: The suggestion in words.
    """

    learning_rates: FloatArray
    losses: FloatArray
    suggestion: float | None
    reason: str


@dataclass(frozen=True)
class Rejected(Terminal):
    """A command was refused or failed before anything was started; nothing is lost.

    Attributes:
        message: What is wrong, with what was received.
        hint: What to do next.
        problems: The fields concerned, where the mistake is in a spec.
        details: Traceback of an unexpected failure; empty for expected ones.
        offer: What can be asked for instead: `FROM_START`, `REPAIR` or `CHANGED_DATA`; empty:
            nothing.
    """

    message: str
    hint: str = ""
    problems: tuple[Problem, ...] = ()
    details: str = ""
    offer: str = ""
